import { flagNames, wiresharkNames } from '../dissect/known-names.ts'
import { nearest } from '../explain/nearest.ts'

/** Protocols by which frames can be asked for. */
const protocols: readonly string[] = [
  'frame',
  'ip',
  'ipv6',
  'udp',
  'tcp',
  'nbss',
  'nbns',
  'nbdgm',
  'smb',
  'smb2',
  'spnego',
  'ntlmssp',
  'kerberos',
  'dcerpc',
  'browser',
]

const known: ReadonlySet<string> = new Set([...protocols, ...wiresharkNames, ...flagNames])

/** Names that Wireshark had before, or that people write for others. */
const aliases: Readonly<Record<string, string>> = {
  'smb2.seq_num': 'smb2.msg_id',
  'smb2.status': 'smb2.nt_status',
  'smb2.command': 'smb2.cmd',
  'smb2.create.filename': 'smb2.filename',
  'smb2.session_id': 'smb2.sesid',
  'smb2.tree_id': 'smb2.tid',
  'smb.status': 'smb.nt_status',
  netbios: 'nbss',
  krb5: 'kerberos',
}

/** The name that a name stands for: mostly itself. */
export const aliasOf = (name: string): string => aliases[name] ?? name

/** Whether a filter may speak of it. */
export const isKnownField = (name: string): boolean => known.has(name)

/** Whether a word without quotation marks is meant as a field, perhaps one that there is not: `smb2.filname`. */
export const looksLikeField = (name: string): boolean =>
  isKnownField(aliasOf(name)) || protocols.some((protocol) => name.startsWith(`${protocol}.`))

/** The field that looks most like a name that there is not. */
export function nearestField(name: string): string | undefined {
  const words = [...known].map((word): [string, string] => [word, word])
  return nearest(name.toLowerCase(), words)[0]
}
