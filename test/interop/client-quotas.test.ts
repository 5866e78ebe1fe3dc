/** Quotas of users on smbd, which keeps them by commands of the test's own: no disk here has any. */
import assert from 'node:assert/strict'
import { chmodSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect } from '../../src/client/index.ts'
import { needsPeer } from '../peers/peer.ts'
import { other, type Smbd, startSmbd, tester } from '../peers/smbd.ts'

const share = 'files'
/** Blocks of a KiB that everybody uses. */
const usedBlocks = 77n
const KIB = 1024n

/** A line for each of kind and user: flags, then blocks and inodes that are used, wanted and allowed (smb.conf). */
const commands = {
  get: `#!/bin/sh
cat "$(dirname "$0")/$2-$3" 2>/dev/null || echo 2 ${usedBlocks} 0 0 0 0 0 1024
`,
  set: `#!/bin/sh
echo "$4 ${usedBlocks} $5 $6 0 $7 $8 \${9:-1024}" > "$(dirname "$0")/$2-$3" && echo done
`,
}

/** Only who administers the server is shown quotas, and only a server of root's has such users. */
const mayAdminister = process.getuid?.() === 0

describe('quotas on smbd', mayAdminister ? needsPeer('smbd', 'smbpasswd') : { skip: 'quotas: root' }, () => {
  let smbd: Smbd
  let folder: string
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'client-quotas-'))
    for (const [name, text] of Object.entries(commands)) {
      writeFileSync(join(folder, name), text)
      chmodSync(join(folder, name), 0o755)
    }
    smbd = await startSmbd({
      global: { 'get quota command': join(folder, 'get'), 'set quota command': join(folder, 'set') },
      shares: [{ name: share, options: { 'admin users': 'daemon' } }],
    })
  })
  after(async () => {
    await smbd.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  const as = ({ user, password }: { user: string; password: string }) =>
    connect({ host: smbd.host, port: smbd.port, path: '' }, { user, password })

  test('set, told of some and of all, and taken away', { timeout: 60_000 }, async () => {
    await using client = await as(tester)
    const files = await client.share(share)
    // Users of the machine, by number.
    const [uucp, news] = ['S-1-22-1-10', 'S-1-22-1-9'] as const
    await files.setQuotas([{ sid: uucp, threshold: 500n * KIB, limit: 1000n * KIB }])
    await files.setQuotas([{ sid: news, limit: 3n * 1024n ** 4n }])
    const facts = async (sids?: string[]) =>
      (await files.quotas(sids && { sids })).map(({ used, threshold, limit }) => [used, threshold, limit])
    assert.deepEqual(await facts([uucp]), [[usedBlocks * KIB, 500n * KIB, 1000n * KIB]])
    assert.deepEqual(
      (await facts([news])).map(([, , limit]) => limit),
      [3n * 1024n ** 4n],
    )
    const all = await files.quotas()
    assert.ok(
      all.some(({ sid, limit }) => sid === uucp && limit === 1000n * KIB),
      all.map(({ sid, limit }) => `${sid} ${limit}`).join(),
    )
    await files.setQuotas([{ sid: uucp }])
    assert.deepEqual(
      (await facts([uucp])).map(([, , limit]) => limit),
      [undefined],
    )
  })

  test('of others they are none of a user’s business', { timeout: 60_000 }, async () => {
    await using client = await as(other)
    const files = await client.share(share)
    await assert.rejects(files.quotas(), { code: 'EACCES' })
    await assert.rejects(files.setQuotas([{ sid: 'S-1-22-1-5', limit: 1n }]), { code: 'EACCES' })
  })
})
