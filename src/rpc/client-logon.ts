/** The client's half of a logon for RPC itself: MS-RPCE 3.3.1.5.2. */
import type { Initiator, InitiatorStep } from '../auth/mechanism.ts'
import type { AuthTrailer } from '../wire/dcerpc/index.ts'
import { failed } from '../wire/erref/failure.ts'
import { ntStatusName } from '../wire/erref/ntstatus.ts'
import { RpcError } from './fault.ts'
import { isOf, PacketSecurity, raisedLevel, signsPackets, type TrailerFields, withToken } from './packet-security.ts'

/** How a client logs on for its calls. */
export interface RpcAuthentication {
  /** Of `AuthenticationType`: what kind of tokens the initiator makes. */
  readonly type: number
  /** Of `AuthenticationLevel`: `PRIVACY` seals parameters, `INTEGRITY` signs them, `CONNECT` only logs on. */
  readonly level: number
  readonly initiator: Initiator
}

/** What is to be sent next: nothing, a leg that is answered, or the last one, which is not. */
export type NextLeg = { readonly token: Uint8Array; readonly isLast: boolean } | undefined

/** One logon of a client's connection; afterwards `security` protects its packets. */
export class ClientLogon {
  readonly fields: TrailerFields
  #security: PacketSecurity | undefined
  readonly #initiator: Initiator
  #established = false

  constructor({ type, level, initiator }: RpcAuthentication) {
    this.fields = { authenticationType: type, authenticationLevel: raisedLevel(level), contextId: 1 }
    this.#initiator = initiator
  }

  /** Undefined before the logon is over, and at level connect. */
  get security(): PacketSecurity | undefined {
    return this.#security
  }

  /** The first token, for the bind. */
  async begin(): Promise<Uint8Array> {
    const { token } = await this.#step()
    if (token === undefined) throw refused('it has nothing to say')
    return token
  }

  /** Goes on with what the server said in `trailer`. */
  async next(trailer: AuthTrailer | undefined, signsHeader: boolean): Promise<NextLeg> {
    if (this.#established) return undefined
    if (trailer === undefined || !isOf(trailer, this.fields)) throw refused('the server’s answer belongs to no logon')
    const { token, complete } = await this.#step(trailer.token.slice())
    if (complete !== undefined) {
      this.#established = true
      if (signsPackets(this.fields.authenticationLevel)) {
        if (complete.messages === undefined) throw refused('nothing can be signed with it')
        this.#security = new PacketSecurity({ ...this.fields, messages: complete.messages, signsHeader })
      }
      return token && { token, isLast: true }
    }
    if (token === undefined) throw refused('the server expects no more, and we do')
    return { token, isLast: false }
  }

  /** A packet of the logon with its token. */
  carry(packet: Uint8Array, token: Uint8Array): Uint8Array {
    return withToken(packet, this.fields, token)
  }

  async #step(token?: Uint8Array): Promise<InitiatorStep> {
    const step = await this.#initiator.step(token)
    if (failed(step)) throw refused(ntStatusName(step.status), step.status)
    return step
  }
}

const refused = (why: string, status = 0): RpcError =>
  new RpcError('RPC_LOGON_FAILED', `the logon for RPC failed: ${why}`, status)
