/** Offsets and sizes on the wire are 64 bits; files are smaller. */

/** One past the last byte that a file can have: NTFS' limit, which clients know. */
export const MAX_FILE_SIZE = 0xfff_ffff_0000

/** Offsets are signed to Windows: with the highest bit they are none. */
const MAX_OFFSET = 0x7fff_ffff_ffff_ffffn

/** True for a range that a request may name, whether or not the file is so large. */
export const isFileRange = (offset: bigint, length: number): boolean =>
  offset <= MAX_OFFSET && offset + BigInt(length) <= MAX_OFFSET

/** `value` as a number, or undefined where it is more than a number can count exactly. */
export function narrow(value: bigint): number | undefined {
  return value <= BigInt(Number.MAX_SAFE_INTEGER) ? Number(value) : undefined
}
