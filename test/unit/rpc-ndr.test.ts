import assert from 'node:assert/strict'
import { test } from 'node:test'
import * as fc from 'fast-check'
import { WireError } from '../../src/bytes/errors.ts'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import {
  conformantArray,
  conformantBytes,
  conformantVaryingArray,
  contextHandle,
  empty,
  filetime,
  fixedArray,
  full,
  guid,
  type InputOf,
  i32,
  i64,
  later,
  type NdrLimits,
  NdrReader,
  NdrTooLarge,
  type NdrType,
  NdrWriter,
  narrowString,
  nullArms,
  octets,
  otherArm,
  ref,
  sid,
  struct,
  u8,
  u16,
  u32,
  u64,
  unicodeString,
  union,
  unique,
  varyingArray,
  wideString,
} from '../../src/rpc/ndr/index.ts'

function write<T, I>(type: NdrType<T, I>, value: I): Uint8Array {
  const writer = new NdrWriter()
  writer.run(() => type.write(writer, value))
  return writer.finish().slice()
}

function read<T, I>(type: NdrType<T, I>, bytes: Uint8Array, limits?: NdrLimits): T {
  const reader = new NdrReader(viewOf(bytes), limits)
  const found: { value?: T } = {}
  reader.run(() =>
    type.read(reader, (value) => {
      found.value = value
    }),
  )
  assert.equal(reader.at, bytes.length, 'everything is read')
  return found.value as T
}

/** The bytes are exactly these, and they mean exactly this. */
function same<T>(type: NdrType<T, T>, value: T, bytes: string): void {
  assert.equal(hex(write(type, value)), hex(fromHex(bytes)))
  assert.deepEqual(read(type, fromHex(bytes)), value)
  for (let length = 0; length < fromHex(bytes).length; length++)
    assert.throws(() => read(type, fromHex(bytes).subarray(0, length)), WireError, `${length} bytes`)
}

const Point = struct('Point', { x: u8, y: u32 })

test('primitives are aligned to their own size', () => {
  const Mixed = struct('Mixed', { a: u8, b: u16, c: u8, d: u32, e: u8, f: u64, g: u8, h: i32, i: i64 })
  same(
    Mixed,
    { a: 1, b: 2, c: 3, d: 4, e: 5, f: 6n, g: 7, h: -1, i: -2n },
    '01 00 0200 03 000000 04000000 05 000000 0600000000000000 07 000000 ffffffff feffffffffffffff',
  )
})

test('GUID, FILETIME and context handles are aligned to 4', () => {
  const Times = struct('Times', { a: u8, time: filetime, b: u8, id: guid, c: u8, handle: contextHandle })
  const id = '00112233-4455-6677-8899-aabbccddeeff'
  same(
    Times,
    { a: 1, time: 0x0102030405060708n, b: 2, id, c: 3, handle: { attributes: 9, uuid: id } },
    `01000000 0807060504030201 02000000 33221100 5544 7766 8899aabbccddeeff 03000000 09000000
     33221100 5544 7766 8899aabbccddeeff`,
  )
})

test('strings have counts in front and a terminator', () => {
  same(wideString, 'ab', '03000000 00000000 03000000 6100 6200 0000')
  same(narrowString, 'ab', '03000000 00000000 03000000 61 62 00')
  same(unique(wideString), null, '00000000')
  same(unique(wideString), '', '00000200 01000000 00000000 01000000 0000')
  assert.throws(() => read(wideString, fromHex('00000000 00000000 00000000')), /terminator/)
  assert.throws(() => read(wideString, fromHex('01000000 00000000 01000000 6100')), /terminator/)
  assert.throws(() => read(wideString, fromHex('02000000 01000000 01000000 0000')), /start at 1/)
  assert.throws(() => read(wideString, fromHex('01000000 00000000 02000000 61000000')), /2 elements in an array of 1/)
  // There may be more room than text.
  assert.equal(read(wideString, fromHex('09000000 00000000 02000000 61000000')), 'a')
})

