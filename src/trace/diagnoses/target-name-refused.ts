import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { dialectName, SMB_3_0 } from '../evidence/dialects.ts'
import { isFailedSetup, isKerberos, mechanismOf } from '../evidence/logon-rule.ts'
import { serverOf, userOf } from '../evidence/names.ts'
import { advise, transactionRule } from '../evidence/rules.ts'

/** A logon that is right and still denied: the server has conditions of its own. MS-SMB2 3.3.5.5.3. */
export const targetNameRefused = transactionRule({
  id: 'target-name-refused',
  looksFor: 'A logon that is denied for how it was made: the name of the server in it, no encryption, nobody.',
  sign: (transaction) =>
    isFailedSetup(transaction) && transaction.status === NtStatus.ACCESS_DENIED && !isKerberos(transaction)
      ? { key: `${userOf(transaction.session)} ${transaction.conversation.server.address}` }
      : undefined,
  tell({ first }) {
    const dialect = first.conversation.dialect?.value
    const isOld = dialect === 'NT1' || (dialect !== undefined && dialect < SMB_3_0)
    const isAnonymous = mechanismOf(first) === 'anonymous'
    const reason = isAnonymous
      ? 'The logon is anonymous, and the server does not let nobody in.'
      : isOld
        ? `The dialect is ${dialectName(dialect ?? 0)}, which cannot be encrypted: a server that requires encryption refuses every logon with it. Otherwise the server checks which name it was called by (target name validation), and it was none of its own.`
        : 'A server that checks which name it was called by (target name validation) refuses aliases, addresses and relayed logons so. A wrong password would be STATUS_LOGON_FAILURE.'
    return {
      // Clients of Windows try as nobody by the way, and go on without.
      severity: isAnonymous ? 'note' : 'problem',
      title: `${serverOf(first.conversation.server)} denies ${userOf(first.session)} the logon (STATUS_ACCESS_DENIED)`,
      cause: `The logon itself (${mechanismOf(first)}) was not called wrong, but denied. ${reason}`,
      advice: advise({
        windows:
          'Policy "Microsoft network server: Server SPN target name validation level" (SmbServerNameHardeningLevel); names that it may be called by: SrvAllowedServerNames. Set-SmbServerConfiguration -EncryptData, -RejectUnencryptedAccess.',
        samba: '"restrict anonymous", "server smb encrypt = required", "server signing = mandatory".',
        smbkit: 'allowAnonymous, encryption: required.',
      }),
    }
  },
})
