import { KerberosInitiatorMechanism, type KerberosInitiatorOptions } from '../auth/kerberos-initiator.ts'
import type { InitiatorMechanism } from '../auth/mechanism.ts'
import { NtlmInitiatorMechanism } from '../auth/ntlm-initiator.ts'
import { type GssCredentials, GssThread } from '../native/gssapi.ts'
import type { Clock } from '../protocol/clock.ts'
import { UsageError } from './errors.ts'
import type { Settings } from './settings.ts'

/** Logons by Kerberos that wait at a time; they go one after the other. */
const MAX_WAITING = 256

/** One thread for all clients of a clock: in a program, for all. */
const threads = new WeakMap<Clock, GssThread>()

function threadOf(clock: Clock, timeoutMs: number): GssThread {
  let thread = threads.get(clock)
  if (thread === undefined) {
    const after = (delayMs: number, action: () => void): (() => void) => clock.after(delayMs, action)
    thread = new GssThread({ maxWaiting: MAX_WAITING, timeoutMs, after })
    threads.set(clock, thread)
  }
  return thread
}

/** What a ticket is for: SMB, unless this says otherwise. */
export type TicketUse = Pick<KerberosInitiatorOptions, 'service' | 'isDce' | 'seals' | 'otherHost'>

/**
 * The ways to authenticate that the settings ask for, the one to be preferred first.
 * @throws UsageError where nothing is left
 */
export function mechanismsOf(settings: Settings, clock: Clock, use: TicketUse = {}): readonly InitiatorMechanism[] {
  if (settings.mechanisms !== undefined) return settings.mechanisms(settings.host)
  const { host, kerberos, anonymous, guest } = settings
  const wantsKerberos = kerberos !== 'off' && !anonymous && !guest
  // Nobody has tickets for addresses: Windows does not ask for them either.
  const kerberosMechanisms = wantsKerberos && !isAddress(host) ? [kerberosMechanism(settings, clock, use)] : []
  const mechanisms = [
    ...kerberosMechanisms,
    ...(wantsKerberos && kerberos === 'required' ? [] : ntlmMechanisms(settings)),
  ]
  if (mechanisms.length > 0) return mechanisms
  throw isAddress(host)
    ? new UsageError('EINVAL', `Kerberos knows servers by their names, and ${host} is an address.`)
    : new UsageError('EINVAL', 'There is no way to log on by.')
}

/** Below this level NTLMv1 is sent. */
const FIRST_SOUND_LEVEL = 3
let hasWarned = false

/** Who has a level that can be broken is told so, once in a process. */
export function warnIfWeak(lmLevel: number): void {
  if (lmLevel >= FIRST_SOUND_LEVEL || hasWarned) return
  hasWarned = true
  const problem = `lmLevel ${lmLevel}: NTLMv1 is sent, from which whoever listens can work out the password's hash`
  process.emitWarning(problem, { code: 'SMBKIT_WEAK_NTLM' })
}

/** IPv4, or IPv6 with its colons. */
export const isAddress = (host: string): boolean => /^\d+(?:\.\d+){3}$/.test(host) || host.includes(':')

function ntlmMechanisms(settings: Settings): InitiatorMechanism[] {
  const { host, user, domain, password, ntHash, workstation, anonymous, lmLevel, ntlm } = settings
  if (!ntlm) return []
  if (password === undefined && ntHash === undefined && !anonymous) return []
  warnIfWeak(lmLevel)
  const credentials = { user, domain, ...(ntHash === undefined ? { password: password ?? '' } : { ntHash }) }
  // An address is no name of a service: Windows says none either.
  const target = isAddress(host) ? {} : { targetName: `cifs/${host}` }
  return [new NtlmInitiatorMechanism(credentials, { workstation, lmLevel, ...target })]
}

function kerberosMechanism(settings: Settings, clock: Clock, use: TicketUse): InitiatorMechanism {
  const { host, delegation } = settings
  const thread = threadOf(clock, settings.limits.kerberosTimeoutMs)
  return new KerberosInitiatorMechanism({
    thread,
    credentials: credentialsOf(settings),
    host,
    delegates: delegation,
    ...use,
  })
}

function credentialsOf({ user, domain, password, keytab, credentialCache, armorCache }: Settings): GssCredentials {
  const client = user === '' ? undefined : principalOf(user, domain)
  const armor = armorCache === undefined ? {} : { armorCache }
  if (client !== undefined && keytab !== undefined) return { client, secret: { keytab }, ...armor }
  if (client !== undefined && password !== undefined && credentialCache === undefined)
    return { client, secret: { password }, ...armor }
  return {
    ...(credentialCache === undefined ? {} : { cache: credentialCache }),
    ...(client === undefined ? {} : { client }),
  }
}

/**
 * The principal of a user: of the realm that the name or the domain says, in capitals as realms are. A domain of one word
 * is a NetBIOS name and says nothing: the configuration's own realm is meant.
 */
function principalOf(user: string, domain: string): string {
  const at = user.lastIndexOf('@')
  if (at > 0) return `${user.slice(0, at)}@${user.slice(at + 1).toUpperCase()}`
  return domain.includes('.') ? `${user}@${domain.toUpperCase()}` : user
}
