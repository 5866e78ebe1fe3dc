/** Who has which file open, as far as the capture shows it. */
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import type { Open, Transaction } from '../model.ts'
import { Recent } from './groups.ts'
import { pathOf } from './names.ts'

const MAX_FILES = 20_000
const MAX_HOLDERS = 16

/** Keeps the opens of each file, by its path. */
export class Holders {
  readonly #files = new Recent<string, Map<Open, Transaction>>(MAX_FILES)
  readonly #holdersOf = new WeakMap<Open, Map<Open, Transaction>>()

  /** Takes note of opens and of what closes them. */
  transaction(transaction: Transaction): void {
    const { detail, status, open } = transaction
    if (open === undefined) return
    if (detail.kind === 'create') {
      if (status === NtStatus.SUCCESS && transaction.path !== undefined) this.#note(transaction, open)
    } else if (detail.kind === 'other' && transaction.commandName === 'CLOSE') this.#holdersOf.get(open)?.delete(open)
  }

  /** The opens of the file that a request meant. */
  of(transaction: Transaction): Transaction[] {
    return [...(this.#files.get(keyOf(transaction))?.values() ?? [])].filter(({ open }) => open !== transaction.open)
  }

  #note(transaction: Transaction, open: Open): void {
    const holders = this.#files.take(keyOf(transaction), () => new Map())
    if (holders.size >= MAX_HOLDERS) return
    holders.set(open, transaction)
    this.#holdersOf.set(open, holders)
  }
}

/** Servers may be called by several names: the address of the server counts. */
const keyOf = (transaction: Transaction): string => {
  const { address } = transaction.conversation.server
  return `${address} ${pathOf(transaction)
    .replace(/^\\\\[^\\]*/, '')
    .toLowerCase()}`
}
