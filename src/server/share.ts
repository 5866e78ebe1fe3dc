import type { Filetime } from '../bytes/filetime.ts'
import { type Failure, failed } from '../wire/erref/failure.ts'
import { actingOn, actingUser } from './acting-user.ts'
import type { Backend, Maybe } from './backend.ts'
import { ChangeNotifier } from './change-notifier.ts'
import { type DfsRootOptions, Namespace } from './dfs/namespace.ts'
import { FileTable } from './file-table.ts'
import { NameTunnel } from './name-tunnel.ts'
import { type Printer, PrintQueue } from './printing.ts'
import type { ShareRight } from './share-access.ts'
import { type Steps, wait } from './steps.ts'

export interface ShareOptions {
  /** As clients see it; without regard to case. */
  readonly name: string
  readonly backend: Backend
  readonly comment?: string
  readonly readOnly?: boolean
  /** Names of the users who may connect; absent: every user. */
  readonly users?: readonly string[]
  /**
   * What users, groups (`@staff`) and `everyone` may do at most: of what is granted the most counts, and `none` denies.
   * Absent: everything.
   */
  readonly permissions?: Readonly<Record<string, ShareRight>>
  /** Self-relative (MS-DTYP 2.4.6): what its list gives is the most that anybody may do. In addition to `permissions`. */
  readonly securityDescriptor?: Uint8Array
  /** `required`: only sealed requests are served (SMB2_SHAREFLAG_ENCRYPT_DATA). */
  readonly encryption?: 'required' | 'enabled' | 'off'
  /** Clients may cache files (oplocks and leases). Default true. */
  readonly oplocks?: boolean
  /** Clients are told to ask for compression whenever they read (SMB2_SHAREFLAG_COMPRESS_DATA). */
  readonly compress?: boolean
  /**
   * Linux clients may have names, permissions and deletion as POSIX has them, where the backend can (the POSIX extensions
   * of 3.1.1). Default true.
   */
  readonly posix?: boolean
  /** Files stay open for clients that lose their connections. Default true. */
  readonly durableHandles?: boolean
  /** Clients may open files persistently: these stay open also while the server is started again. Default false. */
  readonly continuouslyAvailable?: boolean
  /** The user of the operating system as whom guests act, where the backend tells its users apart. Default nobody. */
  readonly guestUnixUser?: string
  /** Not listed when clients browse. */
  readonly hidden?: boolean
  /**
   * Apple's extensions: `auto` for clients that ask for them, `always` keeps the streams of Macs by their rules for other
   * clients, too, `off` for nobody. Default auto.
   */
  readonly macos?: 'auto' | 'always' | 'off'
  /** Macs may back up to it. */
  readonly timeMachine?: boolean
  /** Bytes that all backups together may take, as clients are told. */
  readonly timeMachineMaxBytes?: number
  /** False: CHANGE_NOTIFY is refused, and clients look from time to time. */
  readonly changeNotify?: boolean
  /** Listings leave out what the user may not read. */
  readonly accessBasedEnumeration?: boolean
  /** It is the root of a namespace: some of its folders lie elsewhere (DFS). */
  readonly dfs?: DfsRootOptions
  /** It is a printer: what is written to it is printed, and nothing can be read. Spooled files lie in the backend. */
  readonly printer?: Printer
  /** Files have names of eight characters, a dot and three beside their own. */
  readonly shortNames?: boolean
  /** Connections at a time; absent: no limit. */
  readonly maxUses?: number
  /** For status and RPC: where it lies, for people. */
  readonly path?: string
}

/** What NTFS has by default, for a volume that cannot tell. */
const DEFAULT_CLUSTER_BYTES = 4096

/** A share while it is offered. */
export class Share {
  readonly options: ShareOptions
  readonly files: FileTable
  readonly notifier: ChangeNotifier
  /** Of names that are gone, where there are short ones. */
  readonly tunnel: NameTunnel
  /** What it was at earlier times, as far as somebody has it open. */
  readonly past: Map<Filetime, Maybe<Share | Failure>>
  /** Its links, where it is the root of a namespace. */
  readonly namespace: Namespace | undefined
  /** What it prints, where it is a printer. */
  readonly printQueue: PrintQueue
  /** Links have their folders. */
  hasLinkFolders = false
  #volumeId: bigint | undefined
  #clusterBytes: number | undefined

  constructor(options: ShareOptions, previous?: Share) {
    this.options = options
    this.files = previous?.files ?? new FileTable()
    this.notifier = previous?.notifier ?? new ChangeNotifier()
    this.tunnel = previous?.tunnel ?? new NameTunnel()
    this.past = previous?.past ?? new Map()
    this.printQueue = previous?.printQueue ?? new PrintQueue()
    this.namespace = options.dfs && new Namespace(options.dfs)
  }

  /** What it is made from again as it is now: its links may have changed. */
  get presentOptions(): ShareOptions {
    return this.namespace === undefined ? this.options : { ...this.options, dfs: this.namespace.options }
  }

  /** The share of today; another one where this is a previous version of it. */
  get present(): Share {
    return this
  }

  /** True for a previous version: it can be opened for writing, as on Windows, but nothing is ever written. */
  get isPast(): boolean {
    return this.present !== this
  }

  /** True for the same place by the same name, maybe with other options by now. */
  isSameAs(other: Share | undefined): boolean {
    return other?.files === this.files && other.name.toUpperCase() === this.name.toUpperCase()
  }

  /** Somebody is about to open something, or has it open. A share of today is there anyway. */
  use(): void {}

  /** Ends a `use`. */
  release(): Maybe<void> {}

  /** Volume serial number, as FileIdInformation and QFid tell it. */
  *volumeId(): Steps<bigint> {
    if (this.#volumeId === undefined) {
      const volume = yield* wait(this.backend.volume())
      this.#volumeId = failed(volume) ? 0n : BigInt(volume.serialNumber)
    }
    return this.#volumeId
  }

  /** Bytes of one allocation unit. */
  *clusterBytes(): Steps<number> {
    if (this.#clusterBytes === undefined) {
      const volume = yield* wait(this.backend.volume())
      if (failed(volume)) return DEFAULT_CLUSTER_BYTES
      this.#clusterBytes = volume.bytesPerSector * volume.sectorsPerAllocationUnit
    }
    return this.#clusterBytes
  }

  get name(): string {
    return this.options.name
  }

  /** As whoever is being served has it, where the backend tells its users apart. */
  get backend(): Backend {
    const { backend } = this.options
    const user = backend.as === undefined ? undefined : actingUser()
    return user === undefined ? backend : actingOn(backend, user)
  }

  /** Requests are served as the user who sends them. */
  get impersonates(): boolean {
    return this.options.backend.as !== undefined
  }

  /** The POSIX extensions can be had. */
  get posix(): boolean {
    return this.options.posix !== false && this.options.backend.features.posix === true
  }

  get readOnly(): boolean {
    return this.options.readOnly === true || this.options.backend.features.readOnly
  }
}
