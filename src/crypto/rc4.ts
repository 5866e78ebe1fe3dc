/**
 * RC4 (RFC 6229 has its vectors). OpenSSL 3 has it in its legacy provider only, and NTLM encrypts its session key and
 * its checksums with it.
 */
export class Rc4 {
  readonly #state = new Uint8Array(256)
  #i = 0
  #j = 0

  /** `key`: 1 to 256 bytes. */
  constructor(key: Uint8Array) {
    if (key.length < 1 || key.length > 256) throw new RangeError(`an RC4 key has 1 to 256 bytes, not ${key.length}`)
    const state = this.#state
    for (let i = 0; i < 256; i++) state[i] = i
    for (let i = 0, j = 0; i < 256; i++) {
      const here = state[i] as number
      j = (j + here + (key[i % key.length] as number)) & 0xff
      state[i] = state[j] as number
      state[j] = here
    }
  }

  /** Encrypts or decrypts the next bytes of the stream. */
  update(data: Uint8Array): Uint8Array {
    const out = new Uint8Array(data.length)
    const state = this.#state
    let i = this.#i
    let j = this.#j
    for (let n = 0; n < data.length; n++) {
      i = (i + 1) & 0xff
      const a = state[i] as number
      j = (j + a) & 0xff
      const b = state[j] as number
      state[i] = b
      state[j] = a
      out[n] = (data[n] as number) ^ (state[(a + b) & 0xff] as number)
    }
    this.#i = i
    this.#j = j
    return out
  }
}

/** RC4 of `data` with a key of its own. */
export const rc4 = (key: Uint8Array, data: Uint8Array): Uint8Array => new Rc4(key).update(data)
