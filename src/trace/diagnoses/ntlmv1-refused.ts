import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { logonRule, mechanismOf } from '../evidence/logon-rule.ts'
import { advise } from '../evidence/rules.ts'

export const ntlmv1Refused = logonRule({
  id: 'ntlmv1-refused',
  looksFor: 'A logon by NTLMv1 or LM that is refused.',
  statuses: [NtStatus.LOGON_FAILURE, NtStatus.WRONG_PASSWORD, NtStatus.NTLM_BLOCKED],
  isMine: (setup) => /NTLMv1|^LM$/.test(mechanismOf(setup)),
  title: 'was refused: the client sent NTLMv1, which the server probably does not take',
  cause:
    'The client answered the challenge with NTLMv1 (24 bytes). Servers of today take NTLMv2 alone and then say "wrong password", although the password may be right.',
  advice: advise({
    windows:
      'Policy "Network security: LAN Manager authentication level": "Send NTLMv2 response only" on the client (LmCompatibilityLevel 3 or more; 5 on a server refuses NTLMv1).',
    samba: '"client ntlmv2 auth = yes" on the client; "ntlm auth = ntlmv2-only" is what refuses it on the server.',
    smbkit: 'lmLevel of the server (5 takes NTLMv2 only); --lm-level of the client (5 sends nothing else).',
  }),
})
