import { dateFromFiletime, type Filetime, filetimeFromDate } from '../bytes/filetime.ts'
import { fromHex, hex } from '../bytes/hex.ts'
import { formatHours, parseHours } from './logon-hours.ts'

/** What holds for a user beside name and password. */
export interface UserTerms {
  readonly expiresAt?: Filetime
  readonly passwordExpiresAt?: Filetime
  readonly mustChangePassword?: boolean
  /** False: the account is for no network logon. */
  readonly mayUseNetwork?: boolean
  /** 21 bytes; see `parseHours`. */
  readonly logonHours?: Uint8Array
  readonly workstations?: readonly string[]
  readonly groups?: readonly string[]
  /** The Unix user as whom files are used where the server impersonates. */
  readonly unixUser?: string
  /** For clients that know nothing newer than LM; as much worth as the password, and soon guessed. */
  readonly lmHash?: Uint8Array
}

/** One of the terms as it is written: `read` gives undefined for what is none. */
interface Term<T> {
  readonly what: string
  read(text: string): T | undefined
  write(value: T): string
}

/** A day, which begins at midnight, or a moment; both of UTC unless they say otherwise. */
const moment: Term<Filetime> = {
  what: 'a date as 2027-01-31, or a time as 2027-01-31T18:00Z',
  read(text) {
    if (!/^\d{4}-\d\d-\d\d(T\d\d:\d\d(:\d\d)?(Z|[+-]\d\d:\d\d))?$/.test(text)) return undefined
    const date = new Date(text)
    return Number.isNaN(date.getTime()) ? undefined : filetimeFromDate(date)
  },
  write: (value) =>
    dateFromFiletime(value)
      .toISOString()
      .replace(/\.\d+Z$/, 'Z')
      .replace(/T00:00:00Z$/, ''),
}

const flag: Term<boolean> = {
  what: 'yes or no',
  read: (text) => (text === 'yes' ? true : text === 'no' ? false : undefined),
  write: (value) => (value ? 'yes' : 'no'),
}

const listOf = (what: string): Term<readonly string[]> => ({
  what,
  read(text) {
    const names = text.split(',').map((name) => name.trim())
    return names.some((name) => name === '' || /[;:=\p{Cc}]/u.test(name)) ? undefined : names
  },
  write: (value) => value.join(','),
})

const hours: Term<Uint8Array> = { what: 'hours as Mon-Fri 8-18, Sat 9-12', read: parseHours, write: formatHours }

const unixUser: Term<string> = {
  what: 'the name of a Unix user',
  read: (text) => (/^[^\s;:=,]+$/.test(text) ? text : undefined),
  write: (value) => value,
}

const hash: Term<Uint8Array> = {
  what: 'a hash of 32 hexadecimal digits',
  read: (text) => (/^[0-9a-fA-F]{32}$/.test(text) ? fromHex(text) : undefined),
  write: (value) => hex(value),
}

/** Each of them, by the name that it has in the file. */
const terms: { readonly [K in keyof Required<UserTerms>]: Term<NonNullable<UserTerms[K]>> } = {
  expiresAt: moment,
  passwordExpiresAt: moment,
  mustChangePassword: flag,
  mayUseNetwork: flag,
  logonHours: hours,
  workstations: listOf('names of machines'),
  groups: listOf('names of groups, or SIDs'),
  unixUser,
  lmHash: hash,
}

const isTerm = (name: string): name is keyof UserTerms => Object.hasOwn(terms, name)

/** One of the terms as it is written; null where it is none. */
export const readTerm = (name: keyof UserTerms, text: string): unknown => terms[name].read(text) ?? null

/** How one of the terms is written, for people. */
export const termForm = (name: keyof UserTerms): string => terms[name].what

/** `name=value;name=value`; a sentence where that is wrong. The text of values is not shown: it may be a hash. */
export function parseTerms(text: string): UserTerms | string {
  const found: Record<string, unknown> = {}
  for (const part of text.split(';')) {
    const equals = part.indexOf('=')
    const name = part.slice(0, equals)
    if (equals < 1 || !isTerm(name)) return `the terms have no ${JSON.stringify(part.slice(0, Math.max(equals, 0)))}`
    if (Object.hasOwn(found, name)) return `${name} is there twice`
    const value = terms[name].read(part.slice(equals + 1))
    if (value === undefined) return `${name} must be ${terms[name].what}`
    found[name] = value
  }
  return found
}

/** The counterpart of `parseTerms`; what is absent is left out. */
export function formatTerms(values: UserTerms): string {
  return (Object.keys(terms) as (keyof UserTerms)[])
    .filter((name) => values[name] !== undefined)
    .map((name) => `${name}=${formatTerm(name, values)}`)
    .join(';')
}

/** One of the terms for people, and for the file. */
export function formatTerm(name: keyof UserTerms, values: UserTerms): string {
  const value = values[name]
  return value === undefined ? '' : (terms[name] as Term<unknown>).write(value)
}
