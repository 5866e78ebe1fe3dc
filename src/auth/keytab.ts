import { readFileSync } from 'node:fs'
import { WireError } from '../bytes/errors.ts'
import { decodeKeytab } from '../wire/kerberos/index.ts'

/** Principals that are named; more are counted. */
const MAX_NAMED = 3

/** `keytab has cifs/server@REALM kvno 4`, for the log of who was refused for want of the key of `principal`. */
export function describeKeytab(keytab: string, principal: string): string {
  try {
    const versions = new Map<string, number>()
    for (const entry of decodeKeytab(readFileSync(keytab.replace(/^FILE:/, ''))))
      versions.set(entry.principal, Math.max(entry.kvno, versions.get(entry.principal) ?? 0))
    const own = versions.get(principal)
    if (own !== undefined) return `keytab has kvno ${own}`
    const named = [...versions].slice(0, MAX_NAMED).map(([name, kvno]) => `${name} kvno ${kvno}`)
    const more = versions.size - named.length
    return `keytab has ${named.join(', ')}${more > 0 ? ` and ${more} more` : ''}`
  } catch (error) {
    // Who watches the log learns what is wrong with the keytab, too.
    return `keytab cannot be read${error instanceof WireError ? `: ${error.message}` : ''}`
  }
}
