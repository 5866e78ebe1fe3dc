import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { Groups } from '../evidence/groups.ts'
import { pathOf, serverOf, statusOf } from '../evidence/names.ts'
import { Referrals } from '../evidence/referrals.ts'
import { advise, findingOf, framesOf } from '../evidence/rules.ts'
import type { Rule, Transaction } from '../model.ts'

const DEAD: readonly (number | undefined)[] = [
  NtStatus.BAD_NETWORK_NAME,
  NtStatus.BAD_NETWORK_PATH,
  NtStatus.DFS_UNAVAILABLE,
  NtStatus.HOST_UNREACHABLE,
]

interface Dead {
  readonly transaction: Transaction
  readonly referral: Transaction | undefined
}

/** Followed links end in a TREE_CONNECT at their target. MS-DFSC 3.1.5.1. */
export const dfsLinkDead: Rule = {
  id: 'dfs-link-dead',
  looksFor: 'Links of a namespace (DFS) whose target does not exist or cannot be reached.',
  start() {
    const groups = new Groups<Dead>()
    const referrals = new Referrals()
    return {
      transaction(transaction) {
        const { detail, status } = transaction
        referrals.transaction(transaction)
        if (status === NtStatus.DFS_UNAVAILABLE)
          groups.of(pathOf(transaction), () => ({ transaction, referral: undefined }))?.add(framesOf(transaction))
        if (detail.kind !== 'tree-connect' || !DEAD.includes(status)) return
        const referral = referrals.before(transaction)
        if (referral === undefined) return
        const frames = [...framesOf(transaction), ...framesOf(referral)]
        groups.of(detail.path.toLowerCase(), () => ({ transaction, referral }))?.add(frames, detail.path)
      },
      findings: () =>
        groups.all().map((group) => {
          const { transaction, referral } = group.first
          const target = transaction.detail.kind === 'tree-connect' ? transaction.detail.path : pathOf(transaction)
          const told = {
            severity: 'problem' as const,
            title: `A link of a namespace leads to ${target}, which is not there`,
            cause: `${referral === undefined ? '' : `A referral of ${serverOf(referral.conversation.server)} (frame ${referral.response?.last.frame ?? '?'}) sent the client on. `}The target answered ${statusOf(transaction)}: its server is gone, or its share was removed or renamed, and the namespace still points to it. Where a link has several targets the client takes the next; with one only the folder cannot be opened.`,
            advice: advise({
              windows:
                'Get-DfsnFolderTarget and Set-DfsnFolderTarget; dfsutil /pktflush on the client forgets old referrals.',
              samba: 'The msdfs:SERVER\\SHARE links in the folder with "msdfs root = yes".',
              smbkit: 'smbkit probe ADDRESS shows where a path leads.',
            }),
          }
          return findingOf('dfs-link-dead', group, told, transaction.conversation)
        }),
    }
  },
}
