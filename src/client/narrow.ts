import { WireError } from '../bytes/errors.ts'

const MOST = BigInt(Number.MAX_SAFE_INTEGER)

/**
 * A size or offset of 64 bits as a number.
 * @throws WireError naming `path` where no file is that large
 */
export function narrow(value: bigint, path: string): number {
  if (value > MOST) throw new WireError(path, 0, '', `${value} is more than any file has`)
  return Number(value)
}
