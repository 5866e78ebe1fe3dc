import { randomBytes, timingSafeEqual } from 'node:crypto'
import { WireError } from '../bytes/errors.ts'
import { type Filetime, filetimeFromDate } from '../bytes/filetime.ts'
import { exchangeKey, messageIntegrityCode, NtlmSession } from '../crypto/ntlm.ts'
import { clientChallengeIn, keyExchangeKeyV1 } from '../crypto/ntlm-v1.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import {
  type AuthenticateView,
  AvFlags,
  AvId,
  avFlags,
  ChallengeMessage,
  decodeAuthenticate,
  decodeNegotiate,
  MAX_MESSAGE_BYTES,
  NtlmFlags,
  textPair,
  timestampPair,
} from '../wire/ntlmssp/index.ts'
import { MechOid } from '../wire/spnego/index.ts'
import type { NtlmAttempt } from './authenticator.ts'
import { proceed } from './maybe.ts'
import {
  type Acceptor,
  type AcceptorStep,
  type Logon,
  type Maybe,
  type Mechanism,
  type Peer,
  RefusedLogon,
} from './mechanism.ts'
import { type CheckedNtlm, checkNtlm, type NtlmPolicy } from './ntlm-check.ts'
import { pairsOf, responseKind } from './ntlm-response.ts'

export interface NtlmAcceptorOptions {
  /** The server's NetBIOS name. */
  readonly netbiosName: string
  /** The server's DNS name. */
  readonly dnsName: string
  /** NetBIOS name of the domain; for a server of its own, its name. Default: `netbiosName`. */
  readonly domain?: string
  /** DNS name of the domain. Default: `dnsName`. */
  readonly dnsDomain?: string
  /** Default false. */
  readonly allowAnonymous?: boolean
  /** Default: the system's clock. */
  readonly now?: () => Filetime
  /** Default: the system's source of randomness. */
  readonly random?: (length: number) => Uint8Array
}

/** Longest user or domain name that is looked up, in UTF-16 units (UNLEN of Windows). */
const MAX_NAME_UNITS = 256

const ZERO_KEY = new Uint8Array(16)

/**
 * NTLM for acceptors. Which responses are good is for the policy; the session key is always exchanged where the client
 * can, and a MIC is checked wherever the client says that it sent one. MS-NLMP 3.2.
 */
export class NtlmMechanism implements Mechanism {
  readonly name = 'NTLM'
  readonly oid = MechOid.NTLMSSP
  readonly #settings: Settings

  constructor(policy: NtlmPolicy, options: NtlmAcceptorOptions) {
    const { netbiosName, dnsName, domain = netbiosName, dnsDomain = dnsName } = options
    this.#settings = {
      policy,
      names: [
        textPair(AvId.NB_DOMAIN_NAME, domain),
        textPair(AvId.NB_COMPUTER_NAME, netbiosName),
        textPair(AvId.DNS_DOMAIN_NAME, dnsDomain),
        textPair(AvId.DNS_COMPUTER_NAME, dnsName),
      ],
      targetName: domain,
      allowAnonymous: options.allowAnonymous ?? false,
      now: options.now ?? (() => filetimeFromDate(new Date())),
      random: options.random ?? ((length) => new Uint8Array(randomBytes(length))),
    }
  }

  acceptor(peer?: Peer): Acceptor {
    return new NtlmAcceptor(this.#settings, peer)
  }
}

interface Settings {
  readonly policy: NtlmPolicy
  readonly names: readonly ReturnType<typeof textPair>[]
  readonly targetName: string
  readonly allowAnonymous: boolean
  readonly now: () => Filetime
  readonly random: (length: number) => Uint8Array
}

