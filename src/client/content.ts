import type { FileContent } from './api/share.ts'
import { UsageError } from './errors.ts'

const isView = (data: unknown): data is NodeJS.ArrayBufferView => ArrayBuffer.isView(data)

/** The same memory as bytes; text in `encoding` (utf8). @throws UsageError (EINVAL) */
export function bytesOfContent(data: unknown, encoding: BufferEncoding = 'utf8'): Uint8Array {
  if (typeof data === 'string') return Buffer.from(data, encoding)
  if (isView(data)) return new Uint8Array(data.buffer, data.byteOffset, data.byteLength)
  throw new UsageError('EINVAL', 'What is written is text, bytes, or a sequence of them.')
}

/** Content that lies in one piece; undefined for a sequence. */
export function wholeContent(data: FileContent, encoding?: BufferEncoding): Uint8Array | undefined {
  return typeof data === 'string' || isView(data) ? bytesOfContent(data, encoding) : undefined
}

/** Content piece by piece. */
export async function* contentParts(data: FileContent, encoding?: BufferEncoding): AsyncGenerator<Uint8Array> {
  const whole = wholeContent(data, encoding)
  if (whole !== undefined) yield whole
  else for await (const part of data as AsyncIterable<unknown>) yield bytesOfContent(part, encoding)
}
