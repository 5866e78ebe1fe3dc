/**
 * Names between SMB and a POSIX disk. On the disk a name is any bytes but `/` and NUL; in SMB it is UTF-16 without
 * `\ / : * ? " < > |`, controls and a dot or space at the end. Both ways nothing is lost and no two names fall together:
 *
 * - what Windows cannot say travels as the private-use characters of Services for Macintosh: U+F001 to U+F01F for
 *   controls, U+F020 to U+F027 for `" * : < > ? \ |`, U+F028 and U+F029 for a space and a dot at the end;
 * - a byte that is no UTF-8 travels as U+EF00 + byte (U+EF80 to U+EFFF), and so do the bytes of those characters that
 *   would otherwise be taken for one of these two;
 * - a lone surrogate is stored in three bytes as UTF-8 would write it (WTF-8).
 */

const SFM_FIRST = 0xf001
const SFM_LAST = 0xf029
const SFM_SPACE = 0xf028
const SFM_DOT = 0xf029
const SFM_PUNCTUATION = '"*:<>?\\|'
const BYTE_BASE = 0xef00
const BYTE_FIRST = 0xef80
const BYTE_LAST = 0xefff

/** What stands on the disk for a character of Services for Macintosh, by its distance from U+F000. */
const sfmToAscii = new Uint8Array(0x2a)
const asciiToSfm = new Uint16Array(128)
for (let i = 1; i < 0x28; i++) {
  sfmToAscii[i] = i < 0x20 ? i : SFM_PUNCTUATION.charCodeAt(i - 0x20)
  asciiToSfm[sfmToAscii[i] as number] = 0xf000 + i
}
sfmToAscii[0x28] = 0x20
sfmToAscii[0x29] = 0x2e

/** Bytes that mean the same on both sides wherever they stand but at the end. */
const plainByte = new Uint8Array(256)
for (let i = 0x20; i < 0x80; i++) plainByte[i] = asciiToSfm[i] === 0 ? 1 : 0

/** The most bytes that a name of Linux has. */
export const MAX_NAME_BYTES = 255

/** Writes the stored bytes of a name; returns where they end. The caller has made sure of 3 bytes a UTF-16 unit. */
export function encodeName(name: string, into: Uint8Array, at: number): number {
  const length = name.length
  for (let i = 0; i < length; i++) {
    const unit = name.charCodeAt(i)
    if (unit >= 0x80) return encodeRest(name, i, into, at)
    into[at++] = unit
  }
  return at
}

function encodeRest(name: string, from: number, into: Uint8Array, start: number): number {
  let at = start
  for (let i = from; i < name.length; i++) {
    const point = name.codePointAt(i) as number
    if (point >= 0x10000) i++
    const last = i === name.length - 1
    if (point >= SFM_FIRST && point <= SFM_LAST && (point < SFM_SPACE || last)) {
      into[at++] = sfmToAscii[point - 0xf000] as number
    } else if (point >= BYTE_FIRST && point <= BYTE_LAST) {
      into[at++] = point - BYTE_BASE
    } else {
      at = encodePoint(point, into, at)
    }
  }
  return at
}

function encodePoint(point: number, into: Uint8Array, start: number): number {
  let at = start
  if (point < 0x80) {
    into[at++] = point
    return at
  }
  if (point < 0x800) {
    into[at++] = 0xc0 | (point >> 6)
  } else {
    if (point < 0x10000) {
      into[at++] = 0xe0 | (point >> 12)
    } else {
      into[at++] = 0xf0 | (point >> 18)
      into[at++] = 0x80 | ((point >> 12) & 0x3f)
    }
    into[at++] = 0x80 | ((point >> 6) & 0x3f)
  }
  into[at++] = 0x80 | (point & 0x3f)
  return at
}

/** The name of the bytes `from` to `to` of `buffer`, as SMB sees it. */
export function decodeName(buffer: Buffer, from: number, to: number): string {
  for (let i = from; i < to; i++) {
    if (plainByte[buffer[i] as number] === 0) return decodeSlow(buffer, from, to)
  }
  const last = buffer[to - 1]
  if (last === 0x20 || last === 0x2e) return decodeSlow(buffer, from, to)
  return buffer.toString('latin1', from, to)
}

