/** Who has which file open, as far as the capture shows it. */
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { Transaction } from '../model.ts'
import { Recent } from './groups.ts'
import { pathOf } from './names.ts'

const MAX_FILES = 20_000
const MAX_HOLDERS = 16

/** Keeps the opens of each file, by its path. */
export class Holders {
  readonly #files = new Recent<string, Map<string, Transaction>>(MAX_FILES)

  /** Takes note of opens and of what closes them. */
  transaction(transaction: Transaction): void {
    const { detail, status, open, commandName } = transaction
    if (open === undefined || transaction.path === undefined) return
    const key = keyOf(transaction)
    const id = `${transaction.conversation.stream} ${open.id}`
    if (detail.kind === 'create' && status === NtStatus.SUCCESS) {
      const holders = this.#files.take(key, () => new Map())
      if (holders.size < MAX_HOLDERS) holders.set(id, transaction)
    } else if (commandName.includes('CLOSE')) this.#files.get(key)?.delete(id)
  }

  /** The opens of the file that a request meant. */
  of(transaction: Transaction): Transaction[] {
    return [...(this.#files.get(keyOf(transaction))?.values() ?? [])].filter(({ open }) => open !== transaction.open)
  }
}

/** Servers may be called by several names: the address of the server counts. */
const keyOf = (transaction: Transaction): string => {
  const { address } = transaction.conversation.server
  return `${address} ${pathOf(transaction)
    .replace(/^\\\\[^\\]*/, '')
    .toLowerCase()}`
}
