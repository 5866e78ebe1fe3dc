/** `npm start`: shares ./files with a user that lives as long as the program. To see that it works, and how to connect. */
import { randomInt } from 'node:crypto'
import { existsSync, mkdirSync, writeFileSync } from 'node:fs'
import { join, resolve } from 'node:path'
import { Command } from 'commander'
import { systemReason } from '../config/config-error.ts'
import { defaultHost, defaultPort, mergeSettings } from '../config/settings.ts'
import { ntHash } from '../crypto/ntlm.ts'
import { accountsOf } from './accounts.ts'
import { portNumber } from './port-number.ts'
import { runCommand, UsageError } from './report.ts'
import { runServer } from './run-server.ts'

const user = 'demo'
const share = 'files'
/** No letters that look like others, and none that a shell would take for something else. */
const letters = 'abcdefghijkmnpqrstuvwxyzABCDEFGHJKLMNPQRSTUVWXYZ23456789'
const passwordLength = 16

const randomPassword = (): string =>
  Array.from({ length: passwordLength }, () => letters[randomInt(letters.length)]).join('')

const welcome = `Welcome to smbkit.

You are reading a file on an SMB share. Put files beside it, rename and delete them: it is a folder on the server's disk,
and what you do here happens there.
`

/** Makes the folder, with a file in it, if it is not there. */
function prepareFolder(folder: string): void {
  if (existsSync(folder)) return
  try {
    mkdirSync(folder)
    writeFileSync(join(folder, 'Welcome.txt'), welcome)
  } catch (error) {
    throw new UsageError(`${folder}: cannot make this folder: ${systemReason(error)}`, { cause: error })
  }
}

/** The lines with which each system connects. */
function connectionLines(host: string, port: number, password: string): string {
  const at = `${host}:${port}`
  return `
  smbclient   smbclient //${host}/${share} -p ${port} -U '${user}%${password}'
  Linux       sudo mount -t cifs //${host}/${share} /mnt -o port=${port},username=${user},password=${password}
  macOS       open 'smb://${user}:${password}@${at}/${share}'
  Windows     net use Z: \\\\${host}\\${share} /user:${user} ${password} /TCPPORT:${port}
              (Windows 11 24H2 and later; older ones reach port 445 only)
`
}

async function start({ port, verbose, debug }: { port: number; verbose?: boolean; debug?: boolean }): Promise<void> {
  const folder = resolve(share)
  prepareFolder(folder)
  const password = randomPassword()
  const settings = mergeSettings(undefined, {
    host: defaultHost,
    port,
    server: {},
    shares: [{ name: share, path: folder, place: 'npm start' }],
  })
  const accounts = accountsOf([{ name: user, enabled: true, ntHash: ntHash(password) }])
  await runServer({
    plan: () => ({ settings, accounts, warnings: [] }),
    verbosity: debug === true ? 'debug' : verbose === true ? 'verbose' : 'quiet',
    announce: (address) => {
      process.stdout.write(
        `Sharing ${folder} as ${share}\n\n  address     ${address.host} port ${address.port}\n  user        ${user}\n` +
          `  password    ${password}\n\nTo connect:\n${connectionLines(address.host, address.port, password)}\n` +
          'Ctrl-C ends it. The README tells how to be reached from elsewhere, and on port 445.\n',
      )
    },
    reloads: false,
  })
}

await new Command('npm start --')
  .description('share ./files, to try it')
  .option('--port <number>', 'port to listen on', portNumber, defaultPort)
  .option('--verbose', 'show each request in one line')
  .option('--debug', 'show the fields of each request and answer')
  .action((options: { port: number; verbose?: boolean; debug?: boolean }) => runCommand(() => start(options)))
  .parseAsync()
