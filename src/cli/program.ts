import { readFileSync } from 'node:fs'
import { Command } from 'commander'
import { clientCommands } from './client/programs.ts'

const manifest = new URL('../../package.json', import.meta.url)

/** `smbkit`, with the command of that name, or with all of them where there is none. */
export async function program(name: string | undefined): Promise<Command> {
  const { version } = JSON.parse(readFileSync(manifest, 'utf8')) as { version: string }
  const root = new Command('smbkit')
    .description('SMB 2 and 3: a file server, commands for the files of other servers, and what errors mean')
    .version(version)
    .showHelpAfterError('(add --help for help)')
    .configureHelp({ subcommandTerm: (command) => command.name() })
  const remote = await clientCommands(name)
  root.commandsGroup('Files on servers:')
  for (const command of remote) root.addCommand(command)
  root.commandsGroup('A server of your own:')
  if (remote.length !== 1) for (const command of await ownCommands()) root.addCommand(command)
  root.commandsGroup('Finding out why:')
  if (remote.length !== 1) for (const command of await diagnosticCommands()) root.addCommand(command)
  return root.commandsGroup('Help:')
}

async function diagnosticCommands(): Promise<Command[]> {
  const { explainCommand } = await import('./explain.ts')
  const { traceCommand } = await import('./trace/trace.ts')
  return [traceCommand(), explainCommand()]
}

async function ownCommands(): Promise<Command[]> {
  const { serveCommand } = await import('./serve.ts')
  const { userCommand } = await import('./user.ts')
  const { statusCommand } = await import('./status.ts')
  return [serveCommand(), userCommand(), statusCommand()]
}
