import { randomUUID } from 'node:crypto'
import { BufferPool } from '../protocol/buffer-pool.ts'
import type { Clock } from '../protocol/clock.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { Command, Dialect, LogoffRequest, LogoffResponse, SecurityMode } from '../wire/smb2/index.ts'
import { CLOSED_HERE } from './api/observe.ts'
import { ClientCache } from './cache/client-cache.ts'
import { type Answer, type Call, encodeCall } from './call.ts'
import { Channels } from './channels.ts'
import type { Connection } from './connection.ts'
import type { Dial, Target } from './dial.ts'
import { dialOut } from './dial-out.ts'
import { SecurityError, StatusError, TransportError, UsageError } from './errors.ts'
import { logOn } from './logon.ts'
import { MachineName } from './machine-name.ts'
import { mechanismsOf } from './mechanisms.ts'
import { type Negotiated, negotiate, offerOf } from './negotiation.ts'
import type { Context } from './outgoing.ts'
import { renewLogon } from './renewal.ts'
import type { BoundSession } from './session.ts'
import type { Settings } from './settings.ts'
import type { Tree } from './tree.ts'
import { validateNegotiate } from './validate.ts'

/** A session, with the connections that it is on. */
export interface Live {
  readonly connection: Channels
  readonly negotiated: Negotiated
  readonly bound: BoundSession
  /** Counts the sessions: what was known by another number is not known any more. */
  readonly generation: number
}

export interface LinkParts {
  readonly clock: Clock
  readonly dial: Dial
}

/** Something that a new session is to get again. */
export interface Revivable {
  readonly tree: Tree
  /** Somebody was told that something is written which is not yet. */
  readonly owesWriting: boolean
  revive(): Promise<unknown>
  close(): Promise<unknown>
  abandon(): void
}

/** Longest and shortest wait before a cut connection is tried again. */
const FIRST_RETRY_MS = 100
const LONGEST_RETRY_MS = 5_000

/** The way to one server as one user: a session that comes back where its connection is cut. */
export class ServerLink {
  readonly settings: Settings
  readonly clock: Clock
  readonly target: Target
  readonly buffers: BufferPool
  readonly #dial: Dial
  readonly #clientGuid = randomUUID()
  #machine = new MachineName()
  #lostChannels = 0
  #live: Live | undefined
  #coming: Promise<Live> | undefined
  #renewal: Promise<void> | undefined
  #generation = 0
  #lastSessionId = 0n
  #ended = new AbortController()
  /** What is kept of the server's files. */
  readonly cache: ClientCache
  /** Is told of each session, when it is there. */
  onLive: (live: Live) => void = () => undefined
  /** What is open: while there is any of it, a lost connection is made again at once. */
  readonly opens = new Set<Revivable>()

  constructor(settings: Settings, { clock, dial }: LinkParts) {
    this.settings = settings
    this.clock = clock
    this.target = { host: settings.host, port: settings.port }
    this.buffers = new BufferPool(settings.limits.maxIdleBufferBytes)
    this.#dial = dial
    this.cache = new ClientCache(settings, clock)
  }

