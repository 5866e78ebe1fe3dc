/** A stock Samba file server in the domain of a realm, by the script `member-smbd`, at the address of its file server. */
import { mkdtempSync, rmSync } from 'node:fs'
import { join } from 'node:path'
import type { AdDc } from './ad-dc.ts'
import { run } from './run.ts'

const script = join(import.meta.dirname, 'member-smbd')
const startTimeoutMs = 60_000
const stopTimeoutMs = 30_000

/** Starts it on port 445; resolves to what stops it. @throws where it cannot be started, with what it printed */
export async function startMemberSmbd(dc: AdDc): Promise<() => Promise<void>> {
  const folder = mkdtempSync('/tmp/member-')
  const env = {
    ...dc.environment,
    MEMBER_SMBD_DIR: folder,
    MEMBER_SMBD_ADDR: dc.fileserver.address,
    MEMBER_SMBD_KEYTAB: dc.keytab('fileserver'),
    PEER_KIND: 'ad',
    PEER_ADDR: dc.address,
    PEER_REALM: dc.realm,
    PEER_DOMAIN: dc.shortDomain,
    PEER_DNS: dc.domain,
    PEER_HOST: dc.host,
    PEER_QUIET: '1',
  }
  const stop = async (): Promise<void> => {
    const stopped = await run(script, ['destroy'], { env, timeoutMs: stopTimeoutMs })
    rmSync(folder, { recursive: true, force: true })
    if (stopped.code !== 0) throw new Error(`member-smbd destroy: ${stopped.output}`)
  }
  const started = await run(script, ['start'], { env, timeoutMs: startTimeoutMs })
  if (started.code !== 0 || started.timedOut) {
    await stop()
    throw new Error(`member-smbd start: ${started.output}`)
  }
  return stop
}
