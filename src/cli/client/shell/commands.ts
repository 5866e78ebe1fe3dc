/** Commands of the shell: those of the program, for which words mean names where the shell is, and a few of its own. */
import { homedir } from 'node:os'
import { Command } from 'commander'
import { systemReason } from '../../../config/config-error.ts'
import { printable, UsageError } from '../../report.ts'
import { speaking } from '../../speaking.ts'
import { aclCommand } from '../acl.ts'
import { displayAddress } from '../address.ts'
import { catCommand } from '../cat.ts'
import { type Context, runClient } from '../context.ts'
import { dfCommand } from '../df.ts'
import { duCommand } from '../du.ts'
import { findCommand } from '../find.ts'
import { lsCommand } from '../ls.ts'
import { mkdirCommand } from '../mkdir.ts'
import { mvCommand } from '../mv.ts'
import { rmCommand } from '../rm.ts'
import { about } from '../servers.ts'
import { statCommand } from '../stat.ts'
import { asFolder, transfer } from '../transfer.ts'
import { type TransferOptions, withTransfer } from '../transfer-options.ts'
import { treeCommand } from '../tree.ts'
import { watchCommand } from '../watch.ts'
import type { WordKinds } from './complete.ts'
import type { ShellPlace } from './place.ts'

/** What the words of each command mean, for completion. */
export const wordKinds: ReadonlyMap<string, WordKinds> = new Map<string, WordKinds>([
  ['ls', 'share'],
  ['cd', 'share'],
  ['pwd', 'none'],
  ['lcd', 'disk'],
  ['lpwd', 'none'],
  ['tree', 'share'],
  ['cat', 'share'],
  ['get', 'share-disk'],
  ['put', 'disk-share'],
  ['mget', 'share'],
  ['mput', 'disk'],
  ['cp', 'share'],
  ['mv', 'share'],
  ['rm', 'share'],
  ['mkdir', 'share'],
  ['stat', 'share'],
  ['acl', 'share'],
  ['watch', 'share'],
  ['df', 'share'],
  ['du', 'share'],
  ['find', 'share'],
  ['info', 'none'],
  ['help', 'none'],
  ['exit', 'none'],
])

/** Those that mean where the shell is, when nothing is named. */
const hereByDefault = new Set(['ls', 'tree', 'stat', 'watch', 'df', 'du', 'find'])

/** A program of these commands, made for one line. `exit` is called to end the shell. */
export function shellProgram(place: ShellPlace, exit: () => void): Command {
  const program = new Command('')
    .helpCommand('help [command]', 'what a command does')
    .configureHelp({ showGlobalOptions: false, commandUsage: () => '<command>' })
    .exitOverride()
  const commands = [
    lsCommand(),
    ...movingCommands(place),
    treeCommand(),
    catCommand(),
    ...carryingCommands(place),
    mvCommand(),
    rmCommand(),
    mkdirCommand(),
    statCommand(),
    aclCommand(),
    watchCommand(),
    dfCommand(),
    duCommand(),
    findCommand(),
    infoCommand(place),
    new Command('exit').alias('quit').description('end the shell').action(exit),
  ]
  for (const command of commands) program.addCommand(inShell(command))
  speaking(program)
  return program
}

/** Who logs on and how is settled; an error in the words does not end the program. */
function inShell(command: Command): Command {
  for (const option of command.options) if (option.helpGroupHeading === 'Connection:') option.hideHelp()
  if (hereByDefault.has(command.name())) {
    const [argument] = command.registeredArguments
    argument?.argOptional().default(argument.variadic ? ['.'] : '.')
  }
  return command.configureHelp({ commandUsage: () => `${command.name()} ${command.usage()}` }).exitOverride()
}

function movingCommands(place: ShellPlace): Command[] {
  const run = (action: (context: Context) => Promise<void>) => runClient({}, action)
  return [
    new Command('cd')
      .description('go to another folder')
      .argument('[folder]', 'where to', '/')
      .action((folder: string) =>
        run(({ signal }) => about({ ...place.address, path: place.path(folder) }, place.go(folder, signal))),
      ),
    new Command('pwd')
      .description('show where the shell is on the server')
      .action(() => run(async ({ out }) => out.write(`${printable(displayAddress(place.address))}\n`))),
    new Command('lcd')
      .description('go to another folder of this machine')
      .argument('[folder]', 'where to', homedir())
      .action((folder: string) => run(async () => changeLocal(folder))),
    new Command('lpwd')
      .description('show where the shell is on this machine')
      .action(() => run(async ({ out }) => out.write(`${process.cwd()}\n`))),
  ]
}

function changeLocal(folder: string): void {
  try {
    process.chdir(folder)
  } catch (error) {
    throw new UsageError(`${folder}: ${systemReason(error)}`, { cause: error })
  }
}

/** Commands that carry files: which words are names of the share goes by the command. */
function carryingCommands(place: ShellPlace): Command[] {
  const remote = (words: readonly string[]): string[] => words.map((word) => place.named(word))
  const make = (
    name: string,
    description: string,
    usage: string,
    action: (context: Context, words: readonly string[], options: TransferOptions) => Promise<void>,
  ) =>
    withTransfer(new Command(name).description(description).argument('<words...>').usage(`[options] ${usage}`)).action(
      (words: string[], options: TransferOptions) => runClient(options, (context) => action(context, words, options)),
    )
  return [
    make('get', 'copy a file or folder to this machine', '<name> [local]', async (context, words, options) => {
      if (words.length > 2) throw new UsageError('get takes one name, and where to; mget takes several')
      await transfer(context, remote(words.slice(0, 1)), words[1] ?? '.', options)
    }),
    make('put', 'copy a file or folder to the server', '<local> [name]', async (context, words, options) => {
      if (words.length > 2) throw new UsageError('put takes one name, and where to; mput takes several')
      await transfer(context, words.slice(0, 1), place.named(words[1] ?? './'), options)
    }),
    make('mget', 'copy all that fits to this machine', '<pattern...>', (context, words, options) =>
      transfer(context, remote(words), asFolder('.'), options),
    ),
    make('mput', 'copy all that fits to the server', '<pattern...>', (context, words, options) =>
      transfer(context, words, place.named('./'), options),
    ),
    make('cp', 'copy within the share', '<name...> <target>', async (context, words, options) => {
      if (words.length < 2) throw new UsageError('cp takes a name, and where to')
      await transfer(context, remote(words.slice(0, -1)), place.named(words.at(-1) ?? ''), options)
    }),
  ]
}

function infoCommand(place: ShellPlace): Command {
  return new Command('info').description('show what was agreed upon with the server').action(() =>
    runClient({}, async ({ out }) => {
      const { server, session } = place.share.client
      const who =
        session.user === '' ? session.kind : `${session.domain === '' ? '' : `${session.domain}\\`}${session.user}`
      const lines = [
        `server     ${server.host}:${server.port}`,
        `dialect    ${server.dialect}`,
        `user       ${who}${session.kind === 'user' ? '' : ` (${session.kind})`}`,
        `signed     ${session.signed ? server.signingAlgorithm : 'no'}`,
        `encrypted  ${session.sealed ? (server.cipher ?? 'yes') : 'no'}`,
      ]
      await out.write(`${lines.map(printable).join('\n')}\n`)
    }),
  )
}
