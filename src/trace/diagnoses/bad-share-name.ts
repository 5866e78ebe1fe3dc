import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { Groups } from '../evidence/groups.ts'
import { serverIn, serverOf, shareIn, userOf } from '../evidence/names.ts'
import { Referrals } from '../evidence/referrals.ts'
import { advise, findingOf, framesOf, type Told } from '../evidence/rules.ts'
import type { Rule, Transaction } from '../model.ts'

export const badShareName: Rule = {
  id: 'bad-share-name',
  looksFor: 'A share that the server does not have.',
  start() {
    const groups = new Groups<Transaction>()
    const referrals = new Referrals()
    return {
      transaction(transaction) {
        const { detail, status, conversation } = transaction
        referrals.transaction(transaction)
        if (detail.kind !== 'tree-connect' || status !== NtStatus.BAD_NETWORK_NAME) return
        // Where a referral led there, it is the namespace that is wrong.
        if (referrals.before(transaction) !== undefined) return
        const key = `${detail.path.toLowerCase()} ${conversation.server.address}`
        groups.of(key, () => transaction)?.add(framesOf(transaction), detail.path)
      },
      findings: () =>
        groups.all().map((group) => findingOf('bad-share-name', group, tell(group.first), group.first.conversation)),
    }
  },
}

function tell({ detail, conversation, session }: Transaction): Told {
  const path = detail.kind === 'tree-connect' ? detail.path : ''
  return {
    severity: 'problem',
    title: `${serverOf(conversation.server)} has no share ${shareIn(path)}`,
    cause: `${userOf(session)} asked for ${path}, and the server answered STATUS_BAD_NETWORK_NAME (Windows: "System error 67"). The name is spelled otherwise, the share was removed or its folder is missing, or the alias ${serverIn(path)} leads to another server than thought.`,
    advice: advise({
      user: 'net view \\\\SERVER /all or smbkit shares SERVER lists what there is.',
      windows: 'Get-SmbShare on the server; aliases of clusters and DisableStrictNameChecking.',
      samba: 'testparm -s shows the shares; a path that does not exist looks like a share that does not.',
      smbkit: 'shares in the config file.',
    }),
  }
}
