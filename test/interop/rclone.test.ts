/** What people do with rclone and its smb backend (a client written in Go: SMB 2.0.2 to 3.1.1, signed). */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { bytesOf, difficultNames, digestTree, hashOf, makeTree, withFolder } from '../peers/content.ts'
import { needsPeer, peerPath } from '../peers/peer.ts'
import { type RunResult, run } from '../peers/run.ts'
import type { SmbclientTarget } from '../peers/smbclient.ts'
import { shares, startTarget, type Target } from '../peers/target.ts'

const bigFileBytes = 64 * 1024 * 1024 + 13

let target: Target

/** The remote `smb:` in the environment, so that no configuration of the machine's user takes part. */
async function environment(who: SmbclientTarget): Promise<Record<string, string>> {
  const obscured = await run(peerPath('rclone'), ['obscure', '-'], { input: who.password })
  assert.equal(obscured.code, 0, obscured.output)
  return {
    RCLONE_CONFIG: '/dev/null',
    RCLONE_CONFIG_SMB_TYPE: 'smb',
    RCLONE_CONFIG_SMB_HOST: who.host,
    RCLONE_CONFIG_SMB_PORT: String(who.port),
    RCLONE_CONFIG_SMB_USER: who.user,
    RCLONE_CONFIG_SMB_PASS: obscured.stdout.trim(),
    RCLONE_RETRIES: '1',
    RCLONE_LOW_LEVEL_RETRIES: '1',
  }
}

async function rclone(args: readonly string[], who: SmbclientTarget = target): Promise<RunResult> {
  return run(peerPath('rclone'), args, { env: await environment(who), timeoutMs: 60_000 })
}

async function succeed(...args: string[]): Promise<string> {
  const result = await rclone(args)
  assert.equal(result.code, 0, `rclone ${args.join(' ')}\n${result.output}`)
  return result.stdout
}

const remote = (path: string) => `smb:${shares.files}/${path}`

interface Listed {
  readonly Path: string
  readonly Size: number
  readonly IsDir: boolean
}

async function list(path: string): Promise<Listed[]> {
  const entries: Listed[] = JSON.parse(await succeed('lsjson', '--recursive', remote(path)))
  return entries.toSorted((left, right) => (left.Path < right.Path ? -1 : 1))
}

describe('rclone', needsPeer('rclone'), () => {
  before(async () => {
    target = await startTarget()
  })
  after(() => target.stop())

  test('lists the shares', async () => {
    const listed = await succeed('lsd', 'smb:')
    for (const share of Object.values(shares)) assert.match(listed, new RegExp(` ${share}$`, 'm'))
  })

  test('put, list, rename, get, delete', async () => {
    await withFolder(async (cwd) => {
      const local = join(cwd, 'local.bin')
      writeFileSync(local, bytesOf(150_001, 21))
      await succeed('copyto', local, remote('basics/one.bin'))
      assert.deepEqual(
        (await list('basics')).map(({ Path, Size, IsDir }) => ({ Path, Size, IsDir })),
        [{ Path: 'one.bin', Size: 150_001, IsDir: false }],
      )
      await succeed('moveto', remote('basics/one.bin'), remote('basics/below/two.bin'))
      assert.deepEqual(
        (await list('basics')).map(({ Path }) => Path),
        ['below', 'below/two.bin'],
      )
      await succeed('copyto', remote('basics/below/two.bin'), join(cwd, 'back.bin'))
      assert.deepEqual(readFileSync(join(cwd, 'back.bin')), readFileSync(local))
      await succeed('deletefile', remote('basics/below/two.bin'))
      await succeed('rmdirs', remote('basics'))
      assert.notEqual((await rclone(['lsjson', remote('basics')])).code, 0)
    })
  })

  test('a tree there and back, compared by content, moved and purged', async () => {
    await withFolder(async (cwd) => {
      const there = join(cwd, 'there')
      const back = join(cwd, 'back')
      mkdirSync(there)
      makeTree(there)
      await succeed('copy', '--create-empty-src-dirs', there, remote('tree'))
      await succeed('check', '--download', there, remote('tree'))
      await succeed('move', '--create-empty-src-dirs', remote('tree'), remote('moved'))
      await succeed('copy', '--create-empty-src-dirs', remote('moved'), back)
      assert.deepEqual(digestTree(back), digestTree(there))
      await succeed('purge', remote('moved'))
      assert.notEqual((await rclone(['lsjson', remote('moved')])).code, 0)
    })
  })

  test('names of all scripts, also beyond the basic plane', async () => {
    await withFolder(async (cwd) => {
      for (const name of difficultNames) writeFileSync(join(cwd, name), name)
      await succeed('copy', cwd, remote('names'))
      assert.deepEqual(
        (await list('names')).map(({ Path }) => Path),
        difficultNames.toSorted(),
      )
      for (const name of difficultNames) assert.equal(await succeed('cat', remote(`names/${name}`)), name)
      await succeed('purge', remote('names'))
    })
  })

  test('a file of 64 MiB there and back', async () => {
    await withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'big'), bytesOf(bigFileBytes, 31))
      await succeed('copyto', join(cwd, 'big'), remote('big'))
      await succeed('copyto', remote('big'), join(cwd, 'back'))
      assert.equal(await hashOf(join(cwd, 'back')), await hashOf(join(cwd, 'big')))
      await succeed('deletefile', remote('big'))
    })
  })

  test('parts of a file, and its time', async () => {
    await withFolder(async (cwd) => {
      const local = join(cwd, 'part')
      writeFileSync(local, bytesOf(200_000, 41))
      await succeed('copyto', local, remote('part'))
      await succeed('touch', '--timestamp', '2019-03-04T05:06:07', remote('part'))
      const [entry]: { ModTime: string }[] = JSON.parse(await succeed('lsjson', '--stat', remote('part')).then(asList))
      assert.equal(new Date(entry?.ModTime ?? '').toISOString(), '2019-03-04T05:06:07.000Z')
      const result = await run(peerPath('rclone'), ['hashsum', 'SHA-1', '--download', remote('part')], {
        env: await environment(target),
      })
      assert.equal(result.code, 0, result.output)
      await succeed('deletefile', remote('part'))
    })
  })

  test('a wrong password, a missing share and a read-only share', async () => {
    const wrong = await rclone(['lsd', remote('')], { ...target, password: 'not-the-password' })
    assert.notEqual(wrong.code, 0)
    assert.match(wrong.output, /password|logon|authentication/i)
    assert.notEqual((await rclone(['lsd', 'smb:no-such-share'])).code, 0)
    await withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'local'), 'content')
      const refused = await rclone(['copyto', join(cwd, 'local'), `smb:${shares.fixed}/new.txt`])
      assert.notEqual(refused.code, 0)
      assert.match(refused.output, /denied|permission|write.protected/i)
    })
  })
})

/** `lsjson --stat` gives one object and not a list. */
const asList = (text: string) => (text.trimStart().startsWith('[') ? text : `[${text}]`)
