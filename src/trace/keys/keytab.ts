import { viewOf } from '../../bytes/utf16.ts'

/** A long-term key of a service. */
export interface KeytabEntry {
  /** `cifs/server.example.org@EXAMPLE.ORG`. */
  readonly principal: string
  readonly version: number
  readonly encryptionType: number
  readonly key: Uint8Array
}

const VERSION = 0x0502
const utf8 = new TextDecoder()

/**
 * Reads a key table as MIT Kerberos writes it (version 5.2, big-endian). Entries that are cut off end the list;
 * undefined for what is no key table.
 */
export function readKeytab(bytes: Uint8Array): KeytabEntry[] | undefined {
  const view = viewOf(bytes)
  if (bytes.length < 2 || view.getUint16(0, false) !== VERSION) return undefined
  const entries: KeytabEntry[] = []
  for (let at = 2; at + 4 <= bytes.length; ) {
    const size = view.getInt32(at, false)
    at += 4
    // A negative size is a hole that a removed entry has left.
    const length = Math.abs(size)
    if (length === 0 || at + length > bytes.length) break
    const entry = size > 0 ? readEntry(bytes.subarray(at, at + length)) : undefined
    if (entry !== undefined) entries.push(entry)
    at += length
  }
  return entries
}

/** Takes numbers and counted bytes one after the other; what is not there is undefined. */
class Cursor {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  #at = 0

  constructor(bytes: Uint8Array) {
    this.#bytes = bytes
    this.#view = viewOf(bytes)
  }

  get left(): number {
    return this.#bytes.length - this.#at
  }

  u8(): number | undefined {
    return this.left < 1 ? undefined : this.#view.getUint8(this.#at++)
  }

  u16(): number | undefined {
    return this.left < 2 ? undefined : this.#view.getUint16((this.#at += 2) - 2, false)
  }

  u32(): number | undefined {
    return this.left < 4 ? undefined : this.#view.getUint32((this.#at += 4) - 4, false)
  }

  counted(): Uint8Array | undefined {
    const length = this.u16()
    if (length === undefined || length > this.left) return undefined
    return this.#bytes.subarray(this.#at, (this.#at += length))
  }
}

function readEntry(bytes: Uint8Array): KeytabEntry | undefined {
  const cursor = new Cursor(bytes)
  const count = cursor.u16()
  const realm = cursor.counted()
  if (count === undefined || realm === undefined) return undefined
  const parts: string[] = []
  for (let i = 0; i < count; i++) {
    const part = cursor.counted()
    if (part === undefined) return undefined
    parts.push(utf8.decode(part))
  }
  // The type of the name, and when the entry was made.
  cursor.u32()
  cursor.u32()
  const shortVersion = cursor.u8()
  const encryptionType = cursor.u16()
  const key = cursor.counted()
  if (shortVersion === undefined || encryptionType === undefined || key === undefined) return undefined
  const principal = `${parts.join('/')}@${utf8.decode(realm)}`
  return { principal, version: cursor.u32() ?? shortVersion, encryptionType, key: key.slice() }
}
