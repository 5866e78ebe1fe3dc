import type { KerberosExchange, Observer } from '../model.ts'
import type { CachingRecord } from './caching.ts'
import { SessionGroup, type TransactionRecord } from './records.ts'
import { SharedFiles } from './shared-files.ts'

/** Most tickets of which it is known who got them. */
const maxTickets = 4096
/** Most sessions of which the channels are known. */
const maxGroups = 65_536

/** Most leases that are known. */
const maxLeases = 65_536

/** What all conversations of a capture share. */
export class CaptureState {
  readonly #observers: readonly Observer[]
  readonly #originNs: () => bigint
  /** By client and service. */
  readonly #tickets = new Map<string, KerberosExchange>()
  /** Who got the latest ticket-granting ticket, by the client's address. */
  readonly #askers = new Map<string, string>()
  readonly #groups = new Map<string, SessionGroup>()
  /** By server, client and key: clients choose the keys themselves. */
  readonly #leases = new Map<string, CachingRecord>()
  readonly files = new SharedFiles()
  #transactions = 0

  constructor(observers: readonly Observer[], originNs: () => bigint) {
    this.#observers = observers.filter((observer) => observer.transaction !== undefined)
    this.#originNs = originNs
  }

  /** Nanoseconds since 1970 of the first frame. */
  get originNs(): bigint {
    return this.#originNs()
  }

  nextTransactionId(): number {
    return ++this.#transactions
  }

  /** The channels of a session know the same trees and opens. */
  group(server: string, low: number, high: number): SessionGroup {
    const key = `${server} ${low} ${high}`
    let group = this.#groups.get(key)
    if (group === undefined) {
      group = new SessionGroup()
      if (this.#groups.size >= maxGroups) this.#groups.clear()
      this.#groups.set(key, group)
    }
    return group
  }

  lease(holder: string, key: string): CachingRecord | undefined {
    return this.#leases.get(`${holder} ${key}`)
  }

  keepLease(holder: string, key: string, lease: CachingRecord): void {
    if (this.#leases.size >= maxLeases) this.#leases.clear()
    this.#leases.set(`${holder} ${key}`, lease)
  }

  forgetLease(holder: string, key: string): void {
    this.#leases.delete(`${holder} ${key}`)
  }

  tell(transaction: TransactionRecord): void {
    for (const observer of this.#observers) observer.transaction?.(transaction)
  }

  /** The exchange by which a client, an address, got its latest ticket for a service. */
  ticket(client: string, serviceName: string): KerberosExchange | undefined {
    return this.#tickets.get(`${client} ${serviceName}`)
  }

  /** Who got the latest ticket-granting ticket at an address. */
  asker(client: string): string | undefined {
    return this.#askers.get(client)
  }

  /** Remembers who was given a ticket. */
  exchanged(exchange: KerberosExchange): void {
    const { kind, client, clientName, serviceName } = exchange
    if (exchange.ticketEncryption === undefined) return
    if (kind === 'AS' && clientName !== undefined) put(this.#askers, client.address, clientName)
    if (kind === 'TGS' && serviceName !== undefined) put(this.#tickets, `${client.address} ${serviceName}`, exchange)
  }
}

function put<T>(map: Map<string, T>, key: string, value: T): void {
  if (map.size >= maxTickets) map.clear()
  map.set(key, value)
}
