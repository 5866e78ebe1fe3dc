import { serverOf } from '../evidence/names.ts'
import { advise, conversationRule } from '../evidence/rules.ts'

const SMB_PORTS = [445, 139]

export const connectionRefused = conversationRule<undefined>({
  id: 'connection-refused',
  looksFor: 'A server that refuses connections, or does not answer them at all.',
  state: () => undefined,
  ended(conversation) {
    const { fromClient, fromServer, server, hasBeginning, end } = conversation
    if (!SMB_PORTS.includes(server.port) && conversation.protocol !== 'smb') return undefined
    if (!hasBeginning || fromClient.bytes > 0 || fromServer.bytes > 0) return undefined
    const isRefused = end?.how === 'reset' && end.by === 'server'
    if (!isRefused && fromServer.segments > 0) return undefined
    const key = `${isRefused} ${conversation.client.address} ${server.address} ${server.port}`
    return { key, frames: [end?.at.frame, conversation.first.frame] }
  },
  tell({ first: { conversation }, count }) {
    const isRefused = conversation.end?.how === 'reset'
    const { client, server } = conversation
    return {
      severity: 'problem',
      title: isRefused
        ? `${server.address} refuses connections to port ${server.port}`
        : `${serverOf(server)} does not answer ${client.address}`,
      cause: isRefused
        ? `The first packet of ${client.address} (SYN) was answered with a reset, ${count === 1 ? 'once' : `${count} times`}: the computer is there, but nothing listens on port ${server.port}, or a firewall answers for it. Windows shows error 53, 67 or 1225.`
        : `The first packets of the client (SYN) were not answered: the computer is off or has another address, or a firewall throws them away. Windows shows error 53 after a long wait.`,
      advice: advise({
        windows:
          'Start the service "Server" (LanmanServer); let "File and Printer Sharing" through the firewall; Test-NetConnection SERVER -Port 445 from the client.',
        samba: 'systemctl status smbd; "smb ports", "interfaces" and "bind interfaces only".',
        smbkit: 'host and port: smbkit serve listens on the loopback address and an own port unless told otherwise.',
        network: 'nslookup of the name; firewalls between; many providers block port 445.',
      }),
    }
  },
})
