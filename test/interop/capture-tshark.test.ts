/** Captures that are written here, as tshark reads them. */
import assert from 'node:assert/strict'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { describe, test } from 'node:test'
import { addressBytes, internetChecksum } from '../../src/trace/capture/ip-headers.ts'
import { SmbCapture } from '../../src/trace/capture/smb-capture.ts'
import type { Sender } from '../../src/trace/capture/tcp-conversation.ts'
import { Command, HeaderFlags, Smb2Header, WriteRequest } from '../../src/wire/smb2/index.ts'
import { bytesOf, withFolder } from '../peers/content.ts'
import { needsPeer } from '../peers/peer.ts'
import { framesOf, tshark } from '../vectors/smb2-capture.ts'

const recorded = framesOf(join(import.meta.dirname, '../vectors/smb2-captures/compound-related.pcap'))

/** A WRITE of so many bytes, too large for one frame. */
function largeWrite(length: number): Uint8Array {
  const fileId = { persistent: 1n, volatile: 1n }
  const body = WriteRequest.encode({ offset: 0n, fileId, flags: 0, data: bytesOf(length, 1) })
  const header = Smb2Header.encode({
    creditCharge: 4,
    command: Command.WRITE,
    credits: 1,
    flags: 0,
    messageId: 77n,
    treeId: 1,
    sessionId: 1n,
    signature: new Uint8Array(16),
  })
  return new Uint8Array(Buffer.concat([header, body]))
}

/** The capture file of these messages, each sent by who sends such. */
function captureOf(messages: readonly Uint8Array[], client: string, server: string, port: number): Uint8Array {
  const parts: Uint8Array[] = []
  let now = 1_750_000_000_123_456_789n
  const capture = new SmbCapture(
    (bytes) => parts.push(bytes),
    'smbkit test',
    () => (now += 1_000_000n),
  )
  const ends = { client: { address: client, port: 50_000 }, server: { address: server, port } }
  for (const message of messages) capture.message(1, ends, senderOf(message), message)
  capture.closed(1, 'client')
  return Buffer.concat(parts)
}

function senderOf(message: Uint8Array): Sender {
  const { flags } = Smb2Header.decode(new DataView(message.buffer, message.byteOffset, message.length))
  return (flags & HeaderFlags.SERVER_TO_REDIR) === 0 ? 'client' : 'server'
}

describe('captures', needsPeer('tshark'), () => {
  for (const [client, server, port] of [
    ['127.0.0.1', '127.0.0.1', 4450],
    ['fe80::1%eth0', '2001:db8::2', 445],
    ['::ffff:10.0.0.1', '10.0.0.2', 445],
  ] as const)
    test(`tshark reads what was written: ${client} to ${server}, port ${port}`, () =>
      withFolder(async (folder) => {
        const messages = [...recorded, largeWrite(200_000)]
        const file = join(folder, 'written.pcapng')
        writeFileSync(file, captureOf(messages, client, server, port))
        const read = framesOf(file)
        // In the order of each direction, as they are taken out.
        const ordered = ['client', 'server'].flatMap((sender) => messages.filter((one) => senderOf(one) === sender))
        assert.deepEqual(
          read,
          ordered.map((message) => new Uint8Array(message)),
        )

        const checked = ['-o', 'tcp.check_checksum:TRUE', '-o', 'ip.check_checksum:TRUE']
        const problems = tshark([
          '-r',
          file,
          ...checked,
          '-Y',
          '_ws.malformed or tcp.analysis.flags or tcp.checksum.status == "Bad" or ip.checksum.status == "Bad"',
        ])
        assert.equal(problems, '')
        const smb2 = tshark(['-r', file, '-Y', 'smb2', '-T', 'fields', '-e', 'smb2.cmd']).trim().split(/[\n,]/)
        assert.equal(smb2.at(-1), String(Command.WRITE))
        const time = tshark(['-r', file, '-c', '1', '-T', 'fields', '-e', 'frame.time_epoch']).trim()
        assert.equal(time, '1750000000.124456789')
        const comment = tshark(['-r', file, '-c', '1', '-T', 'fields', '-e', 'frame.comment']).trim()
        assert.equal(comment, port === 445 ? '' : "The server's port is 4450.")
      }))
})

test('addresses as text', () => {
  const hex = (text: string) => Buffer.from(addressBytes(text) ?? []).toString('hex')
  assert.equal(hex('192.168.1.10'), 'c0a8010a')
  assert.equal(hex('::ffff:192.168.1.10'), 'c0a8010a')
  assert.equal(hex('::'), '0'.repeat(32))
  assert.equal(hex('fe80::1:2%3'), 'fe800000000000000000000000010002')
  assert.equal(hex('1:2:3:4:5:6:7:8'), '00010002000300040005000600070008')
  for (const text of ['', 'nas', '1.2.3', '1.2.3.256', '1:2', '1::2::3', ':::', '1:2:3:4:5:6:7::8'])
    assert.equal(addressBytes(text), undefined, text)
  // The example of RFC 1071 3.
  assert.equal(internetChecksum(Uint8Array.of(0x00, 0x01, 0xf2, 0x03, 0xf4, 0xf5, 0xf6, 0xf7)), ~0xddf2 & 0xffff)
})
