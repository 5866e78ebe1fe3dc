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
import type { Established, Initiator, InitiatorMechanism, InitiatorStep, Maybe } from './mechanism.ts'

export interface SpnegoInitiatorOptions {
  /** The first mechanism's first token goes out at once, in the hope that it is chosen. Default true. */
  readonly optimistic?: boolean
}

/** SPNEGO for initiators: offers `mechanisms` in their order. RFC 4178, MS-SPNG. */
export class SpnegoInitiator implements Initiator {
  readonly #mechanisms: readonly InitiatorMechanism[]
  readonly #optimistic: boolean
  #mechTypeList = new Uint8Array(0)
  #offered: readonly InitiatorMechanism[] = []
  #selected: { readonly oid: string; readonly inner: Initiator } | undefined
  #state: 'start' | 'negotiating' | 'spent' = 'start'
  /** The mechanism was named by the acceptor. */
  #isSettled = false
  /** The list of mechanisms must be protected: another than the first was chosen, or the acceptor asks for it. */
  #needsMic = false
  #sentMic = false
  #established: Established | undefined

  /** `mechanisms`: the one to be preferred first. */
  constructor(mechanisms: readonly InitiatorMechanism[], { optimistic = true }: SpnegoInitiatorOptions = {}) {
    this.#mechanisms = mechanisms
    this.#optimistic = optimistic
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
    this.#offered = this.#mechanisms
    if (hint !== undefined && hint.length > 0) {
      const found = decodeSpnego(hint)
      if (found.kind !== 'init') return fail(NtStatus.INVALID_NETWORK_RESPONSE)
      this.#offered = this.#mechanisms.filter(({ oid }) => found.mechTypes.includes(oid))
    }
    const first = this.#offered[0]
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
      if (failed(step)) return step
      this.#established = step.complete
      this.#state = 'negotiating'
      return { token: encodeNegTokenInit({ mechTypes, ...(step.token && { mechToken: step.token }) }) }
    })
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
      if (step.complete !== undefined && answer.negState === NegState.ACCEPT_COMPLETED)
        return this.#conclude(answer, step.complete, step.token)
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

  #send(token: Uint8Array | undefined, established: Established | undefined): InitiatorStep {
    const integrity = established?.integrity
    this.#sentMic ||= integrity !== undefined
    this.#state = 'negotiating'
    return {
      token: encodeNegTokenResp({
        negState: NegState.ACCEPT_INCOMPLETE,
        ...(token && { responseToken: token }),
        ...(integrity && { mechListMic: integrity.sign(this.#mechTypeList) }),
      }),
    }
  }

  /** The mechanism is done at this end: what is left is the acceptor's consent and its mechListMIC. */
  #conclude(
    answer: ReceivedNegTokenResp,
    established: Established,
    token: Uint8Array | undefined,
  ): InitiatorStep | Failure {
    const { integrity } = established
    const { mechListMic } = answer
    if (mechListMic !== undefined && integrity !== undefined) {
      if (!integrity.verify(this.#mechTypeList, mechListMic)) return fail(NtStatus.ACCESS_DENIED)
    } else if (this.#needsMic && integrity !== undefined) return fail(NtStatus.ACCESS_DENIED)
    if (answer.negState === NegState.ACCEPT_COMPLETED || answer.negState === undefined) {
      if (mechListMic !== undefined || this.#sentMic) established.messages?.restart?.()
      return { complete: established, ...(token && { token: encodeNegTokenResp({ responseToken: token }) }) }
    }
    // RFC 4178 5: the acceptor has sent its MIC and waits for ours.
    if (integrity === undefined || this.#sentMic) return invalidResponse()
    this.#sentMic = true
    const own = { negState: NegState.ACCEPT_COMPLETED, mechListMic: integrity.sign(this.#mechTypeList) }
    established.messages?.restart?.()
    return { complete: established, token: encodeNegTokenResp(own) }
  }
}

const invalidResponse = (): Failure => fail(NtStatus.INVALID_NETWORK_RESPONSE)
