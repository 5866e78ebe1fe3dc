import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { logonRule } from '../evidence/logon-rule.ts'
import { advise } from '../evidence/rules.ts'

export const workstationRefused = logonRule({
  id: 'workstation-refused',
  looksFor: 'A logon from a computer that is not allowed.',
  statuses: [NtStatus.INVALID_WORKSTATION],
  title: 'was refused: not from this computer',
  cause:
    'The account may be used from certain computers only, and the client gave a name that is none of them. The name is what the client says in NTLM.',
  advice: advise({
    windows: '"Log On To" of the account (userWorkstations).',
    samba: 'pdbedit -v shows "Workstations".',
    smbkit: 'smbkit user set NAME --workstations PC1,PC2; an empty list allows all.',
  }),
})
