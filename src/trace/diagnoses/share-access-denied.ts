import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { dialectName, SMB_3_0 } from '../evidence/dialects.ts'
import { userOf } from '../evidence/names.ts'
import { advise, transactionRule } from '../evidence/rules.ts'

export const shareAccessDenied = transactionRule({
  id: 'share-access-denied',
  looksFor: 'A share that the user is not let into.',
  // What was changed on the way is denied whatever the rights are.
  sign: ({ detail, status, session, requestSignature }) =>
    detail.kind === 'tree-connect' &&
    requestSignature !== 'wrong' &&
    (status === NtStatus.ACCESS_DENIED || status === NtStatus.NETWORK_ACCESS_DENIED)
      ? { key: `${detail.path.toLowerCase()} ${userOf(session)}`, name: detail.path }
      : undefined,
  tell({ first }) {
    const path = first.detail.kind === 'tree-connect' ? first.detail.path : ''
    const dialect = first.conversation.dialect?.value
    const isOld = dialect === 'NT1' || (dialect !== undefined && dialect < SMB_3_0)
    const old = isOld
      ? ` The dialect here is SMB ${dialectName(dialect ?? 0)}, which cannot be encrypted: if the share, or the server, requires encryption, that alone is the reason, and no right will help.`
      : ''
    return {
      severity: 'problem',
      title: `${userOf(first.session)} is not let into ${path}`,
      cause: `The logon worked, and the server denied the share itself (TREE_CONNECT): its own list of rights, which is asked before those of its files, does not name the user or one of the groups.${old}`,
      advice: advise({
        windows: `Get-SmbShareAccess and Grant-SmbShareAccess; administrative shares (C$) want an administrator, and LocalAccountTokenFilterPolicy for local ones. Get-SmbShare ... EncryptData shows whether it has to be encrypted.`,
        samba:
          '"valid users", "invalid users", "hosts allow"; "server smb encrypt" of the share; the rights of its folder.',
        smbkit: 'users and encryption of the share.',
        user: isOld
          ? 'Use SMB 3.0 or later on the client ("client max protocol", -m SMB3).'
          : 'Ask who owns the share, or log on as somebody else.',
      }),
    }
  },
})
