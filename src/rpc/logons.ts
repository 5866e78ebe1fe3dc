/** The security contexts of a server's connection: MS-RPCE 3.3.1.5.2. */
import { proceed } from '../auth/maybe.ts'
import type { Acceptor, AcceptorStep, Identity } from '../auth/mechanism.ts'
import { AuthenticationLevel, type AuthTrailer } from '../wire/dcerpc/index.ts'
import { type Failure, failed } from '../wire/erref/failure.ts'
import type { Maybe } from './maybe.ts'
import { isOf, PacketSecurity, raisedLevel, signsPackets, type TrailerFields } from './packet-security.ts'
import type { RpcService } from './service.ts'

/** Lets callers log on for the calls themselves, beside whoever opened the pipe. */
export interface RpcAuthenticator {
  /** One logon attempt; undefined for an `AuthenticationType` that is not served. */
  acceptor(authenticationType: number): Acceptor | undefined
  /** What is offered to who has logged on. */
  services(identity: Identity): readonly RpcService[]
  /** Is told of each attempt that fails, and why. */
  refused?(why: Failure): void
}

/** One logon: its legs, and what its packets are protected with afterwards. */
export class Logon {
  readonly fields: TrailerFields
  state: 'in progress' | 'established' | 'refused' = 'in progress'
  /** Who logged on sees these services; undefined until then. */
  services: readonly RpcService[] | undefined
  /** Absent at level connect. */
  security: PacketSecurity | undefined
  readonly #acceptor: Acceptor
  readonly #authenticator: RpcAuthenticator

  constructor(fields: TrailerFields, acceptor: Acceptor, authenticator: RpcAuthenticator) {
    this.fields = fields
    this.#acceptor = acceptor
    this.#authenticator = authenticator
  }

  /** The next token; answers with one for the client, which may be empty, or undefined where the logon is refused. */
  accept(token: Uint8Array, signsHeader: boolean): Maybe<Uint8Array | undefined> {
    return proceed(this.#acceptor.accept(token), (step) => this.#judge(step, signsHeader))
  }

  #judge(step: AcceptorStep | Failure, signsHeader: boolean): Uint8Array | undefined {
    const refused = (): undefined => {
      this.state = 'refused'
      return undefined
    }
    if (failed(step)) {
      this.#authenticator.refused?.(step)
      return refused()
    }
    const { complete, token = NOTHING } = step
    if (step.refused !== undefined) this.#authenticator.refused?.(step.refused)
    if (complete === undefined) return token
    if (signsPackets(this.fields.authenticationLevel)) {
      // Guests and the like share no secret with anybody: nothing can be signed.
      if (complete.messages === undefined) return refused()
      this.security = new PacketSecurity({ ...this.fields, messages: complete.messages, signsHeader })
    }
    this.services = this.#authenticator.services(complete.identity)
    this.state = 'established'
    return token
  }
}

const NOTHING = new Uint8Array(0)

/** Why a packet cannot be taken for what it says it is. */
export type LogonProblem = 'type' | 'level' | 'rules'

/** All logons of one connection. One, unless the client has asked for several. */
export class Logons {
  readonly #authenticator: RpcAuthenticator | undefined
  readonly #maxLogons: number
  readonly #logons = new Map<number, Logon>()
  /** Security context multiplexing (MS-RPCE 3.3.1.5.4). */
  severalAllowed = false
  signsHeader = false

  constructor(authenticator: RpcAuthenticator | undefined, maxLogons: number) {
    this.#authenticator = authenticator
    this.#maxLogons = maxLogons
  }

  /** The logon that a token is for: a new one, or one under way. */
  forToken(auth: AuthTrailer): Logon | LogonProblem {
    const known = this.#logons.get(auth.contextId)
    const { authenticationType, authenticationLevel, contextId } = auth
    const fields = { authenticationType, authenticationLevel: raisedLevel(authenticationLevel), contextId }
    if (known !== undefined) return known.state === 'in progress' && isOf(auth, known.fields) ? known : 'rules'
    if (authenticationLevel < AuthenticationLevel.CONNECT || authenticationLevel > AuthenticationLevel.PRIVACY)
      return 'level'
    const acceptor = this.#authenticator?.acceptor(authenticationType)
    if (acceptor === undefined || this.#authenticator === undefined) return 'type'
    if (this.#logons.size >= (this.severalAllowed ? this.#maxLogons : 1)) return 'rules'
    const logon = new Logon(fields, acceptor, this.#authenticator)
    this.#logons.set(contextId, logon)
    return logon
  }

  /** The logon under which a packet without a trailer is served; undefined where nobody has logged on. */
  get first(): Logon | undefined {
    const [first] = this.#logons.values()
    return first
  }

  of(contextId: number): Logon | undefined {
    return this.#logons.get(contextId)
  }
}
