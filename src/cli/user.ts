import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { Command } from 'commander'
import { formatTerm, readTerm, termForm, type UserTerms } from '../config/user-terms.ts'
import { changeUsers, readUsers, type User, type UserList, userNameProblem } from '../config/users-file.ts'
import { ntHash } from '../crypto/ntlm.ts'
import { lmHash } from '../crypto/ntlm-v1.ts'
import { newPassword } from './password.ts'
import { defaultUsersFile } from './places.ts'
import { portNumber } from './port-number.ts'
import { runCommand, UsageError } from './report.ts'
import { type ServerChoice, socketOf } from './running-server.ts'
import { askToUnlock } from './status-socket.ts'

interface UserOptions {
  readonly users?: string
  readonly passwordStdin?: boolean
  readonly lmHash?: boolean
  readonly json?: boolean
}

/** Options of `smbkit user set`, by the term that each says. */
const termOptions = [
  { name: 'expiresAt', option: 'expires', flags: '--expires <date>', description: 'the account ends: 2027-01-31' },
  {
    name: 'passwordExpiresAt',
    option: 'passwordExpires',
    flags: '--password-expires <date>',
    description: 'the password ends',
  },
  {
    name: 'mustChangePassword',
    option: 'mustChange',
    flags: '--must-change <yes/no>',
    description: 'a new password is needed first',
  },
  { name: 'mayUseNetwork', option: 'network', flags: '--network <yes/no>', description: 'the account may log on here' },
  {
    name: 'logonHours',
    option: 'hours',
    flags: '--hours <hours>',
    description: 'when, in UTC: "Mon-Fri 8-18, Sat 9-12"',
  },
  {
    name: 'workstations',
    option: 'workstations',
    flags: '--workstations <names>',
    description: 'machines that the user may come from: PC1,PC2',
  },
  { name: 'groups', option: 'groups', flags: '--groups <names>', description: 'groups, or SIDs: staff,Administrators' },
  { name: 'unixUser', option: 'unixUser', flags: '--unix-user <name>', description: 'who the user is on the disk' },
] as const
type TermTexts = { readonly [O in (typeof termOptions)[number]['option']]?: string }

/** `smbkit user`: who may log on. */
export function userCommand(): Command {
  const command = new Command('user').description('add, remove, disable, enable, unlock or list users')
  const users: [string, string] = ['--users <file>', `users file (default: ${defaultUsersFile()})`]
  command
    .command('add <name>')
    .description('add a user, or give one a new password')
    .option(...users)
    .option('--password-stdin', 'read the password from standard input instead of asking for it')
    .option('--lm-hash', 'keep an LM hash, too, for old devices that know nothing newer')
    .action((name: string, options: UserOptions) => runCommand(() => add(name, options)))
  command
    .command('remove <name>')
    .description('remove a user')
    .option(...users)
    .action((name: string, options: UserOptions) => runCommand(() => remove(name, options)))
  for (const [verb, enabled] of [
    ['disable', false],
    ['enable', true],
  ] as const)
    command
      .command(`${verb} <name>`)
      .description(enabled ? 'let a disabled user log on again' : 'keep a user, but let nobody log on as it')
      .option(...users)
      .action((name: string, options: UserOptions) => runCommand(() => setEnabled(name, enabled, options)))
  command
    .command('unlock <name>')
    .description('let a user who is locked out by wrong passwords try again, on a running server')
    .option('--port <number>', 'port of the server (default: that of the only one there is)', portNumber)
    .option('--socket <path>', 'status socket of the server, where it was started with one')
    .action((name: string, options: ServerChoice) => runCommand(() => unlock(name, options)))
  const set = command
    .command('set <name>')
    .description('say what holds for a user: an empty value takes it back')
    .option(...users)
  for (const { flags, description } of termOptions) set.option(flags, description)
  set.action((name: string, options: UserOptions & TermTexts) => runCommand(() => setTerms(name, options)))
  command
    .command('list [name]')
    .description('list users')
    .option(...users)
    .option('--json', 'for programs')
    .action((name: string | undefined, options: UserOptions) => runCommand(async () => list(name, options)))
  return command
}

const fileOf = (options: UserOptions): string => options.users ?? defaultUsersFile()
const say = (text: string): void => void process.stdout.write(`${text}\n`)
const unknown = (name: string, file: string): UsageError => new UsageError(`${file}: there is no user ${name}`)

