import { randomBytes } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { Command } from 'commander'
import { TransportError } from '../client/errors.ts'
import { errorCode, systemReason } from '../config/config-error.ts'
import { loadConfig } from '../config/config-file.ts'
import { mergeSettings } from '../config/settings.ts'
import { domainOf } from './domain.ts'
import { runCommand, UsageError } from './report.ts'

const PASSWORD_BYTES = 48

/** `smbkit domain`: the machine's place in its domain. */
export function domainCommand(): Command {
  const command = new Command('domain').description("look after the machine's account in its domain")
  command
    .command('new-password')
    .description("give the machine's account a new password, and write it into its file")
    .requiredOption('--config <file>', 'config file of the server')
    .action(({ config }: { config: string }) => runCommand(() => newPassword(config)))
  return command
}

async function newPassword(config: string): Promise<void> {
  const settings = mergeSettings(loadConfig(config), { server: {}, shares: [] })
  const controller = await domainOf(settings)
  const { domain, server } = settings
  if (controller === undefined || domain === undefined) throw new UsageError(`${config}: it has no domain`)
  const { passwordFile: file } = domain
  const draft = `${file}.new`
  const password = randomBytes(PASSWORD_BYTES).toString('base64url')
  // It is kept before the controller knows it: a power cut must not leave an account whose password nobody has.
  keep(draft, password)
  try {
    await controller.changePassword(password)
  } catch (error) {
    if (!(error instanceof TransportError)) rmSync(draft)
    else process.stderr.write(`smbkit: note: if the controller has taken it, the new password is in ${draft}\n`)
    throw error
  } finally {
    await controller.close()
  }
  renameSync(draft, file)
  process.stdout.write(`${file}: ${(server.name ?? '').toUpperCase()}$ has a new password\n`)
  if (server.keytab !== undefined)
    process.stderr.write(
      `smbkit: note: ${server.keytab} has the keys of the old password: it has to be exported anew\n`,
    )
}

/** @throws UsageError where an earlier change has not come to its end */
function keep(draft: string, password: string): void {
  try {
    writeFileSync(draft, `${password}\n`, { mode: 0o600, flag: 'wx', flush: true })
  } catch (error) {
    if (errorCode(error) !== 'EEXIST')
      throw new UsageError(`${draft}: cannot write it: ${systemReason(error)}`, { cause: error })
    throw new UsageError(
      `${draft}: a change before has not come to its end: this is the password, or the one beside it is; keep the right one`,
      { cause: error },
    )
  }
}
