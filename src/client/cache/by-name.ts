import { AccessMask, FILE_GENERIC_READ } from '../../wire/dtyp/index.ts'
import { FileAttributes } from '../../wire/fscc/index.ts'
import { CreateOptions } from '../../wire/smb2/index.ts'
import type { CreateArguments } from '../calls/create.ts'
import { allCall } from '../calls/facts.ts'
import { type Occasion, StatusError, UsageError } from '../errors.ts'
import { HANDLE, pathKey, READ } from '../leases.ts'
import type { OpenFile } from '../open-file.ts'
import type { Keeping } from '../open-request.ts'
import { once, openAt, type Spot } from '../spot.ts'
import type { FileFacts } from '../stats.ts'
import { readKept, together } from '../transfer.ts'
import { MAX_KEPT_READ_BYTES } from './file-cache.ts'

/** Opens a file for a handle: one that rests, where there is one that is as this is to be. */
export async function openKept(
  spot: Spot,
  given: CreateArguments,
  keeping: Keeping,
  signal: AbortSignal | undefined,
): Promise<OpenFile> {
  const { tree, name } = spot
  const { cache } = tree.link
  if (!cache.mayKeep(spot)) return openAt(spot, given, { keeping: { ...keeping, wanted: 0 }, signal })
  const lease = cache.leases.find(tree.name, name)
  const resting = lease?.cache.wasSeenLately === true ? cache.idle.take(lease, given) : undefined
  return resting ?? openAt(spot, given, { keeping, signal })
}

/** What the server tells of an open file, unless it is known. @throws as `OpenFile.call` */
export async function factsByOpen(
  file: OpenFile,
  occasion: Occasion,
  signal: AbortSignal | undefined,
): Promise<FileFacts> {
  const cache = file.lease?.cache
  const known = cache?.facts
  if (known !== undefined) return known
  const version = cache?.version ?? 0
  const facts = await file.call((fileId) => allCall(fileId, occasion), { signal, repeatable: true })
  cache?.keepFacts(facts, version)
  return facts
}

/** What is at a spot. Kept while a lease with R and H stands for data and name, and not for long. */
export async function factsAt(spot: Spot, signal: AbortSignal | undefined): Promise<FileFacts> {
  const { tree, name, occasion } = spot
  const { cache } = tree.link
  if (!cache.mayKeep(spot)) return askAt(spot, signal)
  const known = await byResting(spot, 'stat', (file) => factsByOpen(file, occasion, signal), signal)
  if (known !== undefined) return known
  const lease = cache.leases.find(tree.name, name)
  // The server knows nothing yet of what is written behind.
  await lease?.cache.flush()
  const version = lease?.cache.version ?? 0
  const facts = await askAt(spot, signal)
  if (lease?.canKeepHandle === true) lease.cache.keepFacts(facts, version)
  if (isPlainFile(facts)) cache.recent.note('stat', keyOf(spot))
  return facts
}

async function askAt(spot: Spot, signal: AbortSignal | undefined): Promise<FileFacts> {
  const how = { access: AccessMask.FILE_READ_ATTRIBUTES }
  const options = { signal, repeatable: true }
  const { results } = await once(spot, how, (fileId) => [allCall(fileId, spot.occasion)], options)
  return results[0]
}

const A = FileAttributes
/** To open what is kept elsewhere may bring it back from there. */
const isPlainFile = ({ fileAttributes }: FileFacts): boolean =>
  (fileAttributes & (A.DIRECTORY | A.REPARSE_POINT | A.OFFLINE | A.RECALL_ON_DATA_ACCESS)) === 0

const keyOf = ({ tree, name }: Spot): string => pathKey(tree.name, name)

/** All of a file, as far as it is kept or is to be; undefined where it is to be read as any other. */
export async function wholeKept(spot: Spot, signal: AbortSignal | undefined): Promise<Buffer | undefined> {
  const { cache } = spot.tree.link
  if (!cache.mayKeep(spot)) return undefined
  const most = cache.limits.maxCachedBytes / 4
  const whole = await byResting(spot, 'readFile', (file) => readWhole(file, most, spot.occasion, signal), signal)
  if (whole === undefined) cache.recent.note('readFile', keyOf(spot))
  return whole
}

/** Pieces of a file that are asked for at a time. */
const PIECES_AT_ONCE = 16

async function readWhole(
  file: OpenFile,
  most: number,
  occasion: Occasion,
  signal: AbortSignal | undefined,
): Promise<Buffer | undefined> {
  const { endOfFile } = file
  if (endOfFile > most) return undefined
  const whole = Buffer.allocUnsafeSlow(endOfFile)
  const pieces = Math.ceil(endOfFile / MAX_KEPT_READ_BYTES)
  let isShort = false
  await together(pieces, PIECES_AT_ONCE, async (index) => {
    const into = whole.subarray(index * MAX_KEPT_READ_BYTES, (index + 1) * MAX_KEPT_READ_BYTES)
    const count = await readKept(file, into, index * MAX_KEPT_READ_BYTES, occasion, signal)
    isShort ||= count < into.length
  })
  // Somebody has made it shorter meanwhile.
  return isShort ? undefined : whole
}

/** Not removed by somebody, and there only for whoever has it open still. One that is does not rest any longer. */
async function isThere(file: OpenFile, signal: AbortSignal | undefined): Promise<boolean> {
  if (file.lease?.cache.wasSeenLately === true) return true
  const { deletePending = false } = await factsByOpen(file, file.occasion, signal)
  if (deletePending) file.isSpecial = true
  return !deletePending
}

/** A file that rests is not got again where its connection is lost: the next one does it. */
async function unlessLost<T>(work: Promise<T> | undefined): Promise<T | undefined> {
  try {
    return await work
  } catch (error) {
    if (error instanceof UsageError && error.code === 'EBADF') return undefined
    throw error
  }
}

/**
 * Does something by an open of the file that rests. Where there is none but the same was asked for lately, one is made:
 * most files are asked for once only. Undefined where it is to be done without.
 */
async function byResting<T>(
  spot: Spot,
  operation: string,
  work: (file: OpenFile) => Promise<T>,
  signal: AbortSignal | undefined,
): Promise<T | undefined> {
  const { tree, name } = spot
  const { cache } = tree.link
  const { recent, idle } = cache
  const lease = cache.leases.find(tree.name, name)
  if (lease !== undefined) {
    const whileThere = async (file: OpenFile): Promise<T | undefined> =>
      (await isThere(file, signal)) ? work(file) : undefined
    return lease.canKeepHandle ? unlessLost(idle.use(lease, whileThere)) : undefined
  }
  const key = keyOf(spot)
  if (!recent.has(operation, key)) return undefined
  recent.forget(operation, key)
  const how = { access: FILE_GENERIC_READ, options: CreateOptions.NON_DIRECTORY_FILE }
  let file: OpenFile
  try {
    file = await openAt(spot, how, { keeping: { wanted: READ | HANDLE, durable: false }, signal })
  } catch (error) {
    // What may not be opened so may be looked at all the same.
    if (error instanceof StatusError) return undefined
    throw error
  }
  try {
    return await unlessLost(work(file))
  } finally {
    if (!idle.put(file)) await file.close()
  }
}
