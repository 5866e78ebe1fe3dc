/** Symbolic links that the client follows itself, because the server stops at them. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { type Client, type ConnectOptions, connect, type Share } from '../../src/client/index.ts'
import { type OurServer, startOurServer } from '../peers/our-server.ts'

const options = { timeout: 60_000 }
const stopped = { statusName: 'STATUS_STOPPED_ON_SYMLINK' }

for (const backend of ['disk', 'memory'] as const)
  suite(`symbolic links, ${backend}`, () => {
    let server: OurServer
    before(async () => {
      server = await startOurServer({
        backend,
        shares: [
          { name: 'files', files: { 'top.txt': 'at the top' } },
          { name: 'others', files: { 'other.txt': 'in the other share' } },
        ],
      })
      await connected({}, async (files) => {
        await files.mkdir('folder/deep', { recursive: true })
        await files.writeFile('folder/deep/a.txt', 'deep down')
        const links: readonly (readonly [path: string, target: string, type: 'file' | 'dir'])[] = [
          ['file', 'top.txt', 'file'],
          ['dir', 'folder\\deep', 'dir'],
          ['folder/up', '..\\top.txt', 'file'],
          ['folder/deep/back', '..\\..\\folder', 'dir'],
          ['chain', 'file', 'file'],
          ['a', 'b', 'file'],
          ['b', 'a', 'file'],
          ['above', '..\\..\\top.txt', 'file'],
          ['here', '\\\\nas\\FILES\\folder', 'dir'],
          ['other', '\\\\nas\\others\\other.txt', 'file'],
          ['away', '\\\\elsewhere.example\\x\\y', 'file'],
          ['disk', 'C:\\Windows\\win.ini', 'file'],
        ]
        for (const [path, target, type] of links) await files.symlink(target, path, { type })
      })
    })
    after(() => server?.stop())

    async function connected(
      more: ConnectOptions,
      work: (files: Share, client: Client) => Promise<void>,
    ): Promise<void> {
      const { user, password, host, port } = server
      const resolve = () => ({ host, port })
      const client = await connect({ host: 'nas', path: '' }, { user, password, resolve, ...more })
      try {
        await work(await client.share('files'), client)
      } finally {
        await client.close()
      }
    }

    test('to files and folders, up and down, and to each other', options, () =>
      connected({}, async (files) => {
        assert.equal(await files.readFile('file', 'utf8'), 'at the top')
        assert.equal(await files.readFile('dir/a.txt', 'utf8'), 'deep down')
        assert.equal(await files.readFile('folder/up', 'utf8'), 'at the top')
        assert.equal(await files.readFile('dir/back/deep/a.txt', 'utf8'), 'deep down')
        assert.equal(await files.readFile('chain', 'utf8'), 'at the top')
        assert.equal(await files.readFile('here/deep/a.txt', 'utf8'), 'deep down')
        assert.deepEqual(await files.readdir('here'), await files.readdir('folder'))
        assert.equal((await files.stat('chain')).size, 10)
        assert.ok((await files.lstat('chain')).isSymbolicLink())
        await files.writeFile('dir/new.txt', 'through the link')
        assert.equal(await files.readFile('folder/deep/new.txt', 'utf8'), 'through the link')
        await files.rm('dir/new.txt')
      }),
    )

    test('circles end; the error has the path that was given', options, () =>
      connected({}, async (files) => {
        await assert.rejects(files.readFile('a'), { code: 'ELOOP', path: 'a' })
      }),
    )

    test('never out of the share', options, () =>
      connected({}, async (files) => {
        for (const path of ['above', 'other', 'away', 'disk']) await assert.rejects(files.readFile(path), stopped, path)
      }),
    )

    test('not at all', options, () =>
      connected({ followSymlinks: false }, async (files) => {
        for (const path of ['file', 'dir/a.txt', 'here/deep/a.txt']) await assert.rejects(files.readFile(path), stopped)
      }),
    )

    test('anywhere: other shares, and servers that are trusted; no disks, and nothing above the share', options, () =>
      connected({ followSymlinks: 'anywhere' }, async (files) => {
        assert.equal(await files.readFile('other', 'utf8'), 'in the other share')
        assert.equal(await files.readFile('file', 'utf8'), 'at the top')
        await assert.rejects(files.readFile('away'), { code: 'SECURITY' })
        for (const path of ['above', 'disk']) await assert.rejects(files.readFile(path), stopped, path)
        await assert.rejects(files.readFile('a'), { code: 'ELOOP' })
      }),
    )

    test('without namespaces there is no way to another share', options, () =>
      connected({ followSymlinks: 'anywhere', dfs: false }, async (files) => {
        assert.equal(await files.readFile('dir/back/deep/a.txt', 'utf8'), 'deep down')
        await assert.rejects(files.readFile('other'), stopped)
      }),
    )
  })
