import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { mechanismOf } from '../evidence/logon-rule.ts'
import { isAddress, serverIn, userOf } from '../evidence/names.ts'
import { advise, transactionRule } from '../evidence/rules.ts'

/** A session has no name of the server in it; its first share has. */
export const ipAddressNtlm = transactionRule({
  id: 'ip-address-ntlm',
  looksFor: 'A server that was called by its IP address, so that NTLM was used and not Kerberos.',
  sign(transaction) {
    const { detail, status, session, conversation } = transaction
    if (detail.kind !== 'tree-connect' || status !== NtStatus.SUCCESS || session === undefined) return undefined
    const server = serverIn(detail.path)
    // WORKGROUP is what computers say that are in no domain.
    const isDomain =
      !['', 'WORKGROUP'].includes(session.domain?.value.toUpperCase() ?? '') ||
      session.user?.value.includes('@') === true
    return isAddress(server) && isDomain && mechanismOf(transaction).startsWith('NTLM')
      ? { key: `${conversation.client.address} ${server}`, name: userOf(session) }
      : undefined
  },
  tell: ({ first, count }) => {
    const server = first.detail.kind === 'tree-connect' ? serverIn(first.detail.path) : ''
    return {
      severity: 'note',
      title: `${first.conversation.client.address} calls the server by its address ${server}, so NTLM is used`,
      cause: `Kerberos needs the name of the server, and an IP address is registered for no service; so the client does not even ask for a ticket and logs on by NTLM (${userOf(first.session)}${count > 1 ? `, ${count} shares` : ''}). In a domain that is slower, weaker, and fails where NTLM is forbidden. On a server without a domain it is as it should be.`,
      advice: advise({
        user: 'Call the server by its DNS name.',
        windows:
          'The registry value TryIPSPN of the client, with setspn -S cifs/ADDRESS SERVER, makes Kerberos work with addresses.',
        samba: 'Put names, not addresses, into scripts and mounts.',
        smbkit:
          'smbkit asks for tickets only where a server has a name: use it in the address; hostNames are those that smbkit serve goes by.',
      }),
    }
  },
})
