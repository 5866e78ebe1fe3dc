import { viewOf } from '../bytes/utf16.ts'
import { AccessMask, FILE_GENERIC_READ, FILE_GENERIC_WRITE } from '../wire/dtyp/index.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import {
  CreateContextName,
  CreateDisposition,
  Dialect,
  DurableHandleFlags,
  DurableHandleReconnect,
  DurableHandleReconnectV2,
  DurableHandleResponseV2,
  type FileId,
  HeaderFlags,
  OplockLevel,
  QueryOnDiskIdResponse,
} from '../wire/smb2/index.ts'
import type { Call } from './call.ts'
import { type CreateArguments, createCall, type Opened, SHARE_ALL } from './calls/create.ts'
import { closeCall, type LastFacts } from './calls/file.ts'
import { type Occasion, StatusError, TransportError, UsageError } from './errors.ts'
import { type Lease, leaseContext } from './leases.ts'
import { heeding } from './link.ts'
import {
  BUSY_RETRY_MS,
  granting,
  isReplayable,
  type Keeping,
  type LastRequest,
  MAX_BUSY_RETRIES,
  named,
  type OpenRequest,
  patiently,
  replayed,
  requestOf,
} from './open-request.ts'
import type { On, Tree } from './tree.ts'

export interface CallHow {
  readonly signal?: AbortSignal | undefined
  /** It may be done twice: nothing is different then. */
  readonly repeatable?: boolean
}

type Durability = 'none' | 'v1' | 'v2'

/** Sessions that may be lost one after the other within one call. */
const MAX_REPEATS = 8
/** An open of the server's (MS-SMB2 3.2.1.6), which is got again where its connection is lost. */
export class OpenFile {
  readonly tree: Tree
  readonly occasion: Occasion
  readonly lease: Lease | undefined
  readonly #given: CreateArguments
  readonly #keeping: Keeping
  /** The server breaks no lease of the folder for what is done by this open: it is told here. */
  readonly #isUntold: boolean
  #createGuid: string
  #durability: Durability = 'none'
  #isPersistent = false
  #opened: Opened
  #on: On
  #diskFileId: bigint | undefined
  #isClosed = false
  #lostBecause: Error | undefined
  #coming: Promise<On> | undefined
  /** How it was to be opened again, as long as there is no answer. */
  #askedAgain: LastRequest | undefined
  #closing: Promise<LastFacts | undefined> | undefined
  /** Where the file ends, as far as is known here. */
  endOfFile: number
  /** What `FileCache.version` is as long as nothing has changed since it was opened; undefined where something had. */
  readonly #version: number | undefined
  /** Somebody has locks by this open: they do not outlive it. */
  #hasLocks = false
  /** This open has changed the file. */
  hasWritten = false
  /** Something was done by this open of which nobody here knows what it means for who comes later. */
  isSpecial = false
  /** Why what was written behind could not be stored, if nobody has been told yet. */
  writeFailure: { readonly error: unknown } | undefined

  constructor(on: On, tree: Tree, request: OpenRequest, opened: Opened) {
    this.tree = tree
    this.occasion = request.occasion
    this.lease = request.lease
    this.#given = request.given
    this.#keeping = request.keeping
    this.#isUntold = request.parentKey !== undefined
    this.#createGuid = request.createGuid
    this.#on = on
    this.#opened = opened
    this.endOfFile = opened.endOfFile
    this.#version = this.lease?.cache.isDirty === true ? undefined : request.version
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
  }

