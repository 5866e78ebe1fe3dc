import { WireError } from '../../bytes/errors.ts'
import { viewOf } from '../../bytes/utf16.ts'

/** A key of a keytab, without the key. */
export interface KeytabEntry {
  /** `cifs/server.example.org@EXAMPLE.ORG` */
  readonly principal: string
  readonly kvno: number
  readonly encryptionType: number
}

const SPEC = 'MIT keytab file format'
/** Version 2 of the format: big-endian. Version 1 has not been written for decades. */
const MAGIC = 0x0502
/** Most that are read. */
const MAX_ENTRIES = 10_000

/** The entries of a keytab, in MIT's file format. @throws WireError */
export function decodeKeytab(bytes: Uint8Array): KeytabEntry[] {
  const view = viewOf(bytes)
  if (bytes.length < 2 || view.getUint16(0) !== MAGIC)
    throw new WireError('keytab', 0, SPEC, 'it does not begin as one')
  const entries: KeytabEntry[] = []
  for (let at = 2; at + 4 <= bytes.length && entries.length < MAX_ENTRIES; ) {
    const size = view.getInt32(at)
    at += 4
    const length = Math.abs(size)
    if (length > bytes.length - at) throw new WireError('keytab', at, SPEC, 'an entry is cut off')
    // A negative size is that of a hole, where an entry was.
    if (size > 0) entries.push(new EntryReader(bytes, at, at + length).entry())
    if (size === 0) break
    at += length
  }
  return entries
}

class EntryReader {
  readonly #bytes: Uint8Array
  readonly #view: DataView
  readonly #end: number
  #at: number

  constructor(bytes: Uint8Array, at: number, end: number) {
    this.#bytes = bytes
    this.#view = viewOf(bytes)
    this.#at = at
    this.#end = end
  }

  entry(): KeytabEntry {
    const count = this.#number(2)
    const realm = this.#text()
    const parts = Array.from({ length: Math.min(count, 64) }, () => this.#text())
    // The type of the name, and when the key was written.
    this.#take(8)
    const shortVersion = this.#number(1)
    const encryptionType = this.#number(2)
    this.#take(this.#number(2))
    // A version above 255 follows at the end, where there is room.
    const longVersion = this.#end - this.#at >= 4 ? this.#number(4) : 0
    return { principal: `${parts.join('/')}@${realm}`, kvno: longVersion || shortVersion, encryptionType }
  }

  #take(length: number): number {
    const at = this.#at
    if (length > this.#end - at) throw new WireError('keytab', at, SPEC, 'an entry is too short for what it says')
    this.#at += length
    return at
  }

  #number(size: 1 | 2 | 4): number {
    const at = this.#take(size)
    if (size === 1) return this.#view.getUint8(at)
    return size === 2 ? this.#view.getUint16(at) : this.#view.getUint32(at)
  }

  #text(): string {
    const length = this.#number(2)
    const at = this.#take(length)
    return new TextDecoder().decode(this.#bytes.subarray(at, at + length))
  }
}
