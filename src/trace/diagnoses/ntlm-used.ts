import { exposureRule } from '../evidence/exposure.ts'
import { serverOf } from '../evidence/names.ts'
import { advise } from '../evidence/rules.ts'

export const ntlmUsed = exposureRule({
  id: 'ntlm-used',
  looksFor: 'Sessions that were logged on by NTLMv2.',
  isExposed: ({ mechanism }) => mechanism?.value === 'NTLMv2',
  tell: (session, users) => ({
    severity: 'note',
    title: `${users} logged on to ${serverOf(session.conversation.server)} by NTLM`,
    cause:
      'NTLM proves to the client nothing about the server, can be relayed where signing is not required, and passwords can be tried on what was captured. Without a domain there is nothing else; with one, Kerberos is better.',
    advice: advise({
      windows: 'Policies "Network security: Restrict NTLM: Audit ..." show what still needs it.',
      samba: 'client use kerberos = required; ntlm auth = disabled where all clients have Kerberos.',
      user: 'Call servers of a domain by their DNS names; a long password where NTLM has to be.',
      smbkit: 'keytab and ntlm: false of the server; --no-ntlm of the client.',
    }),
  }),
})
