/** Previous versions as smbclient asks for them: it takes `@GMT-` out of names and sends TWrp, as Windows does. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { withFolder } from '../peers/content.ts'
import { type OurServer, startOurServer } from '../peers/our-server.ts'
import { needsPeer } from '../peers/peer.ts'
import { smbclient } from '../peers/smbclient.ts'
import { fillPastShare, pastSnapshots, snapshotToken } from '../torture/past-share.ts'

describe('previous versions', needsPeer('smbclient'), () => {
  let server: OurServer
  before(async () => {
    // smbclient's allinfo ends at once where a file has no short name.
    const share = { name: 'past', shortNames: true, disk: { snapshots: pastSnapshots } }
    server = await startOurServer({ backend: 'disk', shares: [share] })
    await fillPastShare(server.folder('past') as string)
  })
  after(() => server.stop())

  const run = (commands: string, cwd?: string) =>
    smbclient(server, commands, { share: 'past', ...(cwd === undefined ? {} : { cwd }) })

  test('allinfo lists them', async () => {
    for (const name of ['report.txt', 'subdir', '/']) {
      const { output, code } = await run(`allinfo ${name}`)
      assert.equal(code, 0, output)
      assert.match(output, new RegExp(`${snapshotToken}\\s+create_time`), name)
    }
  })

  test('get brings a file as it was; nothing can be put there', async () => {
    await withFolder(async (cwd) => {
      const got = await run(`get ${snapshotToken}\\report.txt then; get report.txt now`, cwd)
      assert.equal(got.code, 0, got.output)
      assert.equal(readFileSync(join(cwd, 'then'), 'utf8'), 'as it was')
      assert.equal(readFileSync(join(cwd, 'now'), 'utf8'), 'as it is')
      writeFileSync(join(cwd, 'local'), 'forged')
      const refused = await run(`put local ${snapshotToken}\\report.txt`, cwd)
      assert.match(refused.output, /NT_STATUS_MEDIA_WRITE_PROTECTED/)
      for (const command of [`del ${snapshotToken}\\report.txt`, `mkdir ${snapshotToken}\\new`])
        assert.match((await run(command)).output, /NT_STATUS_MEDIA_WRITE_PROTECTED/, command)
    })
  })

  test('ls shows the folder as it was, and the snapshots’ own folder nowhere', async () => {
    const then = await run(`ls ${snapshotToken}\\*`)
    assert.match(then.output, /report\.txt +N +9 /)
    assert.match((await run(`ls ${snapshotToken}\\subdir\\*`)).output, /hardlink/)
    const now = await run('ls')
    assert.match(now.output, /report\.txt +N +8 /)
    assert.doesNotMatch(now.output, /snapshots/)
    assert.match((await run('cd .snapshots')).output, /NT_STATUS_OBJECT_NAME_NOT_FOUND/)
  })
})
