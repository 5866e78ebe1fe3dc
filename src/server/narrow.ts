/** Offsets and sizes on the wire are 64 bits; files are smaller. */

/** Largest offset that a file can have here: 2^53 - 1. NTFS ends at 2^44. */
export const MAX_FILE_SIZE = Number.MAX_SAFE_INTEGER

/** `value` as a number, or undefined where it is none that a file can have. */
export function narrow(value: bigint): number | undefined {
  return value <= BigInt(MAX_FILE_SIZE) ? Number(value) : undefined
}
