/** Clients on real sockets that take nothing, say nothing, or half of something. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { readFileSync } from 'node:fs'
import { connect } from 'node:net'
import { join } from 'node:path'
import { createInterface } from 'node:readline'
import { test } from 'node:test'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import { Server, type ServerLimits } from '../../src/server/index.ts'
import { Command } from '../../src/wire/smb2/index.ts'
import { openDescriptors } from '../peers/descriptors.ts'
import { until } from '../peers/free-port.ts'
import { TESTER } from '../simulation/client.ts'
import { create, echo, readBody, writeBody } from '../simulation/files.ts'
import { framed } from '../simulation/messages.ts'
import { succeeded } from '../simulation/world.ts'
import { socketClient } from './socket-client.ts'

const MIB = 1024 * 1024
const waitMs = 20_000

interface Place {
  readonly server: Server
  readonly host: string
  readonly port: number
}

/** A server, and afterwards nothing that is left of its clients. */
async function serving(limits: Partial<ServerLimits>, use: (place: Place) => Promise<void>): Promise<void> {
  const before = descriptors()
  const backend = memoryBackend()
  const account = { user: TESTER.user, ntHash: ntHash(TESTER.password) }
  const server = new Server({ shares: [{ name: 'data', backend }], accounts: { find: () => account }, limits })
  const faults: unknown[] = []
  server.on('fault', ({ error }) => faults.push(error))
  try {
    await use({ server, ...(await server.start({ host: '127.0.0.1', port: 0 })) })
    assert.ok(await until(() => server.status().connections === 0, waitMs), 'connections are left')
    assert.deepEqual(server.status().sessions, [])
    for (const share of server.shares) assert.equal(share.files.size, 0)
  } finally {
    await server.stop()
  }
  assert.deepEqual(faults, [])
  assert.ok(await until(() => descriptors() <= before, waitMs), `${descriptors()} descriptors, ${before} before`)
}

const descriptors = (): number => openDescriptors() ?? 0

async function loggedOn(place: Place) {
  const { client, socket } = socketClient(place)
  succeeded(await client.negotiate())
  await client.logon()
  await client.useShare('data')
  return { client, socket }
}

const isLinux = process.platform === 'linux'
const options = { skip: !isLinux && 'counts descriptors in /proc', timeout: 120_000 }

test('a client that never reads: its answers are bounded, others go on, and it is disconnected', options, () =>
  serving({ maxUnsentBytes: 4 * MIB, stalledTimeoutMs: 1500 }, async (place) => {
    const { client, socket } = await loggedOn(place)
    const file = await create(client, { name: 'a' }, { credits: 8000 })
    succeeded(await client.callRaw(Command.WRITE, writeBody(file, new Uint8Array(MIB)), { charge: 16, credits: 100 }))
    const [connection] = place.server.connections
    assert.ok(connection)
    socket.pause()
    const requests = Array.from({ length: 400 }, () =>
      client.prepare(Command.READ, readBody(file, MIB), { charge: 16, credits: 16 }),
    )
    void client.sendTogether(requests)
    let most = 0
    const isStalled = () => {
      most = Math.max(most, connection.transport.unsentBytes)
      return connection.transport.unsentBytes > 4 * MIB
    }
    assert.ok(await until(isStalled, waitMs), 'answers wait')
    const other = await loggedOn(place)
    for (let i = 0; i < 50; i++) {
      succeeded(await echo(other.client))
      isStalled()
    }
    other.client.disconnect()
    assert.ok(await until(() => (isStalled(), connection.isClosed), waitMs), 'it is disconnected in the end')
    assert.ok(most <= 6 * MIB, `${most} bytes waited`)
    socket.destroy()
  }),
)

test('a client that reads again after a while gets everything', options, () =>
  serving({ maxUnsentBytes: 4 * MIB }, async (place) => {
    const { client, socket } = await loggedOn(place)
    const file = await create(client, { name: 'a' }, { credits: 8000 })
    succeeded(await client.callRaw(Command.WRITE, writeBody(file, new Uint8Array(MIB)), { charge: 16, credits: 100 }))
    const [connection] = place.server.connections
    assert.ok(connection)
    socket.pause()
    const requests = Array.from({ length: 100 }, () =>
      client.prepare(Command.READ, readBody(file, MIB), { charge: 16, credits: 16 }),
    )
    const answers = client.sendTogether(requests)
    assert.ok(await until(() => connection.transport.unsentBytes > 4 * MIB, waitMs))
    socket.resume()
    for (const answer of await Promise.all(answers)) succeeded(answer)
    assert.deepEqual(client.violations, [])
    client.disconnect()
  }),
)

test('half a message, then the end of the stream, a thousand times', options, () =>
  serving({}, async (place) => {
    const message = framed(new Uint8Array(200).fill(0xfe))
    for (let i = 0; i < 1000; i += 50)
      await Promise.all(
        Array.from(
          { length: 50 },
          (_, n) =>
            new Promise<void>((resolve) => {
              const socket = connect(place)
              socket.on('error', () => {}).on('close', () => resolve())
              socket.on('connect', () => socket.end(message.slice(0, (i + n) % 204)))
              socket.resume()
            }),
        ),
      )
    const { client } = await loggedOn(place)
    succeeded(await echo(client))
    client.disconnect()
  }),
)

/** What the system lets one process open. */
function openFileLimit(): number {
  const [, soft = '0'] = /Max open files\s+(\d+)/.exec(readFileSync('/proc/self/limits', 'utf8')) ?? []
  return Number(soft)
}

const reserve = 200
const wanted = 10_000
const crowd = isLinux ? Math.min(wanted, openFileLimit() - reserve) : 0
if (isLinux && crowd < wanted) console.log(`only ${crowd} silent connections: more cannot be opened here (ulimit -n)`)

test(`${crowd} connections that say nothing are ended in time, and disturb nobody`, options, () =>
  serving({ maxConnections: crowd + 10, negotiateTimeoutMs: 6000 }, async (place) => {
    const program = join(import.meta.dirname, 'hostile-crowd.ts')
    const child = spawn(process.execPath, [program, place.host, String(place.port), String(crowd)], {
      stdio: ['pipe', 'pipe', 'inherit'],
    })
    try {
      const lines: string[] = []
      createInterface({ input: child.stdout }).on('line', (line) => lines.push(line))
      assert.ok(await until(() => lines.length > 0 || child.exitCode !== null, 60_000))
      assert.equal(lines[0], `${crowd} connected`)
      const { client } = await loggedOn(place)
      const file = await create(client, { name: 'a' })
      succeeded(await client.callRaw(Command.WRITE, writeBody(file, 'text')))
      client.disconnect()
      assert.ok(await until(() => child.exitCode !== null, 60_000), 'all are ended')
      assert.equal(lines[1], 'all ended')
    } finally {
      child.kill('SIGKILL')
    }
  }),
)
