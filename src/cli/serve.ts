import { resolve } from 'node:path'
import { Command, InvalidArgumentError, Option } from 'commander'
import {
  type DialectName,
  dialectNames,
  type EncryptionMode,
  encryptionModes,
  type SigningMode,
  signingModes,
} from '../config/choices.ts'
import { defaultHost, defaultPort, type ShareSettings } from '../config/settings.ts'
import { defaultUsersFile } from './places.ts'
import { portNumber } from './port-number.ts'
import { runCommand } from './report.ts'
import type { Plan } from './run-server.ts'

export interface ServeOptions {
  readonly host?: string
  readonly port?: number
  readonly share?: readonly ShareSettings[]
  readonly users?: string
  readonly config?: string
  readonly socket?: string
  readonly minDialect?: DialectName
  readonly maxDialect?: DialectName
  readonly smb1?: boolean
  readonly signing?: SigningMode
  readonly encryption?: EncryptionMode
  readonly keytab?: string
  readonly announce?: boolean
  readonly verbose?: boolean
  readonly debug?: boolean
  readonly explain?: boolean
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
    .option('--smb1', 'serve clients that know nothing newer than SMB1')
    .addOption(new Option('--signing <mode>', 'signatures (default: enabled)').choices(signingModes))
    .addOption(new Option('--encryption <mode>', 'encryption (default: enabled)').choices(encryptionModes))
    .option('--keytab <file>', 'keys for Kerberos (default: none, NTLM alone)')
    .option('--announce', 'let desktops find it (multicast DNS, WS-Discovery)')
    .option('--verbose', 'show each request in one line')
    .option('--debug', 'show the fields of each request and answer')
    .option('--explain', 'when it ends, tell what was wrong or slow in what clients did, as smbkit trace does')
    .action((path: string | undefined, options: ServeOptions) => runCommand(() => serve(path, options)))
}

function addShare(text: string, before: readonly ShareSettings[] = []): ShareSettings[] {
  const equals = text.indexOf('=')
  if (equals < 1 || equals === text.length - 1) throw new InvalidArgumentError('It must be NAME=PATH.')
  const name = text.slice(0, equals)
  return [...before, { name, path: resolve(text.slice(equals + 1)), place: `--share ${text}` }]
}

async function serve(path: string | undefined, options: ServeOptions): Promise<void> {
  // Loaded here, so that other commands and --help do not wait for the whole server.
  const { planOf } = await import('./serve-plan.ts')
  const { runServer } = await import('./run-server.ts')
  await runServer({
    plan: () => planOf(path, options),
    verbosity: options.debug === true ? 'debug' : options.verbose === true ? 'verbose' : 'quiet',
    announce,
    reloads: true,
    explains: options.explain === true,
  })
}

function announce({ host, port }: { host: string; port: number }, { settings }: Plan): void {
  const where = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`
  const shares = settings.shares.map(
    ({ name, path = '(links alone)', readOnly }) => `  ${name}  ${path}${readOnly === true ? '  (read-only)' : ''}\n`,
  )
  process.stdout.write(`Serving on ${where}; Ctrl-C ends it.\n${shares.join('')}`)
}