/** What the server may give back of what a client asks for; the rest is set or left out whatever it asks. */
const ECHOED =
  NtlmFlags.REQUEST_TARGET |
  NtlmFlags.SIGN |
  NtlmFlags.SEAL |
  NtlmFlags.ALWAYS_SIGN |
  NtlmFlags.EXTENDED_SESSION_SECURITY |
  NtlmFlags.KEY_EXCHANGE |
  NtlmFlags.VERSION
/** 128 and 56 go out even unasked: a Linux client refuses a challenge without them. */
const ALWAYS =
  NtlmFlags.UNICODE |
  NtlmFlags.NTLM |
  NtlmFlags.TARGET_TYPE_SERVER |
  NtlmFlags.TARGET_INFO |
  NtlmFlags.NEGOTIATE_128 |
  NtlmFlags.NEGOTIATE_56

interface Challenged {
  readonly negotiate: Uint8Array
  readonly challenge: Uint8Array
  readonly serverChallenge: Uint8Array
  readonly flags: number
}

class NtlmAcceptor implements Acceptor {
  readonly #settings: Settings
  readonly #peer: Peer | undefined
  #state: 'new' | 'spent' | Challenged = 'new'

  constructor(settings: Settings, peer: Peer | undefined) {
    this.#settings = settings
    this.#peer = peer
  }

  accept(token: Uint8Array): Maybe<AcceptorStep | Failure> {
    const state = this.#state
    // One challenge serves one AUTHENTICATE message, right or wrong.
    this.#state = 'spent'
    if (state === 'spent' || token.length > MAX_MESSAGE_BYTES) return fail(NtStatus.INVALID_PARAMETER)
    try {
      return state === 'new' ? this.#challenge(token) : this.#authenticate(token, state)
    } catch (error) {
      if (error instanceof WireError) return fail(NtStatus.INVALID_PARAMETER)
      throw error
    }
  }

  /** MS-NLMP 3.2.5.1.1. */
  #challenge(negotiate: Uint8Array): AcceptorStep | Failure {
    const { now, random, names, targetName } = this.#settings
    const { negotiateFlags } = decodeNegotiate(negotiate)
    // Every client that speaks SMB 2 has Unicode.
    if ((negotiateFlags & NtlmFlags.UNICODE) === 0) return fail(NtStatus.INVALID_PARAMETER)
    const flags = ((negotiateFlags & ECHOED) | ALWAYS) >>> 0
    const serverChallenge = random(8)
    const challenge = ChallengeMessage.encode({
      negotiateFlags: flags,
      serverChallenge,
      version: { major: 10, minor: 0, build: 0 },
      targetName,
      targetInfo: [...names, timestampPair(now())],
    })
    // The token lies in the receive buffer, and the MIC needs it later.
    this.#state = { negotiate: negotiate.slice(), challenge, serverChallenge, flags }
    return { token: challenge }
  }

  /** MS-NLMP 3.2.5.1.2. */
  #authenticate(received: Uint8Array, challenged: Challenged): Maybe<AcceptorStep | Failure> {
    // The account may take a while to be found, and the receive buffer is not ours to keep.
    const token = received.slice()
    const message = decodeAuthenticate(token)
    const { userName, domainName, ntResponse, lmResponse } = message
    if (userName === '' && ntResponse.length === 0) {
      // Anonymous is nothing at all, or a single zero byte as LM response, and never a name or a proof.
      const isAnonymous = lmResponse.length === 0 || (lmResponse.length === 1 && lmResponse[0] === 0)
      return isAnonymous ? this.#anonymous(message, challenged) : fail(NtStatus.LOGON_FAILURE)
    }
    if (userName === '') return fail(NtStatus.LOGON_FAILURE)
    if (userName.length > MAX_NAME_UNITS || domainName.length > MAX_NAME_UNITS) return fail(NtStatus.INVALID_PARAMETER)
    const attempt: Attempt = {
      ...challenged,
      message,
      token,
      user: userName,
      domain: domainName,
      workstation: message.workstation,
      ntResponse,
      lmResponse,
      hasSessionSecurity: (message.negotiateFlags & challenged.flags & NtlmFlags.EXTENDED_SESSION_SECURITY) !== 0,
    }
    return proceed(checkNtlm(this.#settings.policy, attempt, this.#peer), (checked) =>
      failed(checked) ? checked : admit(attempt, checked),
    )
  }

  #anonymous(message: AuthenticateView, challenged: Challenged): AcceptorStep | Failure {
    const { allowAnonymous, policy } = this.#settings
    if (!allowAnonymous) return new RefusedLogon(NtStatus.ACCESS_DENIED, 'nobody logs on without a name here')
    const logon = establish({ ...challenged, message }, ZERO_KEY)
    if (logon === undefined) return fail(NtStatus.INVALID_PARAMETER)
    return { complete: { ...logon, identity: policy.identities.anonymous(message.workstation) } }
  }
}

