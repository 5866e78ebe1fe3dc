/** One session on several connections: data is spread over them, and one that is lost is not missed. */
import assert from 'node:assert/strict'
import { randomBytes } from 'node:crypto'
import { after, before, describe, test } from 'node:test'
import { viewOf } from '../../src/bytes/utf16.ts'
import { type Client, type ConnectOptions, connect, type DialectName, messagesIn } from '../../src/client/index.ts'
import { Command } from '../../src/wire/smb2/index.ts'
import { until } from '../peers/free-port.ts'
import { startOurServer } from '../peers/our-server.ts'
import { needsPeer } from '../peers/peer.ts'
import { startSmbd } from '../peers/smbd.ts'

const timeoutMs = 60_000
const share = 'files'
const content = randomBytes(30_000_000)
const COMMAND_AT = 12

interface Subject {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
  stop(): Promise<void>
}

/** What went over which connection. */
class Traffic {
  readonly connections = new Set<number>()
  readonly #counts = new Map<string, number>()
  readonly observer: NonNullable<ConnectOptions['observer']> = {
    message: ({ connection, direction, parts }) => {
      if (direction === 'received') return
      for (const message of messagesIn({ parts })) {
        const key = `${connection.id} ${viewOf(message).getUint16(COMMAND_AT, true)}`
        this.#counts.set(key, (this.#counts.get(key) ?? 0) + 1)
      }
    },
    event: (event) => {
      if (event.kind === 'connected') this.connections.add(event.connection.id)
    },
  }

  /** How many connections have had such requests. */
  spreadOf(command: number): number {
    return [...this.connections].filter((id) => this.#counts.has(`${id} ${command}`)).length
  }
}

function suite(name: string, start: () => Promise<Subject>): void {
  describe(name, () => {
    let subject: Subject
    before(async () => {
      subject = await start()
    })
    after(() => subject.stop())

    const widened = async (options: ConnectOptions, work: (client: Client, traffic: Traffic) => Promise<void>) => {
      const traffic = new Traffic()
      const { host, port, user, password } = subject
      const client = await connect(
        { host, port, path: '' },
        { user, password, channels: 3, observer: traffic.observer, ...options },
      )
      try {
        assert.ok(await until(() => traffic.connections.size === 3, 10_000), `${traffic.connections.size} connections`)
        await work(client, traffic)
      } finally {
        await client.close()
      }
    }

    for (const maxDialect of ['3.0', '3.0.2', '3.1.1'] satisfies DialectName[])
      for (const encryption of ['off', 'required'] as const)
        test(`${maxDialect}, encryption ${encryption}: data goes over all of them`, { timeout: timeoutMs }, () =>
          widened({ maxDialect, encryption }, async (client, traffic) => {
            const files = await client.share(share)
            await files.writeFile('spread', content)
            assert.ok((await files.readFile('spread')).equals(content))
            assert.equal(traffic.spreadOf(Command.WRITE), 3)
            assert.equal(traffic.spreadOf(Command.READ), 3)
            assert.equal(traffic.spreadOf(Command.CREATE), 1)
          }),
        )

    test('before 3.0 there is one', { timeout: timeoutMs }, async () => {
      const traffic = new Traffic()
      const { host, port, user, password } = subject
      const options = { user, password, channels: 3, maxDialect: '2.1', observer: traffic.observer } as const
      const client = await connect({ host, port, path: '' }, options)
      const files = await client.share(share)
      await files.writeFile('narrow', content)
      assert.equal(traffic.connections.size, 1)
      await client.close()
    })
  })
}

suite('smbkit', () => startOurServer({ backend: 'disk', shares: [{ name: share }] }))
describe('peers', needsPeer('smbd', 'smbpasswd'), () => {
  suite('smbd', () =>
    startSmbd({
      // Its loopback interface is not told to clients unless it is said to be a fast one.
      global: { interfaces: '"127.0.0.1/8;speed=1000000000,capability=RSS"' },
      shares: [{ name: share }],
    }))
})
