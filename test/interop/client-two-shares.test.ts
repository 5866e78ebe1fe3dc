/** Copies between shares of one server: its work, but never of a file onto itself under another name. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { type Client, connect } from '../../src/client/index.ts'
import { messagesIn } from '../../src/client/messages-in.ts'
import { Command } from '../../src/wire/smb2/index.ts'
import { startOurServer } from '../peers/our-server.ts'
import { needsPeer } from '../peers/peer.ts'
import { startSmbd } from '../peers/smbd.ts'

interface Subject {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  stop(): Promise<void>
}

const servers = [
  {
    name: 'smbkit',
    needs: [],
    start: () => startOurServer({ backend: 'disk', shares: [{ name: 'a' }, { name: 'b' }] }),
  },
  {
    name: 'smbd',
    needs: ['smbd', 'smbpasswd'],
    start: () => startSmbd({ shares: [{ name: 'a' }, { name: 'b' }] }),
  },
] as const satisfies readonly { name: string; needs: readonly string[]; start: () => Promise<Subject> }[]

const COMMAND_AT = 12

for (const { name, needs, start } of servers)
  describe(`two shares of ${name}`, needsPeer(...needs), () => {
    let server: Subject
    before(async () => {
      server = await start()
    })
    after(() => server.stop())

    /** Connects, and counts the READs. */
    const connected = async (onIoctl?: () => void): Promise<{ client: Client; reads: () => number }> => {
      let reads = 0
      const { host, port, user, password } = server
      const client = await connect(
        { host, port, path: '' },
        {
          user,
          password,
          observer: {
            message(observed) {
              if (observed.direction !== 'sent') return
              for (const message of messagesIn(observed)) {
                if (message[COMMAND_AT] === Command.READ) reads++
                if (message[COMMAND_AT] === Command.IOCTL) onIoctl?.()
              }
            },
          },
        },
      )
      return { client, reads: () => reads }
    }

    test('the data stays on the server, and times go along', async () => {
      const { client, reads } = await connected()
      await using _closed = client
      const [a, b] = [await client.share('a'), await client.share('b')]
      const content = randomBytes(3_000_000)
      const mtime = new Date('2021-02-03T04:05:06Z')
      await a.writeFile('large', content, { times: { mtime } })
      await a.copyFile('large', 'copied', { share: b })
      await a.cp('large', { share: b, path: 'carried' })
      assert.equal(reads(), 0)
      assert.deepEqual(await b.readFile('copied'), content)
      assert.deepEqual(await b.readFile('carried'), content)
      assert.deepEqual((await b.stat('carried')).mtime, mtime)
      await assert.rejects(a.copyFile('large', 'copied', { share: b, exclusive: true }), { code: 'EEXIST' })
    })

    test('what is there stays until the copy is whole', async () => {
      const stop = new AbortController()
      let isCopying = false
      const { client } = await connected(() => {
        // The beginning of the copy itself.
        if (isCopying) stop.abort(new Error('enough'))
      })
      await using _closed = client
      const [a, b] = [await client.share('a'), await client.share('b')]
      await a.writeFile('new', randomBytes(3_000_000))
      await b.writeFile('kept', 'as it was')
      isCopying = true
      await assert.rejects(a.cp('new', { share: b, path: 'kept' }, { signal: stop.signal }), /enough/)
      assert.equal(await b.readFile('kept', 'utf8'), 'as it was')
      assert.deepEqual(await b.readdir('', { pattern: '*.part' }), [])
    })
  })

describe('one folder that is shared twice', needsPeer('smbd', 'smbpasswd'), () => {
  test('a file is not copied onto itself', async () => {
    const first = await startSmbd({ shares: [{ name: 'a' }] })
    const path = first.folders.get('a') ?? ''
    const smbd = await startSmbd({
      shares: [
        { name: 'a', path },
        { name: 'b', path },
      ],
    })
    try {
      const { host, port, user, password } = smbd
      await using client = await connect({ host, port, path: '' }, { user, password })
      const [a, b] = [await client.share('a'), await client.share('b')]
      await a.writeFile('same', 'content')
      await assert.rejects(a.copyFile('same', 'same', { share: b }), { code: 'EINVAL' })
      await assert.rejects(a.cp('same', { share: b, path: 'same' }), { code: 'EINVAL' })
      assert.equal((await a.readFile('same')).toString(), 'content')
    } finally {
      await smbd.stop()
      await first.stop()
    }
  })
})

test('shares of different clients: not by copyFile', async () => {
  const server = await startOurServer({ backend: 'memory', shares: [{ name: 'a' }] })
  try {
    const { host, port, user, password } = server
    await using one = await connect({ host, port, path: '' }, { user, password })
    await using two = await connect({ host, port, path: '' }, { user, password })
    const [a, b] = [await one.share('a'), await two.share('a')]
    await a.writeFile('x', 'content')
    await assert.rejects(a.copyFile('x', 'y', { share: b }), { code: 'EXDEV' })
    await a.cp('x', { share: b, path: 'y' })
    assert.equal((await a.readFile('y')).toString(), 'content')
  } finally {
    await server.stop()
  }
})
