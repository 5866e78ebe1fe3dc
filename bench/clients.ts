/** The clients that are compared, each as the program that people run. */
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { peerPath } from '../test/peers/peer.ts'
import { run } from '../test/peers/run.ts'
import type { Smbd } from '../test/peers/smbd.ts'
import { publishedProgram } from './published.ts'

/** `smbclient-signed` signs as smbkit does where a server can; smbclient by itself only where it must. */
export const clientNames = ['smbkit', 'smbclient', 'smbclient-signed', 'rclone', 'impacket'] as const
export type ClientName = (typeof clientNames)[number]

/** What is done with a share: whole files, whole folders, a list. Local paths are absolute. */
export type Task =
  | { readonly kind: 'get' | 'put'; readonly remote: string; readonly local: string }
  | { readonly kind: 'get-folder' | 'put-folder'; readonly remote: string; readonly local: string }
  | { readonly kind: 'list'; readonly remote: string }
  /** To nowhere, for its memory. */
  | { readonly kind: 'stream'; readonly remote: string }

/** A command to run. */
export interface Invocation {
  readonly command: string
  readonly args: readonly string[]
  readonly env: Readonly<Record<string, string>>
}

/** How each client is called. Undefined where a client has no such thing. */
export type Client = (task: Task) => Invocation | undefined

function smbkit({ host, port, user, password }: Smbd, share: string): Client {
  const at = (remote: string): string => `//${host}:${port}/${share}/${remote}`
  const argumentsFor = (task: Task): string[] => {
    switch (task.kind) {
      case 'get':
        return ['get', at(task.remote), task.local]
      case 'put':
        return ['put', task.local, at(task.remote)]
      case 'get-folder':
        return ['get', '-r', at(task.remote), task.local]
      case 'put-folder':
        return ['put', '-r', task.local, at(task.remote)]
      case 'list':
        return ['ls', at(task.remote)]
      case 'stream':
        return ['cat', at(task.remote)]
    }
  }
  return (task) => ({
    command: process.execPath,
    args: [publishedProgram, ...argumentsFor(task), '--user', user],
    env: { SMBKIT_PASSWORD: password },
  })
}

/** Its messages of each file go to standard error and are thrown away, as those of the others. */
function smbclient(
  { host, port, user, password }: Smbd,
  share: string,
  folder: string,
  signing: 'default' | 'required',
): Client {
  const config = join(folder, `smbclient-${signing}.conf`)
  const settings = ['client min protocol = SMB2_02', 'name resolve order = host', `client signing = ${signing}`]
  writeFileSync(config, `[global]\n${settings.join('\n')}\n`)
  const commandsFor = (task: Task): string | undefined => {
    switch (task.kind) {
      case 'get':
        return `get "${task.remote}" "${task.local}"`
      case 'put':
        return `put "${task.local}" "${task.remote}"`
      case 'get-folder':
        return `recurse ON; prompt OFF; lcd "${task.local}"; cd "${task.remote}"; mget *`
      case 'put-folder':
        return `recurse ON; prompt OFF; lcd "${task.local}"; mkdir "${task.remote}"; cd "${task.remote}"; mput *`
      case 'list':
        return `cd "${task.remote}"; ls`
      case 'stream':
        return undefined
    }
  }
  return (task) => {
    const commands = commandsFor(task)
    if (commands === undefined) return undefined
    const who = ['--port', String(port), '--user', `${user}%${password}`]
    const args = [`//${host}/${share}`, `--configfile=${config}`, ...who, '-c', commands]
    return { command: peerPath('smbclient'), args, env: {} }
  }
}

async function rclone({ host, port, user, password }: Smbd, share: string): Promise<Client> {
  const obscured = await run(peerPath('rclone'), ['obscure', '-'], { input: password })
  const env = {
    RCLONE_CONFIG: '/dev/null',
    RCLONE_CONFIG_SMB_TYPE: 'smb',
    RCLONE_CONFIG_SMB_HOST: host,
    RCLONE_CONFIG_SMB_PORT: String(port),
    RCLONE_CONFIG_SMB_USER: user,
    RCLONE_CONFIG_SMB_PASS: obscured.stdout.trim(),
  }
  const at = (remote: string): string => `smb:${share}/${remote}`
  const argumentsFor = (task: Task): string[] | undefined => {
    switch (task.kind) {
      case 'get':
        return ['copyto', at(task.remote), task.local]
      case 'put':
        return ['copyto', task.local, at(task.remote)]
      case 'get-folder':
        return ['copy', at(task.remote), task.local]
      case 'put-folder':
        return ['copy', task.local, at(task.remote)]
      case 'list':
        return ['lsf', at(task.remote)]
      case 'stream':
        return undefined
    }
  }
  return (task) => {
    const args = argumentsFor(task)
    return args === undefined ? undefined : { command: peerPath('rclone'), args, env }
  }
}

function impacket({ host, port, user, password }: Smbd, share: string): Client {
  return (task) => {
    if (task.kind === 'stream') return undefined
    const local = task.kind === 'list' ? '' : task.local
    const script = join(import.meta.dirname, 'impacket-tasks.py')
    const args = [script, host, String(port), user, password, share, task.kind, task.remote, local]
    return { command: peerPath('impacket'), args, env: {} }
  }
}

/** All clients, ready to be called; `folder` is for what they need to have on disk. */
export async function clientsOf(smbd: Smbd, share: string, folder: string): Promise<Record<ClientName, Client>> {
  return {
    smbkit: smbkit(smbd, share),
    smbclient: smbclient(smbd, share, folder, 'default'),
    'smbclient-signed': smbclient(smbd, share, folder, 'required'),
    rclone: await rclone(smbd, share),
    impacket: impacket(smbd, share),
  }
}