test('arrays: fixed, varying, conformant, both', () => {
  same(fixedArray(u16, 2), [1, 2], '0100 0200')
  same(varyingArray(u16, 4), [1, 2], '00000000 02000000 0100 0200')
  same(conformantArray(u16), [1, 2], '02000000 0100 0200')
  same(conformantArray(u64), [1n], '01000000 00000000 0100000000000000')
  same(conformantVaryingArray(u16), [1, 2], '02000000 00000000 02000000 0100 0200')
  same(conformantArray(Point), [{ x: 1, y: 2 }], '01000000 01000000 02000000')
  same(octets(3), Uint8Array.of(1, 2, 3), '010203')
  same(conformantBytes, Uint8Array.of(1, 2, 3), '03000000 010203')
  assert.throws(() => read(varyingArray(u16, 1), fromHex('00000000 02000000 01000200')), /array of 1/)
  assert.throws(() => write(fixedArray(u16, 2), [1]), RangeError)
  assert.throws(() => conformantArray(conformantArray(u8)), TypeError)
})

test('a conformant structure sends its maximum count ahead of itself', () => {
  const Blob = struct('Blob', { kind: u16, length: u16.countOf('data'), data: conformantArray(u64) })
  const Outer = struct('Outer', { a: u8, blob: Blob })
  same(Blob, { kind: 7, length: 1, data: [5n] }, '01000000 00000000 0700 0100 00000000 0500000000000000')
  same(
    Outer,
    { a: 9, blob: { kind: 7, length: 1, data: [5n] } },
    '01000000 00000000 09 00000000000000 0700 0100 00000000 0500000000000000',
  )
  // The count is written by itself, and a lie about it is found.
  assert.equal(
    hex(write(Outer, { a: 9, blob: { kind: 7, data: [5n] } })),
    hex(write(Outer, { a: 9, blob: { kind: 7, length: 77, data: [5n] } })),
  )
  assert.throws(
    () => read(Blob, fromHex('01000000 00000000 0700 0200 00000000 0500000000000000')),
    /Blob.length.*2 told, 1 sent/,
  )
  assert.throws(() => struct('Wrong', { data: conformantArray(u8), after: u8 }), TypeError)
  assert.throws(() => struct('Wrong', { length: u32.countOf('nobody') }), TypeError)
})

test('what pointers lead to comes after the outermost construct, depth first', () => {
  const Inner = struct('Inner', { name: unique(wideString), number: ref(u16) })
  const Outer = struct('Outer', { first: Inner, second: unique(Inner), last: u8 })
  const value = { first: { name: 'a', number: 1 }, second: { name: 'b', number: 2 }, last: 3 }
  same(
    Outer,
    value,
    `00000200 04000200 08000200 03 000000
     02000000 00000000 02000000 6100 0000
     0100 0000
     0c000200 10000200
     02000000 00000000 02000000 6200 0000
     0200`,
  )
  assert.throws(() => read(Inner, fromHex('00000000 00000000')), /null/)
})

test('elements of an array come first, then what they point to', () => {
  same(conformantArray(unique(u16)), [1, null, 2], '03000000 00000200 00000000 04000200 0100 0200')
  const Counted = struct('Counted', { count: u32.countOf('items'), items: unique(conformantArray(unique(u16))) })
  same(Counted, { count: 2, items: [5, 6] }, '02000000 00000200 02000000 04000200 08000200 0500 0600')
  // A pointer that is null has nothing to count.
  assert.deepEqual(read(Counted, fromHex('07000000 00000000')), { count: 7, items: null })
})

test('full pointers with one id have one target', () => {
  const Pair = struct('Pair', { a: full(Point), b: full(Point), c: full(Point) })
  const shared = { x: 1, y: 2 }
  const bytes = write(Pair, { a: shared, b: shared, c: null })
  assert.equal(hex(bytes), hex(fromHex('00000200 00000200 00000000 01000000 02000000')))
  const found = read(Pair, bytes)
  assert.deepEqual(found, { a: shared, b: shared, c: null })
  assert.equal(found.a, found.b)
})

