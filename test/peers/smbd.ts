/**
 * Debian's smbd on a free port of the loopback address, as a peer to test against and to compare with. All its state
 * is in a temporary folder; its processes end with `stop`, and nothing of it is left.
 */
import { type ChildProcess, spawn } from 'node:child_process'
import {
  chmodSync,
  chownSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  writeFileSync,
} from 'node:fs'
import { tmpdir, userInfo } from 'node:os'
import { join } from 'node:path'
import { answers, freePort, until } from './free-port.ts'
import { peerPath } from './peer.ts'
import { run, signalGroup } from './run.ts'

export interface SmbdShare {
  readonly name: string
  /** Folder to share; where absent, a new one below the server's own temporary folder. */
  readonly path?: string
  /** smb.conf parameters, e.g. `{ 'read only': 'yes' }`. Writable unless told. */
  readonly options?: Readonly<Record<string, string>>
}

export interface SmbdOptions {
  readonly shares: readonly SmbdShare[]
  /** smb.conf parameters of the section [global], over the ones given here. */
  readonly global?: Readonly<Record<string, string>>
  /** Where the temporary folder is made. */
  readonly parent?: string
}

export interface Smbd {
  readonly host: string
  readonly port: number
  readonly pid: number
  readonly user: string
  readonly password: string
  /** Share name to folder. */
  readonly folders: ReadonlyMap<string, string>
  /** What it logged. */
  log(): string
  /** Ends it at once, as a power cut would: it writes nothing down and says nothing to anybody. */
  kill(): Promise<void>
  /** Starts it again after that: what is in its folders and who may log on is as it was. */
  restart(): Promise<void>
  /** Ends what answers calls in its pipes (rpcd_*), as a crash would. It starts such processes again by itself. */
  killServices(): Promise<void>
  stop(): Promise<void>
}

export const tester = { user: 'tester', password: 'Passw0rd' } as const
/** A second user, for what one may do and another may not. */
export const other = { user: 'other', password: 'Second-Passw0rd' } as const

const host = '127.0.0.1'
const startTimeoutMs = 15_000
const stopTimeoutMs = 5_000

/**
 * Unix accounts behind the SMB users. smbd started by root becomes the account; accounts that every Debian has and
 * nobody logs on to are borrowed, so that none has to be made. Started by another user, smbd can only be that user.
 */
function unixAccounts(): { account: string; user: string; password: string }[] {
  if (process.getuid?.() !== 0) return [{ account: userInfo().username, ...tester }]
  return [
    { account: 'daemon', ...tester },
    { account: 'games', ...other },
  ]
}

/** Unix user that owns what the user `tester` makes, where it is not the user who runs this. */
function testerUid(): number | undefined {
  if (process.getuid?.() !== 0) return undefined
  const line = readFileSync('/etc/passwd', 'utf8').match(/^daemon:[^:]*:(\d+):/m)
  return line === null ? undefined : Number(line[1])
}

/** Processes whose arguments name this file. */
export function processesWith(argument: string): number[] {
  const pids: number[] = []
  for (const name of readdirSync('/proc')) {
    if (!/^\d+$/.test(name)) continue
    try {
      if (readFileSync(`/proc/${name}/cmdline`, 'utf8').includes(argument)) pids.push(Number(name))
    } catch {
      // It ended meanwhile.
    }
  }
  return pids
}

function configuration(dir: string, port: number, options: SmbdOptions, folders: ReadonlyMap<string, string>): string {
  const section = (name: string, values: Readonly<Record<string, string>>) =>
    `[${name}]\n${Object.entries(values)
      .map(([key, value]) => `  ${key} = ${value}\n`)
      .join('')}`
  const global = {
    workgroup: 'WORKGROUP',
    'netbios name': 'SMBDPEER',
    'server role': 'standalone',
    'smb ports': String(port),
    'bind interfaces only': 'yes',
    interfaces: '127.0.0.1/8',
    'private dir': join(dir, 'private'),
    'state directory': join(dir, 'state'),
    'cache directory': join(dir, 'cache'),
    'lock directory': join(dir, 'lock'),
    'pid directory': join(dir, 'pid'),
    'ncalrpc dir': join(dir, 'ncalrpc'),
    'log file': join(dir, 'log', 'smbd.log'),
    'log level': '0',
    'map to guest': 'never',
    'username map': join(dir, 'users.map'),
    'disable netbios': 'yes',
    'disable spoolss': 'yes',
    'load printers': 'no',
    printing: 'bsd',
    'printcap name': '/dev/null',
    'server min protocol': 'SMB2_02',
    'server smb3 signing algorithms': 'AES-128-GMAC, AES-128-CMAC, HMAC-SHA256',
    'server smb3 encryption algorithms': 'AES-128-GCM, AES-128-CCM, AES-256-GCM, AES-256-CCM',
    ...options.global,
  }
  const shares = options.shares.map((share) =>
    section(share.name, { path: folders.get(share.name) ?? dir, 'read only': 'no', ...share.options }),
  )
  return section('global', global) + shares.join('')
}

