import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { logonRule } from '../evidence/logon-rule.ts'
import { advise } from '../evidence/rules.ts'

export const ntlmBlocked = logonRule({
  id: 'ntlm-blocked',
  looksFor: 'A logon by NTLM where NTLM, or the account across a trust, is not allowed.',
  statuses: [NtStatus.NTLM_BLOCKED, NtStatus.AUTHENTICATION_FIREWALL_FAILED],
  title: 'was refused: NTLM, or this account, is not allowed here',
  cause: 'A policy forbids NTLM, or the trust between the domains allows chosen servers only.',
  advice: advise({
    user: 'Call the server by its DNS name, so that Kerberos is used.',
    windows:
      'Policies "Network security: Restrict NTLM: ..." and their lists of exceptions; "Allowed to Authenticate" on the computer account for selective authentication.',
    samba: '"ntlm auth" of the server: disabled is what refuses it.',
    smbkit: 'ntlm: false of the server forbids it; --kerberos required of the client spares the attempt.',
  }),
})
