import { SmbError } from '../bytes/errors.ts'
import { hexNumber } from '../bytes/hex.ts'
import { explainStatus } from '../wire/erref/explain.ts'
import { type NtStatus, ntStatusName } from '../wire/erref/ntstatus.ts'
import { commandName } from '../wire/smb2/index.ts'
import { adviceFor } from './advice.ts'
import { nodeCodeOf } from './node-codes.ts'

/** What was being done when something failed. */
export interface Occasion {
  /** Of the call: `readFile`, `connect`. */
  readonly operation?: string
  /** Path within the share, as the caller gave it. */
  readonly path?: string
  /** The second path of a rename, a copy or a link. */
  readonly dest?: string
  /** What is known of why. */
  readonly reason?: string
}

function describe({ operation, path, dest }: Occasion): string {
  const words = operation === undefined ? [] : [operation]
  if (path !== undefined) words.push(`'${path}'`)
  if (dest !== undefined) words.push('->', `'${dest}'`)
  return words.join(' ')
}

const joined = (parts: readonly string[]): string => parts.filter((part) => part !== '').join(', ')

/** The server answered with a status that is not success. */
export class StatusError extends SmbError implements NodeJS.ErrnoException {
  /** NTSTATUS, unsigned. */
  readonly status: NtStatus
  /** `STATUS_ACCESS_DENIED`. */
  readonly statusName: string
  /** The SMB2 command that was answered so: `CREATE`. */
  readonly command: string
  readonly path?: string
  readonly dest?: string
  /** What is known of why, beside the status: a phrase. */
  readonly reason?: string
  /** The call that failed, as Node's errors have it. */
  readonly syscall?: string
  /** What it means, and what to try: a sentence or two for people. */
  readonly advice: string

  /**
   * `code` is Node's where there is one (ENOENT, EACCES, EEXIST ...), otherwise the status' name. `command` is a number
   * of `Command`, or a name where what failed is no command (of a service).
   */
  constructor(status: NtStatus, command: number | string, occasion: Occasion = {}) {
    const statusName = ntStatusName(status)
    const code = nodeCodeOf(status) ?? statusName
    const name = typeof command === 'number' ? commandName(command) : command
    const advice = joinSentences(explainStatus(status, name), adviceFor(status, name))
    const where = joined([describe(occasion), `${name}: ${statusName} (${hexNumber(status >>> 0, 8)})`])
    const why = occasion.reason === undefined ? '' : ` ${occasion.reason}.`
    super(code, `${code}: ${advice}${why} ${where}`)
    this.status = status >>> 0
    this.statusName = statusName
    this.command = name
    this.advice = advice
    if (occasion.operation !== undefined) this.syscall = occasion.operation
    if (occasion.path !== undefined) this.path = occasion.path
    if (occasion.dest !== undefined) this.dest = occasion.dest
    if (occasion.reason !== undefined) this.reason = occasion.reason
  }
}

const joinSentences = (what: string, advice: string | undefined): string =>
  advice === undefined ? what : `${what} ${advice}`

interface TransportErrorOptions extends ErrorOptions {
  readonly outcomeUnknown?: boolean
  readonly connectionLost?: boolean
}

/**
 * The connection could not be made, broke off, or fell silent. `code` is the system's (ECONNREFUSED, ENOTFOUND,
 * ECONNRESET, ETIMEDOUT ...).
 */
export class TransportError extends SmbError {
  /** What was under way: `connect to nas:445`, `NEGOTIATE`, `READ of 'film.mkv'`. */
  readonly step: string
  /** What went wrong, without code and step. */
  readonly problem: string
  /** The server may have done what was asked although no answer came: it is not known. */
  readonly outcomeUnknown: boolean
  /** The connection that it was asked on is gone. */
  readonly connectionLost: boolean

  constructor(code: string, step: string, problem: string, options: TransportErrorOptions = {}) {
    super(code, `${code}: ${problem} (${step})`, options)
    this.step = step
    this.problem = problem
    this.outcomeUnknown = options.outcomeUnknown ?? false
    this.connectionLost = options.connectionLost ?? false
  }
}

/** What was asked for makes no sense, or needs what this server or connection has not: nothing was sent. */
export class UsageError extends SmbError {
  readonly path?: string
  /** What is wrong, without code, call and path. */
  readonly problem: string

  /** `code`: EINVAL, ENOTSUP, EBADF ... */
  constructor(code: string, message: string, occasion: Occasion = {}) {
    const where = describe(occasion)
    super(code, `${code}: ${message}${where === '' ? '' : ` ${where}`}`)
    this.problem = message
    if (occasion.path !== undefined) this.path = occasion.path
  }
}

/** The server is weaker than what is required of it, or somebody between has made it look so. */
export class SecurityError extends SmbError {
  constructor(message: string, options?: ErrorOptions) {
    super('SECURITY', message, options)
  }
}

/** The `code` of an error, where it has one. Several addresses give several errors: the first code counts. */
export function codeOf(error: unknown): string | undefined {
  if (error instanceof AggregateError) return error.errors.map(codeOf).find((code) => code !== undefined)
  const code: unknown = error instanceof Error && 'code' in error ? error.code : undefined
  return typeof code === 'string' ? code : undefined
}
