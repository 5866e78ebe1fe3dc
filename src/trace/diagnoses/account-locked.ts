import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { logonRule } from '../evidence/logon-rule.ts'
import { advise } from '../evidence/rules.ts'

export const accountLocked = logonRule({
  id: 'account-locked',
  looksFor: 'A logon with an account that is locked after too many wrong passwords.',
  statuses: [NtStatus.ACCOUNT_LOCKED_OUT],
  title: 'was refused: the account is locked out',
  cause:
    'Too many wrong passwords in a row have locked the account, and while it is locked the right one does not help either. Mostly a device or service still uses an old password; as long as it does, the account is locked again and again.',
  advice: advise({
    windows:
      'Unlock-ADAccount; event 4740 on the domain controller names the computer that sent the wrong ones. Policy "Account lockout threshold".',
    samba: 'pdbedit -u NAME -c "[]" -z or samba-tool user unlock NAME; samba-tool domain passwordsettings.',
    user: 'Look for stored passwords: services, tasks, phones, drive letters.',
    smbkit: 'smbkit user unlock NAME; lockout in the config file says how many wrong passwords are too many.',
  }),
})
