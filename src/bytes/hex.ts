const digits = Array.from({ length: 256 }, (_, i) => i.toString(16).padStart(2, '0'))

/** Bytes as lower-case hex; longer than `limit` bytes they end in an ellipsis. */
export function hex(bytes: Uint8Array, limit = Number.POSITIVE_INFINITY): string {
  let text = ''
  const count = Math.min(bytes.length, limit)
  for (let i = 0; i < count; i++) text += digits[bytes[i] as number]
  return bytes.length > count ? `${text}… (${bytes.length} bytes)` : text
}

/** Hex with any white space between digits as bytes. */
export function fromHex(text: string): Uint8Array<ArrayBuffer> {
  const clean = text.replace(/\s+/g, '')
  if (clean.length % 2 !== 0 || /[^0-9a-fA-F]/.test(clean)) throw new TypeError('not hex')
  const bytes = new Uint8Array(clean.length / 2)
  for (let i = 0; i < bytes.length; i++) bytes[i] = Number.parseInt(clean.slice(i * 2, i * 2 + 2), 16)
  return bytes
}

/** `0x` and at least `width` digits. */
export function hexNumber(value: number | bigint, width = 0): string {
  return `0x${value.toString(16).padStart(width, '0')}`
}
