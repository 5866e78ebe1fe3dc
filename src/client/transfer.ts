import { NtStatus } from '../wire/erref/ntstatus.ts'
import type { FileId } from '../wire/smb2/index.ts'
import { type Lent, lendCall, readCall, writeCall } from './calls/file.ts'
import { type Occasion, StatusError } from './errors.ts'
import type { OpenFile } from './open-file.ts'

/** Bytes that one READ of this file asks for at most. */
export function readBytesAtOnce(file: OpenFile): number {
  const { live, connection } = file.on
  return Math.min(live.negotiated.maxReadBytes, connection.maxTransferBytes)
}

/** Bytes that one WRITE of this file carries at most. */
export function writeBytesAtOnce(file: OpenFile): number {
  const { live, connection } = file.on
  return Math.min(live.negotiated.maxWriteBytes, connection.maxTransferBytes)
}

/**
 * Reads until `into` is full or the file ends, with several requests at a time; gives the bytes that were read.
 * @throws as `OpenFile.call`
 */
export async function readRange(
  file: OpenFile,
  into: Uint8Array,
  offset: number,
  occasion: Occasion,
  signal?: AbortSignal,
): Promise<number> {
  const step = readBytesAtOnce(file)
  if (into.length <= step) return readPart(file, into, offset, occasion, signal)
  const parts: { readonly at: number; readonly length: number }[] = []
  for (let at = 0; at < into.length; at += step) parts.push({ at, length: Math.min(step, into.length - at) })
  const done = parts.map(() => 0)
  // A part that comes up short is the end of the file: what is behind it need not be asked for.
  let last = parts.length
  await together(parts.length, windowOf(file, step), async (index) => {
    if (index > last) return
    const { at, length } = parts[index] as (typeof parts)[number]
    const count = await readPart(file, into.subarray(at, at + length), offset + at, occasion, signal)
    done[index] = count
    if (count < length) last = Math.min(last, index)
  })
  let total = 0
  for (let i = 0; i < parts.length; i++) {
    total += done[i] as number
    if ((done[i] as number) < (parts[i] as (typeof parts)[number]).length) break
  }
  return total
}

/** What one READ gives of `length` bytes, where it was received: nothing at the end of the file. @throws as `readRange` */
export function lendPart(
  file: OpenFile,
  offset: number,
  length: number,
  occasion: Occasion,
  signal?: AbortSignal,
): Promise<Lent> {
  const most = Math.min(length, readBytesAtOnce(file))
  const make = (fileId: FileId) => lendCall({ fileId, offset, length: most }, occasion)
  return file.call(make, { signal, repeatable: true })
}

/** As `readRange`, but for what is kept of the file. */
export const readKept = (
  file: OpenFile,
  into: Uint8Array,
  offset: number,
  occasion: Occasion,
  signal?: AbortSignal,
): Promise<number> => {
  const cache = file.lease?.cache
  return cache === undefined
    ? readRange(file, into, offset, occasion, signal)
    : cache.read(file, into, offset, occasion, signal)
}

/** One part, asked for again where the server gave only some of it. */
async function readPart(
  file: OpenFile,
  into: Uint8Array,
  offset: number,
  occasion: Occasion,
  signal: AbortSignal | undefined,
): Promise<number> {
  let total = 0
  while (total < into.length) {
    const rest = into.subarray(total)
    const at = offset + total
    const count = await file.call((fileId) => readCall({ fileId, offset: at, into: rest }, occasion), {
      signal,
      repeatable: true,
    })
    if (count === 0) break
    total += count
  }
  return total
}

export interface WriteHow {
  readonly occasion: Occasion
  readonly signal?: AbortSignal | undefined
  readonly writeThrough?: boolean
}

/** Writes all of `data`, with several requests at a time. @throws as `OpenFile.call` */
export async function writeRange(file: OpenFile, data: Uint8Array, offset: number, how: WriteHow): Promise<void> {
  const cache = file.lease?.cache
  // What was asked for meanwhile may be from before it.
  cache?.changed(offset, data.length)
  try {
    await writeParts(file, data, offset, how)
  } finally {
    cache?.changed(offset, data.length)
    file.listedOtherwise()
  }
}

async function writeParts(file: OpenFile, data: Uint8Array, offset: number, how: WriteHow): Promise<void> {
  const step = writeBytesAtOnce(file)
  if (data.length <= step) return writePart(file, data, offset, how)
  await together(Math.ceil(data.length / step), windowOf(file, step), (index) =>
    writePart(file, data.subarray(index * step, (index + 1) * step), offset + index * step, how),
  )
}

async function writePart(file: OpenFile, data: Uint8Array, offset: number, how: WriteHow): Promise<void> {
  const { occasion, signal, writeThrough = false } = how
  for (let done = 0; done < data.length; ) {
    const rest = data.subarray(done)
    const at = offset + done
    const count = await file.call(
      (fileId) => writeCall({ fileId, offset: at, data: rest, writeThrough }, occasion),
      // The same bytes at the same place.
      { signal, repeatable: true },
    )
    if (count === 0) throw new StatusError(NtStatus.DISK_FULL, 'WRITE', occasion)
    done += count
  }
}

const windowOf = (file: OpenFile, step: number): number =>
  Math.max(1, Math.floor(file.tree.link.settings.limits.windowBytes / step))

/**
 * Does `count` things, `atOnce` of them at a time, begun in their order. The first failure is thrown when all that had
 * begun are over; none is begun after it.
 */
export async function together(count: number, atOnce: number, work: (index: number) => Promise<void>): Promise<void> {
  let next = 0
  let failure: { readonly error: unknown } | undefined
  const lane = async (): Promise<void> => {
    while (next < count && failure === undefined) {
      try {
        await work(next++)
      } catch (error) {
        failure ??= { error }
      }
    }
  }
  await Promise.all(Array.from({ length: Math.min(count, atOnce) }, lane))
  if (failure !== undefined) throw failure.error
}
