import type { Clock } from '../../protocol/clock.ts'
import type { Smb1Client } from '../api/smb1.ts'
import type { Dial } from '../dial.ts'
import { codeOf, TransportError } from '../errors.ts'
import { mechanismsOf } from '../mechanisms.ts'
import type { Settings } from '../settings.ts'
import { Smb1Exchange } from './exchange.ts'
import { negotiateNt1 } from './negotiation.ts'
import { Smb1Session } from './session.ts'

/** Connects by NT LM 0.12 and logs on. @throws as `connect` */
export async function connectNt1(
  { dial, clock }: { readonly dial: Dial; readonly clock: Clock },
  settings: Settings,
  extendedSecurity: boolean,
  signal: AbortSignal | undefined,
): Promise<Smb1Client> {
  const exchange = await dialNt1(dial, clock, settings, signal)
  const abort = (): void => exchange.fail(signal?.reason instanceof Error ? signal.reason : new Error('aborted'))
  signal?.addEventListener('abort', abort, { once: true })
  try {
    const negotiated = await negotiateNt1(exchange, settings, extendedSecurity)
    const session = new Smb1Session(exchange, settings, negotiated, () => mechanismsOf(settings, clock))
    await session.logOn()
    return session
  } catch (error) {
    exchange.fail(error instanceof Error ? error : new Error(String(error)))
    throw error
  } finally {
    signal?.removeEventListener('abort', abort)
  }
}

async function dialNt1(
  dial: Dial,
  clock: Clock,
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<Smb1Exchange> {
  const { host, port, limits } = settings
  const timeout = new AbortController()
  const stop = clock.after(limits.connectTimeoutMs, () => timeout.abort(), true)
  let exchange: Smb1Exchange | undefined
  try {
    const target = (await settings.resolve?.(host, port)) ?? { host, port }
    const ending = signal === undefined ? timeout.signal : AbortSignal.any([signal, timeout.signal])
    await dial(
      target,
      (transport) => {
        exchange = new Smb1Exchange(transport, clock, host, limits.silenceTimeoutMs)
        return exchange
      },
      ending,
    )
  } catch (error) {
    signal?.throwIfAborted()
    const code = timeout.signal.aborted ? 'ETIMEDOUT' : (codeOf(error) ?? 'ECONNREFUSED')
    throw new TransportError(code, `connect to ${host}:${port}`, 'the connection could not be made', { cause: error })
  } finally {
    stop()
  }
  if (exchange === undefined) throw new Error('a transport that accepts nothing')
  return exchange
}
