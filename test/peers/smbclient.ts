/** Samba's smbclient, one run a call. */
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { peerPath } from './peer.ts'
import { type RunResult, run } from './run.ts'

export interface SmbclientTarget {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
}

export interface SmbclientOptions {
  /** Share to connect to. */
  readonly share: string
  /** As `-m` takes it, e.g. SMB3_11: the highest dialect that is offered. */
  readonly dialect?: string
  readonly protection?: 'sign' | 'encrypt' | 'off'
  /** Further arguments. */
  readonly args?: readonly string[]
  /** Local folder for get and put. */
  readonly cwd?: string
  readonly timeoutMs?: number
  /** For commands that do not end by themselves (notify): smbclient is ended when its output matches. */
  readonly endAfter?: RegExp
}

const base = (target: SmbclientTarget, config: string) => [
  `--configfile=${config}`,
  '--port',
  String(target.port),
  '--user',
  `${target.user}%${target.password}`,
]

/** With a configuration of its own: the machine's smb.conf decides nothing. */
async function withConfig<T>(body: (config: string) => Promise<T>): Promise<T> {
  const dir = mkdtempSync(join(tmpdir(), 'smbclient-'))
  try {
    const config = join(dir, 'smb.conf')
    writeFileSync(
      config,
      `[global]\n  client min protocol = SMB2_02\n  lock directory = ${dir}\n  state directory = ${dir}\n  cache directory = ${dir}\n  private dir = ${dir}\n  name resolve order = host\n`,
    )
    return await body(config)
  } finally {
    rmSync(dir, { recursive: true, force: true })
  }
}

/** Runs commands of smbclient, separated by `;`. Its exit code is that of the last one that failed, else 0. */
export function smbclient(target: SmbclientTarget, commands: string, options: SmbclientOptions): Promise<RunResult> {
  return withConfig((config) => {
    const args = [`//${target.host}/${options.share}`, ...base(target, config)]
    if (options.dialect !== undefined) args.push('-m', options.dialect)
    if (options.protection !== undefined) args.push(`--client-protection=${options.protection}`)
    args.push(...(options.args ?? []), '-c', commands)
    // Into a pipe it would keep back what it prints.
    return run('stdbuf', ['--output=L', peerPath('smbclient'), ...args], {
      timeoutMs: options.timeoutMs ?? 60_000,
      env: { LC_ALL: 'C.UTF-8' },
      ...(options.cwd === undefined ? {} : { cwd: options.cwd }),
      ...(options.endAfter === undefined ? {} : { endAfter: options.endAfter }),
    })
  })
}

/** `smbclient -L`: the list of shares, one `type|name|comment` a line. */
export function listShares(target: SmbclientTarget): Promise<RunResult> {
  return withConfig((config) =>
    run(peerPath('smbclient'), ['--grepable', '-L', `//${target.host}`, ...base(target, config)], {
      timeoutMs: 30_000,
      env: { LC_ALL: 'C.UTF-8' },
    }),
  )
}
