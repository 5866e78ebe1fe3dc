import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { serverOf, shareOf } from '../evidence/names.ts'
import { advise, transactionRule } from '../evidence/rules.ts'

/** What comes while a client closes down, and is answered so without harm. */
const CLOSING = /CLOSE|TREE_DISCONNECT|TREE_DISC|LOGOFF|CANCEL|NOTIFY|NEGOTIATE|SESSION_SETUP/

export const shareGone = transactionRule({
  id: 'share-gone',
  looksFor: 'A share that went away in the middle of work.',
  sign: (transaction) =>
    transaction.status === NtStatus.NETWORK_NAME_DELETED && !CLOSING.test(transaction.commandName)
      ? { key: `${shareOf(transaction)} ${transaction.conversation.client.address}` }
      : undefined,
  tell: ({ first, count }) => ({
    severity: 'warning',
    title: `${shareOf(first)} went away while ${first.conversation.client.address} worked with it`,
    cause: `${count === 1 ? 'A request was' : `${count} requests were`} answered with STATUS_NETWORK_NAME_DELETED (the first is ${first.commandName}): the share is not connected any more. It was removed or changed on ${serverOf(first.conversation.server)}, its disk was taken away, a cluster moved it, or the client used a tree that it had disconnected itself.`,
    advice: advise({
      windows: 'Get-SmbShare; the log SMBServer/Operational; cluster events.',
      samba: 'smbcontrol close-share and a changed smb.conf do it.',
      smbkit: 'The log of smbkit serve.',
    }),
  }),
})
