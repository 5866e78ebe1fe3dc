import { flagNames, wiresharkNames } from '../dissect/known-names.ts'
import { nearest } from '../explain/nearest.ts'

/** Protocols by which frames can be asked for. */
const protocols: readonly string[] = [
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

/** Whether a filter may speak of it. */
export const isKnownField = (name: string): boolean => known.has(name)

/** The field that looks most like a name that there is not. */
export function nearestField(name: string): string | undefined {
  const words = [...known].map((word): [string, string] => [word, word])
  return nearest(name.toLowerCase(), words)[0]
}
