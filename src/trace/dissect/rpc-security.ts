import { lenient } from '../../bytes/lenient.ts'
import { viewOf } from '../../bytes/utf16.ts'
import { AuthenticationLevel, AuthTrailer } from '../../wire/dcerpc/index.ts'
import { decodeAuthenticate, isNtlmssp, NtlmMessageType, ntlmMessageType } from '../../wire/ntlmssp/index.ts'
import type { NtlmUnsealer } from '../keys/ciphers.ts'
import type { KeyRing } from '../keys/key-ring.ts'
import { mechanismToken } from '../keys/mechanism-token.ts'
import { ntlmSessionKey } from '../keys/ntlm-keys.ts'

/** Most security contexts of a connection that are followed; others stay sealed. */
const maxContexts = 64

interface SecurityContext {
  challenge: Uint8Array | undefined
  client: NtlmUnsealer | undefined
  server: NtlmUnsealer | undefined
}

/** Follows the logons by NTLM of a connection of DCE/RPC, and opens what they have sealed. MS-RPCE 2.2.2.11, 3.3.1.5.2. */
export class RpcSecurity {
  readonly #ring: KeyRing | undefined
  readonly #contexts = new Map<number, SecurityContext>()

  constructor(ring: KeyRing | undefined) {
    this.#ring = ring
  }

  /** The token of a packet that hands on the logon. */
  token(trailer: AuthTrailer): void {
    const ring = this.#ring
    if (ring === undefined || ring.ntHashes.length === 0) return
    const token = lenient(() => mechanismToken(trailer.token))
    if (token === undefined || !isNtlmssp(token)) return
    const context = this.#contextOf(trailer.contextId)
    if (context === undefined) return
    const type = ntlmMessageType(token)
    if (type === NtlmMessageType.CHALLENGE) context.challenge = token.slice()
    const { challenge } = context
    if (type !== NtlmMessageType.AUTHENTICATE || challenge === undefined) return
    const key = lenient(() => ntlmSessionKey(challenge, token, ring.ntHashes, ring.ciphers))
    const flags = lenient(() => decodeAuthenticate(token).negotiateFlags)
    if (key === undefined || flags === undefined) return
    context.client = ring.ciphers.ntlmUnsealer(key, 'client', flags)
    context.server = ring.ciphers.ntlmUnsealer(key, 'server', flags)
  }

  /**
   * The parameters of a packet without their padding; undefined where they are sealed and no key opens them. Each sealed
   * packet is to be seen, in its order: the cipher goes on from one to the next.
   */
  open(stub: Uint8Array, trailer: AuthTrailer | undefined, fromServer: boolean): Uint8Array | undefined {
    if (trailer === undefined) return stub
    const length = Math.max(0, stub.length - trailer.padLength)
    if (trailer.authenticationLevel !== AuthenticationLevel.PRIVACY) return stub.subarray(0, length)
    const context = this.#contexts.get(trailer.contextId)
    const opened = (fromServer ? context?.server : context?.client)?.open(stub, trailer.token)
    return opened?.subarray(0, length)
  }

  #contextOf(id: number): SecurityContext | undefined {
    const known = this.#contexts.get(id)
    if (known !== undefined || this.#contexts.size >= maxContexts) return known
    const made = { challenge: undefined, client: undefined, server: undefined }
    this.#contexts.set(id, made)
    return made
  }
}

/** The authentication at the end of a packet; undefined where it has none, or is damaged. */
export function trailerOf(packet: Uint8Array, at: number | undefined): AuthTrailer | undefined {
  return at === undefined ? undefined : lenient(() => AuthTrailer.decode(viewOf(packet), at))
}
