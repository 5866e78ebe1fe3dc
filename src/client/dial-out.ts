import type { BufferPool } from '../protocol/buffer-pool.ts'
import type { Clock } from '../protocol/clock.ts'
import type { ObservedConnection } from './api/observe.ts'
import { Connection } from './connection.ts'
import type { Dial, Target } from './dial.ts'
import { codeOf, TransportError } from './errors.ts'
import type { Settings } from './settings.ts'

let connectionCount = 0

interface Parts {
  readonly settings: Settings
  readonly clock: Clock
  readonly buffers: BufferPool
}

/** A transport connection, with nothing said on it yet. @throws TransportError; the signal's reason */
export async function dialOut(dial: Dial, target: Target, parts: Parts, signal: AbortSignal): Promise<Connection> {
  const timeout = new AbortController()
  const stop = parts.clock.after(parts.settings.limits.connectTimeoutMs, () => timeout.abort(), true)
  try {
    return await connectionTo(dial, target, parts, AbortSignal.any([signal, timeout.signal]))
  } catch (error) {
    signal.throwIfAborted()
    throw transportError(error, target, timeout.signal.aborted)
  } finally {
    stop()
  }
}

async function connectionTo(
  dial: Dial,
  target: Target,
  { settings, clock, buffers }: Parts,
  signal: AbortSignal,
): Promise<Connection> {
  let connection: Connection | undefined
  await dial(
    (await settings.resolve?.(target.host, target.port)) ?? target,
    (transport) => {
      const { local, remote } = transport
      const about: ObservedConnection = { id: ++connectionCount, ...target, local, remote }
      connection = new Connection({ clock, limits: settings.limits, buffers, observer: settings.observer, about })
      connection.use(transport)
      return connection
    },
    signal,
  )
  if (connection === undefined) throw new Error('a transport that accepts nothing')
  return connection
}

function transportError(error: unknown, { host, port }: Target, timedOut: boolean): TransportError {
  const step = `connect to ${host}:${port}`
  if (timedOut)
    return new TransportError(
      'ETIMEDOUT',
      step,
      'nothing has answered in time: is it switched on, and does its firewall let us in?',
    )
  const code = codeOf(error) ?? 'ECONNREFUSED'
  return new TransportError(code, step, CONNECT_PROBLEMS[code] ?? 'the connection could not be made', { cause: error })
}

const CONNECT_PROBLEMS: Readonly<Record<string, string>> = {
  ECONNREFUSED: 'the computer answers, but nothing listens for SMB on that port',
  ENOTFOUND: 'no computer of that name is known: check how it is spelled, or use its address',
  EAI_AGAIN: 'names cannot be looked up at present: is the network there?',
  EHOSTUNREACH: 'no way leads to that computer',
  ENETUNREACH: 'no way leads to that network',
  ECONNRESET: 'the other end broke off the connection',
}
