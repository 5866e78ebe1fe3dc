import { randomBytes } from 'node:crypto'
import { renameSync, rmSync, writeFileSync } from 'node:fs'
import { SecurityError, TransportError } from '../client/errors.ts'
import { errorCode, systemReason } from '../config/config-error.ts'
import { loadConfig } from '../config/config-file.ts'
import { machineName } from '../config/settings.ts'
import { domainOf } from './domain.ts'
import { UsageError } from './report.ts'

const PASSWORD_BYTES = 48

/** Changes it at the controller and in its file. @throws ConfigError, UsageError, SmbError */
export async function newPassword(config: string): Promise<void> {
  const { domain, server } = loadConfig(config)
  const controller = await domainOf({ domain, server })
  if (controller === undefined || domain === undefined) throw new UsageError(`${config}: it has no domain`)
  const { passwordFile: file } = domain
  const draft = `${file}.new`
  const password = randomBytes(PASSWORD_BYTES).toString('base64url')
  // It is kept before the controller knows it: a power cut must not leave an account whose password nobody has.
  keep(draft, password)
  try {
    await controller.changePassword(password)
  } catch (error) {
    // What was refused in so many words has changed nothing.
    const isOpen = error instanceof TransportError || error instanceof SecurityError
    if (!isOpen) rmSync(draft)
    else process.stderr.write(`smbkit: note: if the controller has taken it, the new password is in ${draft}\n`)
    throw error
  } finally {
    await controller.close()
  }
  renameSync(draft, file)
  process.stdout.write(`${file}: ${machineName(server)}$ has a new password\n`)
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
