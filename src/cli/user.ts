import { mkdirSync } from 'node:fs'
import { dirname } from 'node:path'
import { Command } from 'commander'
import { changeUsers, readUsers, type UserList, userNameProblem } from '../config/users-file.ts'
import { ntHash } from '../crypto/ntlm.ts'
import { newPassword } from './password.ts'
import { defaultUsersFile } from './places.ts'
import { runCommand, UsageError } from './report.ts'

interface UserOptions {
  readonly users?: string
  readonly passwordStdin?: boolean
  readonly json?: boolean
}

/** `smbkit user`: who may log on. */
export function userCommand(): Command {
  const command = new Command('user').description('add, remove, disable, enable or list users')
  const users: [string, string] = ['--users <file>', `users file (default: ${defaultUsersFile()})`]
  command
    .command('add <name>')
    .description('add a user, or give one a new password')
    .option(...users)
    .option('--password-stdin', 'read the password from standard input instead of asking for it')
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
  const change = (users: UserList): void => {
    const previous = users.find(name)
    wasThere = previous !== undefined
    users.set({ name: previous?.name ?? name, enabled: previous?.enabled ?? true, ntHash: ntHash(password) })
  }
  await changeUsers(file, change, { create: true })
  say(wasThere ? `${file}: ${name} has a new password` : `${file}: ${name} added`)
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

function list(name: string | undefined, options: UserOptions): void {
  const file = fileOf(options)
  const users = readUsers(file)
  const found = name === undefined ? users.users : [users.find(name)].filter((user) => user !== undefined)
  if (name !== undefined && found.length === 0) throw unknown(name, file)
  const shown = found.map(({ name: user, enabled }) => ({ name: user, enabled }))
  if (options.json === true) {
    say(JSON.stringify(shown, null, 2))
    return
  }
  const width = Math.max(0, ...shown.map((user) => user.name.length))
  for (const user of shown) say(`${user.name.padEnd(width)}  ${user.enabled ? 'enabled' : 'disabled'}`)
}
