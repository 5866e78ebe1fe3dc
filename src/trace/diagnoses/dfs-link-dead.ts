import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { Groups } from '../evidence/groups.ts'
import { pathOf, serverOf, statusOf } from '../evidence/names.ts'
import { Referrals } from '../evidence/referrals.ts'
import { advise, findingOf, framesOf, type Told } from '../evidence/rules.ts'
import type { Conversation, Rule, Transaction } from '../model.ts'

const DEAD: readonly (number | undefined)[] = [
  NtStatus.BAD_NETWORK_NAME,
  NtStatus.BAD_NETWORK_PATH,
  NtStatus.DFS_UNAVAILABLE,
  NtStatus.HOST_UNREACHABLE,
]

interface Dead {
  /** What failed at the target; undefined where nobody is there. */
  readonly transaction: Transaction | undefined
  readonly conversation: Conversation
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
        const { detail, status, conversation } = transaction
        referrals.transaction(transaction)
        if (status === NtStatus.DFS_UNAVAILABLE)
          groups
            .of(pathOf(transaction), () => ({ transaction, conversation, referral: undefined }))
            ?.add(framesOf(transaction))
        if (detail.kind !== 'tree-connect' || !DEAD.includes(status)) return
        const referral = referrals.before(transaction)
        if (referral === undefined) return
        const frames = [...framesOf(transaction), ...framesOf(referral)]
        groups.of(detail.path.toLowerCase(), () => ({ transaction, conversation, referral }))?.add(frames, detail.path)
      },
      conversationEnds(conversation) {
        // Who gets a referral connects to its target next. Nobody is there.
        if (!isVain(conversation)) return
        const referral = referrals.beforeConnection(conversation)
        const isSame =
          referral !== undefined && serverOf(referral.conversation.server) === serverOf(conversation.server)
        if (referral === undefined || isSame) return
        const frames = [conversation.end?.at.frame, conversation.first.frame, ...framesOf(referral)]
        groups
          .of(serverOf(conversation.server), () => ({ transaction: undefined, conversation, referral }))
          ?.add(frames)
      },
      findings: () =>
        groups.all().map((group) => findingOf('dfs-link-dead', group, tell(group.first), group.first.conversation)),
    }
  },
}

/** A connection that was refused, or never answered. */
const isVain = ({ hasBeginning, fromClient, fromServer, end }: Conversation): boolean =>
  hasBeginning &&
  fromClient.bytes === 0 &&
  fromServer.bytes === 0 &&
  (fromServer.segments === 0 || (end?.how === 'reset' && end.by === 'server'))

function tell({ transaction, conversation, referral }: Dead): Told {
  const target =
    transaction === undefined
      ? serverOf(conversation.server)
      : transaction.detail.kind === 'tree-connect'
        ? transaction.detail.path
        : pathOf(transaction)
  const sent =
    referral === undefined
      ? ''
      : `A referral of ${serverOf(referral.conversation.server)} (frame ${referral.response?.last.frame ?? '?'}) sent the client on. `
  const met =
    transaction === undefined
      ? `At the target nobody ${conversation.fromServer.segments === 0 ? 'answers' : 'takes connections'}: its server is off, gone, or behind a firewall`
      : `The target answered ${statusOf(transaction)}: its server is gone, or its share was removed or renamed`
  return {
    severity: 'problem',
    title: `A link of a namespace leads to ${target}, which is not there`,
    cause: `${sent}${met}, and the namespace still points to it. Where a link has several targets the client takes the next; with one only the folder cannot be opened.`,
    advice: advise({
      windows: 'Get-DfsnFolderTarget and Set-DfsnFolderTarget; dfsutil /pktflush on the client forgets old referrals.',
      samba: 'The msdfs:SERVER\\SHARE links in the folder with "msdfs root = yes".',
      smbkit: 'dfs of a share has its links; smbkit probe ADDRESS shows where a path leads.',
    }),
  }
}
