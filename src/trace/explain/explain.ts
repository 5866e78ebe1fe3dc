/** What codes of errors mean, whatever way they are written. */
import { explainStatus } from '../../wire/erref/explain.ts'
import { NtStatus, ntStatusName } from '../../wire/erref/ntstatus.ts'
import { type Win32Error, win32Error, win32Errors } from '../../wire/erref/win32.ts'
import {
  type KerberosError,
  kerberosError,
  kerberosErrorOfLibrary,
  kerberosErrors,
} from '../../wire/kerberos/error-codes.ts'
import { WRONG_CODES } from './mistakes.ts'
import { nearest } from './nearest.ts'
import { STATUS_ADVICE } from './statuses.ts'

/** What is known of one code. */
export interface Explanation {
  readonly kind: 'NTSTATUS' | 'Win32' | 'Kerberos'
  readonly code: number
  readonly name: string
  readonly meaning: string
  /** Where it is seen; empty where that is not known. */
  readonly seen: string
  /** What to try; empty where nothing has to be done. */
  readonly advice: string
  /** The same by another name: `ERROR_ACCESS_DENIED (5)`. */
  readonly related: readonly string[]
  /** Where tables of others are wrong about it. */
  readonly mistakes: readonly string[]
}

/** What a code or name was found to be; without any, names that look like it. */
interface Explained {
  readonly explanations: readonly Explanation[]
  readonly similar: readonly string[]
}

const statuses: Readonly<Record<string, number>> = NtStatus
const MAX_TEXT = 200

/**
 * Explains a code as people write it: `0xC000006D`, `C000006D`, `-1073741715`, `STATUS_LOGON_FAILURE`,
 * `NT_STATUS_LOGON_FAILURE`, `System error 1240`, `0x80070035`, `ERROR_BAD_NETPATH`, `KDC_ERR_PREAUTH_FAILED`,
 * `KRB5KDC_ERR_PREAUTH_FAILED`, `krb 24`, or a bare number (which may be of Win32 and of Kerberos).
 */
export function explain(text: string): Explained {
  const asked = text.trim().slice(0, MAX_TEXT)
  const number = numberIn(asked)
  const explanations = number === undefined ? byName(asked) : byNumber(number.value, asked)
  return { explanations, similar: explanations.length === 0 && number === undefined ? similarTo(asked) : [] }
}

interface Written {
  readonly value: number
}

