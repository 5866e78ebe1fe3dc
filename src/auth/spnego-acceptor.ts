import { WireError } from '../bytes/errors.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { isNtlmssp } from '../wire/ntlmssp/index.ts'
import {
  decodeSpnego,
  encodeNegTokenInit,
  encodeNegTokenResp,
  MechOid,
  NegState,
  type NegTokenResp,
  type ReceivedNegTokenInit,
  type ReceivedNegTokenResp,
  SPNEGO_OID,
} from '../wire/spnego/index.ts'
import { proceed } from './maybe.ts'
import type { Acceptor, AcceptorStep, Logon, Maybe, Mechanism, Peer } from './mechanism.ts'

/** Longest token that an acceptor looks at, in bytes. A Kerberos ticket with a large PAC has less. */
export const MAX_TOKEN_BYTES = 65_536

/** What an AP-REQ begins with (RFC 4120 5.5.1). */
const AP_REQ_TAG = 0x6e

/** Offered by Windows servers in this place, and to be ignored. MS-SPNG 2.2.1. */
const HINT_NAME = 'not_defined_in_RFC4178@please_ignore'

/**
 * SPNEGO for acceptors: the peer chooses among `mechanisms` by the order of its own list. Tokens that are NTLMSSP or
 * of another mechanism's own framing are taken without SPNEGO. RFC 4178, MS-SPNG.
 */
export class SpnegoMechanisms implements Mechanism {
  readonly name = 'SPNEGO'
  readonly oid = SPNEGO_OID
  readonly #mechanisms: readonly Mechanism[]
  readonly #initialToken: Uint8Array

  /** `mechanisms`: the one to be preferred first. */
  constructor(mechanisms: readonly Mechanism[]) {
    if (mechanisms.length === 0) throw new RangeError('SPNEGO needs a mechanism')
    this.#mechanisms = mechanisms
    this.#initialToken = encodeNegTokenInit({
      mechTypes: mechanisms.flatMap(({ oid, aliases = [] }) => [...aliases, oid]),
      hintName: HINT_NAME,
    })
  }

  /** The negTokenInit2 for the NEGOTIATE response. MS-SPNG 3.2.5.2. */
  initialToken(): Uint8Array {
    return this.#initialToken
  }

  acceptor(peer?: Peer): Acceptor {
    return new SpnegoAcceptor(this.#mechanisms, this.#initialToken, peer)
  }
}

type State =
  /** Nothing yet; `hinted` when an empty token was answered with the list. */
  | { readonly name: 'start'; readonly hinted: boolean }
  /** A mechanism talks, without SPNEGO around it. */
  | { readonly name: 'bare'; readonly inner: Acceptor }
  | ({ readonly name: 'mechanism' } & Selection)
  /** The mechanism is done, the peer's mechListMIC is still to come. */
  | { readonly name: 'mic'; readonly mechTypeList: Uint8Array; readonly logon: Logon }
  | { readonly name: 'spent' }

interface Selection {
  readonly inner: Acceptor
  /** As the peer's list has it. */
  readonly oid: string
  readonly mechTypeList: Uint8Array
  /** The peer would have liked another one better: then the list must be protected (RFC 4178 5). */
  readonly needsMic: boolean
  /** The first answer names the mechanism. */
  readonly isFirst: boolean
}

class SpnegoAcceptor implements Acceptor {
  readonly #mechanisms: readonly Mechanism[]
  readonly #initialToken: Uint8Array
  readonly #peer: Peer | undefined
  #state: State = { name: 'start', hinted: false }

  constructor(mechanisms: readonly Mechanism[], initialToken: Uint8Array, peer: Peer | undefined) {
    this.#mechanisms = mechanisms
    this.#initialToken = initialToken
    this.#peer = peer
  }

  accept(token: Uint8Array): Maybe<AcceptorStep | Failure> {
    const state = this.#state
    // Spent until a step says how to go on: a failure, or a second token while the first is looked at, ends it.
    this.#state = { name: 'spent' }
    if (token.length > MAX_TOKEN_BYTES) return fail(NtStatus.INVALID_PARAMETER)
    try {
      return this.#step(state, token)
    } catch (error) {
      if (error instanceof WireError) return fail(NtStatus.INVALID_PARAMETER)
      throw error
    }
  }

