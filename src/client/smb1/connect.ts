import type { Clock } from '../../protocol/clock.ts'
import type { Smb1Client } from '../api/smb1.ts'
import type { ClientTransport, Dial } from '../dial.ts'
import { dialled } from '../dial-out.ts'
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

function dialNt1(
  dial: Dial,
  clock: Clock,
  { host, port, limits, resolve }: Settings,
  signal: AbortSignal | undefined,
): Promise<Smb1Exchange> {
  const accept = (transport: ClientTransport): Smb1Exchange =>
    new Smb1Exchange(transport, clock, host, limits.silenceTimeoutMs)
  const { connectTimeoutMs } = limits
  return dialled(dial, { host, port }, { clock, connectTimeoutMs, resolve }, accept, signal)
}
