import type { Initiator, InitiatorStep } from '../auth/mechanism.ts'
import { NetlogonSession } from '../crypto/netlogon.ts'
import { type Failure, fail } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'

/** NL_AUTH_MESSAGE, MS-NRPC 2.2.1.3.1: which names follow, in the code page of old times. */
const NETBIOS_DOMAIN_NAME = 1
const NETBIOS_COMPUTER_NAME = 2
const HEADER_BYTES = 8
const NEGOTIATE_RESPONSE = 1

/** Puts the key of a secure channel to use on one connection of RPC. MS-NRPC 3.3.4.1. */
export class NetlogonInitiator implements Initiator {
  readonly #sessionKey: Uint8Array
  readonly #names: readonly string[]
  #hasBegun = false

  constructor(sessionKey: Uint8Array, domain: string, computer: string) {
    this.#sessionKey = sessionKey
    this.#names = [domain, computer]
  }

  step(token?: Uint8Array): InitiatorStep | Failure {
    if (!this.#hasBegun) {
      this.#hasBegun = true
      return { token: this.#message() }
    }
    if (token === undefined || token.length < HEADER_BYTES || token[0] !== NEGOTIATE_RESPONSE)
      return fail(NtStatus.INVALID_NETWORK_RESPONSE)
    const messages = new NetlogonSession(this.#sessionKey, 'client')
    return { complete: { sessionKey: this.#sessionKey, messages } }
  }

  #message(): Uint8Array {
    const names = Buffer.from(this.#names.map((name) => `${name}\0`).join(''), 'latin1')
    const message = new Uint8Array(HEADER_BYTES + names.length)
    new DataView(message.buffer).setUint32(4, NETBIOS_DOMAIN_NAME | NETBIOS_COMPUTER_NAME, true)
    message.set(names, HEADER_BYTES)
    return message
  }
}
