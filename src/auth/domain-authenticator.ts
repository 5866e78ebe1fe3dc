import { type Failure, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import type { Authenticator, DomainVerifier, Granted, GrantedNtlm, NtlmAttempt } from './authenticator.ts'
import { proceed } from './maybe.ts'
import type { Identity, Maybe } from './mechanism.ts'

/**
 * A member of a domain: its own accounts, for who names the server itself or no domain, and those of the domain for all
 * others. Who names no domain and is no user of the server is asked for in the domain, too, as Windows does.
 */
export class DomainAuthenticator implements Authenticator {
  readonly #local: Authenticator
  readonly #domain: DomainVerifier
  /** The server's NetBIOS name. */
  readonly #serverName: string

  constructor(local: Authenticator, domain: DomainVerifier, serverName: string) {
    this.#local = local
    this.#domain = domain
    this.#serverName = serverName.toUpperCase()
  }

  verify(attempt: NtlmAttempt): Maybe<GrantedNtlm | Failure> {
    const named = attempt.domain.toUpperCase()
    const meansServer = named === '.' || named === this.#serverName
    if (meansServer) return this.#local.verify(attempt)
    if (named !== '') return this.#domain.verify(attempt)
    return proceed(this.#local.verify(attempt), (result) =>
      failed(result) && result.status === NtStatus.NO_SUCH_USER ? this.#domain.verify(attempt) : result,
    )
  }

  vouch(user: string, domain: string): Maybe<Granted | Failure> {
    return this.#local.vouch(user, domain)
  }

  recheck(identity: Identity): Maybe<Identity | Failure> {
    return this.#local.recheck?.(identity) ?? identity
  }
}
