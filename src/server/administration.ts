/** What administrators see of a running server by RPC, and may change of it. */
import type { Identity } from '../auth/mechanism.ts'
import { AccessMask, SecurityInformation } from '../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { maximalAccess } from './access-check.ts'
import type { Backend, Maybe } from './backend.ts'
import { closeOpen } from './close-open.ts'
import { Open, type PipeOpen } from './open.ts'
import { parsePathName } from './path-name.ts'
import { selectSecurity } from './security.ts'
import type { ServerCore } from './server-core.ts'
import type { Session } from './session.ts'
import { endSession } from './session-end.ts'
import type { ShareOptions } from './share.ts'
import { shareAccess } from './share-access.ts'
import { run, type Steps, wait } from './steps.ts'

/** A session as it is told. Times in seconds. */
export interface SessionFacts {
  readonly client: string
  readonly user: string
  readonly isGuest: boolean
  readonly opens: number
  readonly activeSeconds: number
  readonly idleSeconds: number
}

/** A connection to a share. */
export interface ConnectionFacts {
  readonly id: number
  readonly share: string
  readonly isPipe: boolean
  readonly client: string
  readonly user: string
  readonly opens: number
  readonly activeSeconds: number
}

/** An open file or pipe. */
export interface OpenFacts {
  readonly id: number
  readonly grantedAccess: number
  readonly locks: number
  /** From the root of the machine where that is known, otherwise from the share. */
  readonly path: string
  readonly user: string
}

/** What of a share can be changed while it is offered. */
export type ShareChange = Partial<
  Pick<ShareOptions, 'comment' | 'maxUses' | 'securityDescriptor' | 'accessBasedEnumeration'>
>

/** Lets administrators add shares by RPC, and is told of all changes so that it can keep them. */
export interface ShareKeeper {
  /** What keeps the files of a new share; a failure where this path is not to be shared. */
  open(path: string): Maybe<Backend | Failure>
  /** The shares as they are from now on. */
  changed?(shares: readonly ShareOptions[]): Maybe<void>
}

const TICKS_PER_SECOND = 10_000_000n
/** Positive also for those who take it for a signed number. */
const idOf = (open: { readonly id: bigint }): number => Number(BigInt.asUintN(31, open.id))

/** The server's side of srvsvc's administration. Who may use it is decided by who gives it away. */
export class Administration {
  readonly #server: ServerCore

  constructor(server: ServerCore) {
    this.#server = server
  }

