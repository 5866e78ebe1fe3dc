import type { Command } from 'commander'

/** A command, and those below it, say what is wrong with their words as everything else is said. */
export function speaking(command: Command): void {
  command.configureOutput({ outputError: (text, write) => write(text.replace(/^error: /, 'smbkit: ')) })
  for (const one of command.commands) speaking(one)
}
