import { createReadStream } from 'node:fs'
import { createGunzip, createZstdDecompress } from 'node:zlib'
import { systemReason } from '../../config/config-error.ts'
import type { CaptureSource } from '../../trace/index.ts'
import { UsageError } from '../report.ts'

const pieceBytes = 1024 * 1024

/** A capture file as a stream of bytes, decompressed where it is compressed; `-` is standard input. */
export async function* captureFile(path: string): AsyncGenerator<Uint8Array> {
  const raw: AsyncIterable<Buffer> =
    path === '-' ? process.stdin : createReadStream(path, { highWaterMark: pieceBytes })
  try {
    yield* decompressed(raw)
  } catch (error) {
    throw new UsageError(`${path}: cannot be read: ${systemReason(error)}`, { cause: error })
  }
}

async function* decompressed(source: AsyncIterable<Buffer>): AsyncGenerator<Uint8Array> {
  const iterator = source[Symbol.asyncIterator]()
  let head: Uint8Array = new Uint8Array(0)
  let isDone = false
  // RFC 1952 2.3.1, RFC 8878 3.1.1: the first bytes tell.
  while (head.length < 4 && !isDone) {
    const next = await iterator.next()
    isDone = next.done === true
    if (!isDone) head = head.length === 0 ? next.value : new Uint8Array(Buffer.concat([head, next.value]))
  }
  const rest = restOf(head, iterator)
  const isGzip = head[0] === 0x1f && head[1] === 0x8b
  const isZstd = head[0] === 0x28 && head[1] === 0xb5 && head[2] === 0x2f && head[3] === 0xfd
  if (!isGzip && !isZstd) return yield* rest
  const unpack = isGzip ? createGunzip() : createZstdDecompress()
  const { Readable } = await import('node:stream')
  yield* Readable.from(rest).compose(unpack) as AsyncIterable<Buffer>
}

async function* restOf(head: Uint8Array, iterator: AsyncIterator<Buffer>): AsyncGenerator<Uint8Array> {
  if (head.length > 0) yield head
  for (let next = await iterator.next(); next.done !== true; next = await iterator.next()) yield next.value
}

/** The files of a command, in the order given. */
export const captureFiles = (paths: readonly string[]): CaptureSource[] => paths.map((path) => captureFile(path))