interface Attempt extends Challenged, NtlmAttempt {
  readonly message: AuthenticateView
  readonly token: Uint8Array
}

/** The password was right: keys, and whether all three messages are as they were sent. */
function admit(attempt: Attempt, checked: CheckedNtlm): AcceptorStep | Failure {
  const { identity, sessionBaseKey } = checked
  if (sessionBaseKey === undefined) return { complete: { identity, sessionKey: ZERO_KEY } }
  const damaged = (reason: string): RefusedLogon => new RefusedLogon(NtStatus.INVALID_PARAMETER, reason, attempt.user)
  const logon = establish(attempt, exchangeKeyOf(attempt, sessionBaseKey))
  if (logon === undefined) return damaged('the exchanged key is not as it must be')
  // The flag is under the proof: who takes the MIC away cannot take back that there was one.
  const hasMic = (avFlags(pairsOf(attempt)) & AvFlags.MIC_PRESENT) !== 0
  if (hasMic && !micIsRight(attempt, logon.sessionKey)) return damaged('the MIC over the three messages is wrong')
  const { expiresAt } = checked
  return { complete: { ...logon, identity, ...(expiresAt === undefined ? {} : { expiresAt }) } }
}

/** KXKEY. MS-NLMP 3.4.5.1. */
function exchangeKeyOf(attempt: Attempt, sessionBaseKey: Uint8Array): Uint8Array {
  const { hasSessionSecurity, serverChallenge, lmResponse } = attempt
  return responseKind(attempt) === 'NTLMv1' && hasSessionSecurity
    ? keyExchangeKeyV1(sessionBaseKey, serverChallenge, clientChallengeIn(lmResponse))
    : sessionBaseKey
}

/** Session key and message security; undefined when the exchanged key is not as it must be. */
function establish(
  attempt: Pick<Attempt, 'message' | 'flags'>,
  keyExchangeKey: Uint8Array,
): Omit<Logon, 'identity'> | undefined {
  const { encryptedRandomSessionKey, negotiateFlags } = attempt.message
  const flags = negotiateFlags & attempt.flags
  let sessionKey = keyExchangeKey
  if ((flags & NtlmFlags.KEY_EXCHANGE) !== 0) {
    if (encryptedRandomSessionKey.length === 16) sessionKey = exchangeKey(keyExchangeKey, encryptedRandomSessionKey)
    // Without signing or sealing there is nothing that a key would be exchanged for.
    else if ((flags & (NtlmFlags.SIGN | NtlmFlags.SEAL)) !== 0) return undefined
  }
  if ((flags & NtlmFlags.EXTENDED_SESSION_SECURITY) === 0) return { sessionKey }
  const session = new NtlmSession(sessionKey, 'server', flags)
  return { sessionKey, integrity: session, messages: session }
}

function micIsRight({ message, negotiate, challenge, token }: Attempt, sessionKey: Uint8Array): boolean {
  if (message.mic === undefined) return false
  return timingSafeEqual(messageIntegrityCode(sessionKey, negotiate, challenge, token), message.mic)
}
