import { open } from 'node:fs/promises'
import type { Transform } from 'node:stream'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { CaptureReader } from '../capture/capture-reader.ts'
import { newTimeline } from '../capture/packet.ts'

/** Bytes that are read at a time: fewer cost calls, more cost memory and no longer gain. */
const pieceBytes = 4 * 1024 * 1024
/** As many of them are enough to find the first packet, mostly. */
const firstPieceBytes = 64 * 1024
/** Packed bytes that are given to be unpacked at a time, which bounds what comes of them at once. */
const packedBytes = 4096
const unpackedBytes = 64 * 1024

/** How packed files begin. RFC 1952 2.3.1, RFC 8878 3.1.1. */
const magics = { gzip: [0x1f, 0x8b], zstd: [0x28, 0xb5, 0x2f, 0xfd] } as const

/** A capture file of this name, or standard input for `-`; unpacked if it is gzip or zstd, as its first bytes tell. */
export const readCapture = (path: string): AsyncGenerator<Uint8Array> => readPieces(path, pieceBytes)

async function* readPieces(path: string, bytes: number): AsyncGenerator<Uint8Array> {
  const source: AsyncIterable<Uint8Array> = path === '-' ? process.stdin : readAhead(path, bytes)
  const pieces = source[Symbol.asyncIterator]()
  try {
    const first = await firstBytes(pieces)
    const rest = restOf(first, pieces)
    const begins = (magic: readonly number[]): boolean => magic.every((byte, index) => first[index] === byte)
    if (begins(magics.gzip)) yield* unpacked(rest, createGunzip({ chunkSize: unpackedBytes }))
    else if (begins(magics.zstd)) yield* unpacked(rest, createZstdDecompress({ chunkSize: unpackedBytes }))
    else yield* rest
  } finally {
    await pieces.return?.()
  }
}

/** What a file begins with, as many bytes as tell its kind: a pipe may give its first bytes one by one. */
async function firstBytes(pieces: AsyncIterator<Uint8Array>): Promise<Uint8Array> {
  const head: Uint8Array[] = []
  let bytes = 0
  while (bytes < magics.zstd.length) {
    const next = await pieces.next()
    if (next.done === true) break
    // The memory is used again for what comes next.
    head.push(next.value.slice())
    bytes += next.value.length
  }
  return Buffer.concat(head)
}

/** A file in pieces of so many bytes; while one is looked at, the next one is read into other memory. */
async function* readAhead(path: string, bytes: number): AsyncGenerator<Uint8Array> {
  const file = await open(path)
  try {
    let [here, next] = [new Uint8Array(bytes), new Uint8Array(bytes)]
    let reading = file.read(here, 0, bytes, null)
    for (;;) {
      const { bytesRead } = await reading
      if (bytesRead === 0) return
      reading = file.read(next, 0, bytes, null)
      // Whoever stops reading does not wait for it.
      reading.catch(() => {})
      yield here.subarray(0, bytesRead)
      ;[here, next] = [next, here]
    }
  } finally {
    await file.close()
  }
}

async function* restOf(first: Uint8Array, pieces: AsyncIterator<Uint8Array>): AsyncGenerator<Uint8Array> {
  if (first.length > 0) yield first
  for (let next = await pieces.next(); next.done !== true; next = await pieces.next()) yield next.value
}

/**
 * What is unpacked. Of a file that is cut or damaged, all that came before: a stream that fails drops what nobody has
 * read, so each piece is taken as it comes out.
 */
async function* unpacked(packed: AsyncGenerator<Uint8Array>, unpacker: Transform): AsyncGenerator<Uint8Array> {
  const ready: Uint8Array[] = []
  unpacker.on('data', (piece: Uint8Array) => ready.push(piece))
  // It says so by being destroyed, too.
  unpacker.on('error', () => {})
  const settled = (act: (done: () => void) => void): Promise<void> =>
    new Promise((resolve) => {
      unpacker.once('close', resolve)
      act(() => {
        unpacker.off('close', resolve)
        resolve()
      })
    })
  for await (const piece of packed)
    for (let at = 0; at < piece.length && !unpacker.destroyed; at += packedBytes) {
      await settled((done) => unpacker.write(piece.subarray(at, at + packedBytes), done))
      yield* ready.splice(0)
    }
  if (!unpacker.destroyed) await settled((done) => unpacker.end(done))
  yield* ready
}

/**
 * The files in the order of their first packets, as rotating captures need it; those without a packet come last.
 * Standard input, which can be read once only, stays where it is: a list that names it is not sorted.
 */
export async function inTimeOrder(paths: readonly string[]): Promise<string[]> {
  if (paths.length < 2 || paths.includes('-')) return [...paths]
  const begun = await Promise.all(paths.map(async (path) => ({ path, startNs: await startOf(path) })))
  return begun
    .toSorted((a, b) => {
      if (a.startNs === b.startNs) return 0
      if (a.startNs === undefined || b.startNs === undefined) return a.startNs === undefined ? 1 : -1
      return a.startNs < b.startNs ? -1 : 1
    })
    .map(({ path }) => path)
}

/** When the first packet of a file was captured, nanoseconds since 1970. */
async function startOf(path: string): Promise<bigint | undefined> {
  const timeline = newTimeline()
  const reader = new CaptureReader(timeline, () => {})
  for await (const piece of readPieces(path, firstPieceBytes)) {
    reader.push(piece)
    if (timeline.originNs !== undefined) break
  }
  return timeline.originNs
}
