import { basename, resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import { ConfigError, errorCode } from '../config/config-error.ts'
import { loadConfig } from '../config/config-file.ts'
import {
  type DialectName,
  dialectNames,
  type EncryptionMode,
  encryptionModes,
  maxPort,
  type SigningMode,
  signingModes,
  wholeNumber,
} from '../config/schema.ts'
import {
  defaultHost,
  defaultPort,
  mergeSettings,
  type Overrides,
  type Settings,
  type ShareSettings,
} from '../config/settings.ts'
import { readUsers, sameUser, type User } from '../config/users-file.ts'
import { accountsOf } from './accounts.ts'
import { defaultUsersFile } from './places.ts'
import { runCommand } from './report.ts'
import { type Plan, runServer } from './run-server.ts'

export interface ServeOptions {
  readonly host?: string
  readonly port?: number
  readonly share?: readonly ShareSettings[]
  readonly users?: string
  readonly config?: string
  readonly socket?: string
  readonly minDialect?: DialectName
  readonly maxDialect?: DialectName
  readonly signing?: SigningMode
  readonly encryption?: EncryptionMode
  readonly verbose?: boolean
  readonly debug?: boolean
}

/** `smbkit serve`: shares folders until it is ended. */
export function serveCommand(): Command {
  return new Command('serve')
    .description('share folders')
    .argument('[path]', 'folder to share under its own name')
    .option('--host <address>', `address to listen on (default: ${defaultHost})`)
    .option('--port <number>', `port to listen on (default: ${defaultPort})`, portNumber)
    .option('--share <name=path>', 'another folder to share; may be given several times', addShare)
    .option('--users <file>', `users file (default: ${defaultUsersFile()})`)
    .option('--config <file>', 'config file; what is said on the command line wins over it')
    .option('--socket <path>', 'socket for `smbkit status` (default: one for the port)')
    .addOption(new Option('--min-dialect <dialect>', 'lowest dialect (default: 2.0.2)').choices(dialectNames))
    .addOption(new Option('--max-dialect <dialect>', 'highest dialect (default: 3.1.1)').choices(dialectNames))
    .addOption(new Option('--signing <mode>', 'signatures (default: enabled)').choices(signingModes))
    .addOption(new Option('--encryption <mode>', 'encryption (default: enabled)').choices(encryptionModes))
    .option('--verbose', 'show each request in one line')
    .option('--debug', 'show the fields of each request and answer')
    .action((path: string | undefined, options: ServeOptions) => runCommand(() => serve(path, options)))
}

/** @throws InvalidArgumentError, which commander shows with the option's name */
export function portNumber(text: string): number {
  const port = wholeNumber(text, 0, maxPort)
  if (port === undefined) throw new InvalidArgumentError(`A port is a whole number from 0 to ${maxPort}.`)
  return port
}

function addShare(text: string, before: readonly ShareSettings[] = []): ShareSettings[] {
  const equals = text.indexOf('=')
  if (equals < 1 || equals === text.length - 1) throw new InvalidArgumentError('It must be NAME=PATH.')
  const name = text.slice(0, equals)
  return [...before, { name, path: resolve(text.slice(equals + 1)), place: `--share ${text}` }]
}

/** Everything but the shares and users that are read again comes from the command line. */
function overridesOf(path: string | undefined, options: ServeOptions): Overrides {
  const { host, port, users, socket, minDialect, maxDialect, signing, encryption } = options
  const own = path === undefined ? [] : [{ name: basename(resolve(path)), path: resolve(path), place: path }]
  return {
    ...(host === undefined ? {} : { host }),
    ...(port === undefined ? {} : { port }),
    ...(users === undefined ? {} : { usersFile: resolve(users) }),
    ...(socket === undefined ? {} : { socket: resolve(socket) }),
    server: {
      ...(minDialect === undefined ? {} : { minDialect }),
      ...(maxDialect === undefined ? {} : { maxDialect }),
      ...(signing === undefined ? {} : { signing }),
      ...(encryption === undefined ? {} : { encryption }),
    },
    shares: [...own, ...(options.share ?? [])],
  }
}

/** Reads config file and users file and puts them together with the command line. */
export function planOf(path: string | undefined, options: ServeOptions): Plan {
  const config = options.config === undefined ? undefined : loadConfig(options.config)
  const settings = mergeSettings(config, overridesOf(path, options))
  const users = usersOf(settings)
  return { settings, accounts: accountsOf(users), warnings: warningsOf(settings, users) }
}

function usersOf({ usersFile, server }: Settings): readonly User[] {
  const file = usersFile ?? defaultUsersFile()
  const openToAll = server.allowGuest === true || server.allowAnonymous === true
  try {
    const { users } = readUsers(file)
    if (openToAll || users.some(({ enabled }) => enabled)) return users
  } catch (error) {
    const isMissing = error instanceof ConfigError && errorCode(error.cause) === 'ENOENT'
    if (usersFile === undefined && isMissing && openToAll) return []
    if (usersFile !== undefined || !isMissing) throw error
  }
  const option = usersFile === undefined ? '' : ` --users ${usersFile}`
  throw new ConfigError(`nobody could log on: add a user with \`smbkit user add NAME${option}\``, { file })
}

function warningsOf({ shares }: Settings, users: readonly User[]): string[] {
  return shares.flatMap(({ name, users: allowed = [] }) =>
    allowed
      .filter((user) => !users.some((known) => sameUser(known.name, user)))
      .map((user) => `the share ${name} is for ${user}, and there is no such user`),
  )
}

async function serve(path: string | undefined, options: ServeOptions): Promise<void> {
  await runServer({
    plan: () => planOf(path, options),
    verbosity: options.debug === true ? 'debug' : options.verbose === true ? 'verbose' : 'quiet',
    announce: announce,
    reloads: true,
  })
}

function announce({ host, port }: { host: string; port: number }, { settings }: Plan): void {
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  process.stdout.write(`Serving on ${where}; Ctrl-C ends it.\n`)
  for (const { name, path, readOnly } of settings.shares)
    process.stdout.write(`  ${name}  ${path}${readOnly === true ? '  (read-only)' : ''}\n`)
}
