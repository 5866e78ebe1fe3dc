import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { analyze, findingsOf, framesOf, type Transaction, transactionsOf } from '../../src/trace/index.ts'

const capture = (name: string): Buffer => readFileSync(join(import.meta.dirname, '../captures', name))
const bad = capture('local-fail-bad-share.pcap')

async function all<T, R>(sequence: AsyncGenerator<T, R>): Promise<{ values: T[]; end: R }> {
  const values: T[] = []
  for (;;) {
    const step = await sequence.next()
    if (step.done === true) return { values, end: step.value }
    values.push(step.value)
  }
}

/** In pieces, and how many of them were asked for. */
function pieces(bytes: Uint8Array, size: number) {
  const state = { asked: 0, isClosed: false }
  async function* source(): AsyncGenerator<Uint8Array> {
    try {
      for (let at = 0; at < bytes.length; at += size) {
        state.asked++
        yield bytes.subarray(at, at + size)
      }
    } finally {
      state.isClosed = true
    }
  }
  return { source: source(), state }
}

test('transactions come one after the other, the same as an observer hears', async () => {
  const heard: Transaction[] = []
  const summary = await analyze(bad, [{ transaction: (transaction) => void heard.push(transaction) }])
  const { values, end } = await all(transactionsOf(bad))
  assert.deepEqual(
    values.map(({ id, commandName, status }) => [id, commandName, status]),
    heard.map(({ id, commandName, status }) => [id, commandName, status]),
  )
  assert.ok(values.length > 5)
  assert.deepEqual(end, summary)
})

test('the capture is read as far as somebody asks, and let go when nobody does any more', async () => {
  const { source, state } = pieces(bad, 500)
  for await (const { commandName } of transactionsOf(source)) {
    assert.equal(commandName, 'NEGOTIATE')
    break
  }
  assert.ok(state.asked < bad.length / 500 / 2, String(state.asked))
  assert.equal(state.isClosed, true)
})

test('findings come at the end, frames with their fields', async () => {
  const { values: findings, end } = await all(findingsOf(bad))
  assert.equal(findings[0]?.rule, 'bad-share-name')
  assert.deepEqual((await all(findingsOf(bad, { rules: [] }))).values, [])
  const { values: frames } = await all(framesOf(bad))
  assert.ok(frames.length > 10 && frames.length <= end.frames)
  assert.ok(frames.some(({ layers }) => layers.some(({ protocol }) => protocol === 'smb2')))
})

test('what is damaged is told at the end', async () => {
  const cut = await all(transactionsOf([bad.subarray(0, bad.length - 7), new Uint8Array(100)]))
  assert.deepEqual(cut.end.problems, [
    { file: 0, problem: 'cut' },
    { file: 1, problem: 'not a capture' },
  ])
  assert.ok(cut.values.length > 5)
})

test('a capture in pieces, in memory that is used again, is read as a whole one', async () => {
  const whole = capture('local-dialect-smb311.pcapng')
  const trees = async (source: Uint8Array | Iterable<Uint8Array>) =>
    (await all(framesOf(source))).values.map(({ frame, layers }) => [
      frame,
      ...layers.map(({ title, bytes }) => `${title} ${Buffer.from(bytes).toString('hex')}`),
    ])
  const wanted = await trees(Uint8Array.from(whole))
  for (const size of [100_000, 997]) {
    const room = Buffer.alloc(size)
    function* again(): Generator<Uint8Array> {
      for (let at = 0; at < whole.length; at += size) yield room.subarray(0, whole.copy(room, 0, at, at + size))
    }
    assert.deepEqual(await trees(again()), wanted, String(size))
  }
})