async function add(name: string, options: UserOptions): Promise<void> {
  const problem = userNameProblem(name)
  if (problem !== undefined) throw new UsageError(problem)
  const password = await newPassword(name, options.passwordStdin === true)
  const file = fileOf(options)
  // The folder of the default file is ours to make; another one must be there.
  if (options.users === undefined) mkdirSync(dirname(file), { recursive: true, mode: 0o700 })
  let wasThere = false
  const weak = options.lmHash === true ? weakHash(password) : undefined
  const change = (users: UserList): void => {
    const previous = users.find(name)
    wasThere = previous !== undefined
    users.set({
      name: previous?.name ?? name,
      enabled: previous?.enabled ?? true,
      ntHash: ntHash(password),
      ...termsWith(previous?.terms, weak),
    })
  }
  await changeUsers(file, change, { create: true })
  say(wasThere ? `${file}: ${name} has a new password` : `${file}: ${name} added`)
}

/** What goes on to hold with a new password: all but what was said of the old one. */
function termsWith(before: UserTerms | undefined, weak: Uint8Array | undefined): Pick<User, 'terms'> {
  const { mustChangePassword: _, passwordExpiresAt: __, lmHash: ___, ...kept } = before ?? {}
  const terms = { ...kept, ...(weak && { lmHash: weak }) }
  return Object.keys(terms).length === 0 ? {} : { terms }
}

function weakHash(password: string): Uint8Array {
  const hash = lmHash(password)
  if (hash === undefined)
    throw new UsageError('a password with an LM hash has at most 14 characters, all of them ASCII')
  return hash
}

async function remove(name: string, options: UserOptions): Promise<void> {
  const file = fileOf(options)
  await changeUsers(file, (users) => {
    if (!users.remove(name)) throw unknown(name, file)
  })
  say(`${file}: ${name} removed`)
}

async function setEnabled(name: string, enabled: boolean, options: UserOptions): Promise<void> {
  const file = fileOf(options)
  await changeUsers(file, (users) => {
    const user = users.find(name)
    if (user === undefined) throw unknown(name, file)
    users.set({ ...user, enabled })
  })
  say(`${file}: ${name} ${enabled ? 'enabled' : 'disabled'}`)
}

async function unlock(name: string, options: ServerChoice): Promise<void> {
  const wasCounted = await askToUnlock(await socketOf(options), name)
  say(wasCounted ? `${name} may try again` : `${name} was not locked out: no wrong passwords are counted`)
}

async function setTerms(name: string, options: UserOptions & TermTexts): Promise<void> {
  const file = fileOf(options)
  const given = termOptions.filter(({ option }) => options[option] !== undefined)
  if (given.length === 0) throw new UsageError('nothing is said: `smbkit user set --help` shows what can be')
  const changes = given.map(({ name: term, option, flags }) => {
    const text = options[option] ?? ''
    const value = text === '' ? undefined : readTerm(term, text)
    if (value === null) throw new UsageError(`${flags}: must be ${termForm(term)}`)
    return { term, value }
  })
  await changeUsers(file, (users) => {
    const user = users.find(name)
    if (user === undefined) throw unknown(name, file)
    const terms: Record<string, unknown> = { ...user.terms }
    for (const { term, value } of changes)
      if (value === undefined) delete terms[term]
      else terms[term] = value
    const { terms: _, ...bare } = user
    users.set({ ...bare, ...(Object.keys(terms).length === 0 ? {} : { terms }) })
  })
  say(`${file}: ${name} changed`)
}

function list(name: string | undefined, options: UserOptions): void {
  const file = fileOf(options)
  const users = readUsers(file)
  const found = name === undefined ? users.users : [users.find(name)].filter((user) => user !== undefined)
  if (name !== undefined && found.length === 0) throw unknown(name, file)
  const shown = found.map(({ name: user, enabled, terms = {} }) => ({ name: user, enabled, terms: termTexts(terms) }))
  if (options.json === true) {
    say(
      JSON.stringify(
        shown.map(({ terms, ...user }) => ({ ...user, ...terms })),
        null,
        2,
      ),
    )
    return
  }
  const width = Math.max(0, ...shown.map((user) => user.name.length))
  for (const { name: user, enabled, terms } of shown) {
    const more = Object.entries(terms).map(([term, value]) => `  ${term}=${value}`)
    say(`${user.padEnd(width)}  ${enabled ? 'enabled' : 'disabled'}${more.join('')}`)
  }
}

/** Terms as they are shown: a hash is not. */
function termTexts(terms: UserTerms): Record<string, string> {
  const shown = termOptions.filter(({ name }) => terms[name] !== undefined)
  return Object.fromEntries(shown.map(({ name }) => [name, formatTerm(name, terms)]))
}
