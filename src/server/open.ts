import type { Filetime } from '../bytes/filetime.ts'
import { upcase } from '../wire/fscc/index.ts'
import type { BackendFile, BackendPath } from './backend.ts'
import type { Holder } from './caching/holder.ts'
import type { Watch } from './change-notifier.ts'
import type { Connection } from './connection.ts'
import type { DirectoryScan } from './directory-scan.ts'
import type { ChannelSequence } from './durability/channel-sequence.ts'
import type { Durability } from './durability/durability.ts'
import type { LockSequences } from './durability/lock-sequence.ts'
import type { SharedFile, SharedStream } from './file-table.ts'
import type { NamedPipe } from './named-pipe.ts'
import { toPosixName } from './posix/names.ts'
import type { PrintDocument } from './printing.ts'
import type { Request } from './request.ts'
import type { ServerCore } from './server-core.ts'
import type { Session } from './session.ts'
import type { Share } from './share.ts'
import type { TreeConnect } from './tree-connect.ts'

/** What tells a stream from the others of its file: '' for the unnamed one. */
export const streamKeyOf = (file: BackendFile): string => upcase(file.stream ?? '')

export interface OpenDetails {
  readonly id: bigint
  readonly server: ServerCore
  /** These three are absent for one that waits for its client after the server was started again. */
  readonly connection?: Connection
  readonly session?: Session
  readonly tree?: TreeConnect
  readonly share: Share
  readonly file: BackendFile
  readonly shared: SharedFile
  readonly path: BackendPath
  readonly grantedAccess: number
  readonly shareAccess: number
  readonly createOptions: number
  /** Made with the POSIX create context. */
  readonly isPosix?: boolean
  readonly channelSequence?: ChannelSequence | undefined
}

/** An open file, directory or stream (MS-SMB2 3.3.1.10). */
export class Open {
  /** The persistent part of its id: it stays when the open outlives its session. */
  readonly id: bigint
  /** The volatile part: by this its session knows it. */
  volatileId: bigint
  readonly server: ServerCore
  /** The connection that it was opened on, or taken up again. Undefined while it waits for its client. */
  connection: Connection | undefined
  /** The session and tree that it is reached by, or was last (MS-SMB2 3.3.1.10: Open.Session, Open.TreeConnect). */
  maybeSession: Session | undefined
  tree: TreeConnect | undefined
  readonly share: Share
  /** Another one when its stream has changed places with the unnamed one. */
  file: BackendFile
  readonly shared: SharedFile
  readonly stream: SharedStream
  /** Where it is now, in the stored spelling. */
  path: BackendPath
  readonly grantedAccess: number
  readonly shareAccess: number
  readonly createOptions: number
  /** Names, deleting and renaming are as in POSIX. */
  readonly isPosix: boolean
  /** Absent below 3.0. */
  channelSequence: ChannelSequence | undefined
  /** What of it outlives its connection. Absent where its client asked for nothing of the kind. */
  durability: Durability | undefined
  /** LOCK requests that were carried out, as far as they are to be recognized. */
  lockSequences: LockSequences | undefined
  /** Asked for in CREATE; becomes a pending delete when this open closes. */
  deleteOnClose = false
  /** FilePositionInformation: kept for the client, used by nothing. */
  currentByteOffset = 0n
  /** FileModeInformation. */
  mode: number
  /** The directory listing under way. */
  scan: DirectoryScan | undefined
  /** Settles when who asked last for some of it has been answered. */
  scanned: Promise<void> | undefined
  /** How many entries of the quotas it was told. */
  quotasListed = 0
  /** When its last write was told to those who watch, and whether there was another one since. */
  toldWriteAt: Filetime = 0n
  owesWrite = false
  /** It was a file when it got another name through this handle. */
  wasRenamed = false
  /** The file, or the stream, was made when it was opened. */
  wasCreated = false
  /** The change notification of a directory. */
  watch: Watch | undefined
  /** The oplock or lease by which the client may cache the file. */
  caching: Holder | undefined
  /** The client's lease on the directory that it is in: changes by this open do not break that (MS-SMB2 3.3.5.9.11). */
  parentLeaseKey: string | undefined
  /** What is sent to a printer with it. */
  document: PrintDocument | undefined
  /** Written to; who caches the directory is told when it closes. */
  wasWritten = false
  /** Locks held; kept by ByteRangeLocks. */
  lockCount = 0
  /** The client wants this time not to be moved by its writes (MS-FSCC 2.4.7: -1). */
  frozenLastWriteTime: Filetime | undefined
  frozenChangeTime: Filetime | undefined
  /** Its writes may still have to show in the LastWriteTime; kept by WriteTime. */
  hasWritten = false
  closed = false
  /** Requests that were answered with STATUS_PENDING and wait for something about this open. */
  readonly waiting = new Set<Request>()
  /** Requests that use the file now: it is closed after the last of them. */
  #users = 0
  #whenUnused: PromiseWithResolvers<void> | undefined

