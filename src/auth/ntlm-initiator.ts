import { randomBytes } from 'node:crypto'
import { WireError } from '../bytes/errors.ts'
import { type Filetime, filetimeFromDate } from '../bytes/filetime.ts'
import { viewOf } from '../bytes/utf16.ts'
import {
  exchangeKey,
  lmV2Response,
  messageIntegrityCode,
  NtlmSession,
  ntHash,
  ntowfV2,
  ntProof,
  sessionBaseKey,
} from '../crypto/ntlm.ts'
import {
  challengeResponse,
  keyExchangeKeyV1,
  lmHash,
  sessionBaseKeyV1,
  sessionSecurityChallenge,
} from '../crypto/ntlm-v1.ts'
import { type Failure, fail } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import {
  AuthenticateMessage,
  AvFlags,
  AvId,
  type AvPair,
  avFlags,
  avValue,
  type ChallengeView,
  decodeChallenge,
  flagsPair,
  MIC_OFFSET,
  NegotiateMessage,
  NtlmFlags,
  Ntlmv2Response,
  textPair,
} from '../wire/ntlmssp/index.ts'
import { MechOid } from '../wire/spnego/index.ts'
import type { Initiator, InitiatorMechanism, InitiatorStep } from './mechanism.ts'
import type { LmLevel } from './ntlm-response.ts'

/** Who logs on. Without a user the logon is anonymous. */
export interface NtlmCredentials {
  readonly user: string
  /** Default ''. */
  readonly domain?: string
  readonly password?: string
  /** Instead of the password. */
  readonly ntHash?: Uint8Array
}

export interface NtlmInitiatorOptions {
  /** This machine's NetBIOS name. Default ''. */
  readonly workstation?: string
  /** The service that is meant, e.g. `cifs/server`; a server can check it. */
  readonly targetName?: string
  /** MD5 of the channel bindings of the transport (MS-NLMP 2.2.2.1). Default: it has none. */
  readonly channelBindings?: Uint8Array
  /** The LAN Manager authentication level. Default 5: NTLMv2 alone, as with 3 and 4. */
  readonly lmLevel?: LmLevel
  /** Default: the system's clock. */
  readonly now?: () => Filetime
  /** Default: the system's source of randomness. */
  readonly random?: (length: number) => Uint8Array
}

/** NTLM for initiators, with key exchange and, from NTLMv2 on, a MIC. MS-NLMP 3.1. */
export class NtlmInitiatorMechanism implements InitiatorMechanism {
  readonly name = 'NTLM'
  readonly oid = MechOid.NTLMSSP
  readonly #credentials: NtlmCredentials
  readonly #options: NtlmInitiatorOptions

  constructor(credentials: NtlmCredentials, options: NtlmInitiatorOptions = {}) {
    this.#credentials = credentials
    this.#options = options
  }

  initiator(): Initiator {
    return new NtlmInitiator(this.#credentials, this.#options)
  }
}

const FLAGS =
  (NtlmFlags.UNICODE |
    NtlmFlags.REQUEST_TARGET |
    NtlmFlags.SIGN |
    NtlmFlags.SEAL |
    NtlmFlags.NTLM |
    NtlmFlags.ALWAYS_SIGN |
    NtlmFlags.EXTENDED_SESSION_SECURITY |
    NtlmFlags.VERSION |
    NtlmFlags.NEGOTIATE_128 |
    NtlmFlags.KEY_EXCHANGE |
    NtlmFlags.NEGOTIATE_56) >>>
  0
/** Without these a server is too weak to be logged on to. */
const NEEDED = NtlmFlags.UNICODE | NtlmFlags.EXTENDED_SESSION_SECURITY | NtlmFlags.NEGOTIATE_128
/** Who has to speak NTLMv1 cannot ask for more. */
const NEEDED_BY_NTLM_V1 = NtlmFlags.UNICODE

/** The lowest levels that send NTLMv2, and that use extended session security with NTLMv1. */
const FIRST_V2_LEVEL = 3
const FIRST_SESSION_SECURITY_LEVEL = 1
/** The highest level that sends LM responses. */
const LAST_LM_LEVEL = 1

const NOTHING = new Uint8Array(0)

const VERSION = { major: 10, minor: 0, build: 0 }

class NtlmInitiator implements Initiator {
  readonly #credentials: NtlmCredentials
  readonly #options: NtlmInitiatorOptions
  readonly #random: (length: number) => Uint8Array
  #negotiate: Uint8Array | undefined
  #isSpent = false

  constructor(credentials: NtlmCredentials, options: NtlmInitiatorOptions) {
    this.#credentials = credentials
    this.#options = options
    this.#random = options.random ?? ((length) => new Uint8Array(randomBytes(length)))
  }

  step(token?: Uint8Array): InitiatorStep | Failure {
    if (this.#negotiate === undefined) {
      this.#negotiate = NegotiateMessage.encode({ negotiateFlags: this.#wanted, version: VERSION })
      return { token: this.#negotiate }
    }
    if (this.#isSpent || token === undefined) return fail(NtStatus.INVALID_PARAMETER)
    this.#isSpent = true
    try {
      return this.#answer(this.#negotiate, token, decodeChallenge(token))
    } catch (error) {
      if (error instanceof WireError) return fail(NtStatus.INVALID_NETWORK_RESPONSE)
      throw error
    }
  }

  get #level(): LmLevel {
    return this.#options.lmLevel ?? 5
  }

  get #wanted(): number {
    return this.#level < FIRST_SESSION_SECURITY_LEVEL ? (FLAGS & ~NtlmFlags.EXTENDED_SESSION_SECURITY) >>> 0 : FLAGS
  }

