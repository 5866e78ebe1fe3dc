import { timingSafeEqual } from 'node:crypto'
import { viewOf } from '../bytes/utf16.ts'
import { ntowfV2, ntProof, sessionBaseKey } from '../crypto/ntlm.ts'
import { challengeResponse, clientChallengeIn, sessionBaseKeyV1, sessionSecurityChallenge } from '../crypto/ntlm-v1.ts'
import { type AvPair, Ntlmv2Response } from '../wire/ntlmssp/index.ts'
import type { NtlmAttempt } from './authenticator.ts'

/** What a client has proven its password with. */
export type ResponseKind = 'NTLMv2' | 'NTLMv1' | 'LM'

/**
 * The LAN Manager authentication level of Windows: 0 to 2 send LM and NTLM, 3 to 5 send NTLMv2 alone; up to 3 take
 * everything, 4 refuses LM, 5 refuses NTLM, too.
 */
export type LmLevel = 0 | 1 | 2 | 3 | 4 | 5

/** Bytes of an NTLMv1 or LM response; those of NTLMv2 have more. */
const V1_RESPONSE_BYTES = 24

/** Which response it is; undefined where there is none. Old clients repeat the NTLM response where LM's would be. */
export function responseKind({ ntResponse, lmResponse }: NtlmAttempt): ResponseKind | undefined {
  if (ntResponse.length > V1_RESPONSE_BYTES) return 'NTLMv2'
  if (ntResponse.length === V1_RESPONSE_BYTES) return 'NTLMv1'
  return ntResponse.length === 0 && lmResponse.length === V1_RESPONSE_BYTES ? 'LM' : undefined
}

const LEAST_REFUSED: Readonly<Record<ResponseKind, number>> = { LM: 4, NTLMv1: 5, NTLMv2: 6 }

export const acceptsResponse = (level: LmLevel, kind: ResponseKind): boolean => level < LEAST_REFUSED[kind]

/** The AV pairs under an NTLMv2 response's proof; none with an older response. @throws WireError */
export const pairsOf = (attempt: NtlmAttempt): readonly AvPair[] =>
  responseKind(attempt) === 'NTLMv2' ? Ntlmv2Response.decode(viewOf(attempt.ntResponse)).avPairs : []

/** What hashes of a password there are. */
export interface PasswordHashes {
  readonly ntHash: Uint8Array
  /** Only for clients that know nothing newer than LM. */
  readonly lmHash?: Uint8Array
}

/** The SessionBaseKey, if the response was made with this password; undefined if not. @throws WireError */
export function provenKey(attempt: NtlmAttempt, hashes: PasswordHashes): Uint8Array | undefined {
  switch (responseKind(attempt)) {
    case 'NTLMv2':
      return provenV2(attempt, hashes.ntHash)
    case 'NTLMv1':
      return provenV1(attempt, hashes.ntHash)
    case 'LM':
      return provenLm(attempt, hashes)
    case undefined:
      return undefined
  }
}

const same = (a: Uint8Array, b: Uint8Array): boolean => a.length === b.length && timingSafeEqual(a, b)

/**
 * MS-NLMP 3.3.2. Clients do not agree on the domain name that goes into it: as they send it, in upper case, or none
 * (3.2.5.1.2). All are always tried, so that time tells nothing.
 */
function provenV2({ user, domain, serverChallenge, ntResponse }: NtlmAttempt, ntHash: Uint8Array) {
  const { proof } = Ntlmv2Response.decode(viewOf(ntResponse))
  let proven: Uint8Array | undefined
  for (const name of [domain, domain.toUpperCase(), '']) {
    const key = ntowfV2(ntHash, user, name)
    if (same(ntProof(key, serverChallenge, ntResponse.subarray(16)), proof)) proven ??= sessionBaseKey(key, proof)
  }
  return proven
}

/** MS-NLMP 3.3.1. */
function provenV1(attempt: NtlmAttempt, ntHash: Uint8Array): Uint8Array | undefined {
  const { serverChallenge, ntResponse, lmResponse, hasSessionSecurity } = attempt
  const challenge = hasSessionSecurity
    ? sessionSecurityChallenge(serverChallenge, clientChallengeIn(lmResponse))
    : serverChallenge
  return same(challengeResponse(ntHash, challenge), ntResponse) ? sessionBaseKeyV1(ntHash) : undefined
}

/** An LM response alone, of the first version or the second. */
function provenLm(attempt: NtlmAttempt, { ntHash, lmHash }: PasswordHashes): Uint8Array | undefined {
  const { user, domain, serverChallenge, lmResponse } = attempt
  const key = ntowfV2(ntHash, user, domain)
  const clientChallenge = lmResponse.subarray(16)
  if (same(ntProof(key, serverChallenge, clientChallenge), lmResponse.subarray(0, 16)))
    return sessionBaseKey(key, lmResponse.subarray(0, 16))
  if (lmHash === undefined || !same(challengeResponse(lmHash, serverChallenge), lmResponse)) return undefined
  return sessionBaseKeyV1(ntHash)
}
