/** What administrators see of a running server by RPC, and may change of it. */
import { unixNsFromFiletime } from '../bytes/filetime.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import type { Backend, Maybe } from './backend.ts'
import { closeOpen } from './close-open.ts'
import { Open, type PipeOpen } from './open.ts'
import type { ServerCore } from './server-core.ts'
import type { Session } from './session.ts'
import { endSession } from './session-end.ts'
import type { ShareOptions } from './share.ts'

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

/**
 * Lets administrators add shares by RPC, and is told of all changes so that it can keep them. A change that it fails is
 * taken back.
 */
export interface ShareKeeper {
  /** What keeps the files of a new share; a failure where this path is not to be shared. */
  open(path: string, name: string): Maybe<Backend | Failure>
  /** The shares as they are from now on. */
  changed?(shares: readonly ShareOptions[]): Maybe<Failure | void>
  /** What people who browse read beside the server's name from now on. */
  commented?(comment: string): Maybe<Failure | void>
}

type ShareListChange = (shares: readonly ShareOptions[]) => readonly ShareOptions[]

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
    return Number(unixNsFromFiletime(this.#server.startedAt) / 1_000_000_000n)
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

  async addShare(name: string, path: string, change: ShareChange): Promise<Failure | undefined> {
    const keeper = this.#server.shareKeeper
    if (keeper === undefined) return fail(NtStatus.NOT_SUPPORTED)
    const backend = await keeper.open(path, name)
    if (failed(backend)) return backend
    const added = { name, backend, path, ...change }
    return this.#offer(
      (shares) => [...shares, added],
      (shares) => shares.filter((share) => !isNamed(share, name)),
    )
  }

  async changeShare(name: string, change: ShareChange): Promise<Failure | undefined> {
    const before = this.#options().find((share) => isNamed(share, name))
    if (before === undefined) return fail(NtStatus.BAD_NETWORK_NAME)
    const put = (changed: ShareOptions) => (shares: readonly ShareOptions[]) =>
      shares.map((share) => (isNamed(share, name) ? changed : share))
    return this.#offer(put({ ...before, ...change }), put(before))
  }

  async removeShare(name: string): Promise<Failure | undefined> {
    const before = this.#options().filter((share) => isNamed(share, name))
    return this.#offer(
      (shares) => shares.filter((share) => !isNamed(share, name)),
      (shares) => [...shares, ...before],
    )
  }

  async changeComment(comment: string): Promise<Failure | undefined> {
    const before = this.#server.comment
    this.#server.comment = comment
    const kept = await this.#server.shareKeeper?.commented?.(comment)
    if (kept !== undefined) this.#server.comment = before
    return kept ?? undefined
  }

  /** Tells whoever keeps the shares that they have changed. */
  async keep(): Promise<Failure | undefined> {
    return (await this.#server.shareKeeper?.changed?.(this.#options())) ?? undefined
  }

  /** What cannot be kept is not done; by then others may have changed other shares. */
  async #offer(change: ShareListChange, undo: ShareListChange): Promise<Failure | undefined> {
    try {
      this.#server.setShares(change(this.#options()))
    } catch (error) {
      // A name or a combination that cannot be.
      if (error instanceof RangeError) return fail(NtStatus.INVALID_PARAMETER)
      throw error
    }
    const kept = await this.keep()
    if (kept !== undefined) this.#server.setShares(undo(this.#options()))
    return kept
  }

  #options(): ShareOptions[] {
    return [...this.#server.shares].map(({ presentOptions }) => presentOptions)
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
