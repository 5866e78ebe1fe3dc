import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { BackendPath } from '../backend.ts'
import type { SharedFile } from '../file-table.ts'
import type { Open } from '../open.ts'
import type { Request, WaitedFor } from '../request.ts'
import { sharingAllows } from '../share-mode.ts'
import { type Steps, wait } from '../steps.ts'
import type { Holder, Taking } from './holder.ts'
import { HANDLE_CACHING } from './rights.ts'
import { onlyLooks, onlyLooksAround } from './stat-open.ts'

/** Breaks that have to be acknowledged before a request can go on: then it looks again. */
export class Breaks {
  readonly done: Promise<unknown>
  /** Handles are in the way, and may be closed now. */
  readonly isSharingViolation: boolean

  constructor(delays: readonly Promise<void>[], isSharingViolation: boolean) {
    this.done = Promise.all(delays)
    this.isSharingViolation = isSharingViolation
  }
}

const delayed = (delays: readonly Promise<void>[], isSharingViolation = false): Breaks | undefined =>
  delays.length === 0 ? undefined : new Breaks(delays, isSharingViolation)

/** How somebody wants to open what others may have open. */
export interface Opening {
  readonly shared: SharedFile
  readonly streamKey: string
  /** The caller's lease, if it has one already. */
  readonly own: Holder | undefined
  readonly access: number
  readonly shareAccess: number
  /** Replaces the data. */
  readonly overwrites: boolean
}

/** May it be opened, as others have it open? And what do they have to give up for it (MS-FSA 2.1.5.1.2)? */
export function breakForOpen(opening: Opening): Failure | Breaks | undefined {
  const { shared, streamKey, own, access, shareAccess, overwrites } = opening
  const caching = shared.streams.get(streamKey)?.caching
  const taking: Taking = overwrites ? 'data' : onlyLooksAround(access) ? 'look' : 'open'
  // Who has a batch oplock may have closed the file long ago: that is settled before the share modes are.
  if (caching !== undefined && !onlyLooks(access)) {
    const batch = delayed(caching.take(taking, own, isBatch))
    if (batch !== undefined) return batch
  }
  if (!sharingAllows(shared, streamKey, access, shareAccess))
    // Whichever of the file's streams they are of: deleting concerns them all.
    return delayed(takeFromAll(shared, 'handles', own), true) ?? fail(NtStatus.SHARING_VIOLATION)
  return onlyLooks(access) ? undefined : delayed(shared.streams.get(streamKey)?.caching?.take(taking, own) ?? [])
}

const isBatch = (holder: Holder): boolean => holder.kind === 'oplock' && (holder.rights & HANDLE_CACHING) !== 0

/** Data, size or locks change by way of `open`: nobody else reads ahead any more. Nothing has to be waited for. */
export function breakForData({ stream, caching }: Open): void {
  void stream.caching?.take('data', caching)
}

/** The file gets another name by way of `open`. */
export function breakForRename({ shared, caching }: Open): Breaks | undefined {
  return delayed(takeFromAll(shared, 'name', caching))
}

/** The file is to go, or others may not use it any more, by way of `open`. */
export function breakForHandles({ shared, caching }: Open): Breaks | undefined {
  return delayed(takeFromAll(shared, 'handles', caching))
}

/** What lies at `path` has changed, for those who list its directory, by way of `open`. Nothing has to be waited for. */
export function breakForDirectory(
  { parentLeaseKey, share }: Pick<Open, 'parentLeaseKey' | 'share'>,
  path: BackendPath,
): void {
  const { leasedDirectories } = share.files
  if (leasedDirectories.size === 0) return
  for (const lease of [...leasedDirectories.above(path)]) if (lease.key !== parentLeaseKey) void lease.take('data')
}

/** The file is gone: who marked it, and who closed it last, are spared if they are one and the same. */
export function breakForRemoval(open: Open): void {
  const { parentLeaseKey, share, shared } = open
  const spared = shared.goesForKey === parentLeaseKey ? parentLeaseKey : undefined
  breakForDirectory({ share, parentLeaseKey: spared }, open.path)
}

/** `other` is in the way: it is closed, if only a cache keeps it open. */
export function breakToClose(other: Open): Breaks | undefined {
  return delayed(other.stream.caching?.take('name', undefined) ?? [])
}

function takeFromAll(shared: SharedFile, taking: Taking, own: Holder | undefined): Promise<void>[] {
  const delays: Promise<void>[] = []
  for (const { caching } of shared.streams.values())
    if (caching !== undefined) delays.push(...caching.take(taking, own))
  return delays
}

/** Tries until nothing has to be given up any more; asynchronously from the first time on that something has to be. */
export function* afterBreaks<T>(
  request: Request,
  waitsOn: WaitedFor,
  attempt: () => Steps<T | Breaks>,
): Steps<T | Failure> {
  for (;;) {
    const result = yield* attempt()
    if (!(result instanceof Breaks)) return result
    const ended = yield* waitFor(request, result, waitsOn)
    if (ended !== undefined) return ended
  }
}

function* waitFor(request: Request, breaks: Breaks, waitsOn: WaitedFor): Steps<Failure | undefined> {
  const { promise, resolve } = Promise.withResolvers<Failure | undefined>()
  const refused = request.goAsync(waitsOn, () => resolve(fail(NtStatus.CANCELLED)))
  if (refused !== undefined) return refused
  void breaks.done.then(() => resolve(undefined))
  return yield* wait(promise)
}
