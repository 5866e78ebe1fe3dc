import type { Client } from '../../client/api/client.ts'
import type { Observer } from '../../client/api/observe.ts'
import type { ConnectOptions, Credentials } from '../../client/api/options.ts'
import type { Share } from '../../client/api/share.ts'
import { UsageError } from '../report.ts'
import { type Address, displayAddress, type ShareAddress } from './address.ts'
import type { ConnectionOptions } from './connection-options.ts'
import { credentialsFor, ownSources, wantsKerberos } from './credentials.ts'
import { reasonOf } from './reason.ts'

/** Half of the time that a silent server is waited for passes before it is asked for a sign of life. */
const probeShare = 0.5

/** Options of the command line as the client takes them. */
function connectOptions(
  { port, minDialect, maxDialect, signing, encryption, channels, site, timeout }: ConnectionOptions,
  observer: Observer | undefined,
  signal: AbortSignal,
): ConnectOptions {
  const timeoutMs = timeout === undefined ? undefined : timeout * 1000
  return {
    ...(port !== undefined && { port }),
    ...(minDialect !== undefined && { minDialect }),
    ...(maxDialect !== undefined && { maxDialect }),
    ...(signing !== undefined && { signing }),
    ...(encryption !== undefined && { encryption }),
    ...(channels !== undefined && { channels }),
    ...(site !== undefined && { site }),
    ...(observer !== undefined && { observer }),
    ...(timeoutMs !== undefined && {
      limits: {
        connectTimeoutMs: timeoutMs,
        probeAfterMs: timeoutMs * probeShare,
        silenceTimeoutMs: timeoutMs * (1 - probeShare),
        reconnectTimeoutMs: timeoutMs,
      },
    }),
    signal,
  }
}

/** The servers that a command talks to: one client for each, however often it is named. */
export class Servers {
  readonly #options: ConnectionOptions
  readonly #common: ConnectOptions
  readonly #clients = new Map<string, Promise<Client>>()
  readonly #credentials = new Map<string, Promise<Credentials>>()
  /** Of a shell: who it is there. */
  #home: Address | undefined

  constructor(options: ConnectionOptions, observer: Observer | undefined, signal: AbortSignal) {
    this.#options = options
    this.#common = connectOptions(options, observer, signal)
  }

  /** An address on the same server that names no user means the same one from now on. */
  setHome(home: Address): void {
    this.#home = home
  }

  /**
   * Connects, or gives the connection that there is.
   * @throws UsageError: a sentence that begins with the server
   */
  client(named: Address): Promise<Client> {
    const address = this.#withUser(named)
    const key = keyOf(address)
    const known = this.#clients.get(key)
    if (known !== undefined) return known
    const connecting = this.#connect(address)
    this.#clients.set(key, connecting)
    return connecting
  }

  /** @throws UsageError: a sentence that begins with the share */
  async share(address: ShareAddress): Promise<Share> {
    const client = await this.client(address)
    return about({ ...address, path: '' }, client.share(address.share))
  }

  /** Who logs on there; asked for once. */
  credentials(address: Address): Promise<Credentials> {
    const key = keyOf(address)
    let found = this.#credentials.get(key)
    if (found === undefined) {
      found = credentialsFor(address, this.#options)
      this.#credentials.set(key, found)
    }
    return found
  }

  /** What all connections have in common, without who logs on. */
  get common(): ConnectOptions {
    return this.#common
  }

  async close(): Promise<void> {
    for (const connecting of this.#clients.values()) {
      const client = await connecting.catch(() => undefined)
      // What has been done is done: a server that is gone needs no farewell.
      await client?.close().catch(() => undefined)
    }
  }

  #withUser(address: Address): Address {
    const { host, port, user, domain } = this.#home ?? {}
    const isHome = host?.toLowerCase() === address.host.toLowerCase() && port === address.port
    if (!isHome || address.user !== undefined) return address
    return { ...address, ...(user !== undefined && { user }), ...(domain !== undefined && { domain }) }
  }

  async #connect(address: Address): Promise<Client> {
    const credentials = await this.credentials(address)
    const { connect, isAddress, StatusError } = await import('../../client/index.ts')
    const { host, port, path } = address
    const target = { host, ...(port !== undefined && { port }), path }
    const logOn = (given: Credentials): Promise<Client> => connect(target, { ...this.#common, ...given })
    // Tickets that nobody has asked for may be of no use here: then there are passwords.
    const isByChance = !wantsKerberos(this.#options) && credentials.kerberos !== undefined && hasNoSecret(credentials)
    if (!isByChance) return about({ ...address, path: '' }, logOn(credentials), false)
    if (!isAddress(host)) {
      try {
        return await logOn(credentials)
      } catch (error) {
        if (!(error instanceof StatusError)) return about({ ...address, path: '' }, Promise.reject(error), false)
        ownSources.note(`no logon to ${host} by Kerberos: ${error.reason ?? error.statusName}`)
      }
    }
    const asked = credentialsFor(address, this.#options, { ...ownSources, withoutTickets: true })
    this.#credentials.set(keyOf(address), asked)
    return about({ ...address, path: '' }, logOn(await asked), false)
  }
}

const hasNoSecret = ({ password, ntHash, keytab, credentialCache }: Credentials): boolean =>
  [password, ntHash, keytab, credentialCache].every((secret) => secret === undefined)

/** The same user on the same server. */
const keyOf = ({ host, port, user, domain }: Address): string =>
  JSON.stringify([host.toLowerCase(), port, domain, user])

/**
 * Waits for something; if it fails, the error is a sentence that begins with what it was about.
 * @throws UsageError, and what ended by the user's wish as it is
 */
export async function about<T>(address: Address, work: Promise<T>, withShare = true): Promise<T> {
  try {
    return await work
  } catch (error) {
    if (isAbort(error) || error instanceof UsageError) throw error
    const { host, port, path } = address
    const place = withShare ? address : { host, ...(port !== undefined && { port }), path }
    throw new UsageError(`${displayAddress(place)}: ${reasonOf(error)}`, { cause: error })
  }
}

/** Somebody has pressed Ctrl-C. */
export const isAbort = (error: unknown): boolean => error instanceof Error && error.name === 'AbortError'
