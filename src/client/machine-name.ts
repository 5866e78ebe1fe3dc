import { namesWith } from '../auth/server-names.ts'
import { SpnegoInitiator } from '../auth/spnego-initiator.ts'
import { failed } from '../wire/erref/failure.ts'
import type { Connection } from './connection.ts'
import { StatusError } from './errors.ts'
import { firstStep, setupCall } from './logon.ts'
import type { TicketUse } from './mechanisms.ts'
import type { Negotiated } from './negotiation.ts'
import type { Settings } from './settings.ts'

/**
 * What the machine is called that answers by the name of a domain: nobody has tickets for a domain. It says so in a
 * challenge of NTLM, which is not answered. Whoever it says that it is has to show the ticket's key then, and is believed
 * only if it is of that domain.
 */
export class MachineName {
  #name: string | undefined
  #ask: () => Promise<string | undefined> = () => Promise.resolve(undefined)

  /** It is this connection's machine. */
  reachedBy(connection: Connection, negotiated: Negotiated, settings: Settings, signal?: AbortSignal): void {
    this.#ask = async () => {
      const name = await askedFor(connection, negotiated, settings, signal)
      return name !== undefined && isOfDomain(name, settings.host) ? name : undefined
    }
  }

  /** For a ticket. Undefined where it does not say, or is of another domain than it was asked by. */
  readonly use: TicketUse = { otherHost: async () => (this.#name ??= await this.#ask()) }
}

const isOfDomain = (name: string, domain: string): boolean => {
  const suffix = `.${domain.toLowerCase().replace(/\.$/, '')}`
  return /^[a-z0-9-]+(?:\.[a-z0-9-]+)*$/i.test(name) && name.toLowerCase().endsWith(suffix)
}

/** A logon that goes no further than the server's challenge (MS-NLMP 2.2.1.2). */
async function askedFor(
  connection: Connection,
  negotiated: Negotiated,
  settings: Settings,
  signal: AbortSignal | undefined,
): Promise<string | undefined> {
  const { mechanisms, names } = namesWith({ user: '', password: '' })
  const offered = mechanisms()
  const initiator = new SpnegoInitiator(offered)
  const first = await firstStep(initiator, negotiated.token)
  if (failed(first) || first.token === undefined) return undefined
  try {
    const call = setupCall(settings.host, settings, { mechanisms: offered }, first.token)
    const { token } = await connection.call({ sessionId: 0n, seals: false }, call, signal)
    await initiator.step(token)
    return names()?.dnsName
  } catch (error) {
    if (error instanceof StatusError) return undefined
    throw error
  }
}
