/** What people do with Samba's smbclient, in each dialect and with each protection. */
import assert from 'node:assert/strict'
import { mkdirSync, readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, describe, test } from 'node:test'
import { bytesOf, difficultNames, digestTree, hashOf, makeTree, withFolder } from '../peers/content.ts'
import { needsPeer } from '../peers/peer.ts'
import type { RunResult } from '../peers/run.ts'
import { listShares, type SmbclientOptions, smbclient } from '../peers/smbclient.ts'
import { againstSmbd, fixedFile, shares, startTarget, type Target } from '../peers/target.ts'

const bigFileBytes = 64 * 1024 * 1024 + 4097
const dialects = ['SMB2_02', 'SMB2_10', 'SMB3_00', 'SMB3_02', 'SMB3_11'] as const
const canEncrypt = (dialect: string) => dialect.startsWith('SMB3')

let target: Target

/** Runs commands on the share `files` unless told, and expects success. */
async function succeed(commands: string, options: Partial<SmbclientOptions> = {}): Promise<RunResult> {
  const result = await smbclient(target, commands, { share: shares.files, ...options })
  assert.equal(result.code, 0, `${commands}\n${result.output}`)
  assert.doesNotMatch(result.output, /NT_STATUS_/, commands)
  return result
}

/** Expects that message; of some refused commands smbclient's exit code is 0 all the same. */
async function refuse(commands: string, status: RegExp, options: Partial<SmbclientOptions> = {}): Promise<void> {
  const result = await smbclient(target, commands, { share: shares.files, ...options })
  assert.match(result.output, status, commands)
}

