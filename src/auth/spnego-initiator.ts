import { WireError } from '../bytes/errors.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import {
  decodeSpnego,
  encodeMechTypeList,
  encodeNegTokenInit,
  encodeNegTokenResp,
  NegState,
  type ReceivedNegTokenResp,
} from '../wire/spnego/index.ts'
import { proceed } from './maybe.ts'
import {
  type Established,
  type Initiator,
  type InitiatorMechanism,
  type InitiatorStep,
  type Maybe,
  RefusedLogon,
} from './mechanism.ts'

export interface SpnegoInitiatorOptions {
  /** Is told of a mechanism that could not begin, and why, before the next one is taken. */
  readonly onFallback?: (mechanism: InitiatorMechanism, why: Failure) => void
  /** The first mechanism's first token goes out at once, in the hope that it is chosen. Default true. */
  readonly optimistic?: boolean
}

/** SPNEGO for initiators: offers `mechanisms` in their order. RFC 4178, MS-SPNG. */
export class SpnegoInitiator implements Initiator {
  readonly #mechanisms: readonly InitiatorMechanism[]
  readonly #optimistic: boolean
  readonly #onFallback: SpnegoInitiatorOptions['onFallback']
  #mechTypeList = new Uint8Array(0)
  #offered: readonly InitiatorMechanism[] = []
  #selected: { readonly oid: string; readonly inner: Initiator } | undefined
  #state: 'start' | 'negotiating' | 'spent' = 'start'
  /** The mechanism was named by the acceptor. */
  #isSettled = false
  /** The list of mechanisms must be protected: another than the first was chosen, or the acceptor asks for it. */
  #needsMic = false
  #sentMic = false
  /** The acceptor has protected it. */
  #isProtected = false
  #established: Established | undefined

  /** `mechanisms`: the one to be preferred first. */
  constructor(
    mechanisms: readonly InitiatorMechanism[],
    { optimistic = true, onFallback }: SpnegoInitiatorOptions = {},
  ) {
    this.#mechanisms = mechanisms
    this.#optimistic = optimistic
    this.#onFallback = onFallback
  }

  /** Name of the mechanism that was chosen; undefined before. */
  get mechanism(): string | undefined {
    return this.#offered.find(({ oid }) => oid === this.#selected?.oid)?.name
  }

  /** The first call may bring the acceptor's negTokenInit2, so that only what it knows is offered. */
  step(token?: Uint8Array): Maybe<InitiatorStep | Failure> {
    const state = this.#state
    this.#state = 'spent'
    try {
      if (state === 'start') return this.#start(token)
      if (state === 'spent' || token === undefined) return fail(NtStatus.INVALID_PARAMETER)
      const answer = decodeSpnego(token)
      if (answer.kind !== 'resp') return fail(NtStatus.INVALID_NETWORK_RESPONSE)
      return answer.negState === NegState.REJECT ? fail(NtStatus.LOGON_FAILURE) : this.#answer(answer)
    } catch (error) {
      if (error instanceof WireError) return fail(NtStatus.INVALID_NETWORK_RESPONSE)
      throw error
    }
  }

