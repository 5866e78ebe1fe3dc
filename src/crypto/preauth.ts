import { createHash } from 'node:crypto'

/**
 * The pre-authentication integrity hash of SMB 3.1.1: SHA-512 over the value before and the message, from 64 zero
 * bytes on (MS-SMB2 3.3.5.4, 3.3.5.5). A connection has one; each session setup goes on from a copy of it.
 */
export class PreauthIntegrityHash {
  #value: Uint8Array

  constructor(value: Uint8Array = new Uint8Array(64)) {
    this.#value = value
  }

  /** 64 bytes. Never changed in place: it may be kept. */
  get value(): Uint8Array {
    return this.#value
  }

  /** Takes in a message: from the SMB2 header on, without the transport's framing. */
  update(...parts: readonly Uint8Array[]): void {
    const hash = createHash('sha512').update(this.#value)
    for (const part of parts) hash.update(part)
    this.#value = hash.digest()
  }

  copy(): PreauthIntegrityHash {
    return new PreauthIntegrityHash(this.#value)
  }
}
