/** MIT's KDC by the script `mit-kdc`, in a temporary folder of its own. It takes less than a second. */
import { spawn } from 'node:child_process'
import { randomInt } from 'node:crypto'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { answers, freePort, until } from './free-port.ts'
import { needsPeer, peerPath } from './peer.ts'
import { type Realm, realmIn } from './realm.ts'
import { run, signalGroup } from './run.ts'

export interface MitKdc extends Realm {
  /** Where the KDC listens. */
  readonly kdc: { readonly host: string; readonly port: number }
  stop(this: void): Promise<void>
}

const script = join(import.meta.dirname, 'mit-kdc')
const startTimeoutMs = 60_000
const stopTimeoutMs = 30_000

/** Options of a test that needs it. */
export const needsMitKdc = (): { skip: string | false } => needsPeer('krb5kdc', 'kinit')

const someAddress = (): string => `127.${randomInt(64, 128)}.${randomInt(1, 255)}.${randomInt(1, 255)}`

/**
 * `wellKnown`: at Kerberos' own port, on an address of its own; for that one has to be root.
 * @throws where it cannot be started, with what it printed
 */
export async function startMitKdc({ wellKnown = false } = {}): Promise<MitKdc> {
  const folder = mkdtempSync('/tmp/mit-')
  const address = someAddress()
  const kdc = wellKnown ? { host: someAddress(), port: 88 } : { host: '127.0.0.1', port: await freePort() }
  const env = {
    MIT_KDC_DIR: folder,
    MIT_KDC_ADDR: kdc.host,
    MIT_KDC_PORT: String(kdc.port),
    MIT_KDC_FILESERVER_ADDR: address,
    PEER_QUIET: '1',
  }
  const stop = async (): Promise<void> => {
    const stopped = await run(script, ['destroy'], { env, timeoutMs: stopTimeoutMs })
    rmSync(folder, { recursive: true, force: true })
    if (stopped.code !== 0) throw new Error(`mit-kdc destroy: ${stopped.output}`)
  }
  const started = await run(script, ['start'], { env, timeoutMs: startTimeoutMs })
  if (started.code !== 0 || started.timedOut) {
    await stop()
    throw new Error(`mit-kdc start: ${started.output}`)
  }
  return { ...realmIn(folder, 'MIT.EXAMPLE', address), kdc, stop }
}

/**
 * A ticket that ended hours ago and could have been renewed: by a second KDC of the realm, whose clock is a day behind.
 * Resolves to its credential cache. Needs `faketime`.
 */
export async function ticketOfYesterday({ realm, folder, kdc, run: runHere }: MitKdc, user: string, password: string) {
  const host = someAddress()
  const there = `${host}:${await freePort(host)}`
  const files = { KRB5_CONFIG: join(folder, 'old-krb5.conf'), KRB5_KDC_PROFILE: join(folder, 'old-kdc.conf') }
  for (const [file, from] of [
    [files.KRB5_CONFIG, 'krb5.conf'],
    [files.KRB5_KDC_PROFILE, 'kdc.conf'],
  ] as const)
    writeFileSync(file, readFileSync(join(folder, from), 'utf8').replaceAll(`${kdc.host}:${kdc.port}`, there))
  const faketime = peerPath('faketime')
  const args = ['-f', '-1d', peerPath('krb5kdc'), '-n', '-r', realm, '-P', join(folder, 'old.pid')]
  const old = spawn(faketime, args, { env: { ...process.env, ...files }, detached: true, stdio: 'ignore' })
  const cache = `FILE:${join(folder, 'cache', 'yesterday')}`
  try {
    const isThere = await until(() => answers(host, Number(there.slice(host.length + 1))), startTimeoutMs)
    if (!isThere) throw new Error('the KDC of yesterday does not answer')
    const words = ['-f', '-1d', peerPath('kinit'), '-r', '7d', '-c', cache, user]
    const done = await runHere(faketime, words, { input: `${password}\n`, env: files })
    if (done.code !== 0) throw new Error(`kinit ${user}: ${done.output}`)
    return cache
  } finally {
    if (old.pid !== undefined) signalGroup(old.pid, 'SIGTERM')
  }
}
