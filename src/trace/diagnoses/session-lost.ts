import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { serverOf, userOf } from '../evidence/names.ts'
import { advise, transactionRule } from '../evidence/rules.ts'

export const sessionLost = transactionRule({
  id: 'session-lost',
  looksFor: 'A session that the server ended, or does not know, in the middle of work.',
  // After its own LOGOFF a client has nothing to expect.
  sign: ({ status, commandName, conversation, session }) =>
    status === NtStatus.USER_SESSION_DELETED && commandName !== 'LOGOFF' && commandName !== 'TREE_DISCONNECT'
      ? { key: `${conversation.client.address} ${conversation.server.address}`, name: userOf(session) }
      : undefined,
  tell: ({ first, count }) => ({
    severity: 'warning',
    title: `${serverOf(first.conversation.server)} does not know a session of ${first.conversation.client.address} any more`,
    cause: `${count === 1 ? 'A request was' : `${count} requests were`} answered with STATUS_USER_SESSION_DELETED (the first is ${first.commandName}). An administrator has closed the session, the server was started again, the client logged on again elsewhere and took the old session's place, or a load balancer sent the connection to a server that never knew it. Clients log on again by themselves; files that were open without a durable handle are lost.`,
    advice: advise({
      windows:
        'Get-SmbSession; Close-SmbSession ends sessions; AutoDisconnectTimeout closes idle ones (15 minutes). The log SMBServer/Operational tells.',
      samba: '"deadtime" closes idle connections; smbcontrol close-share, smbstatus.',
      smbkit: 'limits: idleTimeoutMs; smbkit status shows the sessions.',
      network: 'A load balancer has to send one client to one server.',
    }),
  }),
})