  #step(state: State, token: Uint8Array): Maybe<AcceptorStep | Failure> {
    if (state.name === 'spent') return fail(NtStatus.INVALID_PARAMETER)
    if (state.name === 'start') return this.#start(state, token)
    if (state.name === 'bare') return this.#bare(state.inner, token)
    const answer = expectResp(token)
    if (failed(answer)) return answer
    return state.name === 'mechanism'
      ? this.#continue(state, answer.responseToken, answer.mechListMic)
      : finish(state.logon, state.mechTypeList, answer.mechListMic)
  }

  #start(state: State & { name: 'start' }, token: Uint8Array): Maybe<AcceptorStep | Failure> {
    if (token.length === 0) {
      // MS-SPNG 3.2.5.2: without a token the acceptor speaks first; once.
      if (state.hinted) return fail(NtStatus.INVALID_PARAMETER)
      this.#state = { name: 'start', hinted: true }
      return { token: this.#initialToken }
    }
    if (isNtlmssp(token)) return this.#startBare(MechOid.NTLMSSP, token)
    // Kerberos in DCE's style has no frame (MS-RPCE 2.2.1.1.7, type 16).
    if (token[0] === AP_REQ_TAG) return this.#startBare(MechOid.KERBEROS, token)
    const found = decodeSpnego(token)
    if (found.kind === 'mechanism') return this.#startBare(found.oid, token)
    if (found.kind === 'resp') return fail(NtStatus.INVALID_PARAMETER)
    return this.#select(found)
  }

  #startBare(oid: string, token: Uint8Array): Maybe<AcceptorStep | Failure> {
    const mechanism = this.#find(oid)
    return mechanism === undefined
      ? fail(NtStatus.INVALID_PARAMETER)
      : this.#bare(mechanism.acceptor(this.#peer), token)
  }

  #bare(inner: Acceptor, token: Uint8Array): Maybe<AcceptorStep | Failure> {
    return proceed(inner.accept(token), (step) => {
      if (!failed(step) && step.complete === undefined) this.#state = { name: 'bare', inner }
      return step
    })
  }

  #find(oid: string): Mechanism | undefined {
    return this.#mechanisms.find((mechanism) => mechanism.oid === oid || mechanism.aliases?.includes(oid))
  }

  /** RFC 4178 4.2.1: the first of the peer's list that is known here. */
  #select(init: ReceivedNegTokenInit): Maybe<AcceptorStep | Failure> {
    const index = init.mechTypes.findIndex((oid) => this.#find(oid) !== undefined)
    const oid = init.mechTypes[index]
    const mechanism = oid === undefined ? undefined : this.#find(oid)
    if (oid === undefined || mechanism === undefined) return fail(NtStatus.INVALID_PARAMETER)
    const isPreferred = index === 0
    const selection: Selection = {
      inner: mechanism.acceptor(this.#peer),
      oid,
      mechTypeList: init.mechTypeList.slice(),
      needsMic: !isPreferred,
      isFirst: true,
    }
    // The optimistic token is the first mechanism's: it counts only when that one is chosen.
    if (isPreferred && init.mechToken !== undefined) return this.#continue(selection, init.mechToken, init.mechListMic)
    this.#state = { name: 'mechanism', ...selection, isFirst: false }
    const negState = isPreferred ? NegState.ACCEPT_INCOMPLETE : NegState.REQUEST_MIC
    return { token: encodeNegTokenResp({ negState, supportedMech: oid }) }
  }

  #continue(
    selection: Selection,
    token: Uint8Array | undefined,
    mic: Uint8Array | undefined,
  ): Maybe<AcceptorStep | Failure> {
    if (token === undefined) return fail(NtStatus.INVALID_PARAMETER)
    // What the peer sent may lie in a buffer that is used again before the mechanism has its answer.
    const keptMic = mic?.slice()
    return proceed(selection.inner.accept(token), (step) => this.#wrap(selection, step, keptMic))
  }

  #wrap(
    selection: Selection,
    step: AcceptorStep | Failure,
    mic: Uint8Array | undefined,
  ): Maybe<AcceptorStep | Failure> {
    if (failed(step)) return step
    const { mechTypeList, needsMic, oid, isFirst } = selection
    const answer = (more: NegTokenResp): Uint8Array =>
      encodeNegTokenResp({
        ...more,
        ...(isFirst && { supportedMech: oid }),
        ...(step.token && { responseToken: step.token }),
      })
    const { complete } = step
    if (complete === undefined) {
      // After a second attempt Samba's clients want the list protected, whatever came first in it.
      const isAgain = step.refused !== undefined
      this.#state = { name: 'mechanism', ...selection, isFirst: false, needsMic: needsMic || isAgain }
      return { ...step, token: answer({ negState: NegState.ACCEPT_INCOMPLETE }) }
    }
    const { integrity } = complete
    // Who shares no key with the peer can neither check nor make a MIC.
    if (integrity === undefined || (mic === undefined && !needsMic))
      return { complete, token: answer({ negState: NegState.ACCEPT_COMPLETED }) }
    if (mic === undefined)
      return proceed(integrity.sign(mechTypeList), (mechListMic) => {
        this.#state = { name: 'mic', mechTypeList, logon: complete }
        return { token: answer({ negState: NegState.ACCEPT_INCOMPLETE, mechListMic }) }
      })
    return proceed(integrity.verify(mechTypeList, mic), (isRight) => {
      if (!isRight) return fail(NtStatus.ACCESS_DENIED)
      return proceed(integrity.sign(mechTypeList), (mechListMic) => {
        complete.messages?.restart?.()
        return { complete, token: answer({ negState: NegState.ACCEPT_COMPLETED, mechListMic }) }
      })
    })
  }
}

/** After the first token the peer sends nothing but negTokenResp. */
function expectResp(token: Uint8Array): ReceivedNegTokenResp | Failure {
  const found = decodeSpnego(token)
  if (found.kind !== 'resp') return fail(NtStatus.INVALID_PARAMETER)
  return found.negState === NegState.REJECT ? fail(NtStatus.LOGON_FAILURE) : found
}

function finish(logon: Logon, mechTypeList: Uint8Array, mic: Uint8Array | undefined): Maybe<AcceptorStep | Failure> {
  if (mic === undefined || logon.integrity === undefined) return fail(NtStatus.INVALID_PARAMETER)
  return proceed(logon.integrity.verify(mechTypeList, mic), (isRight) => {
    if (!isRight) return fail(NtStatus.ACCESS_DENIED)
    logon.messages?.restart?.()
    return { complete: logon, token: encodeNegTokenResp({ negState: NegState.ACCEPT_COMPLETED }) }
  })
}
