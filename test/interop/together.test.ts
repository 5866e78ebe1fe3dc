/**
 * Several clients at once on one share keep their promises to each other: smbclient, smbkit's own client, and smbtorture
 * at work beside them.
 */
import assert from 'node:assert/strict'
import { mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { test } from 'node:test'
import { type Client, connect, type Share, StatusError } from '../../src/client/index.ts'
import { type OurServer, startOurServer } from '../peers/our-server.ts'
import { needsPeer } from '../peers/peer.ts'
import { run } from '../peers/run.ts'
import { smbclient } from '../peers/smbclient.ts'

const timeoutMs = 60_000

interface Place {
  readonly server: OurServer
  readonly client: Client
  readonly share: Share
  /** A local folder for smbclient. */
  readonly local: string
}

/** A server on the disk, a client of ours on its share, and a folder for smbclient. */
async function place(work: (place: Place) => Promise<void>): Promise<void> {
  const server = await startOurServer({ backend: 'disk', shares: [{ name: 'share' }] })
  const local = mkdtempSync(join(tmpdir(), 'together-'))
  try {
    const { host, port, user, password } = server
    const client = await connect({ host, port, path: '' }, { user, password })
    try {
      await work({ server, client, share: await client.share('share'), local })
    } finally {
      await client.close()
    }
  } finally {
    await server.stop()
    rmSync(local, { recursive: true, force: true })
  }
}

const theirs = ({ server, local }: Place, commands: string) =>
  smbclient(server, commands, { share: 'share', cwd: local, timeoutMs })

/** What the server lets clients cache. */
const caching = ({ server }: Place): string =>
  JSON.stringify(server.server.status().sessions.flatMap(({ opens }) => opens.map((open) => open.caching)))

test('what ours caches is given up for what smbclient does', needsPeer('smbclient'), () =>
  place(async (here) => {
    const { share, local } = here
    await share.writeFile('a.txt', 'ours')
    const handle = await share.open('a.txt', 'r+')
    // Written and kept: smbclient has to see it, and its own text has to be seen here.
    await handle.write(Buffer.from('OURS'), 0, 4, 0)
    assert.match(caching(here), /RWH/)
    const read = await theirs(here, 'get a.txt got.txt')
    assert.equal(read.code, 0, read.output)
    assert.equal(readFileSync(join(local, 'got.txt'), 'latin1'), 'OURS')
    assert.doesNotMatch(caching(here), /W/)
    writeFileSync(join(local, 'put.txt'), 'theirs, and longer')
    const written = await theirs(here, 'put put.txt a.txt')
    assert.equal(written.code, 0, written.output)
    const buffer = Buffer.alloc(64)
    const { bytesRead } = await handle.read(buffer, 0, 64, 0)
    assert.equal(buffer.toString('latin1', 0, bytesRead), 'theirs, and longer')
    await handle.close()
    assert.equal(await share.readFile('a.txt', 'utf8'), 'theirs, and longer')
    assert.equal((await share.stat('a.txt')).size, 18)
  }),
)

test('share modes and locks hold against smbclient', needsPeer('smbclient'), () =>
  place(async (here) => {
    const { share, local } = here
    await share.writeFile('a.txt', 'ours')
    writeFileSync(join(local, 'put.txt'), 'theirs')
    const alone = await share.open('a.txt', 'r+', { share: '' })
    assert.match((await theirs(here, 'get a.txt got.txt')).output, /SHARING_VIOLATION/)
    assert.match((await theirs(here, 'put put.txt a.txt')).output, /SHARING_VIOLATION/)
    await alone.close()
    const locked = await share.open('a.txt', 'r+')
    await locked.lock(0, 4)
    assert.match((await theirs(here, 'get a.txt got.txt')).output, /FILE_LOCK_CONFLICT/)
    await locked.unlock(0, 4)
    assert.equal((await theirs(here, 'get a.txt got.txt')).code, 0)
    // What is open here for all to delete goes there, and is gone here when it is closed.
    assert.equal((await theirs(here, 'rm a.txt')).code, 0)
    await assert.rejects(share.readFile('a.txt'), (error) => error instanceof StatusError)
    await locked.close()
    assert.equal(await share.exists('a.txt'), false)
  }),
)

test('what smbclient makes, renames and removes is seen by who watches', needsPeer('smbclient'), () =>
  place(async (here) => {
    const { share, local } = here
    await share.mkdir('dir')
    writeFileSync(join(local, 'put.txt'), 'theirs')
    const stop = new AbortController()
    const deadline = setTimeout(() => stop.abort(new Error('nothing was seen in time')), timeoutMs)
    const seen: string[] = []
    const watching = (async () => {
      for await (const { eventType, filename } of share.watch('dir', { signal: stop.signal })) {
        seen.push(`${eventType} ${filename}`)
        if (filename === 'c.txt' && seen.some((event) => event.endsWith('b.txt'))) return
      }
    })()
    // The watch begins with its first request: the listing that follows it comes after it.
    await share.readdir('dir')
    const done = await theirs(here, 'cd dir; put put.txt a.txt; rename a.txt b.txt; rename b.txt c.txt; rm c.txt')
    assert.equal(done.code, 0, done.output)
    await watching
    clearTimeout(deadline)
    assert.ok(
      seen.some((event) => event.endsWith('a.txt')),
      seen.join(', '),
    )
    assert.deepEqual(await share.readdir('dir'), [])
  }),
)

test('all at work at once: nobody loses anything', needsPeer('smbclient', 'smbtorture'), () =>
  place(async (here) => {
    const { server, share, local } = here
    const tests = ['smb2.lease.request', 'smb2.lock.lock', 'smb2.oplock.batch1', 'smb2.sharemode', 'smb2.notify.dir']
    const target = [`//${server.host}/share`, '-U', `${server.user}%${server.password}`, '-p', String(server.port)]
    const torture = tests.map((name) => run('smbtorture', [...target, name], { timeoutMs }))
    const rounds = Array.from({ length: 8 }, (_, i) => i)
    const ours = rounds.map(async (i) => {
      for (let step = 0; step < 20; step++) {
        await share.writeFile(`ours-${i}.txt`, `${i} ${step}`)
        assert.equal(await share.readFile(`ours-${i}.txt`, 'utf8'), `${i} ${step}`)
      }
    })
    const others = rounds.slice(0, 3).map(async (i) => {
      writeFileSync(join(local, `theirs-${i}.txt`), `theirs ${i}`)
      const commands = `put theirs-${i}.txt; rename theirs-${i}.txt moved-${i}.txt; get moved-${i}.txt back-${i}.txt`
      const done = await theirs(here, commands)
      assert.equal(done.code, 0, done.output)
    })
    await Promise.all([...ours, ...others])
    for (const result of await Promise.all(torture)) assert.match(result.output, /^success: /m, result.output)
    for (const i of rounds) assert.equal(await share.readFile(`ours-${i}.txt`, 'utf8'), `${i} 19`)
    for (const i of rounds.slice(0, 3)) {
      assert.equal(readFileSync(join(local, `back-${i}.txt`), 'latin1'), `theirs ${i}`)
      assert.equal(await share.readFile(`moved-${i}.txt`, 'utf8'), `theirs ${i}`)
    }
  }),
)
