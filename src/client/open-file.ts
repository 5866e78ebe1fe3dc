import { randomUUID } from 'node:crypto'
import { viewOf } from '../bytes/utf16.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import {
  Capabilities,
  CreateContextName,
  CreateDisposition,
  Dialect,
  DurableHandleFlags,
  DurableHandleReconnect,
  DurableHandleReconnectV2,
  DurableHandleRequest,
  DurableHandleRequestV2,
  DurableHandleResponseV2,
  type FileId,
  HeaderFlags,
  OplockLevel,
  QueryOnDiskIdResponse,
  ShareCapabilities,
  ShareType,
} from '../wire/smb2/index.ts'
import type { Call } from './call.ts'
import { type CreateArguments, createCall, type Opened, SHARE_ALL } from './calls/create.ts'
import { closeCall, type LastFacts } from './calls/file.ts'
import { type Occasion, StatusError, TransportError, UsageError } from './errors.ts'
import { hasLeases, type Lease, type LeaseHolder, leaseContext } from './leases.ts'
import { heeding, type Live } from './link.ts'
import { nameOn, type On, type Tree } from './tree.ts'

export interface CallHow {
  readonly signal?: AbortSignal | undefined
  /** It may be done twice: nothing is different then. */
  readonly repeatable?: boolean
}

/** How a file is to be kept open. */
export interface Keeping {
  /** Bits of `LeaseState` that are asked for; 0 for none. */
  readonly wanted: number
  /** It is to outlive a lost connection. */
  readonly durable: boolean
}

type Durability = 'none' | 'v1' | 'v2'

/** Sessions that may be lost one after the other within one call. */
const MAX_REPEATS = 8
/** The server is still at work on what came by the connection before (MS-SMB2 3.3.5.2.10). */
const BUSY_RETRY_MS = 100
const MAX_BUSY_RETRIES = 50

/** An open of the server's (MS-SMB2 3.2.1.6), which is got again where its connection is lost. */
export class OpenFile {
  readonly tree: Tree
  readonly occasion: Occasion
  readonly lease: Lease | undefined
  readonly #given: CreateArguments
  readonly #keeping: Keeping
  #createGuid: string
  #durability: Durability = 'none'
  #isPersistent = false
  #opened: Opened
  #on: On
  #diskFileId: bigint | undefined
  #isClosed = false
  #lostBecause: Error | undefined
  #coming: Promise<On> | undefined
  /** Where the file ends, as far as is known here. */
  endOfFile: number
  /** Somebody has locks by this open: they do not outlive it. */
  hasLocks = false
  /** This open has changed the file. */
  hasWritten = false

  constructor(on: On, tree: Tree, request: OpenRequest, opened: Opened) {
    this.tree = tree
    this.occasion = request.occasion
    this.lease = request.lease
    this.#given = request.given
    this.#keeping = request.keeping
    this.#createGuid = request.createGuid
    this.#on = on
    this.#opened = opened
    this.endOfFile = opened.endOfFile
    if (this.lease !== undefined) this.lease.uses++
    this.#take(opened)
    tree.link.opens.add(this)
  }

  /** What was told when it was opened. */
  get opened(): Opened {
    return this.#opened
  }

  get name(): string {
    return this.#given.name
  }

  get isClosed(): boolean {
    return this.#isClosed
  }

  /** Where it is open; the connection may be gone meanwhile. */
  get on(): On {
    return this.#on
  }

  /** The server remembers which lock requests of this open it has answered (MS-SMB2 3.3.5.14). */
  get keepsLockSequence(): boolean {
    return this.#durability !== 'none' && this.#on.live.negotiated.dialect >= Dialect.SMB_3_0
  }

  #take(opened: Opened): void {
    const { contexts } = opened
    const v2 = contexts.get(CreateContextName.DURABLE_HANDLE_REQUEST_V2)
    if (v2 !== undefined) {
      this.#durability = 'v2'
      this.#isPersistent = (DurableHandleResponseV2.decode(viewOf(v2)).flags & DurableHandleFlags.PERSISTENT) !== 0
    } else if (contexts.has(CreateContextName.DURABLE_HANDLE_REQUEST)) this.#durability = 'v1'
    const id = contexts.get(CreateContextName.QUERY_ON_DISK_ID)
    if (id !== undefined) this.#diskFileId = QueryOnDiskIdResponse.decode(viewOf(id)).diskFileId
    const { lease } = this
    if (lease !== undefined) this.tree.leases.granted(lease, opened, this.#on, this.tree.name, this.name)
  }

