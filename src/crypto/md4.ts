/**
 * MD4 (RFC 1320). OpenSSL 3 has it in its legacy provider only, and the NT hash is made with it. It protects nothing
 * by itself: use it for NTLM and for nothing else.
 */

const BLOCK_BYTES = 64
/** Word order of the three rounds, and their shifts. */
const ORDER = [
  [0, 1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15],
  [0, 4, 8, 12, 1, 5, 9, 13, 2, 6, 10, 14, 3, 7, 11, 15],
  [0, 8, 4, 12, 2, 10, 6, 14, 1, 9, 5, 13, 3, 11, 7, 15],
] as const
const SHIFTS = [
  [3, 7, 11, 19],
  [3, 5, 9, 13],
  [3, 9, 11, 15],
] as const
/** 0, the square root of 2 and the square root of 3, scaled by 2^30. */
const ADDED = [0, 0x5a82_7999, 0x6ed9_eba1] as const

const mix = [
  (x: number, y: number, z: number): number => (x & y) | (~x & z),
  (x: number, y: number, z: number): number => (x & y) | (x & z) | (y & z),
  (x: number, y: number, z: number): number => x ^ y ^ z,
] as const

function absorb(state: Int32Array, view: DataView, at: number): void {
  let [a, b, c, d] = state as unknown as [number, number, number, number]
  for (let round = 0; round < 3; round++) {
    const order = ORDER[round] as readonly number[]
    const shifts = SHIFTS[round] as readonly number[]
    const f = mix[round] as (typeof mix)[number]
    const added = ADDED[round] as number
    for (let step = 0; step < 16; step++) {
      const word = view.getInt32(at + (order[step] as number) * 4, true)
      const sum = (a + f(b, c, d) + word + added) | 0
      const shift = shifts[step & 3] as number
      a = d
      d = c
      c = b
      b = (sum << shift) | (sum >>> (32 - shift))
    }
  }
  state[0] = (state[0] as number) + a
  state[1] = (state[1] as number) + b
  state[2] = (state[2] as number) + c
  state[3] = (state[3] as number) + d
}

/** The 16-byte digest of `data`. */
export function md4(data: Uint8Array): Uint8Array {
  const state = Int32Array.of(0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476)
  const padded = new Uint8Array(Math.ceil((data.length + 9) / BLOCK_BYTES) * BLOCK_BYTES)
  padded.set(data)
  padded[data.length] = 0x80
  const view = new DataView(padded.buffer)
  view.setBigUint64(padded.length - 8, BigInt(data.length) * 8n, true)
  for (let at = 0; at < padded.length; at += BLOCK_BYTES) absorb(state, view, at)
  padded.fill(0)
  const digest = new Uint8Array(16)
  const out = new DataView(digest.buffer)
  for (let i = 0; i < 4; i++) out.setInt32(i * 4, state[i] as number, true)
  return digest
}
