import { Command } from 'commander'
import { clientCommands } from './client/programs.ts'
import { version } from './manifest.ts'
import { speaking } from './speaking.ts'

/** `smbkit`, with the command of that name, or with all of them where there is none. */
export async function program(name: string | undefined): Promise<Command> {
  // What it warns of is for who runs it: a line, without the way to the source.
  process.removeAllListeners('warning')
  process.on('warning', ({ message }) => void process.stderr.write(`smbkit: note: ${message}\n`))
  const root = new Command('smbkit')
    .description('SMB 2 and 3: a file server, commands for the files of other servers, and what errors mean')
    .version(version())
    // What stands behind the name of a command is for that command.
    .enablePositionalOptions()
    .showHelpAfterError('(add --help for help)')
    .configureHelp({ subcommandTerm: (command) => command.name() })
  const remote = await clientCommands(name)
  root.commandsGroup('Files on servers:')
  for (const command of remote) root.addCommand(command)
  if (remote.length !== 1) {
    const { diagnosticCommands, ownCommands } = await import('./own-commands.ts')
    root.commandsGroup('A server of your own:')
    for (const command of await ownCommands()) root.addCommand(command)
    root.commandsGroup('Finding out why:')
    for (const command of await diagnosticCommands()) root.addCommand(command)
  }
  speaking(root)
  return root.commandsGroup('Help:')
}
