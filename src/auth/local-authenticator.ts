import { randomBytes } from 'node:crypto'
import { type Failure, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { accountProblem, endOfStay } from './account-policy.ts'
import type { Account, AccountSource, Identities } from './accounts.ts'
import type { Authenticator, Granted, GrantedNtlm, NtlmAttempt } from './authenticator.ts'
import { Lockout, type LockoutPolicy } from './lockout.ts'
import type { Timing } from './logon-throttle.ts'
import { proceed } from './maybe.ts'
import { type Identity, type Maybe, RefusedLogon } from './mechanism.ts'
import { provenKey } from './ntlm-response.ts'

export interface LocalAuthenticatorOptions {
  readonly identities: Identities
  readonly timing: Pick<Timing, 'now'>
  readonly lockout?: LockoutPolicy
  /** Accounts, and names that are none, whose wrong passwords are counted at a time. */
  readonly maxTallies: number
}

/**
 * Accounts of the server's own, and what holds for them. The order of checks: locked out, password, then the rest in the
 * order of `accountProblem`; so the state of an account, lock-out apart, is told to who knows its password alone.
 */
export class LocalAuthenticator implements Authenticator {
  readonly #accounts: AccountSource
  readonly #options: LocalAuthenticatorOptions
  readonly #lockout: Lockout
  /** Names that are none look like accounts, also in being locked out. */
  readonly #strangers: Lockout
  /** Stands in for the hash of a user who does not exist, so that he costs as much as a wrong password. */
  readonly #nobodysHash = new Uint8Array(randomBytes(16))

  /** `previous`: whose counts of wrong passwords go on. */
  constructor(accounts: AccountSource, options: LocalAuthenticatorOptions, previous?: LocalAuthenticator) {
    this.#accounts = accounts
    this.#options = options
    const newLockout = (): Lockout => new Lockout(options.lockout ?? {}, options.maxTallies)
    this.#lockout = previous === undefined ? newLockout() : previous.#lockout
    this.#strangers = previous === undefined ? newLockout() : previous.#strangers
  }

  verify(attempt: NtlmAttempt): Maybe<GrantedNtlm | Failure> {
    return proceed(this.#accounts.find(attempt.user, attempt.domain), (account) => this.#judge(attempt, account))
  }

  vouch(user: string, domain: string): Maybe<Granted | Failure> {
    return proceed(this.#accounts.find(user, domain), (account) => {
      if (account === undefined) return new RefusedLogon(NtStatus.NO_SUCH_USER, 'no account is known for him', user)
      return this.#admit(account, '')
    })
  }

  recheck(identity: Identity): Maybe<Identity | Failure> {
    if (identity.kind !== 'user') return identity
    return proceed(this.#accounts.find(identity.user, identity.domain), (account) => {
      if (account === undefined) return new RefusedLogon(NtStatus.NO_SUCH_USER, 'the account is gone', identity.user)
      const admitted = this.#admit(account, identity.workstation ?? '')
      return failed(admitted) ? admitted : admitted.identity
    })
  }

  /** An administrator takes back the wrong passwords of an account, or of a name that is none; false where there were none. */
  unlock(user: string): boolean {
    const key = user.toLowerCase()
    const wasStranger = this.#strangers.forget(key)
    return this.#lockout.forget(key) || wasStranger
  }

  #judge(attempt: NtlmAttempt, account: Account | undefined): GrantedNtlm | Failure {
    const now = this.#options.timing.now()
    const key = (account?.user ?? attempt.user).toLowerCase()
    const lockout = account === undefined ? this.#strangers : this.#lockout
    const sessionBaseKey = provenKey(attempt, account ?? { ntHash: this.#nobodysHash })
    if (lockout.isLocked(key, now))
      return new RefusedLogon(NtStatus.ACCOUNT_LOCKED_OUT, 'locked out by wrong passwords', attempt.user)
    if (account === undefined || sessionBaseKey === undefined) {
      const nowLocked = lockout.wrong(key, now) ? '; it is locked out now' : ''
      return account === undefined
        ? new RefusedLogon(NtStatus.NO_SUCH_USER, `there is no such user${nowLocked}`, attempt.user)
        : new RefusedLogon(NtStatus.WRONG_PASSWORD, `wrong password${nowLocked}`, attempt.user)
    }
    lockout.forget(key)
    const admitted = this.#admit(account, attempt.workstation)
    return failed(admitted) ? admitted : { ...admitted, sessionBaseKey }
  }

  /** Who has shown who he is: whether the account may be used now. */
  #admit(account: Account, workstation: string): Granted | RefusedLogon {
    const { identities, timing } = this.#options
    const now = timing.now()
    const problem = accountProblem(account, workstation, now)
    if (problem !== undefined) return new RefusedLogon(problem.status, problem.reason, account.user)
    const expiresAt = endOfStay(account, now)
    return { identity: identities.user(account, workstation), ...(expiresAt === undefined ? {} : { expiresAt }) }
  }
}
