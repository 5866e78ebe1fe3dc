import assert from 'node:assert/strict'
import { test } from 'node:test'
import { viewOf } from '../../src/bytes/utf16.ts'
import {
  array,
  bytes,
  chain,
  type Infer,
  struct,
  tail,
  u8,
  u16,
  u32,
  u64,
  utf16,
  WireError,
} from '../../src/wire/schema/index.ts'

const Inner = struct('Inner', '0', { a: u32, b: u64 })
const Item = struct('Item', '0', { next: u32.reserved, nameLength: u16.lengthOf('name'), name: tail(utf16) })
const Outer = struct('Outer', '0', {
  structureSize: u16.fixed(9),
  flags: u8.flags({ ONE: 1, TWO: 2 }),
  id: Inner,
  nameOffset: u16.offsetOf('name'),
  nameLength: u16.lengthOf('name'),
  count: u16.countOf('numbers'),
  name: tail(utf16),
  numbers: tail(array(u32), { align: 4 }),
  items: tail(chain(Item, { align: 8 }), { align: 8 }),
})
type Outer = Infer<typeof Outer>

const value = {
  flags: 3,
  id: { a: 7, b: 2n ** 64n - 1n },
  name: 'näme',
  numbers: [1, 2, 0xffff_ffff],
  items: [{ name: 'x' }, { name: 'yz' }],
}

test('a structure decodes to what was encoded, also at another offset', () => {
  const encoded = Outer.encode(value)
  assert.equal(encoded.length, Outer.sizeOfEncoded(value))
  for (const shift of [0, 3]) {
    const moved = new Uint8Array(encoded.length + shift)
    moved.set(encoded, shift)
    const got: Outer = Outer.decode(viewOf(moved), shift)
    assert.equal(got.flags, 3)
    assert.equal(got.id.b, 2n ** 64n - 1n)
    assert.equal(got.name, 'näme')
    assert.deepEqual(got.numbers, [1, 2, 0xffff_ffff])
    assert.deepEqual(
      got.items.map((item) => item.name),
      ['x', 'yz'],
    )
    assert.deepEqual(Outer.encode(got), encoded)
  }
})

test('every truncation is a WireError and never a read past the end', () => {
  const encoded = Outer.encode(value)
  // Cut just before the last tail, which takes all that is left, the message is whole again.
  const whole = Outer.sizeOfEncoded({ ...value, items: [] })
  for (let length = 0; length < encoded.length; length++) {
    const view = new DataView(encoded.buffer, 0, length)
    assert.ok(Outer.dissect(view).length > 0)
    if (length >= whole && length <= Math.ceil(whole / 8) * 8) continue
    assert.throws(() => Outer.decode(view), WireError, `${length} bytes`)
  }
})

test('a lie about an offset, a wrong structure size, a looping chain: WireError', () => {
  const lied = Outer.encode(value)
  viewOf(lied).setUint16(15, 0xfff0, true)
  assert.throws(() => Outer.decode(viewOf(lied)), /name/)
  const size = Outer.encode(value)
  size[0] = 8
  assert.throws(() => Outer.decode(viewOf(size)), /structureSize.*must be 9, is 8/)
  const Loop = struct('Loop', '0', { items: tail(chain(Item, { align: 4 })) })
  const loop = Loop.encode({ items: [{ name: 'a' }, { name: 'b' }] })
  viewOf(loop).setUint32(0, 1, true)
  assert.throws(() => Loop.decode(viewOf(loop)), WireError)
})

test('a tail without offset and length takes the rest', () => {
  const Rest = struct('Rest', '0', { kind: u8, data: tail(bytes) })
  assert.deepEqual([...Rest.decode(viewOf(Uint8Array.of(1, 2, 3))).data], [2, 3])
})
