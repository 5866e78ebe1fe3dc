import { closeSync, fstatSync, openSync, readFileSync, rmSync, type Stats } from 'node:fs'
import { setTimeout as sleep } from 'node:timers/promises'
import { fromHex, hex } from '../bytes/hex.ts'
import { ConfigError, errorCode, systemReason } from './config-error.ts'
import { followLinks, putInPlace, syncFolder } from './replace-file.ts'
import { formatTerms, parseTerms, type UserTerms } from './user-terms.ts'

/** Somebody who may log on. */
export interface User {
  readonly name: string
  /** A disabled user is known, and refused. */
  readonly enabled: boolean
  /** MD4 of the password in UTF-16LE, 16 bytes: worth as much as the password. */
  readonly ntHash: Uint8Array
  /** What else holds for the user; absent where nothing does. */
  readonly terms?: UserTerms
}

const maxUserNameLength = 64
const maxUsersFileBytes = 16 * 1024 * 1024
/** Refused in account names (MS-SAMR 3.1.1.6), and `@`, which separates a name from its domain. */
const refused = new Set('"/\\[]:;|=,+*?<>@#')

/** Why this cannot be the name of a user; undefined if it can. */
export function userNameProblem(name: string): string | undefined {
  if (name.trim() === '') return 'a user needs a name'
  if (name !== name.trim()) return 'a user name does not begin or end with a space'
  if (name.length > maxUserNameLength) return `a user name has at most ${maxUserNameLength} characters`
  for (const character of name)
    if (refused.has(character) || character < ' ') return `a user name cannot have ${JSON.stringify(character)} in it`
  return undefined
}

/** Names are compared without regard to case, as clients send them in any. */
export const sameUser = (a: string, b: string): boolean => a.toLowerCase() === b.toLowerCase()

const heading =
  '# smbkit users. One a line: name:enabled or disabled:NT hash, and :terms. Keep this file to yourself (mode 0600).'

/** A users file in memory. Comments and the order of lines are kept. */
export class UserList {
  readonly #lines: (User | string)[]

  constructor(lines: readonly (User | string)[] = [heading]) {
    this.#lines = [...lines]
  }

  /** @throws ConfigError that names the wrong line */
  static parse(file: string, text: string): UserList {
    const lines: (User | string)[] = []
    const seen = new Set<string>()
    text.split('\n').forEach((content, index) => {
      const line = content.replace(/\r$/, '')
      if (line.trim() === '' || line.startsWith('#')) {
        lines.push(line)
        return
      }
      const user = parseLine(line)
      const problem =
        typeof user === 'string' ? user : seen.has(user.name.toLowerCase()) ? 'this user is there already' : ''
      if (typeof user === 'string' || problem !== '') throw new ConfigError(problem, { file, line: index + 1 })
      seen.add(user.name.toLowerCase())
      lines.push(user)
    })
    if (lines.at(-1) === '') lines.pop()
    return new UserList(lines)
  }

  get users(): User[] {
    return this.#lines.filter((line) => typeof line !== 'string')
  }

  find(name: string): User | undefined {
    return this.users.find((user) => sameUser(user.name, name))
  }

  /** Puts a user in the place of the one of that name, or at the end. */
  set(user: User): void {
    const index = this.#indexOf(user.name)
    if (index < 0) this.#lines.push(user)
    else this.#lines[index] = user
  }

  /** False where there is no such user. */
  remove(name: string): boolean {
    const index = this.#indexOf(name)
    if (index >= 0) this.#lines.splice(index, 1)
    return index >= 0
  }

  format(): string {
    return `${this.#lines.map((line) => (typeof line === 'string' ? line : formatLine(line))).join('\n')}\n`
  }

  #indexOf(name: string): number {
    return this.#lines.findIndex((line) => typeof line !== 'string' && sameUser(line.name, name))
  }
}

function formatLine({ name, enabled, ntHash, terms = {} }: User): string {
  const text = formatTerms(terms)
  return `${name}:${enabled ? 'enabled' : 'disabled'}:${hex(ntHash)}${text === '' ? '' : `:${text}`}`
}