  /** MS-NLMP 3.1.5.1.2. */
  #answer(negotiate: Uint8Array, challenge: Uint8Array, view: ChallengeView): InitiatorStep | Failure {
    const needed = this.#level < FIRST_V2_LEVEL ? NEEDED_BY_NTLM_V1 : NEEDED
    if ((view.negotiateFlags & needed) !== needed) return fail(NtStatus.NOT_SUPPORTED)
    const flags = (view.negotiateFlags & this.#wanted) >>> 0
    const { keyExchangeKey, ...responses } = this.#responses(view, flags)
    const exchanges = (flags & NtlmFlags.KEY_EXCHANGE) !== 0
    const sessionKey = exchanges ? this.#random(16) : keyExchangeKey
    const { user, domain = '' } = this.#credentials
    const authenticate = AuthenticateMessage.encode({
      negotiateFlags: flags | (user === '' ? NtlmFlags.ANONYMOUS : 0),
      version: VERSION,
      mic: new Uint8Array(16),
      domainName: domain,
      userName: user,
      workstation: this.#options.workstation ?? '',
      lmResponse: responses.lmResponse,
      ntResponse: responses.ntResponse,
      encryptedRandomSessionKey: exchanges ? exchangeKey(keyExchangeKey, sessionKey) : NOTHING,
    })
    if (responses.hasMic)
      authenticate.set(messageIntegrityCode(sessionKey, negotiate, challenge, authenticate), MIC_OFFSET)
    if ((flags & NtlmFlags.EXTENDED_SESSION_SECURITY) === 0) return { token: authenticate, complete: { sessionKey } }
    const session = new NtlmSession(sessionKey, 'client', flags)
    return { token: authenticate, complete: { sessionKey, integrity: session, messages: session } }
  }

  #responses(view: ChallengeView, flags: number): Responses {
    if (this.#credentials.user === '')
      return { lmResponse: new Uint8Array(1), ntResponse: NOTHING, keyExchangeKey: new Uint8Array(16), hasMic: false }
    return this.#level < FIRST_V2_LEVEL ? this.#responsesV1(view, flags) : this.#responsesV2(view)
  }

  /** MS-NLMP 3.3.1 and 3.4.5.1. */
  #responsesV1({ serverChallenge }: ChallengeView, flags: number): Responses {
    const { password = '' } = this.#credentials
    const hash = this.#credentials.ntHash ?? ntHash(password)
    const baseKey = sessionBaseKeyV1(hash)
    if ((flags & NtlmFlags.EXTENDED_SESSION_SECURITY) !== 0) {
      const clientChallenge = this.#random(8)
      const lmResponse = new Uint8Array(24)
      lmResponse.set(clientChallenge)
      return {
        ntResponse: challengeResponse(hash, sessionSecurityChallenge(serverChallenge, clientChallenge)),
        lmResponse,
        keyExchangeKey: keyExchangeKeyV1(baseKey, serverChallenge, clientChallenge),
        hasMic: false,
      }
    }
    const ntResponse = challengeResponse(hash, serverChallenge)
    // A password without an LM hash, and a level that does not show it, repeat NTLM's response (MS-NLMP 3.3.1).
    const weak = this.#level > LAST_LM_LEVEL || this.#credentials.ntHash ? undefined : lmHash(password)
    const lmResponse = weak === undefined ? ntResponse : challengeResponse(weak, serverChallenge)
    return { ntResponse, lmResponse, keyExchangeKey: baseKey, hasMic: false }
  }

  /** MS-NLMP 3.3.2 and 3.1.5.1.2. */
  #responsesV2({ serverChallenge, targetInfo }: ChallengeView): Responses {
    const { user, domain = '', password = '' } = this.#credentials
    const responseKey = ntowfV2(this.#credentials.ntHash ?? ntHash(password), user, domain)
    const clientChallenge = this.#random(8)
    const serverTime = avValue(targetInfo, AvId.TIMESTAMP)
    const hasTime = serverTime?.length === 8
    const now = this.#options.now ?? (() => filetimeFromDate(new Date()))
    const response = Ntlmv2Response.encode({
      proof: new Uint8Array(16),
      timestamp: hasTime ? viewOf(serverTime).getBigUint64(0, true) : now(),
      clientChallenge,
      avPairs: this.#pairs(targetInfo, hasTime),
    })
    // Four zero bytes follow the AV pairs (MS-NLMP 3.3.2).
    const ntResponse = new Uint8Array(response.length + 4)
    ntResponse.set(response)
    const proof = ntProof(responseKey, serverChallenge, ntResponse.subarray(16))
    ntResponse.set(proof)
    return {
      ntResponse,
      // A server that tells its time gets no LM response.
      lmResponse: hasTime ? new Uint8Array(24) : lmV2Response(responseKey, serverChallenge, clientChallenge),
      keyExchangeKey: sessionBaseKey(responseKey, proof),
      hasMic: hasTime,
    }
  }

  /** What the server told, and what it makes of a server that tells its time. */
  #pairs(targetInfo: readonly AvPair[], hasTime: boolean): AvPair[] {
    if (!hasTime) return [...targetInfo]
    const { targetName, channelBindings } = this.#options
    return [
      ...targetInfo.filter(({ id }) => id !== AvId.FLAGS),
      flagsPair(avFlags(targetInfo) | AvFlags.MIC_PRESENT),
      { id: AvId.CHANNEL_BINDINGS, value: channelBindings ?? new Uint8Array(16) },
      ...(targetName === undefined ? [] : [textPair(AvId.TARGET_NAME, targetName)]),
    ]
  }
}

interface Responses {
  readonly lmResponse: Uint8Array
  readonly ntResponse: Uint8Array
  readonly keyExchangeKey: Uint8Array
  readonly hasMic: boolean
}
