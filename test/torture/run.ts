/**
 * `npm run torture -- [--server smbkit|smbd] [--fast] [--out FILE] [PATTERN...]`: starts a server with an empty share,
 * runs smbtorture's tests against it and prints how they compare with smbd's. Exit code 1: some test fails that smbd
 * passes and is not a known failure, or that smbkit has passed before.
 */
import { spawn, spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { type OurServer, startOurServer } from '../peers/our-server.ts'
import { needsPeer } from '../peers/peer.ts'
import { startSmbd } from '../peers/smbd.ts'
import { optionsOfOwnShares, startWithOwnShares } from './own-shares.ts'
import { twrpOptions } from './past-share.ts'
import { allTests, baselineFile, fastTests, knownFailuresFile, ownFile } from './suites.ts'

interface TortureTarget {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  /** Where tests go that want a server or share of their own: `smb2.twrp=4451/past`. */
  readonly places?: readonly string[]
}

/** Arguments of the script `torture` for this server. */
export function tortureArguments(target: TortureTarget, patterns: readonly string[]): string[] {
  return [
    join(import.meta.dirname, 'torture'),
    '--host',
    target.host,
    '--port',
    String(target.port),
    '--share',
    'share',
    '--user',
    `${target.user}%${target.password}`,
    '--baseline',
    baselineFile,
    '--known',
    knownFailuresFile,
    ...(target.places ?? []).flatMap((place) => ['--at', place]),
    ...(canBlockConnections() ? ['--option', 'torture:use_iptables=yes', '--timeout', '90'] : []),
    ...[...twrpOptions, ...optionsOfOwnShares].flatMap((option) => ['--option', option]),
    ...patterns,
  ]
}

/** Tests of several channels cut some of them off in the system's packet filter: for root, where there is one. */
const canBlockConnections = (): boolean => spawnSync('iptables', ['-S']).status === 0

/** smbd with the share that the baseline was made on. */
export const startTortureSmbd = () =>
  startSmbd({
    global: {
      'server min protocol': 'NT1',
      'kernel oplocks': 'no',
      'ea support': 'yes',
      'store dos attributes': 'yes',
      'durable handles': 'yes',
      'kernel share modes': 'no',
      'posix locking': 'no',
    },
    shares: [
      {
        name: 'share',
        options: { 'vfs objects': 'acl_xattr streams_xattr', 'acl_xattr:ignore system acls': 'yes' },
      },
    ],
  })

/**
 * The same for smbkit: attributes, streams, descriptors are always kept. Both let anonymous users in, to IPC$. Beside it
 * what some tests want for themselves.
 */
export async function startTortureServer(): Promise<OurServer & TortureTarget> {
  const server = await startWithOwnShares()
  const inMemory = { backend: 'memory', shares: [{ name: 'share' }] } as const
  const signing = await startOurServer({ ...inMemory, server: { signing: 'required' } })
  // One test connects to port 445, whatever it is told.
  const standard = await startOurServer({ ...inMemory, port: 445, server: { allowAnonymous: true } }).catch(() => {})
  const places = [...server.places, `smb2.session-require-signing=${signing.port}/share`]
  return {
    ...server,
    places: standard === undefined ? places : [...places, 'smb2.multichannel.bugs=445/share'],
    stop: async () => {
      for (const one of [standard, signing, server]) await one?.stop()
    },
  }
}

async function main(): Promise<number> {
  const { values, positionals } = parseArgs({
    allowPositionals: true,
    options: {
      server: { type: 'string', default: 'smbkit' },
      fast: { type: 'boolean', default: false },
      out: { type: 'string' },
    },
  })
  const { skip } = needsPeer('smbtorture', ...(values.server === 'smbd' ? (['smbd'] as const) : []))
  if (skip !== false) {
    console.error(skip)
    return 1
  }
  const patterns = positionals.length > 0 ? positionals : values.fast ? fastTests() : allTests()
  const server = values.server === 'smbd' ? await startTortureSmbd() : await startTortureServer()
  try {
    const ours = values.server === 'smbkit' ? ['--own', ownFile] : []
    const out = values.out === undefined ? [] : ['--out', values.out]
    const args = tortureArguments(server, [...ours, ...out, ...patterns])
    const child = spawn('python3', args, { stdio: ['ignore', 'inherit', 'inherit'] })
    return await new Promise((resolve) => child.on('close', (code) => resolve(code ?? 1)))
  } finally {
    await server.stop()
  }
}

if (import.meta.main) process.exitCode = await main()
