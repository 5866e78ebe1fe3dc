/** A server of root's that uses files as its users: permissions of the disk hold, and files belong to who makes them. */
import assert from 'node:assert/strict'
import { chmodSync, chownSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { openShare, StatusError } from '../../src/client/index.ts'
import { unixUser } from '../../src/native/unix-user.ts'
import { type OurServer, type OurServerOptions, startOurServer } from '../peers/our-server.ts'
import { other, tester } from '../peers/smbd.ts'

/** Accounts that every Debian has. */
const daemon = unixUser('daemon')
const games = unixUser('games')
const skip =
  process.getuid?.() !== 0 || daemon === undefined || games === undefined ? 'needs root, and its users' : false

const UNIX_USERS: Readonly<Record<string, string>> = { tester: 'daemon', other: 'games' }

async function withServer(
  use: (server: OurServer, folder: string) => Promise<void>,
  more: Partial<OurServerOptions> = {},
) {
  const server = await startOurServer({
    backend: 'disk',
    shares: [{ name: 'data', disk: { impersonate: true, fileMode: 0o600, directoryMode: 0o700 } }],
    unixUsers: UNIX_USERS,
    ...more,
  })
  try {
    const folder = server.folder('data') ?? ''
    chmodSync(join(folder, '..'), 0o755)
    chmodSync(folder, 0o1777)
    await use(server, folder)
  } finally {
    await server.stop()
  }
}

const shareOf = ({ host, port }: OurServer, who: { user: string; password: string }) =>
  openShare(`smb://${host}:${port}/data`, { ...who })

const isDenied = (error: unknown): boolean =>
  error instanceof StatusError && error.statusName === 'STATUS_ACCESS_DENIED'

suite('impersonation', { skip }, () => {
  test('a file that one of two users may read', () =>
    withServer(async (server, folder) => {
      writeFileSync(join(folder, 'secret.txt'), 'for daemon')
      chownSync(join(folder, 'secret.txt'), daemon?.uid ?? 0, daemon?.gid ?? 0)
      chmodSync(join(folder, 'secret.txt'), 0o600)
      await using own = await shareOf(server, tester)
      await using strange = await shareOf(server, other)
      // Turn by turn: whoever acts last is not whoever acts next.
      for (let i = 0; i < 3; i++) {
        assert.equal(String(await own.readFile('secret.txt')), 'for daemon')
        await assert.rejects(strange.readFile('secret.txt'), isDenied)
        await assert.rejects(strange.writeFile('secret.txt', 'mine'), isDenied)
      }
      const together = await Promise.allSettled(
        Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? own : strange).readFile('secret.txt')),
      )
      assert.deepEqual(
        together.map(({ status }) => status),
        Array.from({ length: 20 }, (_, i) => (i % 2 === 0 ? 'fulfilled' : 'rejected')),
      )
      assert.equal(readFileSync(join(folder, 'secret.txt'), 'utf8'), 'for daemon')
    }))

  test('what somebody makes is theirs, and nobody else may rename or remove it', () =>
    withServer(async (server, folder) => {
      await using own = await shareOf(server, tester)
      await using strange = await shareOf(server, other)
      await own.writeFile('mine.txt', 'mine')
      await own.mkdir('folder')
      await own.writeFile('folder/inner.txt', 'inner')
      for (const name of ['mine.txt', 'folder', 'folder/inner.txt'])
        assert.deepEqual(
          [statSync(join(folder, name)).uid, statSync(join(folder, name)).gid],
          [daemon?.uid, daemon?.gid],
        )
      await assert.rejects(strange.rename('mine.txt', 'taken.txt'), isDenied)
      await assert.rejects(strange.unlink('mine.txt'), isDenied)
      await assert.rejects(strange.readdir('folder'), isDenied)
      await assert.rejects(strange.readFile('folder/inner.txt'), isDenied)
      await own.rename('mine.txt', 'renamed.txt')
      await own.unlink('renamed.txt')
      await strange.writeFile('theirs.txt', 'theirs')
      assert.equal(statSync(join(folder, 'theirs.txt')).uid, games?.uid)
    }))

  test('groups count', () =>
    withServer(async (server, folder) => {
      mkdirSync(join(folder, 'group'))
      writeFileSync(join(folder, 'group/note.txt'), 'for the group')
      for (const name of ['group', 'group/note.txt']) chownSync(join(folder, name), 0, games?.gid ?? 0)
      chmodSync(join(folder, 'group'), 0o750)
      chmodSync(join(folder, 'group/note.txt'), 0o640)
      await using member = await shareOf(server, other)
      await using stranger = await shareOf(server, tester)
      assert.equal(String(await member.readFile('group/note.txt')), 'for the group')
      await assert.rejects(member.writeFile('group/note.txt', ''), isDenied)
      await assert.rejects(stranger.readFile('group/note.txt'), isDenied)
    }))

  test('whom the machine does not know may nothing', () =>
    withServer(
      async (server) => {
        await using nobody = await shareOf(server, tester)
        await assert.rejects(nobody.readdir(''), isDenied)
      },
      { unixUsers: { tester: 'no-such-user' } },
    ))

  test('the server itself stays what it was', () =>
    withServer(async (server, folder) => {
      await using own = await shareOf(server, tester)
      await own.writeFile('a.txt', 'a')
      writeFileSync(join(folder, 'b.txt'), 'b')
      assert.equal(statSync(join(folder, 'b.txt')).uid, 0)
      const status = readFileSync('/proc/thread-self/status', 'utf8')
      assert.match(status, /^Uid:\t0\t0\t0\t0$/m)
    }))
})
