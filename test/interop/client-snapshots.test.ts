/** States of the past, as smbd's shadow_copy2 has them. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { connect, StatusError } from '../../src/client/index.ts'
import { needsPeer } from '../peers/peer.ts'
import { type Smbd, startSmbd } from '../peers/smbd.ts'

const share = 'files'
const tokens = ['@GMT-2026.01.31-12.00.00', '@GMT-2026.02.28-06.30.15'] as const

describe('previous versions on smbd', needsPeer('smbd', 'smbpasswd'), () => {
  let smbd: Smbd
  let folder: string
  before(async () => {
    folder = mkdtempSync(join(tmpdir(), 'client-snapshots-'))
    smbd = await startSmbd({
      shares: [
        {
          name: share,
          path: folder,
          options: {
            'vfs objects': 'shadow_copy2',
            'shadow:mountpoint': folder,
            'shadow:snapdir': '.snapshots',
            'shadow:format': '@GMT-%Y.%m.%d-%H.%M.%S',
            'shadow:sort': 'desc',
          },
        },
      ],
    })
    for (const token of tokens) {
      const past = join(folder, '.snapshots', token)
      mkdirSync(join(past, 'sub'), { recursive: true })
      writeFileSync(join(past, 'a.txt'), `as of ${token}`)
      writeFileSync(join(past, 'sub', `of-${token.slice(5, 15)}`), '')
    }
    writeFileSync(join(folder, 'a.txt'), 'now')
    chmodSync(join(folder, 'a.txt'), 0o666)
    mkdirSync(join(folder, 'sub'))
  })
  after(async () => {
    await smbd.stop()
    rmSync(folder, { recursive: true, force: true })
  })

  test('listed, read, looked at and not written to', { timeout: 60_000 }, async () => {
    const { host, port, user, password } = smbd
    await using client = await connect({ host, port, path: '' }, { user, password })
    const files = await client.share(share)
    const snapshots = await files.snapshots()
    assert.deepEqual(snapshots.map(({ token }) => token).toSorted(), [...tokens])
    for (const { token, time } of snapshots) {
      const then = files.at(token)
      assert.deepEqual(files.at(time).snapshotTime, time)
      for (let i = 0; i < 3; i++) {
        assert.equal(await then.readFile('a.txt', 'utf8'), `as of ${token}`)
        assert.equal(await files.readFile('a.txt', 'utf8'), 'now')
        assert.equal((await then.stat('a.txt')).size, 30)
        assert.deepEqual(await then.readdir('sub'), [`of-${token.slice(5, 15)}`])
        assert.deepEqual(await files.readdir('sub'), [])
      }
      await assert.rejects(then.writeFile('a.txt', 'x'), StatusError)
      await assert.rejects(then.readFile('nothing'), { code: 'ENOENT' })
    }
    assert.equal(await files.readFile('a.txt', 'utf8'), 'now')
  })
})
