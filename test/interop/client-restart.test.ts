/** smbd is killed in the middle of things and started again: what goes on goes on, and is whole at the end. */
import assert from 'node:assert/strict'
import { createHash, randomBytes } from 'node:crypto'
import { readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { Readable } from 'node:stream'
import { pipeline } from 'node:stream/promises'
import { after, before, describe, test } from 'node:test'
import {
  type Client,
  type ConnectOptions,
  connect,
  type DialectName,
  type ObservedEvent,
} from '../../src/client/index.ts'
import { until } from '../peers/free-port.ts'
import { needsPeer } from '../peers/peer.ts'
import { type Smbd, startSmbd } from '../peers/smbd.ts'

const timeoutMs = 60_000
const share = 'files'
const size = 60_000_000

const hash = (bytes: Uint8Array): string => createHash('sha256').update(bytes).digest('hex')

describe('smbd is killed and restarted', needsPeer('smbd', 'smbpasswd'), () => {
  let smbd: Smbd
  const content = randomBytes(size)
  before(async () => {
    smbd = await startSmbd({
      global: { 'kernel oplocks': 'no' },
      // What smbd wants to keep files open for clients that are away.
      shares: [{ name: share, options: { 'kernel share modes': 'no', 'posix locking': 'no' } }],
    })
  })
  after(() => smbd.stop())

  const file = (name: string): string => join(smbd.folders.get(share) ?? '', name)
  const connected = async (
    options: ConnectOptions,
    work: (client: Client, events: ObservedEvent[]) => Promise<void>,
  ) => {
    const events: ObservedEvent[] = []
    const { host, port, user, password } = smbd
    const observer = { event: (event: ObservedEvent) => void events.push(event) }
    const client = await connect({ host, port, path: '' }, { user, password, observer, ...options })
    try {
      await work(client, events)
    } finally {
      await client.close()
    }
  }
  /** Kills it once so many bytes of a file are there, and starts it again. */
  const restartAt = async (name: string, bytes: number): Promise<void> => {
    assert.ok(await until(() => readSize(file(name)) >= bytes, 20_000), 'nothing arrives')
    await smbd.kill()
    await smbd.restart()
  }

  for (const dialect of ['2.0.2', '2.1', '3.0', '3.1.1'] satisfies DialectName[]) {
    const options = { minDialect: dialect, maxDialect: dialect } as const

    test(`${dialect}: a stream into a file`, { timeout: timeoutMs }, () =>
      connected(options, async (client, events) => {
        const files = await client.share(share)
        const name = `written-${dialect}`
        const restarting = restartAt(name, size / 10)
        // Slowly enough that it is not over before.
        const source = Readable.from(
          (async function* () {
            for (let at = 0; at < size; at += 500_000) {
              if (at === size / 2) await restarting
              yield content.subarray(at, at + 500_000)
            }
          })(),
        )
        await pipeline(source, files.createWriteStream(name))
        assert.equal(hash(readFileSync(file(name))), hash(content))
        assert.ok(events.some(({ kind }) => kind === 'reconnected'))
      }),
    )

    test(`${dialect}: a stream from a file`, { timeout: timeoutMs }, () =>
      connected(options, async (client, events) => {
        writeFileSync(file('read'), content)
        const files = await client.share(share)
        const parts: Buffer[] = []
        let bytes = 0
        let restarting: Promise<void> | undefined
        for await (const part of files.createReadStream('read')) {
          parts.push(part as Buffer)
          bytes += (part as Buffer).length
          if (bytes > size / 3) restarting ??= restartAt('read', size)
          // The rest comes when it is back.
          if (bytes > size / 2) await restarting
        }
        assert.equal(hash(Buffer.concat(parts)), hash(content))
        assert.ok(events.some(({ kind }) => kind === 'reconnected'))
      }),
    )
  }

  test('a watch goes on, and says that something may have been missed', { timeout: timeoutMs }, () =>
    connected({}, async (client) => {
      const files = await client.share(share)
      await files.mkdir('watched')
      const stop = new AbortController()
      const seen: string[] = []
      const watching = (async () => {
        for await (const { action, filename } of files.watch('watched', { signal: stop.signal }))
          seen.push(`${action} ${filename}`)
      })()
      watching.catch(() => {})
      await untilSeen(seen, /added before/, () => files.writeFile(`watched/before-${seen.length}`, ''))
      await smbd.kill()
      await smbd.restart()
      await untilSeen(seen, /overflow/, () => files.stat('watched'))
      await untilSeen(seen, /added after/, (i) => files.writeFile(`watched/after-${i}`, ''))
      stop.abort()
      await assert.rejects(watching)
    }),
  )

  test('without coming back, everything fails in one sentence', { timeout: timeoutMs }, () =>
    connected({ reconnect: false }, async (client) => {
      const files = await client.share(share)
      await smbd.kill()
      await assert.rejects(files.stat(''), { name: 'TransportError' })
      await assert.rejects(files.stat(''), { name: 'TransportError', code: 'ENOTCONN' })
      await smbd.restart()
    }),
  )
})

function readSize(path: string): number {
  try {
    return statSync(path).size
  } catch {
    return 0
  }
}

async function untilSeen(seen: readonly string[], what: RegExp, poke: (i: number) => Promise<unknown>): Promise<void> {
  let i = 0
  const found = await until(async () => {
    await poke(i++)
    return seen.some((text) => what.test(text))
  }, 20_000)
  assert.ok(found, `${what} is not seen: ${seen.join(', ')}`)
}
