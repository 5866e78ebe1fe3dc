/** What scripts do with impacket (a client written in Python that builds each message by hand). */
import assert from 'node:assert/strict'
import { mkdirSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { bytesOf, difficultNames, digestTree, hashOf, makeTree, withFolder } from '../peers/content.ts'
import { needsPeer, python } from '../peers/peer.ts'
import { type RunResult, run } from '../peers/run.ts'
import type { SmbclientTarget } from '../peers/smbclient.ts'
import { shares, startTarget, type Target } from '../peers/target.ts'

const script = join(import.meta.dirname, 'impacket-client.py')
/** impacket writes in small blocks; more would cost minutes and show nothing else. */
const bigFileBytes = 64 * 1024 * 1024 + 99
/** It has no 3.0.2, and its 3.1.1 is refused by smbd as well: it signs the tree connect wrongly there. */
const dialects = ['2.0.2', '2.1', '3.0'] as const

/** It counts characters where UTF-16 units are meant, and so cuts names beyond the basic plane. */
const basicNames = difficultNames.filter((name) => !/[\u{10000}-\u{10FFFF}]/u.test(name))

let target: Target

interface Attempt {
  readonly share?: string
  readonly dialect?: string
  readonly folder?: string
  readonly who?: SmbclientTarget
}

function attempt(scenario: string, options: Attempt = {}): Promise<RunResult> {
  const who = options.who ?? target
  const share = options.share ?? shares.files
  const dialect = options.dialect ?? '3.0'
  const args = [script, who.host, String(who.port), who.user, who.password, share, dialect, scenario]
  return run(python, [...args, options.folder ?? ''], { timeoutMs: 120_000, env: { PYTHONWARNINGS: 'ignore' } })
}

async function succeed(scenario: string, options: Attempt = {}): Promise<unknown> {
  const result = await attempt(scenario, options)
  assert.equal(result.code, 0, `${scenario}: ${result.output}`)
  return JSON.parse(result.stdout)
}

describe('impacket', needsPeer('impacket'), () => {
  before(async () => {
    target = await startTarget()
  })
  after(() => target.stop())

  for (const dialect of dialects) {
    test(`${dialect}: put, get, list, rename, delete`, async () => {
      assert.deepEqual(await succeed('basics', { dialect }), {
        afterPut: ['one.bin'],
        afterRename: ['two.bin'],
        afterDelete: [],
        same: true,
        size: 102_400,
      })
    })
  }

  test('a tree there and back, with difficult names', async () => {
    await withFolder(async (cwd) => {
      const there = join(cwd, 'there')
      const back = join(cwd, 'back')
      mkdirSync(there)
      makeTree(there, basicNames)
      await succeed('putTree', { folder: there })
      await succeed('getTree', { folder: back })
      assert.deepEqual(digestTree(back), digestTree(there))
      assert.deepEqual(await succeed('removeTree'), { left: [] })
    })
  })

  test('a file of 64 MiB there and back', async () => {
    await withFolder(async (folder) => {
      writeFileSync(join(folder, 'big'), bytesOf(bigFileBytes, 51))
      await succeed('putBig', { folder })
      await succeed('getBig', { folder })
      assert.equal(await hashOf(join(folder, 'back')), await hashOf(join(folder, 'big')))
    })
  })

  test('lists the shares, in the dialect that it asks for', async () => {
    const found = await succeed('listShares', { dialect: '3.0' })
    assert.ok(typeof found === 'object' && found !== null && 'shares' in found && Array.isArray(found.shares))
    for (const share of [...Object.values(shares), 'IPC$']) assert.ok(found.shares.includes(share), share)
    assert.ok('dialect' in found)
    assert.equal(found.dialect, '0x300')
  })

  test('a wrong password, a missing share and a read-only share', async () => {
    const wrong = await attempt('basics', { who: { ...target, password: 'not-the-password' } })
    assert.equal(wrong.code, 1, wrong.output)
    assert.match(wrong.stderr, /STATUS_LOGON_FAILURE/)
    const missing = await attempt('basics', { share: 'no-such-share' })
    assert.equal(missing.code, 1, missing.output)
    assert.match(missing.stderr, /STATUS_BAD_NETWORK_NAME/)
    const refused = await attempt('putOne', { share: shares.fixed })
    assert.equal(refused.code, 1, refused.output)
    assert.match(refused.stderr, /STATUS_(ACCESS_DENIED|MEDIA_WRITE_PROTECTED)/)
  })
})
