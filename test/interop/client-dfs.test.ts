/** Namespaces over several servers: smbd has the root, and a second smbd what some of its links lead to. */
import assert from 'node:assert/strict'
import { chmodSync, mkdirSync, symlinkSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import {
  type Client,
  type ConnectOptions,
  connect,
  type ObservedEvent,
  SecurityError,
  type Share,
  StatusError,
} from '../../src/client/index.ts'
import { freePort } from '../peers/free-port.ts'
import { needsPeer } from '../peers/peer.ts'
import { type Smbd, startSmbd } from '../peers/smbd.ts'

/** A folder where everybody may write. */
function openFolder(path: string): void {
  mkdirSync(path)
  chmodSync(path, 0o777)
}

const share = { 'vfs objects': 'acl_xattr streams_xattr' }
const options = { timeout: 60_000 }

suite('a namespace of smbd', needsPeer('smbd', 'smbpasswd'), () => {
  let root: Smbd
  let other: Smbd
  let nobody: number
  let events: ObservedEvent[] = []

  before(async () => {
    const global = { 'host msdfs': 'yes' }
    root = await startSmbd({
      global,
      shares: [
        { name: 'dfs', options: { ...share, 'msdfs root': 'yes' } },
        { name: 'files', options: share },
        { name: 'proxy', options: { 'msdfs root': 'yes', 'msdfs proxy': '\\other\\docs' } },
      ],
    })
    other = await startSmbd({
      global,
      shares: [
        { name: 'docs', options: share },
        { name: 'more', options: { ...share, 'msdfs root': 'yes' } },
      ],
    })
    nobody = await freePort('127.0.0.1')
    const links: Record<string, string> = {
      here: 'nas\\files',
      docs: 'other\\docs',
      deep: 'other\\docs\\inner',
      failover: 'dead\\gone,other\\nosuch,other\\docs,nas\\files',
      dead: 'dead\\gone',
      unknown: 'nobody-knows\\gone',
      away: 'elsewhere.example\\docs',
      twice: 'nas\\dfs\\docs',
      across: 'other\\more\\again',
      loop: 'nas\\dfs\\loop',
      ping: 'other\\more\\pong',
    }
    for (const [name, targets] of Object.entries(links))
      symlinkSync(`msdfs:${targets}`, join(folder(root, 'dfs'), name))
    openFolder(join(folder(root, 'dfs'), 'plain'))
    symlinkSync('msdfs:other\\docs', join(folder(root, 'dfs'), 'plain', 'below'))
    symlinkSync('msdfs:nas\\files', join(folder(other, 'more'), 'again'))
    symlinkSync('msdfs:nas\\dfs\\ping', join(folder(other, 'more'), 'pong'))
    writeFileSync(join(folder(root, 'dfs'), 'plain', 'a.txt'), 'in the root')
    writeFileSync(join(folder(root, 'files'), 'here.txt'), 'of the first server')
    writeFileSync(join(folder(other, 'docs'), 'docs.txt'), 'of the second server')
    openFolder(join(folder(other, 'docs'), 'inner'))
    writeFileSync(join(folder(other, 'docs'), 'inner', 'deep.txt'), 'further down')
  })
  after(async () => {
    await root?.stop()
    await other?.stop()
  })

  const folder = (smbd: Smbd, name: string): string => smbd.folders.get(name) as string

  async function inRoot(
    work: (dfs: Share, client: Client) => Promise<void>,
    more: ConnectOptions = {},
    name = 'dfs',
  ): Promise<void> {
    const ports: Record<string, number> = { nas: root.port, other: other.port, dead: nobody, 'nas.example': root.port }
    events = []
    const client = await connect(
      { host: 'nas', path: '' },
      {
        user: root.user,
        password: root.password,
        resolve: (host) => {
          const port = ports[host]
          if (port !== undefined) return { host: '127.0.0.1', port }
          throw Object.assign(new Error(`no ${host}`), { code: 'ENOTFOUND' })
        },
        observer: { event: (event) => events.push(event) },
        ...more,
      },
    )
    try {
      await work(await client.share(name), client)
    } finally {
      await client.close()
    }
  }

  const referrals = (): string[] => events.flatMap((event) => (event.kind === 'referral' ? [event.path] : []))

  test('links to the same server, to another, to a folder of it, and below a folder', options, async () => {
    await inRoot(async (dfs) => {
      assert.equal(await dfs.readFile('plain/a.txt', 'utf8'), 'in the root')
      assert.equal(await dfs.readFile('here/here.txt', 'utf8'), 'of the first server')
      assert.equal(await dfs.readFile('docs/docs.txt', 'utf8'), 'of the second server')
      assert.equal(await dfs.readFile('deep/deep.txt', 'utf8'), 'further down')
      assert.equal(await dfs.readFile('plain/below/docs.txt', 'utf8'), 'of the second server')
      assert.deepEqual((await dfs.readdir('docs')).toSorted(), ['docs.txt', 'inner'])
      assert.ok((await dfs.stat('docs')).isDirectory())
      assert.equal((await dfs.stat('deep/deep.txt')).size, 12)
      assert.ok((await dfs.readdir('')).includes('docs'))
    })
  })

  test('a link to a link, and over another root', options, () =>
    inRoot(async (dfs) => {
      assert.equal(await dfs.readFile('twice/docs.txt', 'utf8'), 'of the second server')
      assert.equal(await dfs.readFile('across/here.txt', 'utf8'), 'of the first server')
    }),
  )

  test('a share that is a link itself', options, () =>
    inRoot(
      async (proxy) => {
        assert.equal(await proxy.readFile('docs.txt', 'utf8'), 'of the second server')
        assert.deepEqual((await proxy.readdir('')).toSorted(), ['docs.txt', 'inner'])
      },
      {},
      'proxy',
    ),
  )

  test('what is known is not asked again', options, () =>
    inRoot(async (dfs) => {
      for (let i = 0; i < 3; i++) await dfs.readFile('docs/docs.txt')
      await Promise.all([1, 2, 3].map(() => dfs.stat('docs/inner/deep.txt')))
      assert.deepEqual(referrals(), ['\\nas\\dfs\\docs\\docs.txt'])
    }),
  )

  test('writes, renames, copies and removals behind a link', options, () =>
    inRoot(async (dfs) => {
      await dfs.mkdir('docs/new/sub', { recursive: true })
      await dfs.writeFile('docs/new/a.txt', 'written through the link')
      await dfs.rename('docs/new/a.txt', 'docs/new/sub/b.txt')
      await dfs.copyFile('docs/new/sub/b.txt', 'docs/new/c.txt')
      assert.equal(await dfs.readFile('docs/new/c.txt', 'utf8'), 'written through the link')
      await dfs.copyFile('docs/new/c.txt', 'here/c.txt')
      assert.equal(await dfs.readFile('here/c.txt', 'utf8'), 'written through the link')
      await assert.rejects(dfs.rename('docs/new/c.txt', 'here/d.txt'), { code: 'EXDEV', path: 'docs/new/c.txt' })
      await using file = await dfs.open('docs/new/handle.txt', 'w+')
      await file.write('handle')
      assert.equal((await file.stat()).size, 6)
      await file.close()
      await dfs.rm('docs/new', { recursive: true })
      await dfs.rm('here/c.txt')
      assert.equal(await dfs.exists('docs/new'), false)
    }),
  )

  test('renames in the root itself', options, () =>
    inRoot(async (dfs) => {
      await dfs.writeFile('plain/x.txt', 'x')
      await dfs.rename('plain/x.txt', 'plain/y.txt')
      assert.equal(await dfs.readFile('plain/y.txt', 'utf8'), 'x')
      await dfs.rm('plain/y.txt')
    }),
  )

  test('a dead first target, and one without the share: the third one, from then on', options, () =>
    inRoot(async (dfs) => {
      assert.equal(await dfs.readFile('failover/docs.txt', 'utf8'), 'of the second server')
      const soFar = events.length
      assert.equal(await dfs.readFile('failover/docs.txt', 'utf8'), 'of the second server')
      assert.equal(events.length, soFar)
    }),
  )

  test('a target that goes while it is in use: the next one takes over', options, async () => {
    const third = await startSmbd({ shares: [{ name: 'docs', options: share }] })
    let hasStopped = false
    try {
      writeFileSync(join(folder(third, 'docs'), 'docs.txt'), 'of the third server')
      symlinkSync('msdfs:third\\docs,other\\docs', join(folder(root, 'dfs'), 'third'))
      const ports: Record<string, number> = { nas: root.port, other: other.port, third: third.port }
      await inRoot(
        async (dfs) => {
          assert.equal(await dfs.readFile('third/docs.txt', 'utf8'), 'of the third server')
          // Somebody waits for that server to come back: not who can have the same of another.
          const handle = await dfs.open('third/docs.txt')
          await third.stop()
          hasStopped = true
          const start = performance.now()
          const waiting = handle.read(Buffer.alloc(1), 0, 1, 0)
          waiting.catch(() => undefined)
          assert.equal(await dfs.readFile('third/docs.txt', 'utf8'), 'of the second server')
          assert.equal(await dfs.readFile('third/docs.txt', 'utf8'), 'of the second server')
          assert.ok(performance.now() - start < 20_000, 'it waits for the one that is gone')
        },
        { resolve: (host) => ({ host: '127.0.0.1', port: ports[host] ?? nobody }) },
      )
    } finally {
      if (!hasStopped) await third.stop()
    }
  })

  test(
    'nothing but dead targets, and names that nobody knows: the error is about the path as it was given',
    options,
    () =>
      inRoot(async (dfs) => {
        await assert.rejects(dfs.readFile('dead/x'), { code: 'ECONNREFUSED' })
        await assert.rejects(dfs.readFile('unknown/x'), { code: 'ENOTFOUND' })
        await assert.rejects(dfs.readFile('docs/nothing'), (error) => {
          assert.ok(error instanceof StatusError)
          assert.equal(error.code, 'ENOENT')
          assert.equal(error.path, 'docs/nothing')
          return true
        })
      }),
  )

  test('circles end', options, () =>
    inRoot(async (dfs) => {
      await assert.rejects(dfs.readFile('loop/x'), { code: 'ELOOP', path: 'loop/x' })
      await assert.rejects(dfs.stat('ping'), { code: 'ELOOP', path: 'ping' })
      await assert.rejects(dfs.stat('ping'), { code: 'ELOOP' })
    }),
  )

  test('the credentials are not shown to just any host', options, async () => {
    await inRoot(async (dfs) => {
      await assert.rejects(dfs.stat('away'), SecurityError)
    })
    await inRoot(
      async (dfs) => {
        await assert.rejects(dfs.stat('away'), { code: 'ENOTFOUND' })
      },
      { dfsHosts: 'any' },
    )
    await inRoot(
      async (dfs) => {
        await assert.rejects(dfs.stat('docs'), SecurityError)
        assert.equal(await dfs.readFile('here/here.txt', 'utf8'), 'of the first server')
      },
      { dfsHosts: (host) => host === 'nas' },
    )
  })

  test('not followed where that is not wanted', options, () =>
    inRoot(
      async (dfs) => {
        assert.equal(await dfs.readFile('plain/a.txt', 'utf8'), 'in the root')
        await assert.rejects(dfs.stat('docs'), { statusName: 'STATUS_PATH_NOT_COVERED' })
      },
      { dfs: false },
    ),
  )

  test('each dialect', options, async () => {
    for (const dialect of ['2.0.2', '2.1', '3.0', '3.0.2', '3.1.1'] as const)
      await inRoot(
        async (dfs) => {
          assert.equal(await dfs.readFile('docs/docs.txt', 'utf8'), 'of the second server', dialect)
        },
        { minDialect: dialect, maxDialect: dialect },
      )
  })

  test('no such share: the server is asked whether it is a domain, and what it says first is the error', options, () =>
    inRoot(async (_, client) => {
      await assert.rejects(client.share('nosuch'), { statusName: 'STATUS_BAD_NETWORK_NAME', path: 'nosuch' })
    }),
  )
})