/** The number that is meant; undefined where it is a name. */
function numberIn(text: string): Written | undefined {
  const hex = /(?:^|\s)(?:0x([0-9a-f]{1,8})|([0-9a-f]{8})|0*([0-9a-f]{1,8})h)$/i.exec(text)
  const digits = hex?.[1] ?? hex?.[2] ?? hex?.[3]
  const decimal = /(?:^|[\s#:])(-?\d{1,10})(?:\s+has occurred\.?)?$/i.exec(text)?.[1]
  // Eight digits are a code in hexadecimal when they look like an error of Windows: C0000022, 80070005.
  if (decimal !== undefined && hex?.[1] === undefined && !/(?:^|\s)[4c8][0-9]{7}$/i.test(text))
    return { value: Number(decimal) >>> 0 }
  return digits === undefined ? undefined : { value: Number.parseInt(digits, 16) }
}

function byNumber(value: number, text: string): Explanation[] {
  const wantsKerberos = /krb|kdc|kerberos/i.test(text)
  const wantsWin32 = /system error|win32|error_/i.test(text)
  const wantsStatus = /status/i.test(text) || /0x0{3,}/i.test(text)
  const found: Explanation[] = []
  const library = kerberosErrorOfLibrary(value)
  if (library !== undefined) return [ofKerberos(library)]
  const win32 = win32Error(value)
  if (win32 !== undefined && !wantsKerberos && !wantsStatus) found.push(ofWin32(win32))
  const kerberos = kerberosError(value)
  if (kerberos !== undefined && value !== 0 && !wantsWin32 && !wantsStatus) found.push(ofKerberos(kerberos))
  const isLarge = value >= 0x1000_0000
  if (win32 === undefined && (isLarge || wantsStatus || (!wantsKerberos && !wantsWin32 && hasName(value))))
    found.push(ofStatus(value))
  else if (wantsStatus) found.push(ofStatus(value))
  return found
}

const hasName = (status: number): boolean => !ntStatusName(status).startsWith('0x')

function byName(text: string): Explanation[] {
  const name = plainName(text)
  const found: Explanation[] = []
  const status = statuses[name] ?? statuses[text.toUpperCase()]
  if (status !== undefined && Object.hasOwn(statuses, name)) found.push(ofStatus(status))
  const isOwn = (candidate: string) =>
    candidate === name || candidate === text.toUpperCase() || tail(candidate) === name
  // The name of a status is often the name of Win32's error, too: what was asked for with its prefix is that alone.
  const onlyStatus = /^(?:nt_)?status_/i.test(text)
  const onlyWin32 = /^(?:error_|wsae)/i.test(text)
  if (!onlyStatus) for (const error of win32Errors) if (isOwn(error.name)) found.push(ofWin32(error))
  if (!onlyStatus && !onlyWin32)
    for (const error of kerberosErrors) if (isOwn(error.name)) found.push(ofKerberos(error))
  return onlyWin32 ? found.filter(({ kind }) => kind === 'Win32') : found
}

/** `NT_STATUS_LOGON_FAILURE`, `STATUS_LOGON_FAILURE` and `logon failure` are one name. */
const plainName = (text: string): string =>
  text
    .toUpperCase()
    .replaceAll(/[\s-]+/g, '_')
    .replace(/^(?:NT_STATUS_|STATUS_|ERROR_|KRB5KRB_|KRB5KDC_ERR_|KRB5_|KDC_ERR_|KRB_AP_ERR_|KRB_ERR_|AP_ERR_)/, '')

const tail = (name: string): string => name.replace(/^(?:ERROR_|KDC_ERR_|KRB_AP_ERR_|KRB_ERR_)/, '')

function ofStatus(code: number): Explanation {
  const name = ntStatusName(code)
  const plain = name.replace(/^STATUS_/, '') as keyof typeof STATUS_ADVICE
  const known = STATUS_ADVICE[plain]
  const related = win32Errors
    .filter(({ from }) => from.includes(plain))
    .map((error) => `${error.name} (System error ${error.code})`)
  const own = win32Errors.find(({ from }) => from.includes(plain))
  return {
    kind: 'NTSTATUS',
    code,
    name,
    meaning: explainStatus(code),
    seen: known?.seen ?? '',
    advice: known?.advice ?? own?.advice ?? '',
    related,
    mistakes: mistakesAbout(code),
  }
}

/** What tables of others say of a status, or of its number. */
function mistakesAbout(code: number): string[] {
  const found: string[] = []
  for (const { name, printed } of WRONG_CODES) {
    if (NtStatus[name] === code)
      found.push(`Some tables print ${hex(printed)} for it. That is ${ntStatusName(printed)}; ${hex(code)} is right.`)
    if (printed === code)
      found.push(
        `Some tables call ${hex(code)} STATUS_${name}. That is wrong: STATUS_${name} is ${hex(NtStatus[name])}.`,
      )
  }
  return found
}

function ofWin32(error: Win32Error): Explanation {
  const related = error.from.flatMap((name) => {
    const code = statuses[name]
    return code === undefined ? [] : [`STATUS_${name} (${hex(code)})`]
  })
  const { code, name, meaning, advice } = error
  const seen = `Windows shows "System error ${code} has occurred", or ${hex(0x8007_0000 + code)}.`
  return { kind: 'Win32', code, name, meaning, seen, advice, related, mistakes: [] }
}

function ofKerberos({ code, name, meaning, advice }: KerberosError): Explanation {
  const seen = 'KRB-ERROR: from the KDC (port 88), or from the server inside an answer to SESSION_SETUP.'
  return { kind: 'Kerberos', code, name, meaning, seen, advice, related: [], mistakes: [] }
}

/** `0xc000006d`. */
const hex = (code: number): string => `0x${(code >>> 0).toString(16).padStart(8, '0')}`

/** Names that are nearly what was asked for. */
function similarTo(text: string): string[] {
  const names: [string, string][] = Object.entries(statuses).map(([name, code]) => [name, ntStatusName(code)])
  for (const { name } of [...win32Errors, ...kerberosErrors]) names.push([tail(name), name])
  return nearest(plainName(text), names)
}
