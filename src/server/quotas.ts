/**
 * Quotas of a share (MS-FSA 2.1.5.21, 2.1.5.22): what its administrators set is kept, with the root of the share, and
 * told. Nothing is counted and nothing enforced, and so it is said: nobody uses anything, and the volume tracks nothing.
 */
import type { Filetime } from '../bytes/filetime.ts'
import { viewOf } from '../bytes/utf16.ts'
import { checkSid, MIN_SID_BYTES, readSid, type Sid } from '../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import {
  FileFsControlInformation,
  FileGetQuotaInformation,
  type FileQuotaEntry,
  FileQuotaInformation,
  FileSystemControlFlags,
} from '../wire/fscc/index.ts'
import type { InferInput } from '../wire/schema/index.ts'
import { QueryQuotaInfo } from '../wire/smb2/index.ts'
import { isAdministrator } from './access-check.ts'
import type { BackendFile } from './backend.ts'
import type { Open } from './open.ts'
import type { Share } from './share.ts'
import { type Steps, wait } from './steps.ts'

/** The root of a share keeps them under this name: FileFsControlInformation, then FileQuotaInformation. */
const PROPERTY = 'quotas'
/** What a property may have. */
const MAX_BYTES = 4096

const NO_LIMIT = 0xffff_ffff_ffff_ffffn
/** A limit that takes the entry away (MS-FSCC 2.4.41). */
const REMOVE = 0xffff_ffff_ffff_fffen

type Control = InferInput<typeof FileFsControlInformation>
type Entry = InferInput<typeof FileQuotaEntry>

export interface Quotas {
  readonly control: Control
  readonly entries: readonly Entry[]
}

const none: Quotas = {
  control: {
    freeSpaceStartFiltering: 0n,
    freeSpaceThreshold: 0n,
    freeSpaceStopFiltering: 0n,
    defaultQuotaThreshold: NO_LIMIT,
    defaultQuotaLimit: NO_LIMIT,
    fileSystemControlFlags: 0,
  },
  entries: [],
}

export const keepsQuotas = (share: Share): boolean => share.backend.features.properties === true

/** What outlives the buffer, and can be written again. */
const entryOf = ({ changeTime, quotaUsed, quotaThreshold, quotaLimit, sid }: FileQuotaEntry): Entry => ({
  changeTime,
  quotaUsed,
  quotaThreshold,
  quotaLimit,
  sid,
})

/** Does something with the root of the share. */
function* withRoot<T>(share: Share, use: (root: BackendFile) => Steps<T | Failure>): Steps<T | Failure> {
  const opened = yield* wait(share.backend.open([], { disposition: 'open', read: false, write: false }))
  if (failed(opened)) return opened
  try {
    return yield* use(opened.file)
  } finally {
    yield* wait(opened.file.close())
  }
}

function* readFrom(root: BackendFile): Steps<Quotas | Failure> {
  const kept = yield* wait(root.property?.(PROPERTY))
  if (kept === undefined) return none
  if (failed(kept)) return kept
  const view = viewOf(kept)
  const { size } = FileFsControlInformation
  return {
    control: FileFsControlInformation.decode(view, 0, size),
    entries: FileQuotaInformation.decode(view, size).entries.map(entryOf),
  }
}

export const quotasOf = (share: Share): Steps<Quotas | Failure> => withRoot(share, readFrom)

function* change(share: Share, changed: (before: Quotas) => Quotas): Steps<Failure | void> {
  return yield* withRoot(share, function* (root) {
    const before = yield* readFrom(root)
    if (failed(before)) return before
    const { control, entries } = changed(before)
    const value = new Uint8Array(FileFsControlInformation.size + FileQuotaInformation.measure({ entries }))
    FileFsControlInformation.encodeInto(viewOf(value), 0, control)
    FileQuotaInformation.encodeInto(viewOf(value), FileFsControlInformation.size, { entries })
    return value.length > MAX_BYTES ? fail(NtStatus.DISK_FULL) : yield* wait(root.setProperty?.(PROPERTY, value))
  })
}

/** InfoType QUOTA of QUERY_INFO (MS-SMB2 3.3.5.20.4): who is no administrator is shown what concerns himself. */
export function* queryQuotas(open: Open, input: Uint8Array, room: number): Steps<Uint8Array | Failure> {
  if (!keepsQuotas(open.share)) return fail(NtStatus.NOT_SUPPORTED)
  const asked = QueryQuotaInfo.decode(viewOf(input))
  const wanted = sidsAsked(asked)
  if (failed(wanted)) return wanted
  const quotas = yield* quotasOf(open.share)
  if (failed(quotas)) return quotas
  const { identity } = open.session
  const isShown = (sid: Sid | null | undefined): boolean => isAdministrator(identity) || sid === identity?.sid
  const bySid = new Map(quotas.entries.map((entry) => [entry.sid, entry]))
  if (wanted.list !== undefined) {
    const named = wanted.list.filter(isShown).map((sid) => bySid.get(sid) ?? ofDefault(sid, quotas.control))
    return fill(asked.returnSingle === 0 ? named : named.slice(0, 1), room).data
  }
  const shown = quotas.entries.filter(({ sid }) => isShown(sid))
  if (asked.restartScan !== 0) open.quotasListed = 0
  if (wanted.start !== undefined) open.quotasListed = shown.findIndex(({ sid }) => sid === wanted.start)
  const rest = open.quotasListed < 0 ? [] : shown.slice(open.quotasListed)
  if (rest.length === 0) return fail(NtStatus.NO_MORE_ENTRIES)
  const { count, data } = fill(asked.returnSingle === 0 ? rest : rest.slice(0, 1), room)
  open.quotasListed += count
  return data
}

