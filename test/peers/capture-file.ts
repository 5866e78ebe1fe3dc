/** Writes what went over a connection into a file that tshark reads. */
import { writeFileSync } from 'node:fs'

/** Bytes in one direction, in the order in which they went. */
export interface Piece {
  readonly fromServer: boolean
  readonly bytes: Uint8Array
}

const RAW_IP = 101
const SMB_PORT = 445
const CLIENT_PORT = 40_000
const SEGMENT_BYTES = 16 * 1024
const HEADERS_BYTES = 40

/**
 * One TCP connection, 10.0.0.1 to 10.0.0.2, as a capture in the format of libpcap. What went one way without a word from
 * the other end is cut into segments anew: tshark 4.0 loses the stream at some of the places where a segment may end.
 */
export function writeCapture(file: string, pieces: readonly Piece[]): void {
  const header = Buffer.alloc(24)
  header.writeUInt32LE(0xa1b2_c3d4, 0)
  header.writeUInt16LE(2, 4)
  header.writeUInt16LE(4, 6)
  header.writeUInt32LE(0x4_0000, 16)
  header.writeUInt32LE(RAW_IP, 20)
  const out: Uint8Array[] = [header]
  const sequence = { client: 1, server: 1 }
  let number = 0
  for (const { fromServer, bytes } of turns(pieces))
    for (let at = 0; at < bytes.length; at += SEGMENT_BYTES) {
      const data = bytes.subarray(at, at + SEGMENT_BYTES)
      const [own, other] = fromServer ? [sequence.server, sequence.client] : [sequence.client, sequence.server]
      out.push(record(number++, data.length + HEADERS_BYTES), packet(fromServer, own, other, data.length), data)
      sequence[fromServer ? 'server' : 'client'] += data.length
    }
  writeFileSync(file, Buffer.concat(out))
}

/** Neighbours of one direction are one. */
function turns(pieces: readonly Piece[]): Piece[] {
  const joined: { fromServer: boolean; parts: Uint8Array[] }[] = []
  for (const { fromServer, bytes } of pieces) {
    const last = joined.at(-1)
    if (last?.fromServer === fromServer) last.parts.push(bytes)
    else joined.push({ fromServer, parts: [bytes] })
  }
  return joined.map(({ fromServer, parts }) => ({ fromServer, bytes: Buffer.concat(parts) }))
}

function record(number: number, length: number): Uint8Array {
  const header = Buffer.alloc(16)
  header.writeUInt32LE(1_700_000_000, 0)
  header.writeUInt32LE(number, 4)
  header.writeUInt32LE(length, 8)
  header.writeUInt32LE(length, 12)
  return header
}

/** Headers of IPv4 and TCP; checksums are left out, and tshark does not look. */
function packet(fromServer: boolean, sequence: number, acknowledged: number, length: number): Uint8Array {
  const ends = [
    { address: [10, 0, 0, 1], port: CLIENT_PORT },
    { address: [10, 0, 0, 2], port: SMB_PORT },
  ] as const
  const [from, to] = fromServer ? [ends[1], ends[0]] : ends
  const headers = Buffer.alloc(HEADERS_BYTES)
  headers[0] = 0x45
  headers.writeUInt16BE(length + HEADERS_BYTES, 2)
  headers[8] = 64
  headers[9] = 6
  headers.set(from.address, 12)
  headers.set(to.address, 16)
  headers.writeUInt16BE(from.port, 20)
  headers.writeUInt16BE(to.port, 22)
  headers.writeUInt32BE(sequence, 24)
  headers.writeUInt32BE(acknowledged, 28)
  headers[32] = 0x50
  headers[33] = 0x18
  headers.writeUInt16BE(0xffff, 34)
  return headers
}
