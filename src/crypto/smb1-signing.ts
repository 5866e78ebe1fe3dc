import { createHash, timingSafeEqual } from 'node:crypto'
import { SMB1_SIGNATURE_AT, SMB1_SIGNATURE_BYTES } from '../wire/smb1/index.ts'

/**
 * Signatures of SMB1: the first 8 bytes of an MD5 over the key and the message, in which the sequence number stands where
 * the signature will be. MS-CIFS 3.1.4.1.
 */
export class Smb1Signer {
  readonly #key: Uint8Array

  /** `sessionKey`: of the first logon; `response`: the client's, where the logon had no extended security. */
  constructor(sessionKey: Uint8Array, response: Uint8Array = new Uint8Array(0)) {
    this.#key = new Uint8Array([...sessionKey, ...response])
  }

  /** Writes the signature into the message. */
  sign(message: Uint8Array, sequence: number): void {
    message.set(this.#signature(message, sequence), SMB1_SIGNATURE_AT)
  }

  /** In constant time. */
  verify(message: Uint8Array, sequence: number): boolean {
    const given = message.subarray(SMB1_SIGNATURE_AT, SMB1_SIGNATURE_AT + SMB1_SIGNATURE_BYTES)
    return timingSafeEqual(given, this.#signature(message, sequence))
  }

  #signature(message: Uint8Array, sequence: number): Uint8Array {
    const field = new Uint8Array(SMB1_SIGNATURE_BYTES)
    new DataView(field.buffer).setUint32(0, sequence >>> 0, true)
    return createHash('md5')
      .update(this.#key)
      .update(message.subarray(0, SMB1_SIGNATURE_AT))
      .update(field)
      .update(message.subarray(SMB1_SIGNATURE_AT + SMB1_SIGNATURE_BYTES))
      .digest()
      .subarray(0, SMB1_SIGNATURE_BYTES)
  }
}