/** MS-SMB2 2.2.37.1: a list of accounts, one to begin with, or neither. */
function sidsAsked(asked: QueryQuotaInfo): { list?: readonly Sid[]; start?: Sid } | Failure {
  const { sidBuffer, sidListLength, startSidLength, startSidOffset } = asked
  const view = viewOf(sidBuffer)
  if (sidListLength > 0) {
    if (sidListLength > sidBuffer.length) return fail(NtStatus.INVALID_PARAMETER)
    return { list: FileGetQuotaInformation.decode(view, 0, sidListLength).entries.map(({ sid }) => sid) }
  }
  if (startSidLength === 0) return {}
  const end = startSidOffset + startSidLength
  if (end > sidBuffer.length || startSidLength < MIN_SID_BYTES) return fail(NtStatus.INVALID_PARAMETER)
  checkSid(view, startSidOffset, end)
  return { start: readSid(view, startSidOffset) }
}

/** For who has no entry of his own. */
const ofDefault = (sid: Sid, control: Control): Entry => ({
  changeTime: 0n,
  quotaUsed: 0n,
  quotaThreshold: control.defaultQuotaThreshold,
  quotaLimit: control.defaultQuotaLimit,
  sid,
})

/** Entries stand at multiples of this (MS-FSCC 2.4.41). */
const ENTRY_ALIGNMENT = 8

/** As many entries as there is room for: a client can name the same account thousands of times. */
function fill(entries: readonly Entry[], room: number): { count: number; data: Uint8Array | Failure } {
  let count = 0
  for (let end = 0; count < entries.length; count++) {
    const start = Math.ceil(end / ENTRY_ALIGNMENT) * ENTRY_ALIGNMENT
    end = start + FileQuotaInformation.measure({ entries: entries.slice(count, count + 1) })
    if (end > room) break
  }
  if (count === 0 && entries.length > 0) return { count, data: fail(NtStatus.BUFFER_TOO_SMALL) }
  return { count, data: FileQuotaInformation.encode({ entries: entries.slice(0, count) }) }
}

/** InfoType QUOTA of SET_INFO (MS-SMB2 3.3.5.21.4). */
export function* setQuotas(open: Open, buffer: Uint8Array): Steps<Failure | void> {
  const problem = mayChange(open)
  if (problem !== undefined) return problem
  const { entries } = FileQuotaInformation.decode(viewOf(buffer))
  if (entries.some(({ sid }) => sid === null)) return fail(NtStatus.INVALID_PARAMETER)
  const now = open.session.server.clock.now()
  return yield* change(open.share, ({ control, entries: before }) => ({
    control,
    entries: merge(before, entries, now),
  }))
}

function merge(before: readonly Entry[], changes: readonly FileQuotaEntry[], now: Filetime): readonly Entry[] {
  const bySid = new Map(before.map((entry) => [entry.sid, entry]))
  for (const entry of changes) {
    if (entry.quotaLimit === REMOVE) bySid.delete(entry.sid)
    else bySid.set(entry.sid, { ...entryOf(entry), changeTime: now, quotaUsed: 0n })
  }
  return [...bySid.values()]
}

/** FileFsControlInformation (MS-FSA 2.1.5.16.1): what a new account may use. */
export function* setQuotaControl(open: Open, buffer: Uint8Array): Steps<Failure | void> {
  const problem = mayChange(open)
  if (problem !== undefined) return problem
  const control = FileFsControlInformation.decode(viewOf(buffer))
  const { QUOTA_ENFORCE, QUOTA_TRACK } = FileSystemControlFlags
  if ((control.fileSystemControlFlags & (QUOTA_TRACK | QUOTA_ENFORCE)) !== 0) return fail(NtStatus.NOT_SUPPORTED)
  return yield* change(open.share, ({ entries }) => ({ control, entries }))
}

function mayChange({ session, share }: Open): Failure | undefined {
  if (!isAdministrator(session.identity)) return fail(NtStatus.ACCESS_DENIED)
  if (share.readOnly || share.isPast) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
  return keepsQuotas(share) ? undefined : fail(NtStatus.NOT_SUPPORTED)
}
