/**
 * Samba's Active Directory domain controller, by the script `ad-dc`, on a loopback address and in a temporary folder of
 * its own. It takes some ten seconds to make: one for all tests of a file.
 */
import { randomInt } from 'node:crypto'
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { Target } from '../../src/client/index.ts'
import { answers } from './free-port.ts'
import { needsPeer } from './peer.ts'
import { type Realm, realmIn } from './realm.ts'
import { run } from './run.ts'

export interface AdDc extends Realm {
  readonly address: string
  /** `dc1.corp.example`. */
  readonly host: string
  /** What the domain is called in NetBIOS. */
  readonly shortDomain: string
  /** Names of the domain controller, as a client's option `resolve`; the domain's own name is not among them. */
  resolve(this: void, host: string): Target
  stop(): Promise<void>
}

export const administrator = { user: 'Administrator', password: 'Passw0rd!' } as const

const script = join(import.meta.dirname, 'ad-dc')
const startTimeoutMs = 120_000
const stopTimeoutMs = 30_000
const ADDRESS_TRIES = 20

/** Options of a test that needs it. */
export function needsAdDc(): { skip: string | false } {
  const needed = needsPeer('samba', 'kinit', 'smbd')
  if (needed.skip !== false) return needed
  // Its ports are below 1024, and it becomes whoever logs on.
  return { skip: process.getuid?.() === 0 ? false : 'needs to be root: a domain controller has fixed ports' }
}

/** A loopback address where nobody speaks SMB. */
async function freeAddress(): Promise<string> {
  for (let tries = 0; tries < ADDRESS_TRIES; tries++) {
    const address = `127.${randomInt(64, 128)}.${randomInt(1, 255)}.${randomInt(1, 255)}`
    if (!(await answers(address, 445))) return address
  }
  throw new Error('something listens on port 445 of all addresses')
}

/** @throws where it cannot be started, with what it printed */
export async function startAdDc(): Promise<AdDc> {
  const address = await freeAddress()
  // Its sockets want a short path.
  const folder = mkdtempSync('/tmp/ad-')
  const fileserver = await freeAddress()
  const env = { AD_DC_DIR: folder, AD_DC_ADDR: address, AD_DC_FILESERVER_ADDR: fileserver, PEER_QUIET: '1' }
  const stop = async (): Promise<void> => {
    const stopped = await run(script, ['destroy'], { env, timeoutMs: stopTimeoutMs })
    rmSync(folder, { recursive: true, force: true })
    if (stopped.code !== 0) throw new Error(`ad-dc destroy: ${stopped.output}`)
  }
  const started = await run(script, ['start'], { env, timeoutMs: startTimeoutMs })
  if (started.code !== 0 || started.timedOut) {
    await stop()
    throw new Error(`ad-dc start: ${started.output}`)
  }
  const host = 'dc1.corp.example'
  return {
    ...realmIn(folder, 'CORP.EXAMPLE', fileserver),
    address,
    host,
    shortDomain: 'CORP',
    resolve(name) {
      if ([host, 'dc1'].includes(name.toLowerCase())) return { host: address, port: 445 }
      throw Object.assign(new Error(`nobody knows ${name}`), { code: 'ENOTFOUND' })
    },
    stop,
  }
}