function parseLine(line: string): User | string {
  const parts = line.split(':')
  const [name = '', state = '', digits = '', ...rest] = parts
  if (parts.length < 3) return 'must be name:enabled:hash or name:disabled:hash, and :terms where there are some'
  const problem = userNameProblem(name)
  if (problem !== undefined) return problem
  if (state !== 'enabled' && state !== 'disabled') return `${name} must be enabled or disabled`
  // The text is not shown: it may be a password that somebody wrote where the hash belongs.
  if (!/^[0-9a-fA-F]{32}$/.test(digits)) return `the NT hash of ${name} must be 32 hexadecimal digits`
  const terms = rest.length === 0 ? undefined : parseTerms(rest.join(':'))
  if (typeof terms === 'string') return `${name}: ${terms}`
  return { name, enabled: state === 'enabled', ntHash: fromHex(digits), ...(terms && { terms }) }
}

/**
 * Reads a users file.
 * @throws ConfigError: it cannot be read, others than its owner can read it, or a line is wrong
 */
export function readUsers(file: string): UserList {
  let descriptor: number
  try {
    descriptor = openSync(file, 'r')
  } catch (error) {
    throw new ConfigError(`cannot read the users file: ${systemReason(error)}`, { file }, { cause: error })
  }
  try {
    checkFile(file, fstatSync(descriptor))
    return UserList.parse(file, readFileSync(descriptor, 'utf8'))
  } finally {
    closeSync(descriptor)
  }
}

function checkFile(file: string, stat: Stats): void {
  if (!stat.isFile()) throw new ConfigError('cannot read the users file: it is not a file', { file })
  if (stat.size > maxUsersFileBytes) throw new ConfigError(`is larger than ${maxUsersFileBytes} bytes`, { file })
  // Windows has no such bits: there the folder's permissions decide.
  if (process.platform === 'win32' || (stat.mode & 0o077) === 0) return
  const mode = (stat.mode & 0o777).toString(8).padStart(4, '0')
  throw new ConfigError(`others can reach the password hashes in it (its mode is ${mode}): chmod 600 it`, { file })
}

export interface ChangeOptions {
  /** Begin an empty file where there is none. */
  readonly create?: boolean
  /** How long to wait for another process that is changing the file. */
  readonly timeoutMs?: number
}

/**
 * Changes a users file in one step: whoever reads meanwhile sees the old one or the new one. Its new version is
 * written beside it under a name that only one process at a time can have.
 * @throws ConfigError as `readUsers`, and where it cannot be written
 */
export async function changeUsers(
  file: string,
  change: (users: UserList) => void,
  options: ChangeOptions = {},
): Promise<void> {
  const target = followLinks(file)
  const draft = `${target}.new`
  const descriptor = await openDraft(file, draft, options.timeoutMs ?? 3000)
  try {
    const previous = readPrevious(target, options.create === true)
    change(previous.users)
    putInPlace({ descriptor, draft, target }, previous.users.format(), previous.owner)
  } catch (error) {
    rmSync(draft, { force: true })
    if (error instanceof ConfigError || errorCode(error) === undefined) throw error
    throw new ConfigError(`cannot write the users file: ${systemReason(error)}`, { file }, { cause: error })
  } finally {
    closeSync(descriptor)
  }
  syncFolder(target)
}

async function openDraft(file: string, draft: string, timeoutMs: number): Promise<number> {
  const end = performance.now() + timeoutMs
  for (;;) {
    try {
      return openSync(draft, 'wx', 0o600)
    } catch (error) {
      if (errorCode(error) === 'ENOENT')
        throw new ConfigError('cannot write the users file: its folder is not there', { file }, { cause: error })
      if (errorCode(error) !== 'EEXIST')
        throw new ConfigError(`cannot write the users file: ${systemReason(error)}`, { file }, { cause: error })
      if (performance.now() > end)
        throw new ConfigError(`is being changed by another command (if none is running, remove ${draft})`, { file })
    }
    await sleep(20)
  }
}

function readPrevious(target: string, create: boolean): { users: UserList; owner?: Stats } {
  try {
    const descriptor = openSync(target, 'r')
    const owner = fstatSync(descriptor)
    closeSync(descriptor)
    return { users: readUsers(target), owner }
  } catch (error) {
    if (create && errorCode(error) === 'ENOENT') return { users: new UserList() }
    if (error instanceof ConfigError) throw error
    throw new ConfigError(`cannot read the users file: ${systemReason(error)}`, { file: target }, { cause: error })
  }
}