interface Node {
  readonly value: number
  readonly next: Node | null
}
const List: NdrType<Node, Node, true> = struct('List', {
  value: u32,
  next: unique(later<Node, Node>('List', 4, () => List)),
})
const Ring: NdrType<Node, Node, true> = struct('Ring', {
  value: u32,
  next: full(later<Node, Node>('Ring', 4, () => Ring)),
})

test('structures that contain themselves: lists end, rings close, depth is limited', () => {
  same(List, { value: 1, next: { value: 2, next: null } }, '01000000 00000200 02000000 00000000')
  // Node 2 points at itself.
  const ring = read(Ring, fromHex('01000000 00000200 02000000 00000200'))
  assert.equal(ring.next?.next, ring.next)
  let deep: Node = { value: 0, next: null }
  for (let i = 0; i < 100; i++) deep = { value: i, next: deep }
  assert.throws(() => read(List, write(List, deep)), /deeper than 64/)
  assert.equal(read(List, write(List, deep), { maxDepth: 200, maxElements: 1 }).value, 99)
  // 100 000 pointers in a row must not end the stack.
  const chain = new Uint8Array(800_000).fill(1)
  assert.throws(() => read(List, chain), /deeper than 64/)
})

test('unions: the tag picks the arm', () => {
  const Choice = union('Choice', u16, { 1: u32, 2: unique(wideString), 3: empty })
  const Tagged = struct('Tagged', { level: u32.switchOf('info'), info: Choice })
  same(Choice, { tag: 1, value: 5 }, '0100 0000 05000000')
  same(Tagged, { level: 3, info: { tag: 3, value: undefined } }, '03000000 0300')
  same(
    Tagged,
    { level: 2, info: { tag: 2, value: 'a' } },
    '02000000 0200 0000 00000200 02000000 00000000 02000000 61000000',
  )
  assert.throws(() => read(Choice, fromHex('0900')), /no arm 9/)
  assert.throws(() => read(Tagged, fromHex('01000000 0300')), /arm 1 told, 3 sent/)
  const Open = struct('Open', { level: u32.switchOf('info'), info: union('Open union', u32, { 1: u32 }, empty) })
  same(Open, { level: 9, info: otherArm(9) }, '09000000 09000000')
  assert.equal(hex(write(Open, { info: { tag: 1, value: 2 } })), '010000000100000002000000')
  // For a tag that is declared, nothing is a null pointer.
  const Served = union('Served', u32, { ...nullArms(5, 6), 1: unique(u32), 2: u32 }, empty)
  same(Served, { tag: 5, value: null }, '05000000 00000000')
  assert.equal(hex(write(Served, otherArm(6))), hex(write(Served, { tag: 6, value: null })))
  assert.equal(hex(write(Served, otherArm(1))), hex(write(Served, { tag: 1, value: null })))
  assert.throws(() => write(Served, otherArm(2)), TypeError)
  assert.throws(() => read(Served, fromHex('05000000 01000000')), /not declared/)
})

test('RPC_UNICODE_STRING and RPC_SID', () => {
  same(unicodeString(), 'ab', '0400 0400 00000200 02000000 00000000 02000000 6100 6200')
  same(unicodeString(1), 'ab', '0400 0600 00000200 03000000 00000000 02000000 6100 6200')
  same(unicodeString(), null, '0000 0000 00000000')
  assert.throws(
    () => read(unicodeString(), fromHex('0400 0400 00000200 01000000 00000000 01000000 6100')),
    /4 bytes told/,
  )
  same(sid, 'S-1-5-32-544', '02000000 01 02 000000000005 20000000 20020000')
  const Held = struct('Held', { attributes: u32, sid: unique(sid) })
  same(Held, { attributes: 1, sid: 'S-1-1-0' }, '01000000 00000200 01000000 01 01 000000000001 00000000')
  assert.throws(() => read(sid, fromHex('03000000 01 02 000000000005 20000000 20020000')), WireError)
  assert.throws(() => read(sid, fromHex('ff000000 01 ff 000000000005 20000000 20020000')), WireError)
})

