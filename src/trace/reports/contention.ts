import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { durationOf, pathOf } from '../evidence/names.ts'
import type { Observer, Transaction } from '../model.ts'
import { holderText } from './list.ts'

/** A LOCK that took longer than this has waited for another one. */
const MIN_LOCK_WAIT_NS = 100e6

/** How often something stood in the way, and the worst of it. */
export class Waits {
  count = 0
  totalNs = 0
  /** The one that waited longest; of those that were refused, the first. */
  worst: Transaction | undefined
  #worstNs = -1

  add(transaction: Transaction, ns = 0): void {
    this.count++
    this.totalNs += ns
    if (ns <= this.#worstNs) return
    this.#worstNs = ns
    this.worst = transaction
  }
}

/** What requests had to wait for, or were refused for, because of others: locks, files in use, credits. */
export class Contention implements Observer {
  readonly lockWaits = new Waits()
  readonly lockRefusals = new Waits()
  readonly sharingViolations = new Waits()
  readonly creditWaits = new Waits()

  transaction(transaction: Transaction): void {
    const { status, time, detail, interim } = transaction
    if (time.creditWaitNs !== undefined && time.creditWaitNs > 0) this.creditWaits.add(transaction, time.creditWaitNs)
    if (status === NtStatus.SHARING_VIOLATION) this.sharingViolations.add(transaction)
    else if (status === NtStatus.LOCK_NOT_GRANTED || status === NtStatus.FILE_LOCK_CONFLICT)
      this.lockRefusals.add(transaction)
    else if (detail.kind === 'lock') {
      const ns = time.responseNs ?? 0
      if (interim !== undefined || ns >= MIN_LOCK_WAIT_NS) this.lockWaits.add(transaction, ns)
    }
  }
}

/** A line for each kind that there was. */
export function contentionLines({ lockWaits, lockRefusals, sharingViolations, creditWaits }: Contention): string[] {
  const lines: string[] = []
  if (lockWaits.count > 0)
    lines.push(
      `Waits for locks: ${lockWaits.count}, ${durationOf(lockWaits.totalNs)} in all; the longest ${worstText(lockWaits)}.`,
    )
  if (lockRefusals.count > 0)
    lines.push(`Refused because of locks: ${lockRefusals.count}, first ${worstText(lockRefusals)}.`)
  if (sharingViolations.count > 0)
    lines.push(`Refused because a file is in use: ${sharingViolations.count}, first ${worstText(sharingViolations)}.`)
  if (creditWaits.count > 0)
    lines.push(
      `Waits for credits: ${creditWaits.count}, ${durationOf(creditWaits.totalNs)} in all; the longest before frame ${creditWaits.worst?.request?.last.frame ?? '?'}.`,
    )
  return lines
}

/** Where it was, and who was in the way. */
function worstText({ worst }: Waits): string {
  if (worst === undefined) return 'unknown'
  const [holder] = worst.heldBy
  const who = holder === undefined ? 'by whom was not captured' : `held by ${holderText(holder)}`
  return `at frame ${worst.request?.last.frame ?? worst.response?.last.frame ?? '?'}, ${pathOf(worst)}, ${who}`
}
