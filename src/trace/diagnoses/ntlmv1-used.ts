import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { mechanismOf } from '../evidence/logon-rule.ts'
import { serverOf, userOf } from '../evidence/names.ts'
import { advise, transactionRule } from '../evidence/rules.ts'

export const ntlmv1Used = transactionRule({
  id: 'ntlmv1-used',
  looksFor: 'A logon by NTLMv1 or LM that works.',
  sign: (transaction) =>
    transaction.detail.kind === 'session-setup' &&
    transaction.status === NtStatus.SUCCESS &&
    /NTLMv1|^LM$/.test(mechanismOf(transaction))
      ? { key: `${userOf(transaction.session)} ${transaction.conversation.server.address}` }
      : undefined,
  tell: ({ first }) => ({
    severity: 'warning',
    title: `${userOf(first.session)} logged on to ${serverOf(first.conversation.server)} by ${mechanismOf(first)}`,
    cause:
      'NTLMv1 and LM rest on DES: from what this capture holds, the hash of the password can be computed within a day, and it does for logging on as the user. The server should not take it, and the client should not send it.',
    advice: advise({
      windows:
        'Policy "Network security: LAN Manager authentication level" = "Send NTLMv2 response only. Refuse LM & NTLM" (LmCompatibilityLevel 5).',
      samba: '"ntlm auth = ntlmv2-only" on the server, "client ntlmv2 auth = yes" on the client.',
      smbkit: 'lmLevel: 5 (the default) of the server takes NTLMv2 only; --lm-level of the client.',
    }),
  }),
})
