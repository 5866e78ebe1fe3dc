import { userInfo } from 'node:os'
import type { Credentials, Protection } from '../../client/api/options.ts'
import type { LmLevelChoice } from '../../config/choices.ts'
import { askPassword } from '../password.ts'
import { UsageError } from '../report.ts'
import type { Address } from './address.ts'
import { type FileCredentials, readCredentialsFile, splitUser } from './credentials-file.ts'

/** What the command line says of who logs on. */
export interface WhoOptions {
  readonly user?: string
  readonly domain?: string
  readonly credentials?: string
  readonly ntlmHash?: boolean
  readonly anonymous?: boolean
  readonly guest?: boolean
  readonly kerberos?: Protection
  readonly ccache?: string
  readonly keytab?: string
  readonly delegate?: boolean
  readonly armorCache?: string
  /** False: not by NTLM. */
  readonly ntlm?: boolean
  readonly lmLevel?: LmLevelChoice
}

/** Where passwords come from, beside files. */
export interface PasswordSources {
  readonly environment: Readonly<Record<string, string | undefined>>
  /** Undefined where nobody can be asked. */
  readonly ask: ((question: string) => Promise<string>) | undefined
  /** Tickets that are there by chance do not do. */
  readonly withoutTickets?: boolean
  /** Tells what is odd. */
  readonly note: (text: string) => void
}

/** The environment of this process, and its terminal. */
export const ownSources: PasswordSources = {
  environment: process.env,
  ask: process.stdin.isTTY ? askPassword : undefined,
  note: (text) => void process.stderr.write(`smbkit: note: ${text}\n`),
}

/**
 * Who logs on to a server: of the address first, then of the options, then of the credentials file. A password is asked
 * for last of all.
 * @throws UsageError where there is none; never with a password in its text
 */
export async function credentialsFor(
  address: Address,
  options: WhoOptions,
  sources: PasswordSources = ownSources,
): Promise<Credentials> {
  const { ntlm = true, lmLevel } = options
  const how = { ...(!ntlm && { ntlm }), ...(lmLevel !== undefined && { lmLevel }) }
  return { ...(await whoFor(address, options, sources)), ...how }
}

async function whoFor(address: Address, options: WhoOptions, sources: PasswordSources): Promise<Credentials> {
  if (options.anonymous === true) return { anonymous: true }
  if (options.user?.includes('%') === true)
    throw new UsageError('--user takes a name alone: a password there could be seen by others; --help tells its places')
  const file: FileCredentials = options.credentials === undefined ? {} : readCredentialsFile(options.credentials)
  if (file.note !== undefined) sources.note(file.note)
  const named = options.user === undefined ? undefined : splitUser(options.user)
  const user = address.user ?? named?.user ?? file.user ?? (options.guest === true ? 'guest' : ownName())
  const domain = address.domain ?? options.domain ?? named?.domain ?? file.domain
  const who = { user, ...(domain === undefined ? {} : { domain }), ...(options.guest === true && { guest: true }) }
  const known = file.password ?? sources.environment['SMBKIT_PASSWORD']
  // What protects the exchange of a password is of no use without.
  const given = known ?? (needsPassword(options) ? await asked(who, address, sources) : undefined)
  const isNamed = (address.user ?? named?.user ?? file.user) !== undefined
  const tickets = kerberosOf(options, given, sources)
  if (tickets !== undefined) {
    // Whose tickets they are the cache says by itself.
    const owner = isNamed || options.keytab !== undefined || given !== undefined ? who : {}
    return { ...owner, ...tickets, ...(given !== undefined && passwordOf(given, options)) }
  }
  if (given === undefined && options.guest === true) return { ...who, password: '' }
  const password = given ?? (await asked(who, address, sources))
  return { ...who, ...passwordOf(password, options) }
}

const needsPassword = ({ armorCache, keytab, ccache }: WhoOptions): boolean =>
  armorCache !== undefined && keytab === undefined && ccache === undefined

const passwordOf = (password: string, { ntlmHash }: WhoOptions): Credentials =>
  ntlmHash === true ? { ntHash: hashOf(password) } : { password }

/** It is asked for in one way or another. */
export const wantsKerberos = ({ kerberos, ccache, keytab, delegate, armorCache, ntlm }: WhoOptions): boolean =>
  ntlm === false || [kerberos, ccache, keytab, delegate, armorCache].some((option) => option !== undefined)

/** Kerberos, where it is asked for, or where there are tickets and nothing else. */
function kerberosOf(
  options: WhoOptions,
  password: string | undefined,
  { environment, withoutTickets = false }: PasswordSources,
): Credentials | undefined {
  const { kerberos, ccache, keytab, delegate, armorCache, guest } = options
  const isAsked = wantsKerberos(options)
  const hasTickets = environment['KRB5CCNAME'] !== undefined && password === undefined && guest !== true
  if (kerberos === 'off' || (!isAsked && (!hasTickets || withoutTickets))) return undefined
  return {
    kerberos: kerberos ?? 'preferred',
    ...(ccache !== undefined && { credentialCache: ccache }),
    ...(keytab !== undefined && { keytab }),
    ...(delegate === true && { delegation: true }),
    ...(armorCache !== undefined && { armorCache }),
  }
}

async function asked(
  { user, domain }: { user: string; domain?: string },
  { host }: Address,
  { ask }: PasswordSources,
): Promise<string> {
  if (ask === undefined)
    throw new UsageError(
      `there is no password for ${user} on ${host}, and no terminal to ask at: use --credentials or SMBKIT_PASSWORD`,
    )
  return ask(`Password for ${domain === undefined ? '' : `${domain}\\`}${user} on ${host}: `)
}

function hashOf(text: string): string {
  if (!/^[0-9a-f]{32}$/i.test(text.trim())) throw new UsageError('an NT hash is 32 hexadecimal digits')
  return text.trim()
}

function ownName(): string {
  try {
    return userInfo().username
  } catch {
    throw new UsageError('who is to log on? This account has no name: use --user')
  }
}