  get sessions(): readonly SessionFacts[] {
    return this.#sessions().map((session) => ({
      client: clientOf(session),
      user: session.identity?.user ?? '',
      isGuest: session.isGuest,
      opens: session.opens.size,
      activeSeconds: this.#secondsSince(session.createdAt),
      idleSeconds: this.#secondsSince(lastActivityOf(session)),
    }))
  }

  get connections(): readonly ConnectionFacts[] {
    return this.#sessions().flatMap((session) =>
      [...session.trees.values()].map((tree) => ({
        id: tree.id,
        share: tree.name,
        isPipe: tree.share === undefined,
        client: clientOf(session),
        user: session.identity?.user ?? '',
        opens: [...session.opens.values()].filter((open) => open.tree === tree).length,
        activeSeconds: this.#secondsSince(session.createdAt),
      })),
    )
  }

  get opens(): readonly OpenFacts[] {
    return [...this.#opens()].map((open) => ({
      id: idOf(open),
      grantedAccess: open.grantedAccess,
      locks: open instanceof Open ? open.stream.locks.heldBy(open).length : 0,
      path: open instanceof Open ? pathOf(open) : `\\PIPE\\${open.name}`,
      user: (open instanceof Open ? open.maybeSession : open.session)?.identity?.user ?? '',
    }))
  }

  /** When the server was started, in seconds since 1970. */
  get startedAt(): number {
    const UNIX_EPOCH = 11_644_473_600n
    return Number(this.#server.startedAt / TICKS_PER_SECOND - UNIX_EPOCH)
  }

  /** False where nothing open has this id. */
  closeFile(id: number): Maybe<boolean> {
    for (const open of this.#opens()) if (idOf(open) === id) return closeOpen(open)?.then(() => true) ?? true
    return false
  }

  /** Ends sessions of a client, of a user, or of both; answers with how many there were. */
  async endSessions(client: string | undefined, user: string | undefined): Promise<number> {
    const meant = this.#sessions().filter(
      (session) =>
        (client === undefined || clientOf(session).toUpperCase() === client.toUpperCase()) &&
        (user === undefined || session.identity?.user.toUpperCase() === user.toUpperCase()),
    )
    for (const session of meant) await endSession(session, 'refused')
    return meant.length
  }

  /** Shares can be added and removed. */
  get keepsShares(): boolean {
    return this.#server.shareKeeper !== undefined
  }

  async addShare(name: string, path: string, change: ShareChange): Promise<Failure | undefined> {
    const keeper = this.#server.shareKeeper
    if (keeper === undefined) return fail(NtStatus.NOT_SUPPORTED)
    const backend = await keeper.open(path)
    if (failed(backend)) return backend
    return this.#offer([...this.#options(), { name, backend, path, ...change }])
  }

  async changeShare(name: string, change: ShareChange): Promise<Failure | undefined> {
    const changed = this.#options().map((share) => (isNamed(share, name) ? { ...share, ...change } : share))
    return this.#offer(changed)
  }

  async removeShare(name: string): Promise<Failure | undefined> {
    return this.#offer(this.#options().filter((share) => !isNamed(share, name)))
  }

  /** The descriptor of a file, as far as `identity` may read it (MS-SRVS 3.1.4.14). */
  fileSecurity(
    identity: Identity | undefined,
    shareName: string,
    path: string,
    parts: number,
  ): Maybe<Uint8Array | Failure> {
    return run(this.#fileSecurity(identity, shareName, path, parts))
  }

  *#fileSecurity(
    identity: Identity | undefined,
    shareName: string,
    path: string,
    parts: number,
  ): Steps<Uint8Array | Failure> {
    const share = this.#server.share(shareName)
    if (share === undefined) return fail(NtStatus.BAD_NETWORK_NAME)
    const allowed = shareAccess({ server: this.#server, identity }, share)
    const name = parsePathName(path.replace(/^[\\/]+/, '').replaceAll('/', '\\'))
    if (failed(name)) return name
    const opened = yield* wait(share.backend.open(name.path, { disposition: 'open', read: false, write: false }))
    if (failed(opened)) return opened
    try {
      const stored = yield* wait(opened.file.securityDescriptor())
      if (failed(stored)) return stored
      const granted = maximalAccess(stored, identity)
      const { READ_CONTROL, ACCESS_SYSTEM_SECURITY } = AccessMask
      const needed = (parts & SecurityInformation.SACL) !== 0 ? ACCESS_SYSTEM_SECURITY : READ_CONTROL
      if ((granted & allowed & needed) === 0) return fail(NtStatus.ACCESS_DENIED)
      return selectSecurity(stored, parts, identity, opened.file.isDirectory)
    } finally {
      yield* wait(opened.file.close())
    }
  }

  async #offer(shares: readonly ShareOptions[]): Promise<Failure | undefined> {
    try {
      this.#server.setShares(shares)
    } catch (error) {
      // A name or a combination that cannot be.
      if (error instanceof RangeError) return fail(NtStatus.INVALID_PARAMETER)
      throw error
    }
    await this.#server.shareKeeper?.changed?.(shares)
    return undefined
  }

  #options(): ShareOptions[] {
    return [...this.#server.shares].map(({ options }) => options)
  }

  #sessions(): Session[] {
    return [...this.#server.sessions.values()].filter(({ state }) => state === 'valid')
  }

  *#opens(): Generator<Open | PipeOpen> {
    yield* this.#server.opens.values()
    for (const session of this.#sessions())
      for (const open of session.opens.values()) if (!(open instanceof Open)) yield open
  }

  #secondsSince(time: bigint): number {
    const ticks = this.#server.clock.now() - time
    return ticks < 0n ? 0 : Number(ticks / TICKS_PER_SECOND)
  }
}

const isNamed = (share: ShareOptions, name: string): boolean => share.name.toUpperCase() === name.toUpperCase()

/** The client's address, without its port. */
const clientOf = (session: Session): string => session.remote.replace(/:\d+$/, '').replace(/^\[|\]$/g, '')

function lastActivityOf(session: Session): bigint {
  let last = session.createdAt
  for (const { lastActivity } of session.channels.keys()) if (lastActivity > last) last = lastActivity
  return last
}

function pathOf(open: Open): string {
  const root = open.share.options.path ?? ''
  return `${root === '' ? open.share.name : root}\\${open.displayPath}`.replaceAll('/', '\\')
}
