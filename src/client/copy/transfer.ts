import { createHash } from 'node:crypto'
import type { BufferPool } from '../../protocol/buffer-pool.ts'
import { StatusError, TransportError, UsageError } from '../errors.ts'
import { COPY_WINDOW_BYTES } from '../ops/copy-file.ts'
import { type Budget, pump, SourceChanged } from './pump.ts'
import { ShareSide } from './share-side.ts'
import type { Item, Side, Sink, Source } from './side.ts'

/** How one file is to be carried. */
export interface Transfer {
  readonly from: Side
  readonly to: Side
  readonly source: string
  readonly target: string
  readonly item: Item
  readonly preserve: boolean
  readonly resume: boolean
  readonly inPlace: boolean
}

/** What all files of a copy have in common. */
export interface TransferContext {
  readonly budget: Budget
  readonly buffers: BufferPool
  readonly windowBytes: number
  /** Files up to this size are carried as a whole. */
  readonly maxWholeBytes: number
  readonly signal: AbortSignal
}

type Moved = (bytes: number, kept: boolean) => void

/** Bytes that are read again, on both sides, to see whether what is there is the beginning of the source. */
const comparedBytes = 64 * 1024
/** Names of parts fit everywhere: in bytes of UTF-8, with what stands before and behind. */
const maxPartNameBytes = 200

/** Carries one file. Fails with the error of whichever side could not go on. */
export async function transferFile(transfer: Transfer, context: TransferContext, moved: Moved): Promise<void> {
  const { from, to, source, target, item, preserve, inPlace } = transfer
  const like = preserve ? item : undefined
  try {
    if (item.size <= context.maxWholeBytes) {
      const data = await from.readWhole(source, item.size, context.signal)
      context.signal.throwIfAborted()
      await to.writeWhole(target, data, like, inPlace)
      moved(data.length, false)
      return
    }
    await using input = await from.openSource(source, context.buffers)
    if (inPlace) await writeInPlace(input, transfer, context, moved)
    else await writePart(input, transfer, context, moved)
  } catch (error) {
    if (error instanceof SourceChanged)
      throw new UsageError('EBUSY', 'It became shorter while it was read.', { path: source })
    throw error
  }
}

/** By the server alone; false where it cannot. A large file takes its place when it is whole, as one that is carried. */
export async function copiedWithin(transfer: Transfer, context: TransferContext, moved: Moved): Promise<boolean> {
  const { from, to, source, target, item, preserve, inPlace, resume } = transfer
  if (!(from instanceof ShareSide && to instanceof ShareSide && from.isBeside(to))) return false
  const how = { like: preserve ? item : undefined, moved: (bytes: number) => moved(bytes, false) }
  if (inPlace || item.size <= context.maxWholeBytes) return from.copyWithin(source, to, target, how)
  const part = partOf(transfer)
  try {
    const start = resume ? await begunWithin(transfer, context, to, part) : 0
    if (start > 0) moved(start, true)
    const isDone = await from.copyWithin(source, to, part, { ...how, start })
    if (isDone && resume && how.like === undefined) await to.unhide(part)
    if (isDone) await to.replace(part, target)
    return isDone
  } catch (error) {
    if (!resume || isOutOfRoom(error)) await to.remove(part).catch(() => undefined)
    throw error
  }
}

/** Where a part that the server writes can be gone on with; where there is none it is made, so that it is hidden. */
async function begunWithin(
  { from, source, item }: Transfer,
  { buffers }: TransferContext,
  to: ShareSide,
  part: string,
): Promise<number> {
  const before = await to.item(part, false)
  if (before === undefined) await to.makePart(part)
  // One that is as long as the source may be all room and no content: so the server shares blocks.
  if (before?.kind !== 'file' || before.size >= item.size) return 0
  await using input = await from.openSource(source, buffers)
  await using there = await to.openSink(part, true, true)
  return await usableStart(input, there, { size: before.size, windowBytes: COPY_WINDOW_BYTES, step: comparedBytes })
}

async function writeInPlace(input: Source, transfer: Transfer, context: TransferContext, moved: Moved): Promise<void> {
  const { to, target, item, preserve } = transfer
  await using sink = await to.openSink(target, false, false)
  await pumped(input, sink, 0, item.size, context, moved)
  await sink.finish(preserve ? item : undefined)
}

