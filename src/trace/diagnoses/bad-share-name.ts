import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { serverIn, serverOf, shareIn, userOf } from '../evidence/names.ts'
import { advise, transactionRule } from '../evidence/rules.ts'

export const badShareName = transactionRule({
  id: 'bad-share-name',
  looksFor: 'A share that the server does not have.',
  sign: ({ detail, status, conversation }) =>
    detail.kind === 'tree-connect' && status === NtStatus.BAD_NETWORK_NAME
      ? { key: `${detail.path.toLowerCase()} ${conversation.server.address}`, name: detail.path }
      : undefined,
  tell({ first }) {
    const path = first.detail.kind === 'tree-connect' ? first.detail.path : ''
    return {
      severity: 'problem',
      title: `${serverOf(first.conversation.server)} has no share ${shareIn(path)}`,
      cause: `${userOf(first.session)} asked for ${path}, and the server answered STATUS_BAD_NETWORK_NAME (Windows: "System error 67"). The name is spelled otherwise, the share was removed or its folder is missing, the alias ${serverIn(path)} leads to another server than thought, or a link of a namespace (DFS) still points to it.`,
      advice: advise({
        user: 'net view \\\\SERVER /all or smbkit shares SERVER lists what there is.',
        windows: 'Get-SmbShare on the server; aliases of clusters and DisableStrictNameChecking.',
        samba: 'testparm -s shows the shares; a path that does not exist looks like a share that does not.',
        smbkit: 'shares in the config file.',
      }),
    }
  },
})