  /**
   * Asks for something by this open.
   * @throws as `Connection.call`; UsageError (EBADF) where the file is closed, or was lost with its connection
   */
  async call<T>(make: (fileId: FileId, flags: number) => Call<T>, how: CallHow = {}): Promise<T> {
    const { signal, repeatable = false } = how
    let flags = 0
    let busy = 0
    for (let repeat = 0; ; ) {
      const on = this.#on.connection.isClosed || this.#isClosed ? await this.revive(signal) : this.#on
      try {
        return await on.connection.call(this.#contextOf(on), make(this.#opened.fileId, flags), signal)
      } catch (error) {
        if (isBusy(error) && busy++ < MAX_BUSY_RETRIES) {
          await this.tree.link.pause(BUSY_RETRY_MS)
          continue
        }
        if (repeat++ >= MAX_REPEATS || !this.tree.link.mayRepeat(error, on.live, repeatable)) throw error
        // What the server may have begun is told from what is new (MS-SMB2 3.2.4.1.6).
        if (error instanceof TransportError && error.outcomeUnknown && isReplayable(on))
          flags = HeaderFlags.REPLAY_OPERATION
      }
    }
  }

  #contextOf(on: On): On['context'] {
    if (on.context.channelSequence === undefined) return on.context
    return { ...on.context, channelSequence: this.tree.link.channelSequence }
  }

