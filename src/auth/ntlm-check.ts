import { type Failure, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { AvId, type AvPair, avText, avValue } from '../wire/ntlmssp/index.ts'
import type { Identities } from './accounts.ts'
import type { Authenticator, GrantedNtlm, NtlmAttempt } from './authenticator.ts'
import { type Admission, type LogonThrottle, throttleKey } from './logon-throttle.ts'
import { type Identity, type Maybe, type Peer, RefusedLogon } from './mechanism.ts'
import { acceptsResponse, type LmLevel, pairsOf, responseKind } from './ntlm-response.ts'
import { type TargetNameValidation, targetNameProblem } from './target-name.ts'

/** Who is let in as a guest: nobody, whose name is not known, or also who gives a wrong password. */
export type GuestMapping = 'never' | 'unknown user' | 'wrong password'

/** By what a server judges NTLM, whichever message brings it. */
export interface NtlmPolicy {
  readonly authenticator: Authenticator
  readonly identities: Identities
  /** Default 5. */
  readonly lmLevel?: LmLevel
  readonly guests?: GuestMapping
  readonly targetNames?: TargetNameValidation
  /** Names and addresses under which the server is known. */
  readonly hostNames?: () => Iterable<string>
  /** Absent: wrong passwords cost nothing. */
  readonly throttle?: LogonThrottle
}

/** What a logon by NTLM comes to. A guest has no key. */
export type CheckedNtlm = GrantedNtlm | { readonly identity: Identity; readonly sessionBaseKey?: undefined }

/**
 * Judges an NTLM response by all that the server wants of it: level, target name, channel bindings, and password and
 * account. What of it is wrong the log learns; the client learns what Windows would tell it. @throws WireError
 */
export function checkNtlm(
  policy: NtlmPolicy,
  attempt: NtlmAttempt,
  peer: Peer | undefined,
): Maybe<CheckedNtlm | Failure> {
  const { lmLevel = 5 } = policy
  const kind = responseKind(attempt)
  if (kind === undefined) return refused(attempt, NtStatus.LOGON_FAILURE, 'no response to the challenge')
  // Windows says no more than that.
  if (!acceptsResponse(lmLevel, kind))
    return refused(attempt, NtStatus.LOGON_FAILURE, `${kind} is not taken at level ${lmLevel}`)
  // What is damaged is found out before anybody is asked.
  const pairs = pairsOf(attempt)
  const admission = policy.throttle?.admit([throttleKey.source(peer?.address ?? ''), throttleKey.account(attempt.user)])
  if (admission === false)
    return refused(attempt, NtStatus.REQUEST_NOT_ACCEPTED, 'too many wrong passwords wait already')
  const judge = (result: GrantedNtlm | Failure): Maybe<CheckedNtlm | Failure> => {
    const problem = failed(result) ? undefined : destinationProblem(policy, attempt, pairs, peer)
    return conclude(policy, attempt, problem ?? result, admission)
  }
  const check = (): Maybe<GrantedNtlm | Failure> => policy.authenticator.verify(attempt)
  const settled = admission?.ready === undefined ? check() : admission.ready.then(check)
  return settled instanceof Promise
    ? settled.then(
        (result) => judge(result),
        (error: unknown) => {
          admission?.right()
          throw error
        },
      )
    : judge(settled)
}

const refused = ({ user }: NtlmAttempt, status: NtStatus, reason: string): RefusedLogon =>
  new RefusedLogon(status, reason, user)

/** Whether the client meant this server, and this way to it: what it says of that is under its proof. */
function destinationProblem(
  { targetNames = 'off', hostNames = () => [] }: NtlmPolicy,
  attempt: NtlmAttempt,
  pairs: readonly AvPair[],
  peer: Peer | undefined,
): RefusedLogon | undefined {
  const ours = [...hostNames(), ...(peer?.localAddress === undefined ? [] : [peer.localAddress])]
  const wrongTarget = targetNameProblem(avText(pairs, AvId.TARGET_NAME), targetNames, ours)
  if (wrongTarget !== undefined) return refused(attempt, NtStatus.ACCESS_DENIED, wrongTarget)
  const bindings = avValue(pairs, AvId.CHANNEL_BINDINGS)
  // Sixteen zeros are no bindings (MS-NLMP 2.2.2.1).
  if (bindings === undefined || bindings.every((byte) => byte === 0)) return undefined
  const own = peer?.channelBindings
  const isOurs = own?.length === bindings.length && own.every((byte, i) => byte === bindings[i])
  return isOurs ? undefined : refused(attempt, NtStatus.BAD_BINDINGS, 'bound to another channel than its own')
}

function conclude(
  { identities, guests = 'never' }: NtlmPolicy,
  { user, workstation }: NtlmAttempt,
  result: GrantedNtlm | Failure,
  admission: Admission | undefined,
): Maybe<CheckedNtlm | Failure> {
  const isUnknown = failed(result) && result.status === NtStatus.NO_SUCH_USER
  const isWrong = failed(result) && result.status === NtStatus.WRONG_PASSWORD
  if ((isUnknown && guests !== 'never') || (isWrong && guests === 'wrong password')) {
    admission?.right()
    return { identity: identities.guest(user, workstation) }
  }
  if (!isUnknown && !isWrong) {
    admission?.right()
    return result
  }
  // MS-ERREF has names for both, and nobody is to learn from them which users there are.
  const reason = result instanceof RefusedLogon ? result.reason : isUnknown ? 'there is no such user' : 'wrong password'
  const told = new RefusedLogon(NtStatus.LOGON_FAILURE, reason, user)
  return admission?.wrong()?.then(() => told) ?? told
}
