/** The commands that need no server of others, each loaded when it is needed, in the order of the help text. */
import type { Command } from 'commander'

/** Commands for a server of one's own. */
export async function ownCommands(): Promise<Command[]> {
  const { serveCommand } = await import('./serve.ts')
  const { userCommand } = await import('./user.ts')
  const { domainCommand } = await import('./domain-command.ts')
  const { statusCommand } = await import('./status.ts')
  return [serveCommand(), userCommand(), domainCommand(), statusCommand()]
}

/** Commands for finding out why. */
export async function diagnosticCommands(): Promise<Command[]> {
  const { explainCommand } = await import('./explain.ts')
  const { traceCommand } = await import('./trace/trace.ts')
  return [traceCommand(), explainCommand()]
}