function decodeSlow(bytes: Uint8Array, from: number, to: number): string {
  let name = ''
  for (let at = from; at < to; ) {
    const length = sequenceLength(bytes, at, to)
    const last = at + length === to
    if (length === 1) {
      name += String.fromCharCode(oneByte(bytes[at] as number, last))
    } else {
      const point = pointAt(bytes, at, length)
      if (mistakable(point, last) || pairsWithNext(bytes, at, point, to)) {
        for (let i = 0; i < length; i++) name += String.fromCharCode(BYTE_BASE + (bytes[at + i] as number))
      } else {
        name += String.fromCodePoint(point)
      }
    }
    at += length
  }
  return name
}

function oneByte(byte: number, last: boolean): number {
  if (byte >= 0x80) return BYTE_BASE + byte
  if (last && byte === 0x20) return SFM_SPACE
  if (last && byte === 0x2e) return SFM_DOT
  return asciiToSfm[byte] || byte
}

/** Whether encoding the character would make another byte of it. */
function mistakable(point: number, last: boolean): boolean {
  if (point >= BYTE_FIRST && point <= BYTE_LAST) return true
  return point >= SFM_FIRST && point <= SFM_LAST && (point < SFM_SPACE || last)
}

/** A stored high surrogate before a stored low one: together they would be encoded as one character. */
function pairsWithNext(bytes: Uint8Array, at: number, point: number, to: number): boolean {
  return point >= 0xd800 && point < 0xdc00 && at + 5 < to && bytes[at + 3] === 0xed && (bytes[at + 4] as number) >= 0xb0
}

/** Bytes of the character at `at`; 1 also for a byte that begins none. */
function sequenceLength(bytes: Uint8Array, at: number, to: number): number {
  const first = bytes[at] as number
  const length = first < 0xc2 ? 1 : first < 0xe0 ? 2 : first < 0xf0 ? 3 : first < 0xf5 ? 4 : 1
  if (at + length > to) return 1
  for (let i = 1; i < length; i++) {
    if (((bytes[at + i] as number) & 0xc0) !== 0x80) return 1
  }
  const second = bytes[at + 1] as number
  // Longer than need be, or past U+10FFFF: no UTF-8.
  if (first === 0xe0 && second < 0xa0) return 1
  if (first === 0xf0 && second < 0x90) return 1
  if (first === 0xf4 && second > 0x8f) return 1
  return length
}

function pointAt(bytes: Uint8Array, at: number, length: number): number {
  let point = (bytes[at] as number) & (0xff >> (length + 1))
  for (let i = 1; i < length; i++) point = (point << 6) | ((bytes[at + i] as number) & 0x3f)
  return point
}

const scratch = Buffer.alloc(1024)
// biome-ignore lint: controls are what is looked for
// oxlint-disable-next-line no-control-regex
const UNUSUAL = /[\0-\x1f/\\:*?"<>|\ud800-\udfff\uef80-\uefff\uf001-\uf029]|[ .]$/

/** A dot or space at the end: a client that says it means what is listed with the character for one. */
export function endsUnseen(name: string): boolean {
  const last = name.charCodeAt(name.length - 1)
  return last === 0x2e || last === 0x20
}

/** The name as it is listed. */
export const withSeenEnd = (name: string): string =>
  endsUnseen(name) ? name.slice(0, -1) + String.fromCharCode(name.endsWith('.') ? SFM_DOT : SFM_SPACE) : name

/** Whether a name can be stored and would come back as the same one; false also for names that are too long. */
export function storable(name: string): boolean {
  if (name.length === 0 || name.length > MAX_NAME_BYTES) return false
  const end = encodeName(name, scratch, 0)
  if (end > MAX_NAME_BYTES) return false
  if (!UNUSUAL.test(name)) return true
  // "/" and NUL cannot be stored, "." and ".." are no names of their own; some characters would come back as others.
  for (let i = 0; i < end; i++) if (scratch[i] === 0x2f || scratch[i] === 0) return false
  if (scratch[0] === 0x2e && (end === 1 || (end === 2 && scratch[1] === 0x2e))) return false
  return decodeName(scratch, 0, end) === name
}

/** A name as it is stored, where that is UTF-8. */
export function storedName(name: string): string {
  return scratch.toString('utf8', 0, encodeName(name, scratch, 0))
}

/** The name of the hidden store; it is never listed and never found, in whatever folder and case. */
export const STORE_NAME = '.smbkit'

export function isHidden(name: string): boolean {
  return name.length === STORE_NAME.length && name.toLowerCase() === STORE_NAME
}
