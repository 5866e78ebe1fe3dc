import { mkdirSync, readdirSync, statSync } from 'node:fs'
import { homedir, tmpdir } from 'node:os'
import { basename, join } from 'node:path'
import { systemReason } from '../config/config-error.ts'
import { UsageError } from './report.ts'

const isWindows = process.platform === 'win32'
const variable = (name: string): string | undefined => {
  const value = process.env[name]
  return value === undefined || value === '' ? undefined : value
}

/** The users file when none is named: below the folder where a user's settings are kept. */
export function defaultUsersFile(): string {
  const settings = isWindows ? variable('APPDATA') : variable('XDG_CONFIG_HOME')
  return join(settings ?? join(homedir(), '.config'), 'smbkit', 'users')
}

/** What can be made again at any time: below the folder where a user's caches are. Undefined for one without a home. */
export function cacheFolder(): string | undefined {
  const caches = isWindows ? variable('LOCALAPPDATA') : variable('XDG_CACHE_HOME')
  try {
    return join(caches ?? join(homedir(), '.cache'), 'smbkit')
  } catch {
    return undefined
  }
}

/** Where running servers have their status sockets: a folder of this user alone, emptied when the machine starts. */
function socketFolder(): string {
  const runtime = variable('XDG_RUNTIME_DIR')
  return runtime === undefined ? join(tmpdir(), `smbkit-${process.getuid?.() ?? 'user'}`) : join(runtime, 'smbkit')
}

/** The status socket of the server on `port`, when none is named. */
export function defaultSocket(port: number): string {
  return isWindows ? `\\\\.\\pipe\\smbkit-${port}` : join(socketFolder(), `${port}.sock`)
}

/**
 * Makes the folder of the default sockets. In a place that all users share somebody else may have made it first.
 * @throws UsageError where it is not this user's alone
 */
export function makeSocketFolder(): void {
  if (isWindows) return
  const folder = socketFolder()
  try {
    mkdirSync(folder, { recursive: true, mode: 0o700 })
  } catch (error) {
    throw new UsageError(`${folder}: cannot make this folder: ${systemReason(error)}`, { cause: error })
  }
  const stat = statSync(folder)
  if (stat.uid !== process.getuid?.() || (stat.mode & 0o077) !== 0)
    throw new UsageError(`${folder}: this folder must belong to you, and to nobody else (mode 0700)`)
}

/** Ports of this user's servers that have a default socket, running or not. */
export function portsWithSocket(): number[] {
  if (isWindows) return []
  let names: string[]
  try {
    names = readdirSync(socketFolder())
  } catch {
    return []
  }
  return names.filter((name) => /^\d+\.sock$/.test(name)).map((name) => Number(basename(name, '.sock')))
}
