import { Command } from 'commander'
import { runCommand } from './report.ts'

/** `smbkit domain`: the machine's place in its domain. */
export function domainCommand(): Command {
  const command = new Command('domain').description("look after the machine's account in its domain")
  command
    .command('new-password')
    .description("give the machine's account a new password, and write it into its file")
    .requiredOption('--config <file>', 'config file of the server')
    .action(({ config }: { config: string }) =>
      runCommand(async () => {
        // Loaded here, so that other commands and --help do not wait for it.
        const { newPassword } = await import('./machine-password.ts')
        await newPassword(config)
      }),
    )
  return command
}
