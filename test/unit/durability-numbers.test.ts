/** Channel sequences and lock sequences: what tells a request that is sent again from a new one. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import fc from 'fast-check'
import { ChannelSequence, NO_TURN } from '../../src/server/durability/channel-sequence.ts'
import { LockSequences } from '../../src/server/durability/lock-sequence.ts'

test('a request of the same or a later channel sequence counts, one of an earlier does not', () => {
  const sequence = new ChannelSequence(5)
  assert.notEqual(sequence.enter(5, false), NO_TURN)
  assert.notEqual(sequence.enter(6, false), NO_TURN)
  assert.equal(sequence.sequence, 6)
  assert.equal(sequence.enter(5, false), NO_TURN)
  assert.equal(sequence.enter(5, true), NO_TURN)
  assert.equal(sequence.sequence, 6)
})

test('channel sequences go round: 0x7fff ahead is ahead, 0x8000 is behind', () => {
  assert.notEqual(new ChannelSequence(0).enter(0x7fff, false), NO_TURN)
  assert.equal(new ChannelSequence(0).enter(0x8000, false), NO_TURN)
  assert.notEqual(new ChannelSequence(0xffff).enter(0, false), NO_TURN)
  assert.equal(new ChannelSequence(0).enter(0xffff, false), NO_TURN)
})

test('nothing is replayed while a request of an earlier channel sequence is at work', () => {
  const sequence = new ChannelSequence(0)
  const first = sequence.enter(0, false)
  assert.equal(sequence.enter(1, true), NO_TURN)
  // What is new may be done all the same.
  const second = sequence.enter(1, false)
  assert.notEqual(second, NO_TURN)
  assert.equal(sequence.enter(1, true), NO_TURN)
  sequence.leave(first)
  assert.notEqual(sequence.enter(1, true), NO_TURN)
})

test('a channel sequence that comes round is another turn: old requests stay old ones', () => {
  const sequence = new ChannelSequence(0)
  const waiting = sequence.enter(0, false)
  for (const next of [30_000, 60_000, 0]) sequence.leave(sequence.enter(next, false))
  assert.equal(sequence.sequence, 0)
  assert.equal(sequence.enter(0, true), NO_TURN)
  sequence.leave(waiting)
  assert.notEqual(sequence.enter(0, true), NO_TURN)
})

test('whatever comes and goes, a replay is let in when nothing of an earlier sequence is left', () => {
  fc.assert(
    fc.property(
      fc.array(fc.record({ ahead: fc.integer({ min: 0, max: 3 }), replay: fc.boolean(), leaves: fc.nat() })),
      (steps) => {
        const sequence = new ChannelSequence(0xfffd)
        const inside: { turn: number; at: number }[] = []
        for (const { ahead, replay, leaves } of steps) {
          const at = (sequence.sequence + ahead) & 0xffff
          const earlier = inside.some((request) => request.at !== at || ahead > 0)
          const turn = sequence.enter(at, replay)
          assert.equal(turn === NO_TURN, replay && earlier)
          if (turn !== NO_TURN) inside.push({ turn, at })
          if (inside.length > 0 && leaves % 2 === 0)
            sequence.leave((inside.splice(leaves % inside.length, 1)[0] as { turn: number }).turn)
        }
      },
    ),
  )
})

test('a LOCK request is recognized by index and number', () => {
  const sequences = new LockSequences()
  assert.equal(sequences.wasDone(1, 1), false)
  sequences.done(1, 1)
  assert.equal(sequences.wasDone(1, 1), true)
  assert.equal(sequences.wasDone(2, 1), false)
  assert.equal(sequences.wasDone(1, 2), false)
  // Another number has taken the place of the first one, whether or not it was carried out.
  assert.equal(sequences.wasDone(1, 1), false)
})

test('number 0 is a number, indexes 0 and 65 are none', () => {
  const sequences = new LockSequences()
  for (const index of [0, 1, 64, 65, 0xfff_ffff]) sequences.done(index, 0)
  assert.deepEqual(
    [0, 1, 64, 65, 0xfff_ffff].map((index) => sequences.wasDone(index, 0)),
    [false, true, true, false, false],
  )
  assert.equal(new LockSequences(sequences.entries).wasDone(64, 0), true)
})
