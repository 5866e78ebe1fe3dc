import { AccessMask } from '../../wire/dtyp/index.ts'
import { Capabilities, CompletionFilter, CreateOptions, Dialect } from '../../wire/smb2/index.ts'
import { allCall } from '../calls/facts.ts'
import { notifyCall } from '../calls/information.ts'
import { StatusError } from '../errors.ts'
import { HANDLE, pathKey, READ } from '../leases.ts'
import type { OpenFile } from '../open-file.ts'
import { openAt, type Spot } from '../spot.ts'
import type { Dirent } from '../stats.ts'
import type { FolderWatch } from './kept-folders.ts'

const F = CompletionFilter
const EVERYTHING = F.FILE_NAME | F.DIR_NAME | F.ATTRIBUTES | F.SIZE | F.LAST_WRITE | F.CREATION
const NOTIFY_BYTES = 4096

/** A watch of which it may turn out while it is young that it has ended already. */
class Watch implements FolderWatch {
  hasEnded = false
  /** What was seen since it began is not so any more. */
  onEnd: () => void = () => undefined
  readonly staysForOwnChanges: boolean
  readonly #file: OpenFile
  readonly #stop: () => void
  #closing: Promise<unknown> | undefined

  constructor(file: OpenFile, stop: () => void) {
    this.staysForOwnChanges = file.lease !== undefined
    this.#file = file
    this.#stop = stop
  }

  /** Also where the share has been closed, and all that was open on it. */
  get isOver(): boolean {
    return this.hasEnded || this.#file.isClosed
  }

  /** Whoever cannot be asked will be found out to be gone. */
  async isThere(): Promise<boolean> {
    const { occasion } = this.#file
    const facts = await this.#file
      .call((fileId) => allCall(fileId, occasion), { repeatable: true })
      .catch(() => undefined)
    return facts?.deletePending === false
  }

  async end(isLost: boolean): Promise<void> {
    if (!this.hasEnded) {
      this.hasEnded = true
      this.#stop()
      this.onEnd()
      if (isLost) this.#file.abandon()
      else this.#closing = this.#file.close().catch(() => undefined)
    }
    await this.#closing
  }
}

/**
 * Opens a folder so that the server tells when something in it changes: by a lease where it has such of folders (MS-SMB2
 * 3.2.4.3.8), else by CHANGE_NOTIFY. Undefined where it does neither.
 */
async function openWatch(spot: Spot, signal: AbortSignal | undefined): Promise<Watch | undefined> {
  const on = await spot.tree.ready(signal)
  const { dialect, capabilities } = on.live.negotiated
  const hasLeases = dialect >= Dialect.SMB_3_0 && (capabilities & Capabilities.DIRECTORY_LEASING) !== 0
  const access = AccessMask.FILE_READ_DATA | AccessMask.FILE_READ_ATTRIBUTES | AccessMask.SYNCHRONIZE
  const keeping = { wanted: hasLeases ? READ | HANDLE : 0, durable: false }
  const file = await openAt(spot, { access, options: CreateOptions.DIRECTORY_FILE }, { keeping, signal })
  const { lease } = file
  if (lease === undefined) return watchByNotice(file)
  if (!lease.canRead) {
    await file.close()
    return undefined
  }
  const holder = { losing: (lost: number) => ((lost & (READ | HANDLE)) === 0 ? Promise.resolve() : watch.end(false)) }
  const watch = new Watch(file, () => lease.holders.delete(holder))
  lease.holders.add(holder)
  return watch
}

function watchByNotice(file: OpenFile): Watch {
  const { connection, context } = file.on
  const stop = new AbortController()
  const watch = new Watch(file, () => stop.abort())
  const given = { fileId: file.opened.fileId, filter: EVERYTHING, flags: 0, outputBytes: NOTIFY_BYTES }
  const call = { ...notifyCall(given, file.occasion, () => undefined), isBackground: true }
  const ended = (): void => void watch.end(connection.isClosed)
  connection.call(context, call, stop.signal).then(ended, ended)
  return watch
}

/**
 * What is in a folder, as it is kept, or is kept from now on where it was asked for lately: most folders are listed once
 * only. Undefined where it is to be listed as any other. `list`: lists it.
 */
export async function folderKept(
  spot: Spot,
  withFacts: boolean,
  list: () => Promise<Dirent[]>,
  signal: AbortSignal | undefined,
): Promise<readonly Dirent[] | undefined> {
  const { tree, name } = spot
  const { cache } = tree.link
  if (!cache.mayKeep(spot)) return undefined
  const known = await cache.folders.find(tree, name, withFacts)
  if (known !== undefined) return known
  const { version } = cache.folders
  const held = cache.folders.watchOf(tree, name)
  if (held !== undefined) {
    const entries = await list()
    if (cache.folders.version === version && cache.folders.watchOf(tree, name) === held)
      cache.folders.keep(tree, name, entries, held)
    return entries
  }
  const key = pathKey(tree.name, name)
  if (!cache.recent.has('readdir', key)) {
    cache.recent.note('readdir', key)
    return undefined
  }
  cache.recent.forget('readdir', key)
  return newlyKept(spot, list, signal)
}

async function newlyKept(
  spot: Spot,
  list: () => Promise<Dirent[]>,
  signal: AbortSignal | undefined,
): Promise<readonly Dirent[] | undefined> {
  const { tree, name } = spot
  const { folders } = tree.link.cache
  let watch: Watch | undefined
  try {
    watch = await openWatch(spot, signal)
  } catch (error) {
    // A link is followed, and what is no folder is told by who lists it.
    if (error instanceof StatusError) return undefined
    throw error
  }
  if (watch === undefined) return undefined
  try {
    const { version } = folders
    const entries = await list()
    if (folders.version !== version) void watch.end(false)
    if (watch.hasEnded) return entries
    folders.keep(tree, name, entries, watch)
    watch.onEnd = () => folders.changed(pathKey(tree.name, name))
    return entries
  } catch (error) {
    void watch.end(false)
    throw error
  }
}
