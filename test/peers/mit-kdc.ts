/** MIT's KDC by the script `mit-kdc`, in a temporary folder of its own. It takes less than a second. */
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import { freePort } from './free-port.ts'
import { needsPeer } from './peer.ts'
import { type Realm, realmIn } from './realm.ts'
import { run } from './run.ts'

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
