import { fromHex, hex } from '../../bytes/hex.ts'
import { type Lease, oplockLevelOf } from '../caching/index.ts'
import type { Open } from '../open.ts'
import { type AppInstance, leaseOf } from './durability.ts'

/** What a lease was when it was kept (MS-SMB2 3.3.1.12). */
export interface KeptLease {
  readonly key: string
  readonly rights: number
  readonly version: 1 | 2
  readonly epoch: number
  readonly parentKey?: string
}

export interface KeptLock {
  readonly offset: bigint
  readonly length: bigint
  readonly exclusive: boolean
}

/** A persistent open as it is kept for the server's next run: enough to open its file again, and to know who asks for it. */
export interface KeptOpen {
  readonly share: string
  readonly path: readonly string[]
  /** Absent for the unnamed stream. */
  readonly stream?: string
  /** The backend's identity of the file: another one at the same path is not it. */
  readonly fileId: bigint
  /** Made with the POSIX create context. */
  readonly isPosix: boolean
  /** SID. */
  readonly owner: string
  readonly ownerName: string
  readonly clientGuid: string
  readonly createGuid: string
  readonly desiredAccess: number
  readonly grantedAccess: number
  readonly shareAccess: number
  readonly createOptions: number
  readonly createAction: number
  readonly timeoutMs: number
  readonly deleteOnClose: boolean
  /** The file, or the stream, is marked for deletion. */
  readonly fileGoes: boolean
  readonly streamGoes: boolean
  readonly oplockLevel: number
  readonly lease?: KeptLease
  readonly parentLeaseKey?: string
  readonly appInstance?: AppInstance
  readonly locks: readonly KeptLock[]
  /** See LockSequences. */
  readonly lockSequences?: Uint8Array
}

/** What there is to be kept of an open that is persistent. */
export function keptOf(open: Open): KeptOpen {
  const { durability, file, parentLeaseKey, shared, stream } = open
  if (durability?.createGuid === undefined) throw new Error('this open is not persistent')
  const { appInstance, createGuid } = durability
  const lease = leaseOf(open)
  return {
    share: open.share.name,
    path: open.path,
    ...(file.stream === undefined ? {} : { stream: file.stream }),
    fileId: shared.fileId,
    isPosix: open.isPosix,
    owner: durability.owner,
    ownerName: durability.ownerName,
    clientGuid: durability.clientGuid,
    createGuid,
    desiredAccess: durability.desiredAccess,
    grantedAccess: open.grantedAccess,
    shareAccess: open.shareAccess,
    createOptions: durability.createOptions,
    createAction: durability.createAction,
    timeoutMs: durability.timeoutMs,
    deleteOnClose: open.deleteOnClose,
    fileGoes: shared.deletePending,
    streamGoes: shared.streamsToDelete.has(stream.key),
    oplockLevel: oplockLevelOf(open),
    ...(lease === undefined ? {} : { lease: keptLease(lease) }),
    ...(parentLeaseKey === undefined ? {} : { parentLeaseKey }),
    ...(appInstance === undefined ? {} : { appInstance }),
    locks: stream.locks.heldBy(open).map(({ offset, length, exclusive }) => ({ offset, length, exclusive })),
    ...(open.lockSequences === undefined ? {} : { lockSequences: open.lockSequences.entries }),
  }
}

function keptLease({ epoch, key, parentKey, rights, version }: Lease): KeptLease {
  return { key, rights, version, epoch, ...(parentKey === undefined ? {} : { parentKey }) }
}

/** As text for the store. */
export function encodeKeptOpen(open: KeptOpen): string {
  return JSON.stringify(open, (_, value: unknown) => {
    if (typeof value === 'bigint') return { n: value.toString(16) }
    return value instanceof Uint8Array ? { b: hex(value) } : value
  })
}

/** What `encodeKeptOpen` wrote; undefined for a text that it did not. */
export function decodeKeptOpen(text: string): KeptOpen | undefined {
  let value: unknown
  try {
    value = JSON.parse(text, (_, inner: unknown) => revive(inner))
  } catch {
    return undefined
  }
  return fits(value, shape) ? (value as KeptOpen) : undefined
}

function revive(value: unknown): unknown {
  if (typeof value !== 'object' || value === null) return value
  if ('n' in value && typeof value.n === 'string') return BigInt(`0x${value.n}`)
  return 'b' in value && typeof value.b === 'string' ? fromHex(value.b) : value
}

type Test = (value: unknown) => boolean
type Shape = { readonly [name: string]: Test }

const text: Test = (value) => typeof value === 'string'
const number: Test = (value) => Number.isSafeInteger(value) && (value as number) >= 0
const big: Test = (value) => typeof value === 'bigint' && value >= 0n && value < 1n << 64n
const flag: Test = (value) => typeof value === 'boolean'
const bytes: Test = (value) => value instanceof Uint8Array
const maybe =
  (test: Test): Test =>
  (value) =>
    value === undefined || test(value)
const list =
  (test: Test): Test =>
  (value) =>
    Array.isArray(value) && value.every(test)
const object =
  (inner: Shape): Test =>
  (value) =>
    fits(value, inner)

const fits = (value: unknown, inner: Shape): boolean =>
  typeof value === 'object' &&
  value !== null &&
  Object.entries(inner).every(([name, test]) => test((value as Record<string, unknown>)[name]))

const shape = {
  share: text,
  path: list(text),
  stream: maybe(text),
  fileId: big,
  isPosix: flag,
  owner: text,
  ownerName: text,
  clientGuid: text,
  createGuid: text,
  desiredAccess: number,
  grantedAccess: number,
  shareAccess: number,
  createOptions: number,
  createAction: number,
  timeoutMs: number,
  deleteOnClose: flag,
  fileGoes: flag,
  streamGoes: flag,
  oplockLevel: number,
  lease: maybe(
    object({
      key: text,
      rights: number,
      version: (value) => value === 1 || value === 2,
      epoch: number,
      parentKey: maybe(text),
    }),
  ),
  parentLeaseKey: maybe(text),
  appInstance: maybe(object({ id: text, version: maybe(object({ high: big, low: big })) })),
  locks: list(object({ offset: big, length: big, exclusive: flag })),
  lockSequences: maybe(bytes),
} satisfies { readonly [K in keyof KeptOpen]-?: Test }