describe('smbclient', needsPeer('smbclient'), () => {
  before(async () => {
    target = await startTarget()
  })
  after(() => target.stop())

  for (const dialect of dialects) {
    for (const protection of ['off', 'sign', 'encrypt'] as const) {
      if (protection === 'encrypt' && !canEncrypt(dialect)) {
        test(`${dialect}, encryption asked for: smbclient ends the attempt`, async () => {
          await refuse('ls', /Encryption required and server doesn't support SMB3 encryption/, { dialect, protection })
        })
        continue
      }
      test(`${dialect}, ${protection}: put, get, list, rename, delete`, () => basics(dialect, protection))
      test(`${dialect}, ${protection}: a tree there and back`, () => tree(dialect, protection))
    }
  }

  for (const [dialect, protection] of [
    ['SMB2_02', 'off'],
    ['SMB2_10', 'sign'],
    ['SMB3_00', 'encrypt'],
    ['SMB3_11', 'off'],
    ['SMB3_11', 'sign'],
    ['SMB3_11', 'encrypt'],
  ] as const) {
    test(`${dialect}, ${protection}: a file of 64 MiB there and back`, async () => {
      await withFolder(async (cwd) => {
        writeFileSync(join(cwd, 'big'), bytesOf(bigFileBytes, 5))
        const name = `big-${dialect}-${protection}`
        await succeed(`put big ${name}; get ${name} back; del ${name}`, { dialect, protection, cwd })
        assert.equal(await hashOf(join(cwd, 'back')), await hashOf(join(cwd, 'big')))
      })
    })
  }
})

async function basics(dialect: string, protection: 'off' | 'sign' | 'encrypt'): Promise<void> {
  await withFolder(async (cwd) => {
    const options = { dialect, protection, cwd }
    const name = `basics-${dialect}-${protection}`
    writeFileSync(join(cwd, 'local'), bytesOf(100_003, 7))
    const listed = await succeed(`mkdir ${name}; cd ${name}; put local one.bin; ls`, options)
    assert.match(listed.stdout, /one\.bin +A? +100003 /)
    const renamed = await succeed(`cd ${name}; rename one.bin two.bin; ls; get two.bin back`, options)
    assert.match(renamed.stdout, /two\.bin/)
    assert.doesNotMatch(renamed.stdout, /one\.bin/)
    assert.deepEqual(readFileSync(join(cwd, 'back')), readFileSync(join(cwd, 'local')))
    // A second put replaces what is there, also by something shorter.
    writeFileSync(join(cwd, 'short'), 'short')
    const replaced = await succeed(`cd ${name}; put short two.bin; get two.bin back; ls`, options)
    assert.match(replaced.stdout, /two\.bin +A? +5 /)
    assert.equal(readFileSync(join(cwd, 'back'), 'utf8'), 'short')
    const emptied = await succeed(`cd ${name}; del two.bin; ls; cd ..; rmdir ${name}`, options)
    assert.doesNotMatch(emptied.stdout, /two\.bin/)
    await refuse(`cd ${name}`, /NT_STATUS_OBJECT_NAME_NOT_FOUND/, options)
  })
}

async function tree(dialect: string, protection: 'off' | 'sign' | 'encrypt'): Promise<void> {
  await withFolder(async (cwd) => {
    const name = `tree-${dialect}-${protection}`
    const there = join(cwd, 'there')
    const back = join(cwd, 'back')
    mkdirSync(there)
    mkdirSync(back)
    makeTree(there)
    const options = { dialect, protection }
    await succeed(`mkdir ${name}; cd ${name}; prompt; recurse; mput *`, { ...options, cwd: there })
    await succeed(`cd ${name}; prompt; recurse; mget *`, { ...options, cwd: back })
    assert.deepEqual(digestTree(back), digestTree(there))
    await succeed(`deltree ${name}`, options)
    await refuse(`cd ${name}`, /NT_STATUS_OBJECT_NAME_NOT_FOUND/, options)
  })
}

for (const backend of againstSmbd ? (['disk'] as const) : (['disk', 'memory'] as const)) {
  describe(`smbclient, one thing each, ${backend}`, needsPeer('smbclient'), () => {
    before(async () => {
      target = await startTarget(backend)
    })
    after(() => target.stop())
    oneThingEach()
  })
}

function oneThingEach(): void {
  test('-L lists the shares, and IPC$', async () => {
    const listed = await listShares(target)
    assert.equal(listed.code, 0, listed.output)
    for (const share of Object.values(shares)) assert.match(listed.stdout, new RegExp(`^Disk\\|${share}\\|`, 'm'))
    assert.match(listed.stdout, /^IPC\|IPC\$\|/m)
  })

  test('a wrong password, an unknown user and a missing share are told apart', async () => {
    const wrong = { ...target, password: 'not-the-password' }
    const unknown = { ...target, user: 'nobody-of-that-name' }
    for (const who of [wrong, unknown]) {
      const result = await smbclient(who, 'ls', { share: shares.files })
      assert.notEqual(result.code, 0)
      assert.match(result.output, /NT_STATUS_LOGON_FAILURE/)
    }
    await refuse('ls', /NT_STATUS_BAD_NETWORK_NAME/, { share: 'no-such-share' })
  })

  test('names of all scripts, also beyond the basic plane, arrive on the disk as they are', async () => {
    await withFolder(async (cwd) => {
      for (const name of difficultNames) {
        writeFileSync(join(cwd, 'local'), name)
        await succeed(`put local "names-${name}"; ls; get "names-${name}" back`, { cwd })
        assert.equal(readFileSync(join(cwd, 'back'), 'utf8'), name)
        const folder = target.folder(shares.files)
        if (folder !== undefined) assert.equal(readFileSync(join(folder, `names-${name}`), 'utf8'), name)
      }
      const listed = await succeed('ls names-*')
      for (const name of difficultNames) assert.ok(listed.stdout.includes(`names-${name}`), name)
      await succeed('prompt; mask *; del names-*')
      await refuse('ls names-*', /NT_STATUS_NO_SUCH_FILE/)
    })
  })

  test('a read-only share gives and does not take', async () => {
    await withFolder(async (cwd) => {
      const options = { share: shares.fixed, cwd }
      await succeed(`get ${fixedFile.name} local`, options)
      assert.equal(readFileSync(join(cwd, 'local'), 'utf8'), fixedFile.content)
      const denied = /NT_STATUS_(ACCESS_DENIED|MEDIA_WRITE_PROTECTED)/
      await refuse('put local new.txt', denied, options)
      await refuse(`put local ${fixedFile.name}`, denied, options)
      await refuse(`del ${fixedFile.name}`, denied, options)
      await refuse('mkdir new', denied, options)
      await refuse(`rename ${fixedFile.name} elsewhere.txt`, denied, options)
      const listed = await succeed(`ls; get ${fixedFile.name} again`, options)
      assert.doesNotMatch(listed.stdout, /new|elsewhere/)
      assert.equal(readFileSync(join(cwd, 'again'), 'utf8'), fixedFile.content)
    })
  })

  test('allinfo shows attributes, times and streams; setmode and utimes change them', async () => {
    await withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'local'), 'content')
      await succeed('put local info.txt; put local info.txt:second', { cwd })
      await succeed('setmode info.txt +rh; utimes info.txt -1 -1 2020:02:03-04:05:06 -1')
      const info = await succeed('allinfo info.txt')
      assert.match(info.stdout, /attributes: (?=.*R)(?=.*H)(?=.*A)/)
      assert.match(info.stdout, /write_time: +Mon Feb +3 04:05:06/)
      assert.match(info.stdout, /stream: \[::\$DATA\], 7 bytes/)
      assert.match(info.stdout, /stream: \[:second:\$DATA\], 7 bytes/)
      await refuse('del info.txt', /NT_STATUS_CANNOT_DELETE/)
      await succeed('setmode info.txt -rh; get info.txt:second back; del info.txt', { cwd })
      assert.equal(readFileSync(join(cwd, 'back'), 'utf8'), 'content')
    })
  })

  test('hard links, server-side copies, and how much room there is', async () => {
    await withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'local'), bytesOf(3_000_001, 11))
      await succeed('put local copy-from; scopy copy-from copy-to; hardlink copy-from linked', { cwd })
      await succeed('get copy-to; get linked', { cwd })
      for (const name of ['copy-to', 'linked']) {
        assert.equal(await hashOf(join(cwd, name)), await hashOf(join(cwd, 'local')), name)
      }
      assert.match((await succeed('du')).stdout, /blocks of size \d+\. \d+ blocks available/)
      assert.match((await succeed('volume')).stdout, /serial number/)
      await succeed('del copy-from; del copy-to; del linked')
    })
  })

  test('tar packs a tree and unpacks it', async () => {
    await withFolder(async (cwd) => {
      const there = join(cwd, 'there')
      mkdirSync(there)
      makeTree(there)
      await succeed('mkdir tarred; cd tarred; prompt; recurse; mput *', { cwd: there })
      await succeed('tar c packed.tar tarred', { cwd })
      await succeed('deltree tarred')
      await succeed('tar x packed.tar', { cwd })
      const back = join(cwd, 'back')
      mkdirSync(back)
      await succeed('cd tarred; prompt; recurse; mget *', { cwd: back })
      assert.deepEqual(digestTree(back), digestTree(there))
      await succeed('deltree tarred')
    })
  })

  test('notify reports what another client does', async () => {
    await withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'local'), 'content')
      await succeed('mkdir watched')
      const watching = smbclient(target, 'notify watched', { share: shares.files, endAfter: /file-\d+/ })
      // smbclient does not say when it has begun to watch: another file every now and then, until it is ended.
      const ended = new AbortController()
      void watching.then(() => ended.abort())
      for (let index = 0; !ended.signal.aborted; index++) {
        await succeed(`cd watched; put local file-${index}; del file-${index}`, { cwd })
      }
      const { output, timedOut } = await watching
      assert.equal(timedOut, false, output)
      await succeed('deltree watched')
    })
  })

  test('thirty clients at once, each with a file of its own and all with one', async () => {
    await withFolder(async (cwd) => {
      writeFileSync(join(cwd, 'shared'), bytesOf(1_000_000, 3))
      await succeed('mkdir many; cd many; put shared', { cwd })
      const clients = Array.from({ length: 30 }, async (_, index) => {
        const local = `local-${index}`
        writeFileSync(join(cwd, local), bytesOf(500_000 + index, index))
        await succeed(`cd many; put ${local}; get ${local} back-${index}; get shared shared-${index}; del ${local}`, {
          cwd,
        })
        assert.equal(await hashOf(join(cwd, `back-${index}`)), await hashOf(join(cwd, local)))
        assert.equal(await hashOf(join(cwd, `shared-${index}`)), await hashOf(join(cwd, 'shared')))
      })
      await Promise.all(clients)
      await succeed('deltree many')
    })
  })
}
