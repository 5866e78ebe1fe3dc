import { randomBytes, timingSafeEqual } from 'node:crypto'
import { WireError } from '../bytes/errors.ts'
import { type Filetime, filetimeFromDate } from '../bytes/filetime.ts'
import { viewOf } from '../bytes/utf16.ts'
import { exchangeKey, messageIntegrityCode, NtlmSession, ntowfV2, ntProof, sessionBaseKey } from '../crypto/ntlm.ts'
import { type Failure, fail } from '../wire/erref/failure.ts'
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
  Ntlmv2Response,
  textPair,
  timestampPair,
} from '../wire/ntlmssp/index.ts'
import { MechOid } from '../wire/spnego/index.ts'
import { type Account, type AccountSource, Identities, machineSidOf } from './accounts.ts'
import { proceed } from './maybe.ts'
import type { Acceptor, AcceptorStep, Logon, Maybe, Mechanism } from './mechanism.ts'

export type { Account, AccountSource } from './accounts.ts'

export interface NtlmAcceptorOptions {
  /** The server's NetBIOS name. */
  readonly netbiosName: string
  /** The server's DNS name. */
  readonly dnsName: string
  /** NetBIOS name of the domain; for a server of its own, its name. Default: `netbiosName`. */
  readonly domain?: string
  /** DNS name of the domain. Default: `dnsName`. */
  readonly dnsDomain?: string
  /** Unknown users are let in as guests; wrong passwords never are. Default false. */
  readonly allowGuest?: boolean
  /** Default false. */
  readonly allowAnonymous?: boolean
  /** What the SIDs of local accounts begin with. Default: made from `netbiosName`. */
  readonly machineSid?: string
  /** Default: the system's clock. */
  readonly now?: () => Filetime
  /** Default: the system's source of randomness. */
  readonly random?: (length: number) => Uint8Array
}

/** Longest user or domain name that is looked up, in UTF-16 units (UNLEN of Windows). */
const MAX_NAME_UNITS = 256

const ZERO_KEY = new Uint8Array(16)

/**
 * NTLM for acceptors: NTLMv2 only. LM and NTLMv1 responses are refused, the session key is always exchanged where the
 * client can, and a MIC is checked wherever the client says that it sent one. MS-NLMP 3.2.
 */
export class NtlmMechanism implements Mechanism {
  readonly name = 'NTLM'
  readonly oid = MechOid.NTLMSSP
  readonly #settings: Settings

  constructor(accounts: AccountSource, options: NtlmAcceptorOptions) {
    const { netbiosName, dnsName, domain = netbiosName, dnsDomain = dnsName } = options
    const random = options.random ?? ((length) => new Uint8Array(randomBytes(length)))
    this.#settings = {
      accounts,
      identities: new Identities(domain, options.machineSid ?? machineSidOf(netbiosName)),
      names: [
        textPair(AvId.NB_DOMAIN_NAME, domain),
        textPair(AvId.NB_COMPUTER_NAME, netbiosName),
        textPair(AvId.DNS_DOMAIN_NAME, dnsDomain),
        textPair(AvId.DNS_COMPUTER_NAME, dnsName),
      ],
      targetName: domain,
      allowGuest: options.allowGuest ?? false,
      allowAnonymous: options.allowAnonymous ?? false,
      now: options.now ?? (() => filetimeFromDate(new Date())),
      random,
      nobodysHash: random(16),
    }
  }

  acceptor(): Acceptor {
    return new NtlmAcceptor(this.#settings)
  }
}

interface Settings {
  readonly accounts: AccountSource
  readonly identities: Identities
  readonly names: readonly ReturnType<typeof textPair>[]
  readonly targetName: string
  readonly allowGuest: boolean
  readonly allowAnonymous: boolean
  readonly now: () => Filetime
  readonly random: (length: number) => Uint8Array
  /** Stands in for the hash of a user who does not exist, so that he costs as much as a wrong password. */
  readonly nobodysHash: Uint8Array
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
  #state: 'new' | 'spent' | Challenged = 'new'

  constructor(settings: Settings) {
    this.#settings = settings
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
    // 24 bytes are an NTLMv1 response, none an LM response alone: both are refused.
    if (ntResponse.length <= 24) return fail(NtStatus.LOGON_FAILURE)
    // Checks the AV pairs before anything is looked up.
    const response = Ntlmv2Response.decode(viewOf(ntResponse))
    const attempt: Attempt = {
      ...challenged,
      message,
      token,
      proof: response.proof,
      temp: ntResponse.subarray(16),
      hasMic: (avFlags(response.avPairs) & AvFlags.MIC_PRESENT) !== 0,
    }
    return proceed(this.#settings.accounts.find(userName, domainName), (account) => this.#judge(attempt, account))
  }

  #judge(attempt: Attempt, account: Account | undefined): AcceptorStep | Failure {
    const { identities, allowGuest, nobodysHash } = this.#settings
    const { message } = attempt
    const responseKey = provenKey(attempt, account?.ntHash ?? nobodysHash)
    if (account === undefined && allowGuest)
      return { complete: { identity: identities.guest(message.userName, message.workstation), sessionKey: ZERO_KEY } }
    if (account === undefined || responseKey === undefined) return fail(NtStatus.LOGON_FAILURE)
    const logon = establish(attempt, sessionBaseKey(responseKey, attempt.proof))
    if (logon === undefined) return fail(NtStatus.INVALID_PARAMETER)
    if (attempt.hasMic && !micIsRight(attempt, logon.sessionKey)) return fail(NtStatus.INVALID_PARAMETER)
    // Only who knows the password learns that the account is disabled.
    if (account.disabled === true) return fail(NtStatus.ACCOUNT_DISABLED)
    return { complete: { ...logon, identity: identities.user(account, message.workstation) } }
  }

  #anonymous(message: AuthenticateView, challenged: Challenged): AcceptorStep | Failure {
    if (!this.#settings.allowAnonymous) return fail(NtStatus.ACCESS_DENIED)
    const logon = establish({ ...challenged, message }, ZERO_KEY)
    if (logon === undefined) return fail(NtStatus.INVALID_PARAMETER)
    return { complete: { ...logon, identity: this.#settings.identities.anonymous(message.workstation) } }
  }
}

interface Attempt extends Challenged {
  readonly message: AuthenticateView
  readonly token: Uint8Array
  readonly proof: Uint8Array
  /** What the proof is over, beside the challenge. */
  readonly temp: Uint8Array
  readonly hasMic: boolean
}

/**
 * The response key with which the proof was made, if it was made with this hash. Clients do not agree on the domain
 * name that goes into it: as they send it, in upper case, or none (MS-NLMP 3.2.5.1.2). All are always tried, so that
 * time tells nothing.
 */
function provenKey({ message, serverChallenge, proof, temp }: Attempt, hash: Uint8Array): Uint8Array | undefined {
  let proven: Uint8Array | undefined
  for (const domain of [message.domainName, message.domainName.toUpperCase(), '']) {
    const key = ntowfV2(hash, message.userName, domain)
    if (timingSafeEqual(ntProof(key, serverChallenge, temp), proof)) proven ??= key
  }
  return proven
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
