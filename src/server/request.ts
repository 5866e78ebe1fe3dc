import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import type { Infer } from '../wire/schema/index.ts'
import { Command, channelSequence, Dialect, HeaderFlags, type Smb2Header } from '../wire/smb2/index.ts'
import type { Channel } from './channel.ts'
import type { Connection } from './connection.ts'
import { ChannelSequence, NO_TURN, type Turn } from './durability/channel-sequence.ts'
import { Open, type PipeOpen } from './open.ts'
import type { Session } from './session.ts'
import type { TreeConnect } from './tree-connect.ts'

type Header = Infer<typeof Smb2Header>
type WireFileId = { readonly persistent: bigint; readonly volatile: bigint }

/** What a related request takes over from the ones before it in its chain (MS-SMB2 3.3.5.2.7.2). */
export interface ChainState {
  /** False until a request of the chain had a session (and tree) that a related one can take over. */
  valid: boolean
  /** The session that the last request named, where its ticket has ended. */
  expired?: Channel | undefined
  sessionId: bigint
  treeId: number
  /** The open that the last CREATE made or the last request named, or why there is none. */
  open: Open | PipeOpen | Failure | undefined
}

/** What a request of a channel that the client has given up must not do (MS-SMB2 3.3.5.2.10). */
const CHANGING: ReadonlySet<Command> = new Set([Command.WRITE, Command.SET_INFO, Command.IOCTL])

/** What a request can wait for: an open, or a session where there is no open yet. */
export interface WaitedFor {
  readonly waiting: Set<Request>
}

/** One request on its way through the server. */
export class Request {
  readonly connection: Connection
  readonly header: Header
  /** The message: `start` is its SMB2 header, `end` one past its last byte. */
  readonly view: DataView
  readonly start: number
  readonly end: number
  readonly command: Command
  readonly messageId: bigint
  /** It came sealed, in the name of this session. */
  readonly sealedBy: Session | undefined
  readonly chain: ChainState
  /** The connection's part in the session; absent where the request has none. */
  channel: Channel | undefined
  #tree: TreeConnect | undefined
  /** Set once STATUS_PENDING has been sent. */
  asyncId: bigint | undefined
  /** The client has asked that the answer be compressed (MS-SMB2 3.3.4.1.5). */
  compressReply = false
  cancelled = false
  closedMeanwhile = false
  /** Its final answer has left before the command has come to its end. */
  isAnswered = false
  /** The client knows it by a GUID, and may ask what became of it on another connection of its session. */
  isNamed = false
  #cancel: (() => void) | undefined
  #waitsOn: WaitedFor | undefined
  /** The open that it counts for, and since when (MS-SMB2 3.3.1.10: Open.OutstandingRequestCount). */
  #countsFor: Open | PipeOpen | undefined
  #turn: Turn = NO_TURN

  constructor(details: {
    connection: Connection
    header: Header
    view: DataView
    start: number
    end: number
    sealedBy: Session | undefined
    chain: ChainState
  }) {
    this.connection = details.connection
    this.header = details.header
    this.view = details.view
    this.start = details.start
    this.end = details.end
    this.command = details.header.command as Command
    this.messageId = details.header.messageId
    this.sealedBy = details.sealedBy
    this.chain = details.chain
  }

  get isSigned(): boolean {
    return (this.header.flags & HeaderFlags.SIGNED) !== 0
  }

  get isRelated(): boolean {
    return (this.header.flags & HeaderFlags.RELATED_OPERATIONS) !== 0
  }

  /** The client sends it again: it does not know what became of it the first time (SMB2_FLAGS_REPLAY_OPERATION). */
  get isReplay(): boolean {
    return (this.header.flags & HeaderFlags.REPLAY_OPERATION) !== 0
  }

  /** The message's bytes, header included. */
  get bytes(): Uint8Array {
    return new Uint8Array(this.view.buffer, this.view.byteOffset + this.start, this.end - this.start)
  }

  get sessionId(): bigint {
    return this.isRelated && this.chain.valid ? this.chain.sessionId : this.header.sessionId
  }

  get treeId(): number {
    return this.isRelated && this.chain.valid ? this.chain.treeId : this.header.treeId
  }

  /** The session it belongs to: there for every command that needs one. */
  get session(): Session {
    if (this.channel === undefined) throw new Error('this command has no session')
    return this.channel.session
  }

  get maybeSession(): Session | undefined {
    return this.channel?.session
  }

