import { SmbError } from '../../bytes/errors.ts'
import { fromHex } from '../../bytes/hex.ts'
import { type KeytabEntry, readKeytab } from './keytab.ts'

/** Keys of one session, as somebody noted them. */
export interface SessionSecret {
  readonly sessionId: bigint
  /** What authentication gave; undefined where only the keys below are known. */
  readonly sessionKey: Uint8Array | undefined
  readonly clientToServerKey?: Uint8Array | undefined
  readonly serverToClientKey?: Uint8Array | undefined
}

/** All that is known to open sealed traffic with. */
export interface Secrets {
  readonly sessions: readonly SessionSecret[]
  /** NT hashes of passwords, 16 bytes each. */
  readonly ntHashes: readonly Uint8Array[]
  readonly passwords: readonly string[]
  readonly keytab: readonly KeytabEntry[]
}

export const noSecrets: Secrets = { sessions: [], ntHashes: [], passwords: [], keytab: [] }

/** What is given to `--key` and its like, still as text. */
export interface GivenSecrets {
  readonly keys?: readonly string[]
  readonly passwords?: readonly string[]
  readonly ntHashes?: readonly string[]
  /** The contents of key tables. */
  readonly keytabs?: readonly Uint8Array[]
  /** The contents of key lists as Wireshark keeps them (`smb2_seskey_list`). */
  readonly keyLists?: readonly string[]
}

/** Text that is no key. The message is for people, and does not repeat the key. */
export class SecretError extends SmbError {
  constructor(message: string) {
    super('SECRET', message)
  }
}

/** @throws SecretError */
export function readSecrets(given: GivenSecrets): Secrets {
  return {
    sessions: [...(given.keys ?? []).map(sessionSecret), ...(given.keyLists ?? []).flatMap(readKeyList)],
    passwords: given.passwords ?? [],
    ntHashes: (given.ntHashes ?? []).map(ntHashOf),
    keytab: (given.keytabs ?? []).flatMap((bytes) => {
      const entries = readKeytab(bytes)
      if (entries === undefined) throw new SecretError('this is no key table (keytab) of version 5.2')
      return entries
    }),
  }
}

/** `c743d32a00000000:6aeedbd0d1f84dda...`: the id as its bytes on the wire, or as a number with 0x before it. */
function sessionSecret(text: string): SessionSecret {
  const [id = '', key = '', more] = text.split(':')
  if (more !== undefined) throw new SecretError('a key is SESSION-ID:KEY, both hexadecimal')
  const sessionKey = keyOf(key)
  if (sessionKey === undefined) throw new SecretError('a key is SESSION-ID:KEY, and the key has 16 or 32 bytes')
  return { sessionId: sessionIdOf(id), sessionKey }
}

/**
 * A session's id. Wireshark's list has its bytes as they are on the wire (16 digits); its display, and `0x`, have the
 * number.
 */
function sessionIdOf(text: string): bigint {
  if (/^0x[0-9a-f]{1,16}$/i.test(text)) return BigInt(text)
  if (!/^[0-9a-f]{16}$/i.test(text))
    throw new SecretError(`"${text}" is no session id: 16 hexadecimal digits as on the wire, or a number with 0x`)
  return new DataView(fromHex(text).buffer).getBigUint64(0, true)
}

function keyOf(text: string): Uint8Array | undefined {
  return /^(?:[0-9a-f]{32}|[0-9a-f]{64})$/i.test(text) ? fromHex(text) : undefined
}

function ntHashOf(text: string): Uint8Array {
  if (!/^[0-9a-f]{32}$/i.test(text)) throw new SecretError('an NT hash has 32 hexadecimal digits')
  return fromHex(text)
}

/** A line: session id, session key, and the two cipher keys (server to client first), of which any may be empty. */
function readKeyList(text: string): SessionSecret[] {
  const found: SessionSecret[] = []
  for (const [index, line] of text.split('\n').entries()) {
    if (/^\s*(?:#|$)/.test(line)) continue
    const [id = '', key = '', toClient = '', toServer = ''] = line
      .trim()
      .split(',')
      .map((field) => field.replace(/^"(.*)"$/, '$1'))
    const secret = {
      sessionId: sessionIdOf(id),
      sessionKey: keyOf(key),
      serverToClientKey: keyOf(toClient),
      clientToServerKey: keyOf(toServer),
    }
    if (
      secret.sessionKey === undefined &&
      secret.serverToClientKey === undefined &&
      secret.clientToServerKey === undefined
    )
      throw new SecretError(`line ${index + 1} of the key list has no key of 16 or 32 bytes`)
    found.push(secret)
  }
  return found
}
