import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { Groups } from '../evidence/groups.ts'
import { serverOf } from '../evidence/names.ts'
import { advise, findingOf, framesOf, type Told } from '../evidence/rules.ts'
import type { Conversation, Rule, Transaction } from '../model.ts'
import { Recent } from '../recent.ts'

/** The lowest number of a dialect of SMB2; what is chosen in SMB1 is an index. MS-SMB2 2.2.4. */
const LOWEST_SMB2 = 0x0200
const MAX_KEPT = 10_000

const offersSmb2 = ({ detail }: Transaction): boolean =>
  detail.kind === 'negotiate' && detail.dialectNames.some((name) => name.startsWith('SMB 2.'))

/** Who of the two knows SMB1 only, in a negotiation of SMB1 that was answered. */
function peerOf(negotiate: Transaction): 'client' | 'server' | undefined {
  const { detail, status } = negotiate
  if (detail.kind !== 'negotiate') return undefined
  // MS-CIFS 2.2.4.52.2: the index 0xffff says that there is none that the server takes.
  if (detail.chosen === undefined) return status === NtStatus.SUCCESS && !offersSmb2(negotiate) ? 'client' : undefined
  return offersSmb2(negotiate) && detail.chosen < LOWEST_SMB2 ? 'server' : undefined
}

const pairOf = ({ client, server }: Conversation): string => `${client.address} ${server.address}`

export const smb1OnlyPeer: Rule = {
  id: 'smb1-only-peer',
  looksFor: 'A client that offers SMB1 alone to a server without it, or a server that has SMB1 alone.',
  start() {
    const groups = new Groups<{ readonly negotiate: Transaction; readonly peer: 'client' | 'server' }>()
    const unanswered = new Recent<Conversation, Transaction>(MAX_KEPT)
    /** Clients that have SMB 2, too, and the servers that they use it with. */
    const modern = new Recent<string, true>(MAX_KEPT)
    const note = (peer: 'client' | 'server', negotiate: Transaction, more: readonly number[] = []): void => {
      const key = `${peer} ${pairOf(negotiate.conversation)}`
      groups.of(key, () => ({ negotiate, peer }))?.add([...framesOf(negotiate), ...more])
    }
    return {
      transaction(transaction) {
        const { detail, protocol, response, conversation } = transaction
        if (detail.kind !== 'negotiate') return
        if (protocol === 'smb2') modern.set(pairOf(conversation), true)
        else if (response === undefined) unanswered.set(conversation, transaction)
        else {
          const peer = peerOf(transaction)
          if (peer !== undefined) note(peer, transaction)
        }
      },
      conversationEnds(conversation) {
        // Windows without SMB1 hangs up.
        const negotiate = unanswered.get(conversation)
        unanswered.delete(conversation)
        const { end, fromServer } = conversation
        if (negotiate === undefined || offersSmb2(negotiate) || end?.by !== 'server' || fromServer.bytes > 0) return
        note('client', negotiate, [end.at.frame])
      },
      findings: () =>
        groups.all().map((group) => {
          const { negotiate, peer } = group.first
          const isHarmless = peer === 'client' && modern.get(pairOf(negotiate.conversation)) === true
          return findingOf('smb1-only-peer', group, tell(negotiate, peer, isHarmless), negotiate.conversation)
        }),
    }
  },
}

function tell({ conversation, response }: Transaction, peer: 'client' | 'server', isHarmless: boolean): Told {
  const { client, server } = conversation
  const isClient = peer === 'client'
  const hungUp = response === undefined ? 'hung up' : 'took none of them'
  return {
    severity: isHarmless ? 'note' : isClient ? 'problem' : 'warning',
    title: isHarmless
      ? `${client.address} tried SMB1 first, which ${serverOf(server)} has switched off`
      : isClient
        ? `${client.address} offers SMB1 only, and ${serverOf(server)} has it switched off`
        : `${serverOf(server)} knows SMB1 only`,
    cause: isClient
      ? `The client offered dialects of SMB1 alone, and the server ${hungUp}. Servers have SMB1 switched off since about 2017.${isHarmless ? ' The client then used SMB 2 or 3.' : ''}`
      : 'The client offered SMB 2 as well, and the server chose SMB1: it is very old, or SMB 2 is switched off there. SMB1 has no pre-authentication integrity and no sealing, and is slow on long paths.',
    advice: advise({
      user: 'Update the older device: printers, scanners and network disks often have a setting for SMB 2.',
      windows:
        'SMB1 is the feature "SMB 1.0/CIFS File Sharing Support" (Set-SmbServerConfiguration -EnableSMB1Protocol); leave it off where you can.',
      samba: '"server min protocol = NT1" lets such clients in; "client min protocol = NT1" reaches such servers.',
      smbkit:
        'smb1: true serves such clients; the client reaches such servers as smb1 with dialects: NT1 in a program.',
    }),
  }
}