/** Writes under another name, which goes away where nothing of it can be used again. */
async function writePart(input: Source, transfer: Transfer, context: TransferContext, moved: Moved): Promise<void> {
  const { to, target, item, preserve, resume } = transfer
  const part = partOf(transfer)
  const before = resume ? await to.item(part, false) : undefined
  const isThere = before?.kind === 'file'
  try {
    {
      await using sink = await to.openSink(part, isThere, true)
      const { windowBytes, budget } = context
      const begun = { size: Math.min(sink.size, item.size), windowBytes, step: budget.pieceBytes }
      const start = isThere ? await usableStart(input, sink, begun) : 0
      if (isThere && start === 0) await sink.truncate(0)
      else if (sink.size > item.size) await sink.truncate(item.size)
      if (start > 0) moved(start, true)
      await pumped(input, sink, start, item.size, context, moved)
      await sink.finish(preserve ? item : undefined)
    }
    await to.replace(part, target)
  } catch (error) {
    // A full disk is not left fuller than it was.
    if (!resume || isOutOfRoom(error)) await to.remove(part).catch(() => undefined)
    throw error
  }
}

function pumped(
  source: Source,
  sink: Sink,
  start: number,
  size: number,
  { budget, windowBytes, signal }: TransferContext,
  moved: Moved,
): Promise<void> {
  return pump(source, sink, budget, { start, size, windowBytes, signal, moved: (bytes) => moved(bytes, false) })
}

interface Begun {
  /** Of the part. */
  readonly size: number
  /** Nothing is missing so far before its end. */
  readonly windowBytes: number
  /** Bytes that are carried at a time. */
  readonly step: number
}

/**
 * Where a part can be gone on with: behind the last byte before which nothing can be missing, if what stands before it
 * is what the source has there.
 */
async function usableStart(source: Source, part: Sink, { size, windowBytes, step }: Begun): Promise<number> {
  const start = Math.floor((size - windowBytes) / step) * step
  if (start <= 0) return 0
  const there = new Uint8Array(Math.min(comparedBytes, start))
  const at = start - there.length
  const read = await part.read(there, at)
  const { bytes, give } = await source.piece(at, there.length)
  const isSame = read === there.length && Buffer.compare(there, bytes) === 0
  give()
  return isSame ? start : 0
}

function partOf({ to, source, target, item }: Transfer): string {
  const { folder, name } = to.split(target)
  const version = `${source}\0${item.size}\0${item.writeTime}\0${item.identity}`
  return to.join(folder, to.partPrefix + partName(name, version))
}

/** The name of a part: of this file alone, and of this version of its source alone. */
export function partName(name: string, version: string): string {
  let kept = name
  while (Buffer.byteLength(kept) > maxPartNameBytes) kept = kept.slice(0, -1)
  // Not in the middle of a character.
  if (!kept.isWellFormed()) kept = kept.slice(0, -1)
  return `${kept}.${createHash('sha256').update(version).digest('hex').slice(0, 8)}.part`
}

const outOfRoom = new Set(['ENOSPC', 'EDQUOT', 'EFBIG'])
const pointless = new Set(['ENOSPC', 'EDQUOT', 'EROFS'])

const codeOf = (error: unknown): string | undefined =>
  error instanceof Error && 'code' in error && typeof error.code === 'string' ? error.code : undefined

const isOutOfRoom = (error: unknown): boolean => outOfRoom.has(codeOf(error) ?? '')

/** Whether every other file would meet the same error. */
export function isPointless(error: unknown): boolean {
  // A file that is too large for its disk says nothing about others.
  if (error instanceof TransportError || pointless.has(codeOf(error) ?? '')) return true
  return error instanceof StatusError && lostStatuses.has(error.statusName)
}

const lostStatuses = new Set([
  'STATUS_NETWORK_NAME_DELETED',
  'STATUS_USER_SESSION_DELETED',
  'STATUS_NETWORK_SESSION_EXPIRED',
  'STATUS_VOLUME_DISMOUNTED',
])
