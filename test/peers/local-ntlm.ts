/** NTLM with accounts at hand, for tests of the mechanism by itself. */
import { type AccountSource, Identities, machineSidOf } from '../../src/auth/accounts.ts'
import { LocalAuthenticator } from '../../src/auth/local-authenticator.ts'
import type { LockoutPolicy } from '../../src/auth/lockout.ts'
import { type NtlmAcceptorOptions, NtlmMechanism } from '../../src/auth/ntlm-acceptor.ts'
import type { NtlmPolicy } from '../../src/auth/ntlm-check.ts'
import { type Filetime, filetimeFromDate } from '../../src/bytes/filetime.ts'

export interface LocalNtlmOptions
  extends NtlmAcceptorOptions,
    Partial<Omit<NtlmPolicy, 'authenticator' | 'identities'>> {
  /** Default: nobody is locked out. */
  readonly lockout?: LockoutPolicy
}

export function localNtlm(accounts: AccountSource, options: LocalNtlmOptions): NtlmMechanism {
  const { netbiosName, domain = netbiosName, now = (): Filetime => filetimeFromDate(new Date()) } = options
  const identities = new Identities(domain, machineSidOf(netbiosName))
  const { lockout = { threshold: 0 } } = options
  const authenticator = new LocalAuthenticator(accounts, { identities, timing: { now }, lockout, maxTallies: 1024 })
  return new NtlmMechanism({ ...options, authenticator, identities }, options)
}
