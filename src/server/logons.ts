import { hostname } from 'node:os'
import { type AccountSource, Identities, machineSidOf } from '../auth/accounts.ts'
import type { Authenticator } from '../auth/authenticator.ts'
import { DomainAuthenticator } from '../auth/domain-authenticator.ts'
import { KerberosMechanism } from '../auth/kerberos-acceptor.ts'
import { LocalAuthenticator } from '../auth/local-authenticator.ts'
import { LogonThrottle, throttleKey } from '../auth/logon-throttle.ts'
import type { Acceptor, Identity, Maybe, Mechanism, Peer } from '../auth/mechanism.ts'
import { NtlmMechanism } from '../auth/ntlm-acceptor.ts'
import type { GuestMapping, NtlmPolicy } from '../auth/ntlm-check.ts'
import { SpnegoMechanisms } from '../auth/spnego-acceptor.ts'
import { GssThread } from '../native/gssapi.ts'
import type { Clock } from '../protocol/clock.ts'
import type { Transport } from '../protocol/transport.ts'
import { decodeLogonInfo } from '../rpc/netlogon/validation-info.ts'
import type { Failure } from '../wire/erref/failure.ts'
import type { ServerLimits } from './limits.ts'
import type { ServerOptions } from './server-core.ts'

interface Parts {
  /** The server's NetBIOS name. */
  readonly name: string
  readonly clock: Clock
  readonly limits: ServerLimits
}

/** Who may log on to a server, and by which mechanisms. */
export class Logons {
  readonly identities: Identities
  readonly throttle: LogonThrottle
  /** Names under which the server is known: lower case, without its addresses. */
  readonly hostNames: readonly string[]
  readonly #options: ServerOptions
  readonly #parts: Parts
  #local: LocalAuthenticator | undefined
  readonly #kerberosThread: GssThread
  #offersKerberos = false
  #authenticator: Authenticator
  #mechanisms: SpnegoMechanisms

