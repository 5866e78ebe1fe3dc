import { Command } from '../wire/smb2/index.ts'
import type { ObservedConnection } from './api/observe.ts'
import type { Call } from './call.ts'
import type { Connection } from './connection.ts'
import type { Context } from './outgoing.ts'
import type { BoundSession } from './session.ts'

/** A connection of a session, with the key that it signs with. */
export interface Channel {
  readonly connection: Connection
  readonly bound: BoundSession
}

/** What goes over whichever channel has least to do: it depends on nothing that was asked before. */
const SPREAD: ReadonlySet<number> = new Set([Command.READ, Command.WRITE])

/**
 * The connections of one session (MS-SMB2 3.2.1.8). All goes over the first of them, so that the server hears it in
 * order, but for data, which is spread over all. Where one is lost the others go on.
 */
export class Channels {
  readonly #channels: Channel[]
  /** How many were lost. */
  lost = 0
  /** What NEGOTIATE said on the first has been checked (MS-SMB2 3.2.5.5). */
  isValidated = false

  constructor(first: Channel) {
    this.#channels = [first]
  }

  get #first(): Channel {
    return this.#channels[0] as Channel
  }

  get about(): ObservedConnection {
    return this.#first.connection.about
  }

  get count(): number {
    return this.#channels.length
  }

  /** None is left. */
  get isClosed(): boolean {
    return this.#first.connection.isClosed
  }

  /** Bytes that one request may ask for or bring, by the credits that there are. */
  get maxTransferBytes(): number {
    return Math.min(...this.#channels.map(({ connection }) => connection.maxTransferBytes))
  }

  add(channel: Channel): void {
    this.#channels.push(channel)
  }

  /** One is lost: whether the session goes on with others. */
  remove(connection: Connection): boolean {
    const at = this.#channels.findIndex((channel) => channel.connection === connection)
    if (at < 0) return true
    if (this.#channels.length === 1) return false
    this.#channels.splice(at, 1)
    this.lost++
    return true
  }

  /** See `Connection.call`. */
  call<T>(context: Context, call: Call<T>, signal?: AbortSignal): Promise<T> {
    const channel = SPREAD.has(call.command) ? this.#idlest() : this.#first
    return channel.connection.call(contextOn(channel, context), call, signal)
  }

  /** See `Connection.chain`. */
  chain<const T extends readonly Call<unknown>[]>(
    context: Context,
    calls: T,
    signal?: AbortSignal,
  ): ReturnType<typeof Connection.prototype.chain<T>> {
    const channel = this.#first
    return channel.connection.chain(contextOn(channel, context), calls, signal)
  }

  #idlest(): Channel {
    let found = this.#first
    for (const channel of this.#channels) if (channel.connection.load < found.connection.load) found = channel
    return found
  }

  /** Ends all of them, for this reason. */
  fail(error: Error): void {
    // Each takes itself out of the list.
    for (const { connection } of [...this.#channels]) connection.fail(error)
  }

  close(): void {
    for (const { connection } of [...this.#channels]) connection.close()
  }
}

/** Each channel signs with its own key. */
const contextOn = ({ bound }: Channel, context: Context): Context =>
  context.bound === bound ? context : { ...context, bound }
