import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { FsctlCode } from '../../wire/smb2/fsctl.ts'
import type { Conversation, Transaction } from '../model.ts'
import { Recent } from '../recent.ts'

/** A share that fails so soon after a referral was probably its target. */
const SOON_NS = 10e9
const MAX_CLIENTS = 10_000

/** Whether a request asks a namespace (DFS) for the way. MS-DFSC 2.2.2. */
export const isReferral = ({ detail }: Transaction): boolean =>
  detail.kind === 'ioctl' &&
  (detail.controlCode === FsctlCode.DFS_GET_REFERRALS || detail.controlCode === FsctlCode.DFS_GET_REFERRALS_EX)

/** The last referral that each client got. */
export class Referrals {
  readonly #last = new Recent<string, Transaction>(MAX_CLIENTS)

  transaction(transaction: Transaction): void {
    if (isReferral(transaction) && transaction.status === NtStatus.SUCCESS)
      this.#last.set(transaction.conversation.client.address, transaction)
  }

  /** The referral that may have led to a connection. */
  beforeConnection({ client, first }: Conversation): Transaction | undefined {
    const referral = this.#last.get(client.address)
    const sinceNs = first.timeNs - (referral?.response?.last.timeNs ?? Number.POSITIVE_INFINITY)
    return sinceNs >= 0 && sinceNs <= SOON_NS ? referral : undefined
  }

  /** The referral that may have led to a request. */
  before({ conversation, response }: Transaction): Transaction | undefined {
    const referral = this.#last.get(conversation.client.address)
    const since = (response?.last.timeNs ?? 0) - (referral?.response?.last.timeNs ?? Number.NEGATIVE_INFINITY)
    return since <= SOON_NS ? referral : undefined
  }
}
