import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { test } from 'node:test'
import { analyze, type CaptureSource, type Conversation, type Transaction } from '../../src/trace/index.ts'
import {
  BROWSE_MAILSLOT,
  DatagramType,
  DirectDatagram,
  HostAnnouncement,
  MailslotWrite,
} from '../../src/wire/netbios/index.ts'
import { Smb1Command } from '../../src/wire/smb1/index.ts'

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

test('hosts that announce themselves are told', async () => {
  const found: string[] = []
  const frame = announcementFrame()
  const record = new Uint8Array(16)
  new DataView(record.buffer).setUint32(8, frame.length, true)
  new DataView(record.buffer).setUint32(12, frame.length, true)
  const header = Uint8Array.from([0xd4, 0xc3, 0xb2, 0xa1, 2, 0, 4, 0, ...Buffer.alloc(12), 101, 0, 0, 0])
  await analyze(Buffer.concat([header, record, frame]), [
    { announcement: (name, from, everyMs, at) => void found.push(`${name} ${from} ${everyMs} ${at.frame}`) },
  ])
  assert.deepEqual(found, ['GUPPIE 10.0.0.9 720000 1'])
})

/** A host announcement of every 12 minutes, in IPv4 without a link's header. */
function announcementFrame(): Uint8Array {
  const data = HostAnnouncement.encode({ periodicity: 720_000, serverName: 'GUPPIE', serverType: 3, comment: '' })
  const userData = MailslotWrite.encode({
    header: { command: Smb1Command.TRANSACTION, flags: 0, flags2: 0, securityFeatures: new Uint8Array(8) },
    mailslotName: BROWSE_MAILSLOT,
    data,
  })
  const datagram = DirectDatagram.encode({
    messageType: DatagramType.DIRECT_GROUP,
    datagramId: 1,
    sourceAddress: Uint8Array.of(10, 0, 0, 9),
    datagramLength: 68 + userData.length,
    sourceName: { name: 'GUPPIE', suffix: 0x20, scope: '' },
    destinationName: { name: 'WORKGROUP', suffix: 0x1d, scope: '' },
    userData,
  })
  const frame = new Uint8Array(28 + datagram.length)
  const view = new DataView(frame.buffer)
  view.setUint8(0, 0x45)
  view.setUint16(2, frame.length)
  view.setUint8(9, 17)
  frame.set([10, 0, 0, 9, 10, 0, 0, 255], 12)
  view.setUint16(20, 138)
  view.setUint16(22, 138)
  view.setUint16(24, 8 + datagram.length)
  frame.set(datagram, 28)
  return frame
}
