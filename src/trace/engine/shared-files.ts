import { CreateContextName, LockFlags } from '../../wire/smb2/index.ts'
import type { Detail, Holder } from '../model.ts'
import { Recent } from '../recent.ts'
import type { OpenRecord, TransactionRecord } from './records.ts'

/** Most files of which it is known who has them open; those that were opened first are forgotten. */
export const maxSharedFiles = 20_000
/** Most opens of a file, and locks of an open, that are known. */
const maxOpensOfFile = 256
const maxLocksOfOpen = 1024
/** Most of those in the way of a request that are told. */
const maxHolders = 8

type Lock = Extract<Detail, { readonly kind: 'lock' }>['locks'][number]

/** A file that somebody has open. */
export class SharedFile {
  readonly key: string
  readonly opens = new Set<OpenRecord>()

  constructor(key: string) {
    this.key = key
  }
}

const none: readonly Holder[] = []

/** Who has which file open, and which bytes are locked, over all connections of a capture. */
export class SharedFiles {
  readonly #files = new Recent<string, SharedFile>(maxSharedFiles)

  /** An open that has just come to be. Pipes are nobody's own. */
  opened(open: OpenRecord, { tree, path, conversation }: TransactionRecord): void {
    if (path === undefined || tree?.kind?.value === 'pipe') return
    const key = keyOf(conversation.server.address, tree, path.value)
    const file = this.#files.take(key, () => new SharedFile(key))
    if (file.opens.size >= maxOpensOfFile) return
    file.opens.add(open)
    open.file = file
  }

  closed(open: OpenRecord): void {
    const { file } = open
    if (file === undefined) return
    file.opens.delete(open)
    open.locks = undefined
    if (file.opens.size === 0 && this.#files.get(file.key) === file) this.#files.delete(file.key)
  }

  /** Who has the file open that a refused CREATE has named, or to which the open of another request belongs. */
  holders({ tree, path, conversation, open }: TransactionRecord): readonly Holder[] {
    if (path === undefined) return none
    const file = open?.file ?? this.#files.get(keyOf(conversation.server.address, tree, path.value))
    if (file === undefined) return none
    const others = [...file.opens].filter((one) => one !== open && !isOver(one)).slice(0, maxHolders)
    return others.map((one) => ({ open: one, lock: undefined, frame: one.openedBy?.response?.last.frame ?? 0 }))
  }

  /** Locks that overlap with what a request wants; those of its own open only where no others do. */
  lockers({ open, detail }: TransactionRecord): readonly Holder[] {
    const wanted = detail.kind === 'lock' ? detail.locks : isTransfer(detail) ? [transferred(detail)] : []
    if (open?.file === undefined || wanted.length === 0) return none
    const found: Holder[] = []
    for (const other of open.file.opens)
      for (const lock of other.locks ?? [])
        if (found.length < maxHolders && wanted.some((one) => overlap(one, lock)))
          found.push({ open: other, lock, frame: lock.frame })
    const others = found.filter((holder) => holder.open !== open)
    return others.length > 0 ? others : found
  }

  /** A lock request was granted. */
  locked({ open, detail }: TransactionRecord, frame: number): void {
    if (open?.file === undefined || detail.kind !== 'lock') return
    for (const { offset, length, flags } of detail.locks) {
      const isSame = (one: { readonly offset: bigint; readonly length: bigint }): boolean =>
        one.offset === offset && one.length === length
      if ((flags & LockFlags.UNLOCK) !== 0) {
        const at = open.locks?.findIndex(isSame) ?? -1
        if (at >= 0) open.locks?.splice(at, 1)
        continue
      }
      open.locks ??= []
      const isExclusive = (flags & LockFlags.EXCLUSIVE_LOCK) !== 0
      if (open.locks.length < maxLocksOfOpen) open.locks.push({ offset, length, isExclusive, frame })
    }
  }
}

/** With its connection a file is closed, but where it is to outlive that. MS-SMB2 3.3.7.1. */
function isOver({ openedBy }: OpenRecord): boolean {
  const detail = openedBy?.detail
  const isDurable = detail?.kind === 'create' && detail.contexts.some((name) => durableContexts.includes(name))
  return openedBy?.conversation.end !== undefined && !isDurable
}

const durableContexts: readonly string[] = [
  CreateContextName.DURABLE_HANDLE_REQUEST,
  CreateContextName.DURABLE_HANDLE_REQUEST_V2,
]

/** Servers are called by several names: the address counts, and the name of the share. */
function keyOf(server: string, tree: OpenRecord['tree'], path: string): string {
  const named = tree?.path?.value
  const share = named === undefined ? `number ${tree?.id ?? ''}` : named.slice(named.lastIndexOf('\\') + 1)
  return `${server} ${share} ${path.replace(/^\\+/, '')}`.toLowerCase()
}

type Range = Pick<Lock, 'offset' | 'length'>

const isTransfer = (detail: Detail): detail is Extract<Detail, { readonly kind: 'read' | 'write' }> =>
  detail.kind === 'read' || detail.kind === 'write'
const transferred = ({ offset, length }: { readonly offset: bigint; readonly length: number }): Range => ({
  offset,
  length: BigInt(length),
})

const overlap = (a: Range, b: Range): boolean => a.offset < b.offset + b.length && b.offset < a.offset + a.length