  /** See `#hasLocks`. What is kept of the file is not used while somebody has locks. */
  locked(): void {
    if (!this.#hasLocks && this.lease !== undefined) this.lease.lockers++
    this.#hasLocks = true
  }

  /** Data may be read by it. */
  get mayRead(): boolean {
    return (this.#given.access & AccessMask.FILE_READ_DATA) !== 0
  }

  /**
   * It may stay open behind its user's back: it keeps nobody out, and nothing was changed by it, nor by another since it
   * was opened, so that it knows how long the file is.
   */
  get mayRest(): boolean {
    const { lease } = this
    const isUsed = this.#isClosed || this.hasWritten || this.#hasLocks || this.isSpecial
    if (isUsed || lease === undefined || !lease.canRead || !lease.canKeepHandle) return false
    if (this.#version !== lease.cache.version) return false
    const { share = SHARE_ALL, access } = this.#given
    const isPlain = share === SHARE_ALL && (access & ~(FILE_GENERIC_READ | FILE_GENERIC_WRITE)) === 0
    return isPlain && this.tree.link.current === this.#on.live && !this.tree.isClosed
  }

  /** Whether who wants to open what is there in this way may have this open. */
  isAs(given: CreateArguments): boolean {
    const { access, options = 0, share = SHARE_ALL } = this.#given
    const { disposition = CreateDisposition.OPEN } = given
    const opens = disposition === CreateDisposition.OPEN || disposition === CreateDisposition.OPEN_IF
    return opens && given.access === access && (given.options ?? 0) === options && (given.share ?? SHARE_ALL) === share
  }

  /** Resolves when the server has what was written by it. @throws what went wrong with that */
  async settle(): Promise<void> {
    if (this.lease?.cache.isDirty === true) await this.lease.cache.flush()
    this.throwFailure()
  }

  /** What is listed of it may be another size now. */
  listedOtherwise(): void {
    if (this.#isUntold) this.tree.link.cache.folders.changedWithin(this.tree.name, this.name)
  }

  get owesWriting(): boolean {
    return this.hasWritten && this.lease?.cache.isDirty === true
  }

  /** Tells once what has become of what was written behind. */
  throwFailure(): void {
    const failure = this.writeFailure
    this.writeFailure = undefined
    if (failure !== undefined) throw failure.error
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
        await this.tree.link.renewed(signal)
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
    const on = await this.tree.ready(signal, true)
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
      on = await this.tree.ready(undefined, true)
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
    const { wanted } = this.#keeping
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
      contexts: [
        context,
        ...(usesLease ? [leaseContext(lease, { wanted, parentKey: undefined }, on.live.negotiated)] : []),
      ],
    }
    try {
      const opened = await on.connection.call(
        this.#contextOf(on),
        this.#granting(on, createCall(named(given, on, this.tree), this.occasion)),
      )
      return { ...opened, contexts: new Map([...this.#opened.contexts, ...opened.contexts]) }
    } catch (error) {
      if (error instanceof StatusError) return undefined
      throw error
    }
  }

  #granting(on: On, call: Call<Opened>): Call<Opened> {
    return this.lease === undefined ? call : granting(this.tree, this.lease, on, call)
  }

  /** By its name, if it is still the same file and as it was left. @throws UsageError (EBADF) */
  async #openAgain(on: On): Promise<Opened> {
    const lost = (why: string): UsageError =>
      new UsageError('EBADF', `The connection was lost, and the file with it: ${why}.`, this.occasion)
    if (this.#hasLocks) throw lost('its locks are gone')
    // Others were not kept from reading and writing meanwhile: what they have done is newer.
    if (this.owesWriting) throw lost('what was written behind is not stored')
    if ((this.#given.share ?? SHARE_ALL) !== SHARE_ALL) throw lost('others may have used it meanwhile')
    const given = { ...this.#given, disposition: CreateDisposition.OPEN }
    const again = replayed(this.#askedAgain, on)
    const request = again ?? requestOf(on, this.tree, this.lease, given, this.#keeping, this.occasion)
    this.#askedAgain = { request, live: on.live }
    const flags = again === undefined ? 0 : HeaderFlags.REPLAY_OPERATION
    const create = createCall(named(request.arguments, on, this.tree), this.occasion, flags)
    let opened: Opened
    try {
      const ask = (): Promise<Opened> => on.connection.call(this.#contextOf(on), this.#granting(on, create))
      opened = await patiently(this.tree, again !== undefined, ask)
      this.#askedAgain = undefined
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
    if (this.lease !== undefined) this.tree.leases.undone(this.lease, opened.fileId)
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
    // Who gives up all opens comes across those that are being closed.
    this.#closing ??= this.#close(query)
    return this.#closing
  }

  async #close(query: boolean): Promise<LastFacts | undefined> {
    if (this.lease?.cache.isDirty === true) await this.lease.cache.flush()
    if (this.lease !== undefined) this.tree.leases.closing(this.lease, this.#opened.fileId)
    try {
      return await this.call((fileId) => closeCall(fileId, this.occasion, query), { repeatable: true })
    } catch (error) {
      if (error instanceof StatusError && error.status !== NtStatus.FILE_CLOSED) throw error
      return undefined
    } finally {
      this.#end()
      this.throwFailure()
    }
  }

  /** Its connection is gone, and nobody wants it any more. */
  abandon(): void {
    this.#end()
  }

  #end(): void {
    if (this.#isClosed) return
    this.#isClosed = true
    const { lease, tree } = this
    tree.link.opens.delete(this)
    if (this.hasWritten || this.isSpecial || this.#isUntold) tree.link.cache.changed(tree, this.name)
    if (lease === undefined) return
    if (this.#hasLocks) lease.lockers--
    tree.leases.released(lease, this.#opened.fileId)
  }
}

const isBusy = (error: unknown): boolean => error instanceof StatusError && error.status === NtStatus.FILE_NOT_AVAILABLE
