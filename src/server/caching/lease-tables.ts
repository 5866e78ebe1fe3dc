import type { Lease } from './lease.ts'

/** The leases of all clients (MS-SMB2 3.3.1.5: GlobalLeaseTableList). A lease is there as long as it has opens. */
export class LeaseTables {
  readonly #tables = new Map<string, Map<string, Lease>>()

  find(clientGuid: string, key: string): Lease | undefined {
    return this.#tables.get(clientGuid)?.get(key)
  }

  add(lease: Lease): void {
    let table = this.#tables.get(lease.clientGuid)
    if (table === undefined) {
      table = new Map()
      this.#tables.set(lease.clientGuid, table)
    }
    table.set(lease.key, lease)
  }

  remove(lease: Lease): void {
    const table = this.#tables.get(lease.clientGuid)
    if (table?.get(lease.key) === lease) table.delete(lease.key)
    if (table?.size === 0) this.#tables.delete(lease.clientGuid)
  }

  get size(): number {
    let size = 0
    for (const table of this.#tables.values()) size += table.size
    return size
  }
}