  get tree(): TreeConnect {
    if (this.#tree === undefined) throw new Error('this command has no tree')
    return this.#tree
  }

  set tree(tree: TreeConnect) {
    this.#tree = tree
  }

  get maybeTree(): TreeConnect | undefined {
    return this.#tree
  }

  /** The open, file or pipe, that the request names or takes over from its chain (MS-SMB2 3.3.5.2.7.2). */
  anyOpen(id: WireFileId): Open | PipeOpen | Failure {
    if (this.isRelated && this.chain.open !== undefined) {
      const taken = this.chain.open
      if (failed(taken)) return taken
      return this.session.opens.get(taken.volatileId) === taken ? this.#inOrder(taken) : fail(NtStatus.FILE_CLOSED)
    }
    const open = this.session.opens.get(id.volatile)
    // The open must be one of this session and this tree.
    if (open === undefined || id.persistent !== open.id || open.tree !== this.tree) {
      this.chain.open = fail(NtStatus.FILE_CLOSED)
      return this.chain.open
    }
    this.chain.open = open
    return this.#inOrder(open)
  }

  /** For an open that this request makes (MS-SMB2 3.3.5.9, 3.3.5.2.10): undefined below 3.0. */
  newChannelSequence(): ChannelSequence | undefined {
    return this.session.negotiated.dialect < Dialect.SMB_3_0
      ? undefined
      : new ChannelSequence(channelSequence(this.header))
  }

  /** Counts it for the open that it is about; refuses what comes too late to change anything (MS-SMB2 3.3.5.2.10). */
  #inOrder(open: Open | PipeOpen): Open | PipeOpen | Failure {
    if (open.channelSequence === undefined || this.#countsFor !== undefined) return open
    this.#countsFor = open
    // To acknowledge a break is no use of the file.
    if (open instanceof Open && this.command !== Command.OPLOCK_BREAK) open.server.durableOpens.used(open)
    this.#turn = open.channelSequence.enter(channelSequence(this.header), this.isReplay)
    return this.#turn === NO_TURN && CHANGING.has(this.command) ? fail(NtStatus.FILE_NOT_AVAILABLE) : open
  }

  /** As `anyOpen`, for commands that only files understand. */
  open(id: WireFileId): Open | Failure {
    const open = this.anyOpen(id)
    return failed(open) || open instanceof Open ? open : fail(NtStatus.INVALID_DEVICE_REQUEST)
  }

  /**
   * Sends STATUS_PENDING, once: the final answer comes when the command ends. `cancel` is called when the client cancels
   * or `waitsOn` ends, and must make the command end. Fails when the connection has too many such requests, and where
   * the request is cancelled already, or what it is about has ended.
   */
  goAsync(waitsOn: WaitedFor, cancel: () => void): Failure | undefined {
    if (this.cancelled) return fail(NtStatus.CANCELLED)
    // What has ended meanwhile wakes nobody any more.
    if (waitsOn instanceof Open && waitsOn.closed) return fail(NtStatus.FILE_CLOSED)
    if (this.#tree !== undefined && this.session.trees.get(this.#tree.id) !== this.#tree)
      return fail(NtStatus.NETWORK_NAME_DELETED)
    const refused = this.asyncId === undefined ? this.connection.startAsync(this) : undefined
    if (refused !== undefined) return refused
    this.#cancel = cancel
    this.#waitsOn?.waiting.delete(this)
    this.#waitsOn = waitsOn
    waitsOn.waiting.add(this)
    return undefined
  }

  /** Its connection is lost, and it goes on all the same: its session lives on others, within the limit of one. */
  get goesOn(): boolean {
    if (!this.isNamed || this.channel === undefined) return false
    const { channels, server, waiting } = this.channel.session
    return channels.size > 0 && waiting.size <= server.limits.maxAsyncRequests
  }

  /**
   * Why a request that has gone asynchronous ends with its cancellation. Where the client itself has cancelled, the answer
   * leaves before what came behind the CANCEL is served. Answers of SMB1 are not written here.
   */
  endedWith(failure: Failure): Failure {
    const isSmb2 = this.connection.smb1 === undefined
    if (isSmb2 && !this.closedMeanwhile && this.asyncId !== undefined && !this.isAnswered) {
      this.isAnswered = true
      this.connection.answer(this, failure)
    }
    return failure
  }

  /** It has its final answer. */
  finished(): void {
    this.#waitsOn?.waiting.delete(this)
    this.#countsFor?.channelSequence?.leave(this.#turn)
  }

  /** What it waits on is being closed: it ends with the status that this means for it. */
  fileClosed(): void {
    this.closedMeanwhile = true
    this.cancel()
  }

  cancel(): void {
    if (this.cancelled) return
    this.cancelled = true
    this.#cancel?.()
  }
}