/** Starts smbd and waits until it answers. */
export async function startSmbd(options: SmbdOptions): Promise<Smbd> {
  const program = peerPath('smbd')
  const dir = mkdtempSync(join(options.parent ?? tmpdir(), 'smbd-'))
  chmodSync(dir, 0o755)
  for (const name of ['private', 'state', 'cache', 'lock', 'pid', 'ncalrpc', 'log']) mkdirSync(join(dir, name))
  const folders = new Map<string, string>()
  const uid = testerUid()
  for (const share of options.shares) {
    const path = share.path ?? join(dir, `share-${share.name}`)
    if (!existsSync(path)) mkdirSync(path)
    chmodSync(path, 0o777)
    if (uid !== undefined && share.path === undefined) chownSync(path, uid, -1)
    folders.set(share.name, path)
  }
  const config = join(dir, 'smb.conf')
  const accounts = unixAccounts()
  writeFileSync(join(dir, 'users.map'), accounts.map(({ account, user }) => `${account} = ${user}\n`).join(''))
  const port = await freePort(host)
  writeFileSync(config, configuration(dir, port, options, folders))
  for (const { account, password } of accounts) {
    const added = await run(peerPath('smbpasswd'), ['-c', config, '-s', '-a', account], {
      input: `${password}\n${password}\n`,
    })
    if (added.code !== 0) {
      rmSync(dir, { recursive: true, force: true })
      throw new Error(`smbpasswd: ${added.output}`)
    }
  }

  // The group is made by `detached`: smbd cannot make a second one.
  const args = ['--foreground', '--no-process-group', `--configfile=${config}`]
  const start = (): ChildProcess => spawn(program, args, { detached: true, stdio: 'ignore' })
  let child = start()
  const { pid } = child
  if (pid === undefined) throw new Error('smbd cannot be started')
  const log = () => {
    const file = join(dir, 'log', 'smbd.log')
    return existsSync(file) ? readFileSync(file, 'utf8') : ''
  }
  const gone = () => processesWith(config).length === 0
  const stop = async () => {
    // samba-dcerpcd, which smbd starts on demand, has a group of its own and outlives smbd: it is known by its arguments.
    if (child.pid !== undefined) signalGroup(child.pid, 'SIGTERM')
    if (!(await until(gone, 200))) {
      for (const left of processesWith(config)) signal(left, 'SIGTERM')
      if (!(await until(gone, stopTimeoutMs))) for (const left of processesWith(config)) signal(left, 'SIGKILL')
    }
    rmSync(dir, { recursive: true, force: true })
  }
  const ready = async () => {
    const running = await until(() => child.exitCode !== null || answers(host, port), startTimeoutMs)
    if (running && child.exitCode === null) return
    const text = log()
    await stop()
    throw new Error(`smbd did not start: ${text}`)
  }
  const kill = async () => {
    for (const left of processesWith(config)) signal(left, 'SIGKILL')
    await until(gone, stopTimeoutMs)
  }
  const killServices = async () => {
    const services = processesWith('rpcd_').filter((service) => processesWith(config).includes(service))
    for (const service of services) signal(service, 'SIGKILL')
    await until(() => !processesWith(config).some((left) => services.includes(left)), stopTimeoutMs)
  }
  const restart = async () => {
    child = start()
    await ready()
  }
  await ready()
  return { host, port, pid, ...tester, folders, log, kill, killServices, restart, stop }
}

function signal(pid: number, name: NodeJS.Signals): void {
  try {
    process.kill(pid, name)
  } catch {
    // It ended meanwhile.
  }
}
