import type { DomainVerifier, GrantedNtlm, NtlmAttempt } from '../auth/authenticator.ts'
import { domainIdentity } from '../auth/domain-user.ts'
import { RefusedLogon } from '../auth/mechanism.ts'
import { SmbError } from '../bytes/errors.ts'
import type { World } from '../client/connect.ts'
import { domainUserOf } from '../rpc/netlogon/validation-info.ts'
import type { Failure } from '../wire/erref/failure.ts'
import { NtStatus, ntStatusName } from '../wire/erref/ntstatus.ts'
import { type Membership, SecureChannel } from './secure-channel.ts'

/** Logons that a domain controller is asked about at a time; more are refused. */
const MAX_AT_ONCE = 64

/** Users of a domain, by NTLM: a domain controller judges their responses (MS-APDS 3.1.5.1). */
export class DomainController implements DomainVerifier {
  readonly domain: string
  readonly dnsDomain?: string
  readonly #channel: SecureChannel
  #underWay = 0

  constructor(membership: Membership, world: World) {
    this.domain = membership.domain
    if (membership.dnsDomain !== undefined) this.dnsDomain = membership.dnsDomain
    this.#channel = new SecureChannel(membership, world)
  }

  async verify(attempt: NtlmAttempt): Promise<GrantedNtlm | Failure> {
    if (this.#underWay >= MAX_AT_ONCE)
      return new RefusedLogon(NtStatus.INSUFF_SERVER_RESOURCES, 'the domain controller has enough to do', attempt.user)
    this.#underWay++
    try {
      const info = await this.#channel.logon(attempt)
      if (typeof info === 'number')
        return new RefusedLogon(info, `the domain controller says ${ntStatusName(info)}`, attempt.user)
      const identity = domainIdentity(domainUserOf(info), attempt.workstation)
      return { identity, sessionBaseKey: info.userSessionKey }
    } catch (error) {
      // What is wrong with the domain controller is told; a bug is one.
      if (!(error instanceof SmbError)) throw error
      return new RefusedLogon(
        NtStatus.NO_LOGON_SERVERS,
        `no domain controller can be asked: ${error.message}`,
        attempt.user,
      )
    } finally {
      this.#underWay--
    }
  }

  /** Where no controller can be asked, everybody stays. */
  async problems(sids: readonly string[]): Promise<ReadonlyMap<string, Failure>> {
    try {
      return await this.#channel.accountProblems(sids)
    } catch (error) {
      if (!(error instanceof SmbError)) throw error
      return new Map()
    }
  }

  /**
   * Gives the machine's account another password: from then on the membership's own is to be that one.
   * @throws SmbError: the account has the password that it had, as far as that is known
   */
  changePassword(password: string): Promise<void> {
    return this.#channel.changePassword(password)
  }

  /** Ends the secure channel. */
  close(): Promise<void> {
    return this.#channel.close()
  }
}
