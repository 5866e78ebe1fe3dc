/** How Wireshark calls the fields of our declarations. What is not here has no name there, or nobody asks for it. */
import type { FieldNode } from '../../wire/schema/index.ts'
import type { Names } from './names.ts'
import {
  browser,
  datagram,
  dcerpc,
  kerberos,
  kerberosElements,
  nameService,
  ntlmssp,
  ntlmsspNegotiate,
  sessionPacket,
  smb1,
  smb1Trans2,
  spnego,
} from './other-names.ts'
import { byStructure, commonToBodies } from './smb2-names.ts'

/** In requests: what the client asks for stands where answers say what is granted. MS-SMB2 2.2.1.2. */
const inRequests: Names = {
  'smb2.credits.granted': 'smb2.credits.requested',
  'smb2.nt_status': 'smb2.channel_sequence',
}

/** QUERY_INFO and SET_INFO: what the class means depends on the type of information. MS-SMB2 2.2.37. */
export const classNames: Readonly<Record<number, string>> = {
  1: 'smb2.file_info.infolevel',
  2: 'smb2.fs_info.infolevel',
  3: 'smb2.sec_info.infolevel',
  4: 'smb2.quota_info.infolevel',
}

/** All names that the tables have. */
export const allNames: readonly string[] = [
  ...[
    commonToBodies,
    ...Object.values(byStructure),
    ntlmssp,
    ntlmsspNegotiate,
    spnego,
    kerberos,
    dcerpc,
    sessionPacket,
  ],
  kerberosElements,
  classNames,
].flatMap((names) => Object.values(names))

/** The protocol that a structure belongs to, where it is one of its own in Wireshark. */
export function protocolOf(path: string): string | undefined {
  if (path.startsWith('SMB')) return undefined
  if (path === 'Browser') return 'browser'
  if (path.startsWith('NTLMSSP')) return 'ntlmssp'
  if (path.startsWith('SPNEGO')) return 'spnego'
  if (path.startsWith('GSS Kerberos') || /^(?:AS|TGS|AP|KRB)-/.test(path)) return 'kerberos'
  return undefined
}

/** Wireshark's name of a node, which stands below those named by `parents`; undefined where it has none. */
export function wiresharkName(node: FieldNode, fromServer: boolean, parents: readonly FieldNode[]): string | undefined {
  const { label, path } = node
  const parent = parents.at(-1)
  const structure = path.slice(0, path.length - label.length - 1)
  const own = byStructure[structure]?.[label]
  if (own !== undefined) return fromServer ? own : (inRequests[own] ?? own)
  // The list of what a client asks for is named by its elements.
  if (label === 'etype' && Array.isArray(node.value)) return undefined
  if (label === 'channelSequence') return 'smb2.channel_sequence'
  if (label === 'fileInfoClass') return classNames[typeOf(parent)]
  if (structure.startsWith('SMB2 ')) return commonToBodies[label]
  if (structure === 'SMB1 header' && label === 'flags') return 'smb.flags'
  if (parent?.label.startsWith('TRANS2_FIND') === true && label === 'informationLevel') return 'smb.ff2_loi'
  if (parent?.label.startsWith('TRANS2_') === true) return smb1Trans2[label]
  if (structure.startsWith('SMB1 ')) return isElsewhere(label, parent) ? undefined : smb1[label]
  if (structure.startsWith('NTLMSSP NEGOTIATE')) return ntlmsspNegotiate[label] ?? ntlmssp[label]
  if (structure.startsWith('NTLMSSP')) return ntlmssp[label]
  if (structure === 'SPNEGO') return spnego[label]
  if (structure.startsWith('NetBIOS session')) return sessionPacket[label]
  if (structure === 'NetBIOS datagram') return datagram[label]
  if (structure === 'HostAnnouncement') return browser[label]
  if (structure.startsWith('NetBIOS name')) return nameService[label]
  if (structure === 'Syntax') return parent?.label === 'abstractSyntax' ? dcerpc[label] : undefined
  if (node.spec.startsWith('C706') || node.spec.startsWith('MS-RPCE')) return dcerpc[label]
  if (node.spec.startsWith('RFC') || node.spec.startsWith('MS-KILE')) return kerberos[label]
  // The elements of a list of names or numbers in a message of Kerberos.
  if (node.children.length > 0) return undefined
  for (const { label: outer } of parents.slice(-2).toReversed())
    if (kerberosElements[outer] !== undefined) return kerberosElements[outer]
  return undefined
}

/** Words of SMB1 that have their name in one command alone. */
const onlyIn: Names = { setup: 'SMB1 TRANSACTION2 Request', maxBufferSize: 'SMB1 NEGOTIATE Response' }
const isElsewhere = (label: string, parent: FieldNode | undefined): boolean =>
  onlyIn[label] !== undefined && parent?.label !== onlyIn[label]

const typeOf = (body: FieldNode | undefined): number => {
  const value = body?.children.find(({ label }) => label === 'infoType')?.value
  return typeof value === 'number' ? value : 0
}
