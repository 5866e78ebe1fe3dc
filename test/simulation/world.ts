import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Account } from '../../src/auth/accounts.ts'
import { type MemoryBackend, memoryBackend } from '../../src/backends/memory/index.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import type { BufferPool } from '../../src/protocol/buffer-pool.ts'
import { ServerCore, type ServerOptions } from '../../src/server/server-core.ts'
import type { ShareOptions } from '../../src/server/share.ts'
import { openDescriptors } from '../peers/descriptors.ts'
import { Client, type LogonOptions, type NegotiateOptions, OTHER, TESTER } from './client.ts'
import { Network, POISON } from './network.ts'
import { Random } from './random.ts'
import { type Answer, Disconnected } from './raw-client.ts'
import { VirtualClock } from './virtual-clock.ts'

const accounts = [TESTER, OTHER].map(({ user, password }) => ({ user, ntHash: ntHash(password) }))

export const ADMINISTRATORS = 'S-1-5-32-544'

function accountOf(name: string, administrators: readonly string[] = []): Account | undefined {
  const account = accounts.find(({ user }) => user === name.toLowerCase())
  if (account === undefined || !administrators.includes(account.user)) return account
  return { ...account, groupSids: [ADMINISTRATORS] }
}

export interface WorldOptions {
  readonly server?: Partial<Omit<ServerOptions, 'shares' | 'clock'>>
  /** Default: `data`, in memory. */
  readonly shares?: readonly ShareOptions[]
  /** What is in `data` at the start. */
  readonly files?: Readonly<Record<string, string>>
  /** Who of the users administers the server. */
  readonly administrators?: readonly string[]
}

/** A server without sockets, its clients, and the time that passes for them. */
export class World {
  readonly clock = new VirtualClock()
  readonly seed: number
  readonly random: Random
  readonly network: Network
  readonly server: ServerCore
  readonly backend: MemoryBackend
  readonly clients: Client[] = []
  readonly faults: unknown[] = []
  /** Why the server has ended connections. */
  readonly disconnects: string[] = []

  constructor(options: WorldOptions, seed: number) {
    this.seed = seed
    this.random = new Random(seed)
    this.network = new Network(this.random)
    this.backend = memoryBackend({ now: () => this.clock.now(), files: options.files ?? {} })
    this.server = new ServerCore({
      accounts: { find: (user) => accountOf(user, options.administrators) },
      ...options.server,
      // Time passes only where a test says so.
      limits: { failedLogonDelayMs: 0, ...options.server?.limits },
      shares: options.shares ?? [{ name: 'data', backend: this.backend }],
      clock: this.clock,
    })
    poison(this.server.buffers)
    this.server.on('fault', ({ error }) => this.faults.push(error))
    this.server.on('disconnect', ({ reason }) => this.disconnects.push(reason))
  }

  connect(): Client {
    const client = new Client(this.network, this.server)
    this.clients.push(client)
    return client
  }

  /** A client that has logged on. */
  async logon(options: LogonOptions & { readonly negotiate?: NegotiateOptions } = {}): Promise<Client> {
    const client = this.connect()
    const answer = await client.negotiate(options.negotiate)
    assert.equal(answer.statusName, 'STATUS_SUCCESS')
    await client.logon(options)
    return client
  }

  /** A client that is connected to `share`. */
  async client(
    options: LogonOptions & { readonly negotiate?: NegotiateOptions; readonly share?: string } = {},
  ): Promise<Client> {
    const client = await this.logon(options)
    await client.useShare(options.share ?? 'data')
    return client
  }

  settled(): Promise<void> {
    return this.network.settled()
  }

  /** Everybody leaves, and nothing is left of them. */
  async end(): Promise<void> {
    for (const client of this.clients) client.disconnect()
    for (const client of this.clients) client.wire.clientStalls = false
    await this.settled()
    // Nobody comes back for what waits.
    this.clock.advance(this.server.limits.maxDurableTimeoutMs)
    await this.settled()
    this.assertNothingLeft()
    await this.server.end()
    for (const client of this.clients) assert.deepEqual(client.violations, [])
    assert.deepEqual(this.faults, [])
  }

  assertNothingLeft(): void {
    const { connections, sessions, shares } = this.server.status()
    assert.equal(connections, 0, 'connections are left')
    assert.equal(this.server.sessions.size, 0, 'sessions are left')
    assert.equal(this.server.leases.size, 0, 'leases are left')
    assert.deepEqual(sessions, [])
    assert.equal(this.server.opens.size, 0, 'opens are left')
    assert.deepEqual([...this.server.durableOpens.waiting], [])
    for (const { name, openFiles } of shares) assert.equal(openFiles, 0, `open files of ${name} are left`)
    for (const share of this.server.shares) {
      assert.equal(share.files.size, 0)
      assert.equal(share.past.size, 0, 'previous versions are left open')
      assert.equal(share.notifier.watchCount, 0, 'watches are left')
      assert.equal(share.files.leasedDirectories.size, 0, 'leases of directories are left')
    }
  }
}

/** What is given back is written over: who still needs it is found out. */
function poison(buffers: BufferPool): void {
  const give = buffers.give.bind(buffers)
  buffers.give = (buffer) => {
    buffer.fill(POISON)
    give(buffer)
  }
}

/** Asserts a status by its name. */
export function statusIs(answer: Answer, name: string): Answer {
  assert.equal(answer.statusName, name)
  return answer
}

export const succeeded = (answer: Answer): Answer => statusIs(answer, 'STATUS_SUCCESS')

/** Asserts that the server ends the connection, without an answer to what was asked last. */
export async function assertCutOff(client: Client, ...asked: readonly Promise<unknown>[]): Promise<void> {
  const rejected = asked.map((answer) => assert.rejects(answer, Disconnected))
  await client.network.settled()
  assert.ok(client.isClosed, 'the server has ended the connection')
  await Promise.all(rejected)
}

/**
 * Of real time. A scenario waits for nothing but its own: where that does not come, the event loop runs empty, and the
 * test ends at once. This is for one that goes round in circles, so it may be long: a busy machine is no mistake.
 */
const timeoutMs = 120_000
const givenSeed = process.env['SMBKIT_SEED']

/** A test in a world of its own. When it fails, the seed that it can be played again with is told. */
export function scenario(name: string, options: WorldOptions, play: (world: World) => Promise<void>): void {
  test(name, { timeout: timeoutMs }, async () => {
    const seed = givenSeed === undefined ? Math.floor(Math.random() * 2 ** 32) : Number(givenSeed)
    const before = openDescriptors()
    const world = new World(options, seed)
    try {
      await play(world)
      await world.end()
      assert.equal(openDescriptors(), before, 'file descriptors are left')
    } catch (error) {
      console.error(`${name}: SMBKIT_SEED=${seed}`)
      if (world.faults.length > 0) console.error('faults:', world.faults)
      if (world.disconnects.length > 0) console.error('disconnects:', world.disconnects)
      throw error
    }
  })
}
