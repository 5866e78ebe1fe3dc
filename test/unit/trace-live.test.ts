/** What a server in the same process hears and says, told by the engine as it goes. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { analyze, type Conversation, LiveAnalysis, type Transaction } from '../../src/trace/index.ts'

const ends = { client: { address: '10.0.0.1', port: 50_000 }, server: { address: '10.0.0.2', port: 445 } }

/** The messages of a capture of one connection, whole and in their order, with their times. */
function messagesIn(file: Uint8Array): { from: 'client' | 'server'; message: Uint8Array; timeNs: bigint }[] {
  const view = new DataView(file.buffer, file.byteOffset, file.length)
  const streams = { client: new Uint8Array(0), server: new Uint8Array(0) }
  const found: { from: 'client' | 'server'; message: Uint8Array; timeNs: bigint }[] = []
  for (let at = 24; at < file.length; at += 16 + view.getUint32(at + 8, true)) {
    const timeNs = BigInt(view.getUint32(at, true)) * 1_000_000_000n + BigInt(view.getUint32(at + 4, true)) * 1000n
    const ip = at + 16 + 14
    const tcp = ip + 20
    const data = tcp + (view.getUint8(tcp + 12) >>> 4) * 4
    const end = ip + view.getUint16(ip + 2, false)
    const from = view.getUint16(tcp, false) === 445 ? 'server' : 'client'
    let stream = new Uint8Array([...streams[from], ...file.subarray(data, end)])
    while (stream.length >= 4) {
      const length = ((stream[1] ?? 0) << 16) | ((stream[2] ?? 0) << 8) | (stream[3] ?? 0)
      if (stream.length < 4 + length) break
      found.push({ from, message: stream.slice(4, 4 + length), timeNs })
      stream = stream.slice(4 + length)
    }
    streams[from] = stream
  }
  return found
}

const lineOf = ({ commandName, messageId, status, path, tree, session, time, dataBytes }: Transaction): string =>
  [
    commandName,
    messageId,
    status,
    path?.value,
    tree?.path?.value,
    session?.user?.value,
    time.responseNs,
    dataBytes,
  ].join(' ')

test('messages of a process are told as those of a capture are', async () => {
  const file = readFileSync(join(import.meta.dirname, '../captures/local-signing-required-smb311.pcap'))
  const captured: string[] = []
  await analyze(file, [{ transaction: (transaction) => void captured.push(lineOf(transaction)) }])
  const live: string[] = []
  const ended: Conversation[] = []
  let now = 0n
  const analysis = new LiveAnalysis(
    [
      {
        transaction: (transaction) => void live.push(lineOf(transaction)),
        conversationEnds: (conversation) => void ended.push(conversation),
      },
    ],
    () => now,
  )
  for (const { from, message, timeNs } of messagesIn(file)) {
    now = timeNs
    analysis.message(7, ends, from, message)
    message.fill(0xff)
  }
  analysis.closed(7, 'client')
  analysis.finish()
  assert.ok(captured.length > 20)
  assert.deepEqual(live, captured)
  const [conversation] = ended
  assert.equal(ended.length, 1)
  assert.equal(conversation?.end?.by, 'client')
  assert.equal(conversation?.dialect?.value, 0x0311)
})