  constructor(options: ServerOptions, parts: Parts) {
    const { name, clock, limits } = parts
    this.#options = options
    this.#parts = parts
    this.identities = new Identities(name, machineSidOf(name))
    this.throttle = new LogonThrottle(clock, {
      delayMs: limits.failedLogonDelayMs,
      maxDelayMs: limits.maxFailedLogonDelayMs,
      max: limits.maxFailedLogons,
    })
    const machine = hostname()
    const names = [name, machine, machine.split('.')[0] ?? machine, 'localhost', ...(options.hostNames ?? [])]
    this.hostNames = [...new Set(names.map((text) => text.toLowerCase()))]
    this.#kerberosThread = new GssThread({
      maxWaiting: limits.maxKerberosWaiting,
      timeoutMs: limits.kerberosTimeoutMs,
      after: (delayMs, action) => clock.after(delayMs, action),
    })
    this.#authenticator = options.authenticator ?? this.#ownFor(options.accounts)
    this.#mechanisms = new SpnegoMechanisms(this.#offered())
  }

  /** Accounts of the server's own from now on. Counts of wrong passwords go on. */
  setAccounts(accounts: AccountSource): void {
    this.#authenticator = this.#ownFor(accounts)
    this.#mechanisms = new SpnegoMechanisms(this.#offered())
  }

  /** See `ServerCore.prepareKerberos`. */
  async prepareKerberos(): Promise<string | undefined> {
    const { keytab } = this.#options
    if (keytab === undefined) return undefined
    const problem = await this.#kerberos(keytab).problem()
    this.#offersKerberos = problem === undefined
    this.#mechanisms = new SpnegoMechanisms(this.#offered())
    return problem
  }

  /** No logon comes any more. */
  close(): void {
    this.#kerberosThread.close()
  }

  get authenticator(): Authenticator {
    return this.#authenticator
  }

  /** By what responses are judged that come without NTLMSSP around them, too. */
  get ntlmPolicy(): NtlmPolicy {
    const { allowGuest = false, lmLevel, targetNames } = this.#options
    const guests: GuestMapping =
      allowGuest === false ? 'never' : allowGuest === true ? 'unknown user' : 'wrong password'
    return {
      authenticator: this.#authenticator,
      identities: this.identities,
      throttle: this.throttle,
      guests,
      hostNames: () => this.hostNames,
      ...(lmLevel === undefined ? {} : { lmLevel }),
      ...(targetNames === undefined ? {} : { targetNames }),
    }
  }

  /** NTLM may be used. */
  get offersNtlm(): boolean {
    return this.#options.ntlm !== false
  }

  /** There is a keytab, and what it takes to use it. */
  get offersKerberos(): boolean {
    return this.#offersKerberos
  }

  acceptor(transport: Transport): Acceptor {
    return this.#mechanisms.acceptor(peerOf(transport))
  }

  /** For calls of RPC, beside the session. */
  rpcAcceptor(transport: Transport): Acceptor {
    return this.#mechanisms.acceptor({ ...peerOf(transport), isRpc: true })
  }

  get initialToken(): Uint8Array {
    return this.#mechanisms.initialToken()
  }

  /** Who somebody with a session is now, or why he may not stay. */
  recheck(identity: Identity): Maybe<Identity | Failure> {
    return this.#authenticator.recheck?.(identity) ?? identity
  }

  /** What the domain has against users who have sessions, by SID; nothing where there is none that could be asked. */
  domainProblems(sids: readonly string[]): Maybe<ReadonlyMap<string, Failure>> {
    const { domain } = this.#options
    return (sids.length === 0 ? undefined : domain?.problems?.(sids)) ?? new Map<string, Failure>()
  }

  /** See `ServerCore.unlock`. */
  unlock(user: string): boolean {
    this.throttle.forget(throttleKey.account(user))
    return this.#local?.unlock(user) ?? false
  }

  /** The server's own accounts, and those of its domain. */
  #ownFor(accounts: AccountSource | undefined): Authenticator {
    const { domain } = this.#options
    const local = this.#localFor(domain === undefined ? accounts : (accounts ?? NOBODY))
    return domain === undefined ? local : new DomainAuthenticator(local, domain, this.#parts.name)
  }

  #localFor(accounts: AccountSource | undefined): LocalAuthenticator {
    if (accounts === undefined)
      throw new RangeError('nobody could log on: the server has neither accounts nor authenticator')
    const { clock, limits } = this.#parts
    const { lockout } = this.#options
    const options = {
      identities: this.identities,
      timing: clock,
      maxTallies: limits.maxFailedLogons,
      ...(lockout === undefined ? {} : { lockout }),
    }
    this.#local = new LocalAuthenticator(accounts, options, this.#local)
    return this.#local
  }

  /** The one to be preferred first. */
  #offered(): Mechanism[] {
    const { keytab } = this.#options
    const kerberos = keytab !== undefined && this.#offersKerberos ? [this.#kerberos(keytab)] : []
    if (!this.offersNtlm && keytab === undefined)
      throw new RangeError('nobody could log on: NTLM is off, and there is no other mechanism')
    return [...kerberos, ...(this.offersNtlm ? [this.#ntlm()] : [])]
  }

  #ntlm(): NtlmMechanism {
    const { name, clock } = this.#parts
    const { domain } = this.#options
    return new NtlmMechanism(this.ntlmPolicy, {
      netbiosName: name,
      dnsName: name.toLowerCase(),
      // A domain controller looks whether that is its domain, and the name the one of the machine's account.
      domain: domain?.domain ?? name,
      ...(domain?.dnsDomain === undefined ? {} : { dnsDomain: domain.dnsDomain }),
      allowAnonymous: this.#options.allowAnonymous ?? false,
      now: () => clock.now(),
    })
  }

  #kerberos(keytab: string): KerberosMechanism {
    const { targetNames } = this.#options
    return new KerberosMechanism({
      keytab,
      thread: this.#kerberosThread,
      authenticator: this.#authenticator,
      decodeLogonInfo,
      hostNames: this.hostNames,
      ...(targetNames === undefined ? {} : { targetNames }),
    })
  }
}

const NOBODY: AccountSource = { find: () => undefined }

/** Where a connection comes from, for who judges logons. */
export const peerOf = ({ remote, local }: Transport): Peer => ({
  address: addressIn(remote),
  localAddress: addressIn(local),
})

/** Without the port, and without what marks an IPv4 address on a socket of IPv6. */
const addressIn = (text: string): string =>
  text
    .replace(/:\d+$/, '')
    .replace(/^\[|\]$/g, '')
    .replace(/^::ffff:/, '')
