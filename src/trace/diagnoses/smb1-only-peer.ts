import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { serverOf } from '../evidence/names.ts'
import { advise, transactionRule } from '../evidence/rules.ts'
import type { Transaction } from '../model.ts'

/** What came of an SMB1 negotiation between one that has SMB1 alone and one that has not. */
function peerOf({ protocol, detail, response, status }: Transaction): 'client' | 'server' | undefined {
  if (detail.kind !== 'negotiate' || protocol !== 'smb1' || response === undefined) return undefined
  const offersSmb2 = detail.dialectNames.some((name) => name.startsWith('SMB 2.'))
  // MS-CIFS 2.2.4.52.2: the index 0xffff says that there is none that the server takes.
  if (detail.chosen === undefined) return status === NtStatus.SUCCESS && !offersSmb2 ? 'client' : undefined
  return offersSmb2 && detail.chosen < 0x0200 ? 'server' : undefined
}

export const smb1OnlyPeer = transactionRule({
  id: 'smb1-only-peer',
  looksFor: 'A client that offers SMB1 alone to a server without it, or a server that has SMB1 alone.',
  sign(transaction) {
    const peer = peerOf(transaction)
    return peer === undefined ? undefined : { key: `${peer} ${transaction.conversation[peer].address}` }
  },
  tell({ first }) {
    const isClient = peerOf(first) === 'client'
    const { client, server } = first.conversation
    return {
      severity: isClient ? 'problem' : 'warning',
      title: isClient
        ? `${client.address} knows SMB1 only, and ${serverOf(server)} has it switched off`
        : `${serverOf(server)} knows SMB1 only`,
      cause: isClient
        ? 'The client offered dialects of SMB1 alone, and the server took none of them. Servers have SMB1 switched off since about 2017.'
        : 'The client offered SMB 2 as well, and the server chose SMB1: it is very old, or SMB 2 is switched off there. SMB1 has no pre-authentication integrity and no sealing, and is slow on long paths.',
      advice: advise({
        user: 'Update the older device: printers, scanners and network disks often have a setting for SMB 2.',
        windows:
          'SMB1 is the feature "SMB 1.0/CIFS File Sharing Support" (Set-SmbServerConfiguration -EnableSMB1Protocol); leave it off where you can.',
        samba: '"server min protocol = NT1" lets such clients in; "client min protocol = NT1" reaches such servers.',
        smbkit: 'smbkit knows SMB 2 and 3 only.',
      }),
    }
  },
})