  /** The open as it is now, got again if it has to be. */
  async revive(signal?: AbortSignal): Promise<On> {
    if (this.#isClosed) throw new UsageError('EBADF', 'The file has been closed.', this.occasion)
    const on = await this.tree.ready(signal)
    if (on === this.#on) return on
    if (this.#lostBecause !== undefined) throw this.#lostBecause
    this.#coming ??= this.#come(on).finally(() => {
      this.#coming = undefined
    })
    return heeding(this.#coming, signal)
  }

  /** Gets it again, with the next session where one is lost meanwhile. */
  async #come(first: On): Promise<On> {
    let on = first
    for (let repeat = 0; ; repeat++) {
      try {
        return await this.#reopen(on)
      } catch (error) {
        if (repeat >= MAX_REPEATS || !this.tree.link.mayRepeat(error, on.live, true)) throw error
      }
      on = await this.tree.ready()
    }
  }

  async #reopen(on: On): Promise<On> {
    try {
      const opened = (await this.#reconnectDurable(on)) ?? (await this.#openAgain(on))
      this.#opened = opened
      this.#on = on
      this.#take(opened)
      return on
    } catch (error) {
      if (!(error instanceof TransportError)) this.#lostBecause = error as Error
      throw error
    }
  }

  /** MS-SMB2 3.2.4.4: the server has kept it. Undefined where it has not. */
  async #reconnectDurable(on: On): Promise<Opened | undefined> {
    if (this.#durability === 'none') return undefined
    const { fileId } = this.#opened
    const { lease } = this
    const context =
      this.#durability === 'v2'
        ? {
            name: CreateContextName.DURABLE_HANDLE_RECONNECT_V2,
            data: DurableHandleReconnectV2.encode({
              fileId,
              createGuid: this.#createGuid,
              flags: this.#isPersistent ? DurableHandleFlags.PERSISTENT : 0,
            }),
          }
        : { name: CreateContextName.DURABLE_HANDLE_RECONNECT, data: DurableHandleReconnect.encode({ fileId }) }
    const usesLease = lease !== undefined && this.#opened.oplockLevel === OplockLevel.LEASE
    const given: CreateArguments = {
      ...this.#given,
      disposition: CreateDisposition.OPEN,
      oplock: usesLease ? OplockLevel.LEASE : (this.#opened.oplockLevel as OplockLevel),
      contexts: [context, ...(usesLease ? [leaseContext(lease, this.#keeping.wanted, on.live.negotiated)] : [])],
    }
    try {
      const opened = await on.connection.call(
        this.#contextOf(on),
        createCall(named(given, on, this.tree), this.occasion),
      )
      return { ...opened, contexts: new Map([...this.#opened.contexts, ...opened.contexts]) }
    } catch (error) {
      if (error instanceof StatusError) return undefined
      throw error
    }
  }

  /** By its name, if it is still the same file and as it was left. @throws UsageError (EBADF) */
  async #openAgain(on: On): Promise<Opened> {
    const lost = (why: string): UsageError =>
      new UsageError('EBADF', `The connection was lost, and the file with it: ${why}.`, this.occasion)
    if (this.hasLocks) throw lost('its locks are gone')
    if ((this.#given.share ?? SHARE_ALL) !== SHARE_ALL) throw lost('others may have used it meanwhile')
    const given = { ...this.#given, disposition: CreateDisposition.OPEN }
    const request = requestOf(on, this.lease, given, this.#keeping, this.occasion)
    let opened: Opened
    try {
      opened = await on.connection.call(
        this.#contextOf(on),
        createCall(named(request.arguments, on, this.tree), this.occasion),
      )
    } catch (error) {
      if (error instanceof StatusError) throw lost(`it could not be opened again (${error.statusName})`)
      throw error
    }
    const problem = this.#differs(opened)
    if (problem === undefined) {
      this.#createGuid = request.createGuid
      this.#durability = 'none'
      return opened
    }
    await on.connection.call(on.context, closeCall(opened.fileId, this.occasion)).catch(() => undefined)
    throw lost(problem)
  }

  #differs(opened: Opened): string | undefined {
    const id = opened.contexts.get(CreateContextName.QUERY_ON_DISK_ID)
    const diskFileId = id === undefined ? undefined : QueryOnDiskIdResponse.decode(viewOf(id)).diskFileId
    // An answer to a request that was sent again does not tell it.
    const isKnown = diskFileId !== undefined && this.#diskFileId !== undefined
    if (isKnown && diskFileId !== this.#diskFileId) return 'another file has its name'
    if (this.hasWritten) return opened.endOfFile < this.endOfFile ? 'it has become shorter' : undefined
    const isSame = opened.lastWriteTime === this.#opened.lastWriteTime && opened.endOfFile === this.#opened.endOfFile
    return isSame ? undefined : 'somebody has written to it meanwhile'
  }

  /**
   * Closes it; with `query` the file's last state comes back. An open that is lost is closed.
   * @throws StatusError, where the server could not close it as it should
   */
  async close(query = false): Promise<LastFacts | undefined> {
    if (this.#isClosed) return undefined
    try {
      return await this.call((fileId) => closeCall(fileId, this.occasion, query), { repeatable: true })
    } catch (error) {
      if (error instanceof StatusError && error.status !== NtStatus.FILE_CLOSED) throw error
      return undefined
    } finally {
      this.#end()
    }
  }

  /** Its connection is gone, and nobody wants it any more. */
  abandon(): void {
    this.#end()
  }

  #end(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    this.tree.link.opens.delete(this)
    if (this.lease !== undefined) this.tree.leases.released(this.lease, this.#opened.fileId)
  }

  /** Is told before the lease is given up. */
  heldBy(holder: LeaseHolder): void {
    this.lease?.holders.add(holder)
  }
}

const isBusy = (error: unknown): boolean => error instanceof StatusError && error.status === NtStatus.FILE_NOT_AVAILABLE

const isReplayable = ({ live }: On): boolean => live.negotiated.dialect >= Dialect.SMB_3_0

/** What an open is made of, so that it can be made again. */
export interface OpenRequest {
  readonly given: CreateArguments
  /** With what keeps it open. */
  readonly arguments: CreateArguments
  readonly keeping: Keeping
  readonly lease: Lease | undefined
  readonly createGuid: string
  readonly occasion: Occasion
}

function requestOf(
  on: On,
  lease: Lease | undefined,
  given: CreateArguments,
  keeping: Keeping,
  occasion: Occasion,
): OpenRequest {
  const { negotiated } = on.live
  const createGuid = randomUUID()
  const contexts = [...(given.contexts ?? []), { name: CreateContextName.QUERY_ON_DISK_ID, data: new Uint8Array(0) }]
  let oplock: OplockLevel = OplockLevel.NONE
  if (lease !== undefined && hasLeases(negotiated)) {
    oplock = OplockLevel.LEASE
    contexts.push(leaseContext(lease, keeping.wanted, negotiated))
  } else if (lease !== undefined) oplock = OplockLevel.BATCH
  // Also to be known again where one of several connections is lost.
  const isKnownAgain = on.connection.count > 1 && on.facts.shareType === ShareType.DISK
  if (keeping.durable || isKnownAgain) contexts.push(durableContext(on, createGuid))
  return { given, arguments: { ...given, oplock, contexts }, keeping, lease, createGuid, occasion }
}

/** MS-SMB2 3.2.4.3.5 to 3.2.4.3.7. */
function durableContext({ live, facts }: On, createGuid: string): { name: string; data: Uint8Array } {
  const { dialect, capabilities } = live.negotiated
  if (dialect < Dialect.SMB_3_0)
    return { name: CreateContextName.DURABLE_HANDLE_REQUEST, data: DurableHandleRequest.encode({}) }
  const isPersistent =
    (capabilities & Capabilities.PERSISTENT_HANDLES) !== 0 &&
    (facts.capabilities & ShareCapabilities.CONTINUOUS_AVAILABILITY) !== 0
  const flags = isPersistent ? DurableHandleFlags.PERSISTENT : 0
  const data = DurableHandleRequestV2.encode({ timeout: 0, flags, createGuid })
  return { name: CreateContextName.DURABLE_HANDLE_REQUEST_V2, data }
}

const named = (given: CreateArguments, on: On, tree: Tree): CreateArguments => ({
  ...given,
  name: nameOn(on, tree, given.name),
})

const TRANSIENT: Keeping = { wanted: 0, durable: false }

/** Opens a file. @throws as `Tree.run` */
export async function openFile(
  tree: Tree,
  given: CreateArguments,
  occasion: Occasion,
  options: { readonly keeping?: Keeping; readonly signal?: AbortSignal | undefined } = {},
): Promise<OpenFile> {
  const { signal, keeping = TRANSIENT } = options
  let unknown: TransportError | undefined
  let last: { readonly request: OpenRequest; readonly live: Live } | undefined
  return tree.run(
    async (on) => {
      const lease = keeping.wanted === 0 ? undefined : tree.leases.of(tree.name, given.name)
      // The same session has lost one of its connections: the server knows by the GUID what it has done already.
      const again = last?.live === on.live && isReplayable(on) ? last.request : undefined
      const request = again ?? requestOf(on, lease, given, keeping, occasion)
      last = { request, live: on.live }
      // A file that is opened for nobody is closed again.
      const late = (opened: Opened): void =>
        void on.connection.call(on.context, closeCall(opened.fileId, occasion)).catch(() => undefined)
      try {
        const flags = again === undefined ? 0 : HeaderFlags.REPLAY_OPERATION
        const call = { ...createCall(named(request.arguments, on, tree), occasion, flags), late }
        const opened = await patiently(tree, flags !== 0, () => on.connection.call(on.context, call, signal))
        return new OpenFile(on, tree, request, opened)
      } catch (error) {
        // What was to be new is there: perhaps it was this call that made it, before its connection was cut.
        if (unknown !== undefined && again === undefined && isCollision(error)) throw unknown
        if (error instanceof TransportError && error.outcomeUnknown) unknown = error
        throw error
      }
    },
    { signal, repeatable: true },
  )
}

/** A CREATE that is sent again while it is still at work is denied, as Windows does it: then it is asked again. */
async function patiently<T>(tree: Tree, isReplay: boolean, open: () => Promise<T>): Promise<T> {
  for (let tries = 0; ; tries++) {
    try {
      return await open()
    } catch (error) {
      const isAtWork = error instanceof StatusError && error.status === NtStatus.ACCESS_DENIED
      if (!isReplay || !isAtWork || tries >= MAX_BUSY_RETRIES) throw error
    }
    await tree.link.pause(BUSY_RETRY_MS)
  }
}

const isCollision = (error: unknown): boolean =>
  error instanceof StatusError && error.status === NtStatus.OBJECT_NAME_COLLISION
