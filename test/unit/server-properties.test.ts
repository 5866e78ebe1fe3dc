/** What must hold for any input: the window of message ids, the cutting of a stream, the names of files. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { BufferPool } from '../../src/protocol/buffer-pool.ts'
import { FrameAssembler, ProtocolError } from '../../src/protocol/frame-assembler.ts'
import { SequenceWindow } from '../../src/protocol/sequence-window.ts'
import { parsePathName, withoutDfsPrefix } from '../../src/server/path-name.ts'
import { failed } from '../../src/wire/erref/failure.ts'

test('the window of message ids equals a plain set of them', () => {
  const step = fc.oneof(
    fc.record({ grant: fc.integer({ min: 0, max: 40 }) }),
    fc.record({ id: fc.integer({ min: 0, max: 120 }), charge: fc.integer({ min: 0, max: 6 }) }),
  )
  fc.assert(
    fc.property(fc.array(step, { maxLength: 120 }), (steps) => {
      const maxCredits = 30
      const window = new SequenceWindow(maxCredits)
      const granted = new Set([0])
      let high = 1
      for (const one of steps) {
        if ('grant' in one) {
          const count = window.grant(one.grant)
          assert.ok(count >= 0 && count <= one.grant)
          for (let i = 0; i < count; i++) granted.add(high++)
          // Its reach is bounded, however ids are used.
          const low = Math.min(high, ...granted)
          assert.ok(high - low <= maxCredits * 2)
        } else {
          const ids = Array.from({ length: Math.max(1, one.charge) }, (_, i) => one.id + i)
          const isThere = ids.every((id) => granted.has(id))
          assert.equal(window.consume(one.id, one.charge), isThere)
          if (isThere) for (const id of ids) granted.delete(id)
        }
        assert.equal(window.available, granted.size)
      }
    }),
  )
})

test('a stream gives the same messages, however it is cut', () => {
  const message = fc.oneof(
    fc.uint8Array({ minLength: 1, maxLength: 60 }),
    fc.integer({ min: 20_000, max: 70_000 }).map((length) => new Uint8Array(length).fill(length & 0xff)),
  )
  const pieces = fc.array(fc.integer({ min: 1, max: 90_000 }), { minLength: 1, maxLength: 20 })
  fc.assert(
    fc.property(fc.array(message, { maxLength: 6 }), pieces, fc.boolean(), (messages, cuts, direct) => {
      const stream = Buffer.concat(
        messages.flatMap((bytes) => [
          Buffer.from([0, bytes.length >> 16, (bytes.length >> 8) & 255, bytes.length & 255]),
          bytes,
        ]),
      )
      const received: Uint8Array[] = []
      const assembler = new FrameAssembler(100_000, new BufferPool(1 << 20), (frame) => {
        received.push(new Uint8Array(frame))
        return undefined
      })
      for (let at = 0, turn = 0; at < stream.length; turn++) {
        const cut = cuts[turn % cuts.length] as number
        if (direct) {
          const space = assembler.space()
          const count = Math.min(cut, space.length, stream.length - at)
          space.set(stream.subarray(at, at + count))
          assembler.filled(count)
          at += count
        } else {
          assembler.push(new Uint8Array(stream.subarray(at, at + cut)))
          at += cut
        }
      }
      assert.deepEqual(
        received.map((bytes) => Buffer.from(bytes).toString('latin1')),
        messages.map((bytes) => Buffer.from(bytes).toString('latin1')),
      )
    }),
    { numRuns: 60 },
  )
})

test('no length above the limit is taken, and no other type of packet', () => {
  const assembler = () => new FrameAssembler(1000, new BufferPool(0), () => undefined)
  fc.assert(
    fc.property(fc.integer({ min: 0, max: 255 }), fc.integer({ min: 0, max: 0xff_ffff }), (type, length) => {
      const bytes = Uint8Array.of(type, length >> 16, (length >> 8) & 255, length & 255)
      const isFine = (type === 0 && length <= 1000) || (type === 0x85 && length === 0)
      if (isFine) assembler().push(bytes)
      else assert.throws(() => assembler().push(bytes), ProtocolError)
    }),
  )
})

const odd = [
  '.',
  '..',
  '\\',
  '/',
  ':',
  '*',
  '?',
  '"',
  '<',
  '>',
  '|',
  '\0',
  'a',
  'B',
  ' ',
  '$DATA',
  '$INDEX_ALLOCATION',
  'C:',
  '\ud800',
]
test('no name leads out of its share', () => {
  const name = fc.oneof(
    fc.string({ maxLength: 30 }),
    fc.array(fc.constantFrom(...odd), { maxLength: 14 }).map((parts) => parts.join('')),
  )
  fc.assert(
    fc.property(name, fc.boolean(), (text, isDfs) => {
      const parsed = parsePathName(isDfs ? withoutDfsPrefix(text) : text)
      if (failed(parsed)) return
      for (const component of parsed.path) {
        assert.notEqual(component, '')
        assert.notEqual(component, '.')
        assert.notEqual(component, '..')
        assert.doesNotMatch(component, /[\u0000-\u001f\\/:*?"<>|]/)
        assert.ok(component.length <= 255)
      }
      if (parsed.stream !== undefined) assert.doesNotMatch(parsed.stream, /[\u0000\\/:]/)
    }),
    { numRuns: 3000 },
  )
})
