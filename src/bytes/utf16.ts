/**
 * UTF-16LE without loss. JavaScript strings are sequences of UTF-16 code units, and so are SMB's names: lone
 * surrogates pass through unchanged, which `TextDecoder` would not allow.
 */

const CHUNK_UNITS = 4096
const scratch: number[] = []

/** Reads `length` bytes (an odd last byte is left out) from `at`. */
export function readUtf16(view: DataView, at: number, length: number): string {
  const units = length >>> 1
  if (units <= 32) {
    let text = ''
    for (let i = 0; i < units; i++) text += String.fromCharCode(view.getUint16(at + i * 2, true))
    return text
  }
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