  #start(hint: Uint8Array | undefined): Maybe<InitiatorStep | Failure> {
    if (hint === undefined || hint.length === 0) return this.#begin(this.#mechanisms)
    const found = decodeSpnego(hint)
    if (found.kind !== 'init') return fail(NtStatus.INVALID_NETWORK_RESPONSE)
    const known = this.#mechanisms.filter(({ oid }) => found.mechTypes.includes(oid))
    const missing = this.#mechanisms.filter((mechanism) => !known.includes(mechanism))
    const why = new RefusedLogon(NtStatus.NOT_SUPPORTED, `the server does not offer ${namesOf(missing)}`)
    if (known.length === 0) return why
    // Only what would have been preferred is missed.
    const isMissed = this.#mechanisms[0] !== known[0]
    if (isMissed && missing[0] !== undefined) this.#onFallback?.(missing[0], why)
    return this.#begin(known)
  }

  #begin(offered: readonly InitiatorMechanism[]): Maybe<InitiatorStep | Failure> {
    this.#offered = offered
    const first = offered[0]
    if (first === undefined) return fail(NtStatus.NOT_SUPPORTED)
    const mechTypes = this.#offered.map(({ oid }) => oid)
    this.#mechTypeList = new Uint8Array(encodeMechTypeList(mechTypes))
    const inner = first.initiator()
    this.#selected = { oid: first.oid, inner }
    if (!this.#optimistic) {
      this.#state = 'negotiating'
      return { token: encodeNegTokenInit({ mechTypes }) }
    }
    return proceed(inner.step(), (step) => {
      if (failed(step)) return this.#fallBack(first, step)
      this.#established = step.complete
      this.#state = 'negotiating'
      return { token: encodeNegTokenInit({ mechTypes, ...(step.token && { mechToken: step.token }) }) }
    })
  }

  /** A mechanism that cannot even begin is not offered. */
  #fallBack(mechanism: InitiatorMechanism, why: Failure): Maybe<InitiatorStep | Failure> {
    const others = this.#offered.filter((other) => other !== mechanism)
    if (others.length === 0) return why
    this.#onFallback?.(mechanism, why)
    return this.#begin(others)
  }

  #answer(answer: ReceivedNegTokenResp): Maybe<InitiatorStep | Failure> {
    if (answer.negState === NegState.REQUEST_MIC) this.#needsMic = true
    const problem = this.#settle(answer.supportedMech)
    if (problem !== undefined) return problem
    const inner = this.#selected?.inner
    if (inner === undefined) return fail(NtStatus.INVALID_PARAMETER)
    if (this.#established !== undefined) return this.#conclude(answer, this.#established, undefined)
    const isOurTurn = answer.responseToken !== undefined || answer.negState !== NegState.ACCEPT_COMPLETED
    if (!isOurTurn) return fail(NtStatus.INVALID_NETWORK_RESPONSE)
    return proceed(inner.step(answer.responseToken), (step) => {
      if (failed(step)) return step
      this.#established = step.complete
      const isLast = answer.negState === NegState.ACCEPT_COMPLETED || answer.mechListMic !== undefined
      if (step.complete !== undefined && isLast) return this.#conclude(answer, step.complete, step.token)
      return this.#send(step.token, step.complete)
    })
  }

  /** RFC 4178 4.2.2: the first answer names the mechanism, later ones need not. */
  #settle(oid: string | undefined): Failure | undefined {
    if (this.#isSettled) return oid === undefined || oid === this.#selected?.oid ? undefined : invalidResponse()
    this.#isSettled = true
    if (oid === undefined || oid === this.#selected?.oid) return undefined
    const mechanism = this.#offered.find((offered) => offered.oid === oid)
    if (mechanism === undefined) return invalidResponse()
    this.#selected = { oid, inner: mechanism.initiator() }
    this.#established = undefined
    this.#needsMic = true
    return undefined
  }

  #send(token: Uint8Array | undefined, established: Established | undefined): Maybe<InitiatorStep> {
    const integrity = established?.integrity
    this.#sentMic ||= integrity !== undefined
    return proceed(integrity?.sign(this.#mechTypeList), (mechListMic) => {
      this.#state = 'negotiating'
      return {
        token: encodeNegTokenResp({
          negState: NegState.ACCEPT_INCOMPLETE,
          ...(token && { responseToken: token }),
          ...(mechListMic && { mechListMic }),
        }),
      }
    })
  }

  /** The mechanism is done at this end: what is left is the acceptor's consent and its mechListMIC. */
  #conclude(
    answer: ReceivedNegTokenResp,
    established: Established,
    token: Uint8Array | undefined,
  ): Maybe<InitiatorStep | Failure> {
    const { integrity } = established
    const { mechListMic } = answer
    if (integrity === undefined || mechListMic === undefined) {
      if (this.#needsMic && integrity !== undefined && !this.#isProtected) return notTrusted()
      return this.#agree(answer, established, token)
    }
    return proceed(integrity.verify(this.#mechTypeList, mechListMic), (isRight) => {
      if (!isRight) return notTrusted()
      this.#isProtected = true
      return this.#agree(answer, established, token)
    })
  }

  #agree(
    answer: ReceivedNegTokenResp,
    established: Established,
    token: Uint8Array | undefined,
  ): Maybe<InitiatorStep | Failure> {
    if (answer.negState === NegState.ACCEPT_COMPLETED || answer.negState === undefined) {
      if (answer.mechListMic !== undefined || this.#sentMic) established.messages?.restart?.()
      return { complete: established, ...(token && { token: encodeNegTokenResp({ responseToken: token }) }) }
    }
    const { integrity } = established
    // RFC 4178 5: the acceptor has sent its MIC and waits for ours.
    if (integrity === undefined || this.#sentMic) return invalidResponse()
    this.#sentMic = true
    return proceed(integrity.sign(this.#mechTypeList), (mechListMic) => {
      established.messages?.restart?.()
      // The acceptor may say once more that it is content.
      this.#state = 'negotiating'
      return {
        complete: established,
        token: encodeNegTokenResp({ negState: NegState.ACCEPT_COMPLETED, mechListMic }),
      }
    })
  }
}

const namesOf = (mechanisms: readonly InitiatorMechanism[]): string => mechanisms.map(({ name }) => name).join(', ')

const invalidResponse = (): Failure => fail(NtStatus.INVALID_NETWORK_RESPONSE)

/** The list of mechanisms is not as it was sent, as far as can be known (RFC 4178 5). */
const notTrusted = (): RefusedLogon =>
  new RefusedLogon(
    NtStatus.ACCESS_DENIED,
    'the client does not trust the server, which has not signed what both agreed on: somebody between may have changed it',
  )
