import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { analyze, type CaptureSource, type Conversation, type Transaction } from '../../src/trace/index.ts'

const file = readFileSync(join(import.meta.dirname, '../captures/local-dialect-smb311.pcapng'))

/** The file in pieces of this many bytes, in memory that is used again for each. */
function* inPieces(bytes: Uint8Array, pieceBytes: number): Generator<Uint8Array> {
  const piece = new Uint8Array(pieceBytes)
  for (let at = 0; at < bytes.length; at += pieceBytes) {
    const part = bytes.subarray(at, at + pieceBytes)
    piece.set(part)
    yield piece.subarray(0, part.length)
  }
}

async function transactionsOf(source: CaptureSource): Promise<Transaction[]> {
  const found: Transaction[] = []
  await analyze(source, [{ transaction: (transaction) => void found.push(transaction) }])
  return found
}

const lineOf = ({ request, response, commandName, status, tree, path, session, time }: Transaction): string =>
  [
    request?.last.frame,
    response?.last.frame,
    commandName,
    status?.toString(16),
    tree?.path?.value,
    path?.value,
    session?.user?.value,
    time.responseNs,
  ].join(' ')

test('transactions of a capture have paths, users and times', async () => {
  const found = await transactionsOf(file)
  assert.deepEqual(
    ['smb1', 'smb2'].map((one) => found.filter(({ protocol }) => protocol === one).length),
    [1, 77],
  )
  const write = found.find(({ commandName, dataBytes }) => commandName === 'WRITE' && dataBytes > 1000)
  assert.ok(write !== undefined)
  assert.equal(lineOf(write), String.raw`259 261 WRITE 0 \\127.0.0.1\share d1\data.bin tester 584546`)
  assert.equal(write.dataBytes, 288_894)
  assert.equal(write.path?.isInferred, true)
  assert.equal(write.open?.openedBy?.path?.isInferred, false)
  const close = found.find(({ request }) => request?.last.frame === 306)
  assert.equal(close?.path?.value, String.raw`d1\hi.txt`, 'renamed before')
})

test('a capture that arrives byte by byte reads the same', async () => {
  const whole = await transactionsOf(file)
  for (const pieceBytes of [1, 13, 1000, 65_536])
    assert.deepEqual((await transactionsOf(inPieces(file, pieceBytes))).map(lineOf), whole.map(lineOf), `${pieceBytes}`)
})

test('the summary says what a capture holds', async () => {
  const conversations: Conversation[] = []
  const summary = await analyze(file, [{ conversationEnds: (conversation) => void conversations.push(conversation) }])
  assert.deepEqual(summary, { frames: 580, startNs: 1_795_164_295_471_293_188n, problems: [] })
  const [conversation] = conversations
  assert.equal(conversations.length, 1)
  assert.deepEqual(conversation?.server, { address: '127.0.0.1', port: 445 })
  assert.equal(conversation?.dialect?.value, 0x0311)
  assert.equal(conversation?.hasBeginning, true)
  assert.equal(conversation?.fromClient.missingBytes, 0)
})
