import { NtlmInitiatorMechanism } from '../../auth/ntlm-initiator.ts'
import type { LmLevel } from '../../auth/ntlm-response.ts'
import { failed } from '../../wire/erref/failure.ts'
import {
  type AuthenticateView,
  AvId,
  ChallengeMessage,
  decodeAuthenticate,
  NtlmFlags,
  textPair,
} from '../../wire/ntlmssp/index.ts'
import { SecurityError } from '../errors.ts'
import type { Settings } from '../settings.ts'

/** What a server of SMB1 without extended security asks with. */
export interface PlainChallenge {
  readonly challenge: Uint8Array
  readonly domainName: string
  readonly serverName: string
}

/** What goes into a logon without extended security, and the key that comes of it. */
export interface PlainResponse extends Pick<AuthenticateView, 'lmResponse' | 'ntResponse'> {
  readonly sessionKey: Uint8Array
}

const VERSION = { major: 10, minor: 0, build: 0 }
/** Below this level NTLMv1 is sent, which without NTLMSSP has no extended session security (MS-NLMP 3.3.1). */
const FIRST_V2_LEVEL = 3

/**
 * The responses that NTLMSSP would send to such a challenge, without NTLMSSP: neither time nor MIC, since the server has
 * told none, and no exchange of keys.
 */
export async function plainResponse(
  settings: Settings,
  asked: PlainChallenge,
  lmLevel: LmLevel,
): Promise<PlainResponse> {
  const { user, domain, password, ntHash, workstation } = settings
  const credentials = { user, domain, ...(ntHash === undefined ? { password: password ?? '' } : { ntHash }) }
  const initiator = new NtlmInitiatorMechanism(credentials, { workstation, lmLevel }).initiator()
  await initiator.step()
  const isV2 = lmLevel >= FIRST_V2_LEVEL
  const challenge = ChallengeMessage.encode({
    negotiateFlags:
      (NtlmFlags.UNICODE |
        NtlmFlags.NTLM |
        NtlmFlags.TARGET_INFO |
        NtlmFlags.NEGOTIATE_128 |
        (isV2 ? NtlmFlags.EXTENDED_SESSION_SECURITY : 0)) >>>
      0,
    serverChallenge: asked.challenge,
    version: VERSION,
    targetName: asked.domainName,
    targetInfo: [textPair(AvId.NB_DOMAIN_NAME, asked.domainName), textPair(AvId.NB_COMPUTER_NAME, asked.serverName)],
  })
  const step = await initiator.step(challenge)
  if (failed(step) || step.token === undefined || step.complete === undefined)
    throw new SecurityError('NTLM has no answer to this challenge')
  const { lmResponse, ntResponse } = decodeAuthenticate(step.token)
  return { lmResponse, ntResponse, sessionKey: step.complete.sessionKey }
}