  /** A way to another server as the same user, to be connected. */
  linkTo({ host, port }: Target): ServerLink {
    return new ServerLink({ ...this.settings, host, port }, { clock: this.clock, dial: this.#dial })
  }

  /** Counts the connections that were lost (MS-SMB2 3.2.1.3). */
  get channelSequence(): number {
    return (this.#generation - 1 + this.#lostChannels) & 0xffff
  }

  get isClosed(): boolean {
    return this.#ended.signal.aborted
  }

  /** The session as it is now; undefined while there is none. */
  get current(): Live | undefined {
    return this.#live
  }

  /** Connects for the first time: what goes wrong is told at once. */
  async connect(signal?: AbortSignal): Promise<Live> {
    this.#coming = this.#establish(AbortSignal.any([this.#ended.signal, ...(signal === undefined ? [] : [signal])]))
    try {
      return await this.#coming
    } finally {
      this.#coming = undefined
    }
  }

  /**
   * The session, once there is one again: a cut connection is tried again for `reconnectTimeoutMs`, and waited for no
   * longer than `patienceMs`.
   * @throws TransportError, and what a logon throws
   */
  async live(signal?: AbortSignal, patienceMs?: number): Promise<Live> {
    signal?.throwIfAborted()
    if (this.isClosed) throw new UsageError('EBADF', 'The client has been closed.')
    if (this.#renewal !== undefined) await this.renewed(signal)
    if (this.#live !== undefined) return this.#live
    if (!this.settings.reconnect && this.#generation > 0)
      throw new TransportError('ENOTCONN', `connection to ${this.target.host}`, 'the connection is gone')
    this.#coming ??= this.#comeBack().finally(() => {
      this.#coming = undefined
    })
    const coming = heeding(this.#coming, signal)
    return patienceMs === undefined ? coming : this.#within(coming, patienceMs)
  }

  /** The connection goes on to be tried for others. */
  async #within<T>(coming: Promise<T>, patienceMs: number): Promise<T> {
    const { promise, reject } = Promise.withResolvers<never>()
    const problem = `the server has not come back for ${patienceMs / 1000} s, and there are others`
    const stop = this.clock.after(
      patienceMs,
      () => reject(new TransportError('ETIMEDOUT', `connection to ${this.target.host}`, problem)),
      true,
    )
    try {
      return await Promise.race([coming, promise])
    } finally {
      stop()
    }
  }

  async #comeBack(): Promise<Live> {
    const { limits } = this.settings
    const until = this.clock.now() + BigInt(limits.reconnectTimeoutMs) * 10_000n
    for (let delayMs = FIRST_RETRY_MS; ; delayMs = Math.min(delayMs * 2, LONGEST_RETRY_MS)) {
      try {
        return await this.#establish(this.#ended.signal)
      } catch (error) {
        const isLasting = !(error instanceof TransportError) || this.isClosed
        if (isLasting || this.clock.now() + BigInt(delayMs) * 10_000n > until) throw error
      }
      await this.pause(delayMs)
    }
  }

  /** Waits, at most until the link is closed. */
  pause(delayMs: number): Promise<void> {
    return new Promise((resolve) => {
      const { signal } = this.#ended
      const stop = this.clock.after(
        delayMs,
        () => {
          signal.removeEventListener('abort', end)
          resolve()
        },
        true,
      )
      const end = (): void => {
        stop()
        resolve()
      }
      signal.addEventListener('abort', end, { once: true })
    })
  }

  async #establish(signal: AbortSignal): Promise<Live> {
    const { settings } = this
    const { clock, buffers, target } = this
    const machine = new MachineName()
    const mechanisms = mechanismsOf(settings, clock, machine.use)
    const connection = await dialOut(this.#dial, target, { settings, clock, buffers }, signal)
    try {
      const offer = offerOf(settings, this.#clientGuid)
      const negotiated = await negotiate(connection, settings, offer, () => this.clock.now(), signal)
      machine.reachedBy(connection, negotiated, settings, signal)
      this.#machine = machine
      const previous = this.#lastSessionId === 0n ? {} : { previousSessionId: this.#lastSessionId }
      const bound = await logOn(connection, negotiated, settings, { mechanisms, ...previous }, signal)
      const channels = new Channels({ connection, bound })
      const live = { connection: channels, negotiated, bound, generation: ++this.#generation }
      this.#lastSessionId = bound.session.id
      this.#live = live
      this.#listen(live, connection)
      const kind = live.generation === 1 ? 'connected' : 'reconnected'
      settings.observer?.event?.({ kind, connection: connection.about })
      // The server keeps open files for a while only: they are got again now, and not when they are needed.
      for (const open of this.opens) open.revive().catch(() => undefined)
      this.onLive(live)
      return live
    } catch (error) {
      connection.close()
      throw error
    }
  }

  #listen(live: Live, connection: Connection): void {
    connection.events = {
      notified: (answer) => this.#notified(answer),
      closed: (error) => {
        const reason = error?.message ?? CLOSED_HERE
        this.settings.observer?.event?.({ kind: 'disconnected', connection: connection.about, reason })
        if (live.connection.remove(connection)) {
          this.#lostChannels++
          this.cache.doubted()
        } else this.#lost(live, error)
      },
    }
  }

  /**
   * One more connection for the session, to another address of the server (MS-SMB2 3.2.4.2.3.1).
   * @throws what connecting and logging on throw; SecurityError where it is another server
   */
  async widen(live: Live, host: string, context: Context): Promise<void> {
    const { settings, clock, buffers } = this
    const target = { host, port: this.target.port }
    const { signal } = this.#ended
    const connection = await dialOut(this.#dial, target, { settings, clock, buffers }, signal)
    try {
      const offer = offerOf(settings, this.#clientGuid)
      const negotiated = await negotiate(connection, settings, offer, () => clock.now(), signal)
      const { dialect, serverGuid, capabilities, cipher } = live.negotiated
      const isSame =
        negotiated.dialect === dialect &&
        negotiated.serverGuid === serverGuid &&
        negotiated.capabilities === capabilities &&
        negotiated.cipher === cipher
      if (!isSame) throw new SecurityError(`What answers at ${host} is another server.`)
      const mechanisms = mechanismsOf(settings, clock, this.#machine.use)
      const bound = await logOn(connection, negotiated, settings, { mechanisms, binds: live.bound }, signal)
      const added = { negotiated, bound }
      if (needsValidation(added)) await validateNegotiate(added, connection, { ...context, bound })
      if (this.#live !== live) throw new TransportError('ENOTCONN', `connection to ${host}`, 'the session is gone')
      live.connection.add({ connection, bound })
      this.#listen(live, connection)
      settings.observer?.event?.({ kind: 'connected', connection: connection.about })
    } catch (error) {
      connection.close()
      throw error
    }
  }

  #lost(live: Live, error: Error | undefined): void {
    if (this.#live !== live) return
    this.#live = undefined
    this.cache.lost()
    if (error !== undefined && this.opens.size > 0 && this.settings.reconnect && !this.isClosed)
      this.live().catch(() => undefined)
  }

  #notified(answer: Answer): void {
    if (answer.header.command === Command.OPLOCK_BREAK) this.cache.leases.broken(answer)
  }

  /** The server does not know the session any more: the connection is made anew. */
  drop(live: Live): void {
    if (this.#live === live)
      live.connection.fail(
        new TransportError('ECONNRESET', `session on ${this.target.host}`, 'the server has ended the session'),
      )
  }

  /** Waits while a session whose ticket has ended is renewed. */
  async renewed(signal?: AbortSignal): Promise<void> {
    if (this.#renewal !== undefined) await heeding(this.#renewal, signal)
  }

  /** The ticket has ended: another logon keeps the session, and where there is none a new session is made. */
  #renew(live: Live): void {
    if (this.#live !== live || this.#renewal !== undefined) return
    const { settings, clock } = this
    const renewing = async (): Promise<void> =>
      renewLogon(live, settings, mechanismsOf(settings, clock, this.#machine.use))
    this.#renewal = renewing()
      .catch(() => this.drop(live))
      .finally(() => {
        this.#renewal = undefined
      })
  }

  /** In whose name requests of this session go out. */
  contextOf(live: Live): Context {
    return { bound: live.bound, seals: live.bound.session.seals }
  }

  /**
   * Whether what failed with this is to be tried again: the session is gone, and what was asked was not done, or may
   * be done twice.
   */
  mayRepeat(error: unknown, live: Live, isRepeatable: boolean): boolean {
    if (this.isClosed || (!this.settings.reconnect && live.connection.isClosed)) return false
    if (error instanceof StatusError && error.status === NtStatus.NETWORK_SESSION_EXPIRED) {
      this.#renew(live)
      return true
    }
    if (error instanceof StatusError && error.status === NtStatus.USER_SESSION_DELETED) {
      this.drop(live)
      return true
    }
    if (!(error instanceof TransportError) || !error.connectionLost) return false
    return isRepeatable || !error.outcomeUnknown
  }

  /**
   * Closes what is open on a share, or on all of them.
   * @throws what has become of data that were written behind; nothing else
   */
  async closeOpens(tree?: Tree): Promise<void> {
    const opens = [...this.opens].filter((open) => tree === undefined || open.tree === tree)
    const lost: unknown[] = []
    await Promise.all(
      opens.map(async (open) => {
        const { owesWriting } = open
        // What cannot be reached any more is not waited for.
        if (this.#live === undefined && !owesWriting) open.abandon()
        else await open.close().catch((error: unknown) => void (owesWriting && lost.push(error)))
      }),
    )
    if (lost.length > 0) throw lost[0]
  }

  /** Logs off and ends the connection. Never fails: who leaves need not be heard. */
  async close(): Promise<void> {
    if (this.isClosed) return
    const live = this.#live
    if (live !== undefined) await live.connection.call(this.contextOf(live), logoffCall()).catch(() => undefined)
    this.#ended.abort(new UsageError('EBADF', 'The client has been closed.'))
    live?.connection.close()
  }
}

const logoffCall = (): Call<void> => ({
  command: Command.LOGOFF,
  frame: encodeCall(LogoffRequest, {}),
  occasion: { operation: 'close' },
  read: (answer) => void answer.body(LogoffResponse),
})

/** `promise`, unless `signal` is quicker. What goes on is for others. */
export function heeding<T>(promise: Promise<T>, signal: AbortSignal | undefined): Promise<T> {
  if (signal === undefined) return promise
  return new Promise((resolve, reject) => {
    const abort = (): void => reject(signal.reason)
    signal.addEventListener('abort', abort, { once: true })
    promise.then(resolve, reject).finally(() => signal.removeEventListener('abort', abort))
  })
}

/** Whether NEGOTIATE is to be checked once there is a session (MS-SMB2 3.2.5.5): 3.1.1 has done it by then. */
export const needsValidation = ({ negotiated, bound }: Pick<Live, 'negotiated' | 'bound'>): boolean =>
  negotiated.dialect !== Dialect.SMB_3_1_1 &&
  Math.max(...negotiated.offer.dialects) >= Dialect.SMB_3_0 &&
  bound.signer !== undefined

export const requiresSigning = (negotiated: Negotiated): boolean =>
  (negotiated.securityMode & SecurityMode.SIGNING_REQUIRED) !== 0