test('counts that lie are refused before anything is made for them', () => {
  for (const type of [conformantArray(u8), conformantArray(unique(wideString)), conformantArray(Point)] as const)
    assert.throws(() => read(type as NdrType<unknown>, fromHex('ffffffff 00000000 00000000')), WireError)
  assert.throws(() => read(conformantBytes, fromHex('ffffffff 00')), WireError)
  assert.throws(() => read(wideString, fromHex('ffffffff 00000000 ffffffff 0000')), WireError)
  assert.throws(
    () => read(unique(conformantVaryingArray(u64)), fromHex('01000000 ffffffff 00000000 ffffffff')),
    WireError,
  )
  // Null pointers are cheap on the wire: their number is limited as such.
  const nulls = new Uint8Array(4 + 4000)
  viewOf(nulls).setUint32(0, 1000, true)
  assert.throws(() => read(conformantArray(unique(u8)), nulls, { maxDepth: 9, maxElements: 999 }), /more than 999/)
})

test('a writer stops at its limit', () => {
  const writer = new NdrWriter(10)
  assert.throws(() => writer.run(() => wideString.write(writer, 'abc')), NdrTooLarge)
})

const Everything = struct('Everything', {
  small: u8,
  name: unique(wideString),
  choice: union('Choice', u32, { 1: unique(Point), 2: u16 }, empty),
  count: u32.countOf('points'),
  points: unique(conformantArray(struct('Named', { id: u64, name: unique(narrowString), who: unique(sid) }))),
  text: unicodeString(),
  tail: conformantVaryingArray(u16),
})

const text = fc.string({ maxLength: 12 }).map((value) => value.replaceAll('\0', ''))
const ascii = text.map((value) => value.replace(/[^ -~]/g, ''))
const plain = { noNullPrototype: true } as const
const anything: fc.Arbitrary<InputOf<typeof Everything>> = fc.record(
  {
    small: fc.integer({ min: 0, max: 255 }),
    name: fc.option(text),
    choice: fc.oneof(
      fc.record(
        {
          tag: fc.constant<1>(1),
          value: fc.option(fc.record({ x: fc.integer({ min: 0, max: 255 }), y: fc.nat() }, plain)),
        },
        plain,
      ),
      fc.record({ tag: fc.constant<2>(2), value: fc.integer({ min: 0, max: 0xffff }) }, plain),
      fc.integer({ min: 3, max: 99 }).map(otherArm),
    ),
    points: fc.option(
      fc.array(
        fc.record(
          {
            id: fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
            name: fc.option(ascii),
            who: fc.option(fc.constantFrom('S-1-1-0', 'S-1-5-32-544', 'S-1-5-21-1-2-3-1000')),
          },
          plain,
        ),
        { maxLength: 5 },
      ),
    ),
    text: fc.option(text),
    tail: fc.array(fc.integer({ min: 0, max: 0xffff }), { maxLength: 5 }),
  },
  plain,
)

test('property: what is written is read, and cut short it is an error', () => {
  fc.assert(
    fc.property(anything, fc.nat(), (value, where) => {
      const bytes = write(Everything, value)
      const found = read(Everything, bytes)
      assert.deepEqual({ ...found, count: 0 }, { ...value, count: 0 })
      assert.equal(hex(write(Everything, found)), hex(bytes))
      assert.throws(() => read(Everything, bytes.subarray(0, where % bytes.length)), WireError)
    }),
    { numRuns: 200 },
  )
})

test('property: any damage is a WireError or another value, never something else', () => {
  fc.assert(
    fc.property(
      anything,
      fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 255 })), { maxLength: 8 }),
      (value, damage) => {
        const bytes = write(Everything, value)
        for (const [at, byte] of damage) bytes[at % bytes.length] = byte
        const reader = new NdrReader(viewOf(bytes))
        try {
          reader.run(() => Everything.read(reader, () => {}))
        } catch (error) {
          assert.ok(error instanceof WireError, String(error))
        }
      },
    ),
    { numRuns: 500 },
  )
})
