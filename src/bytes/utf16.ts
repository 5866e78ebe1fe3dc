/**
 * UTF-16LE without loss. JavaScript strings are sequences of UTF-16 code units, and so are SMB's names: lone
 * surrogates pass through unchanged, which `TextDecoder` would not allow.
 */

/** Names, for the most part. */
const SHORT_UNITS = 32
const CHUNK_UNITS = 4096
const scratch: number[] = []

/** Reads `length` bytes (an odd last byte is left out) from `at`. */
export function readUtf16(view: DataView, at: number, length: number): string {
  const units = length >>> 1
  if (units <= SHORT_UNITS) return readShort(view, at, units)
  let text = ''
  for (let done = 0; done < units; ) {
    const count = Math.min(units - done, CHUNK_UNITS)
    scratch.length = count
    for (let i = 0; i < count; i++) scratch[i] = view.getUint16(at + (done + i) * 2, true)
    text += String.fromCharCode.apply(null, scratch)
    done += count
  }
  return text
}

/** Eight at a time: each string in between would be garbage. */
function readShort(view: DataView, at: number, units: number): string {
  let text = ''
  let next = at
  for (const end = at + (units & ~7) * 2; next < end; next += 16)
    text += String.fromCharCode(
      view.getUint16(next, true),
      view.getUint16(next + 2, true),
      view.getUint16(next + 4, true),
      view.getUint16(next + 6, true),
      view.getUint16(next + 8, true),
      view.getUint16(next + 10, true),
      view.getUint16(next + 12, true),
      view.getUint16(next + 14, true),
    )
  for (const end = at + units * 2; next < end; next += 2) text += String.fromCharCode(view.getUint16(next, true))
  return text
}

/** Writes `text` at `at`; the caller has made sure of `text.length * 2` bytes. */
export function writeUtf16(view: DataView, at: number, text: string): void {
  for (let i = 0; i < text.length; i++) view.setUint16(at + i * 2, text.charCodeAt(i), true)
}

/** `text` as UTF-16LE bytes. */
export function utf16Bytes(text: string): Uint8Array {
  const bytes = new Uint8Array(text.length * 2)
  writeUtf16(new DataView(bytes.buffer), 0, text)
  return bytes
}

/** UTF-16LE bytes as a string. */
export function utf16Text(bytes: Uint8Array): string {
  return readUtf16(viewOf(bytes), 0, bytes.length)
}

/** The same memory as a DataView. */
export function viewOf(bytes: Uint8Array): DataView {
  return new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
}

/** The same memory as bytes. */
export function bytesOf(view: DataView, start = 0, end = view.byteLength): Uint8Array {
  return new Uint8Array(view.buffer, view.byteOffset + start, end - start)
}