  constructor(details: OpenDetails) {
    this.id = details.id
    this.volatileId = details.id
    this.server = details.server
    this.connection = details.connection
    this.maybeSession = details.session
    this.tree = details.tree
    this.share = details.share
    this.file = details.file
    this.shared = details.shared
    this.stream = details.shared.stream(streamKeyOf(details.file))
    this.path = details.path
    this.grantedAccess = details.grantedAccess
    this.shareAccess = details.shareAccess
    this.createOptions = details.createOptions
    this.isPosix = details.isPosix === true
    this.channelSequence = details.channelSequence
    this.mode = details.createOptions & MODE_OPTIONS
  }

  /** A directory as such, not a stream of one. */
  get isDirectory(): boolean {
    return this.file.isDirectory && this.file.stream === undefined
  }

  /** The backend's file must not be closed before `release`. */
  use(): void {
    this.#users++
  }

  release(): void {
    this.#users--
    if (this.#users > 0) return
    this.#whenUnused?.resolve()
    this.#whenUnused = undefined
  }

  /** Something has changed that the server has to know after it was started again. */
  stateChanged(): void {
    if (this.durability?.isPersistent === true) this.server.persistence?.changed(this)
  }

  /** Settles when no request uses the file. */
  get unused(): Promise<void> | undefined {
    if (this.#users === 0) return undefined
    this.#whenUnused ??= Promise.withResolvers()
    return this.#whenUnused.promise
  }

  /** The session whose request is served: there for every request. */
  get session(): Session {
    if (this.maybeSession === undefined) throw new Error('this open waits for its client')
    return this.maybeSession
  }

  /** As requests name it. */
  get fileId(): { persistent: bigint; volatile: bigint } {
    return { persistent: this.id, volatile: this.volatileId }
  }

  /** For logs and status: as a client would write it. */
  get displayPath(): string {
    if (this.isPosix) return this.path.map(toPosixName).join('/')
    const name = this.path.join('\\')
    return this.file.stream === undefined ? name : `${name}:${this.file.stream}`
  }
}

/** Create options that FileModeInformation shows (MS-FSCC 2.4.31): write-through, sequential, unbuffered, synchronous, delete. */
const MODE_OPTIONS = 0x0000_103e

/** An open of a named pipe on IPC$. */
export class PipeOpen {
  readonly id: bigint
  readonly session: Session
  readonly tree: TreeConnect
  readonly pipe: NamedPipe
  readonly waiting = new Set<Request>()
  readonly name: string
  readonly grantedAccess: number
  /** Absent below 3.0. */
  readonly channelSequence: ChannelSequence | undefined

  constructor(
    details: Pick<OpenDetails, 'id' | 'grantedAccess' | 'channelSequence'> & {
      session: Session
      tree: TreeConnect
      pipe: NamedPipe
      name: string
    },
  ) {
    this.id = details.id
    this.session = details.session
    this.tree = details.tree
    this.grantedAccess = details.grantedAccess
    this.channelSequence = details.channelSequence
    this.pipe = details.pipe
    this.name = details.name
  }

  /** A pipe ends with its session: it needs no id that would outlive it. */
  get volatileId(): bigint {
    return this.id
  }

  /** As requests name it. */
  get fileId(): { persistent: bigint; volatile: bigint } {
    return { persistent: this.id, volatile: this.id }
  }
}
