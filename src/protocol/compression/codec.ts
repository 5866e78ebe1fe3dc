import { WireError } from '../../bytes/errors.ts'

/** One way of making bytes fewer. Both directions work on memory that is there; neither keeps state between calls. */
export interface Codec {
  /**
   * Compresses `input` to the start of `out`; the number of bytes that took. Undefined where `out` does not suffice: it
   * may be given up when fewer than 16 bytes of it are left. Whoever wants a gain hands in an `out` shorter than `input`.
   */
  compress(input: Uint8Array, out: Uint8Array): number | undefined
  /**
   * Fills `out` exactly.
   * @throws WireError where `input` is damaged, or holds more or fewer bytes than `out` takes
   */
  decompress(input: Uint8Array, out: Uint8Array): void
}

/** For `decompress`: `at` is where in the compressed bytes the fault is. */
export function damaged(codec: string, spec: string, at: number, problem: string): never {
  throw new WireError(codec, at, spec, problem)
}
