import type { BufferPool } from '../protocol/buffer-pool.ts'
import type { Clock } from '../protocol/clock.ts'
import type { TransportEvents } from '../protocol/transport.ts'
import type { ObservedConnection } from './api/observe.ts'
import type { ConnectOptions } from './api/options.ts'
import { Connection } from './connection.ts'
import type { ClientTransport, Dial, Target } from './dial.ts'
import { codeOf, TransportError } from './errors.ts'
import type { Settings } from './settings.ts'

let connectionCount = 0

interface Parts {
  readonly settings: Settings
  readonly clock: Clock
  readonly buffers: BufferPool
}

/** How long a connection may take, and where its name leads. */
export interface Dialling {
  readonly clock: Clock
  readonly connectTimeoutMs: number
  readonly resolve: ConnectOptions['resolve']
  /** What is spoken there. */
  readonly service?: string
}

/** A transport connection, and what `accept` makes of it. @throws TransportError; the signal's reason */
export async function dialled<T extends TransportEvents>(
  dial: Dial,
  target: Target,
  { clock, connectTimeoutMs, resolve, service = 'SMB' }: Dialling,
  accept: (transport: ClientTransport) => T,
  signal: AbortSignal | undefined,
): Promise<T> {
  const timeout = new AbortController()
  const stop = clock.after(connectTimeoutMs, () => timeout.abort(), true)
  let accepted: T | undefined
  try {
    const place = (await resolve?.(target.host, target.port)) ?? target
    const either = signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal])
    await dial(place, (transport) => (accepted = accept(transport)), either)
  } catch (error) {
    signal?.throwIfAborted()
    throw transportError(error, target, service, timeout.signal.aborted)
  } finally {
    stop()
  }
  if (accepted === undefined) throw new Error('a transport that accepts nothing')
  return accepted
}

/** A connection with nothing said on it yet. @throws as `dialled` */
export const dialOut = (
  dial: Dial,
  target: Target,
  { settings, clock, buffers }: Parts,
  signal: AbortSignal,
): Promise<Connection> => {
  const { limits, observer, resolve } = settings
  const accept = (transport: ClientTransport): Connection => {
    const { local, remote } = transport
    const about: ObservedConnection = { id: ++connectionCount, ...target, local, remote }
    const connection = new Connection({ clock, limits, buffers, observer, about })
    connection.use(transport)
    return connection
  }
  return dialled(dial, target, { clock, connectTimeoutMs: limits.connectTimeoutMs, resolve }, accept, signal)
}

function transportError(error: unknown, { host, port }: Target, service: string, timedOut: boolean): TransportError {
  const step = `connect to ${host}:${port}`
  if (timedOut)
    return new TransportError(
      'ETIMEDOUT',
      step,
      'nothing has answered in time: is it switched on, and does its firewall let us in?',
    )
  const code = codeOf(error) ?? 'ECONNREFUSED'
  const problem = code === 'ECONNREFUSED' ? refused(service) : CONNECT_PROBLEMS[code]
  return new TransportError(code, step, problem ?? 'the connection could not be made', { cause: error })
}

const refused = (service: string): string => `the computer answers, but nothing listens for ${service} on that port`

const CONNECT_PROBLEMS: Readonly<Record<string, string>> = {
  ENOTFOUND: 'no computer of that name is known: check how it is spelled, or use its address',
  EAI_AGAIN: 'names cannot be looked up at present: is the network there?',
  EHOSTUNREACH: 'no way leads to that computer',
  ENETUNREACH: 'no way leads to that network',
  ECONNRESET: 'the other end broke off the connection',
}
