/** Faults of the network between Samba's client and smbd, packet by packet: made, recorded, and found. */
import assert from 'node:assert/strict'
import { once } from 'node:events'
import { chmodSync, symlinkSync, writeFileSync } from 'node:fs'
import { connect, createServer } from 'node:net'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { setTimeout as pause } from 'node:timers/promises'
import { openShare } from '../../src/client/index.ts'
import { withFolder } from '../peers/content.ts'
import { freePort, until } from '../peers/free-port.ts'
import { type LongPath, type LongPathOptions, needsLongPath, someNetwork, startLongPath } from '../peers/long-path.ts'
import { needsPeer } from '../peers/peer.ts'
import { type SmbclientOptions, type SmbclientTarget, smbclient } from '../peers/smbclient.ts'
import { processesWith, type Smbd, startSmbd } from '../peers/smbd.ts'
import { assertFound, diagnose } from './trace-faults.ts'

const needed = [needsPeer('smbd', 'smbclient'), needsLongPath()].find(({ skip }) => skip !== false) ?? { skip: false }
const SESSION_PACKET_HEADER_BYTES = 4
const smallBuffer = '--option=socket options=TCP_NODELAY SO_RCVBUF=32768'

interface Path extends LongPathOptions {
  /** What is found, and nothing else. */
  readonly rules: readonly string[]
  readonly commands?: string
  readonly more?: Partial<SmbclientOptions>
  readonly isClosed?: boolean
  /** Instead of smbclient; `closed` is a port where nobody listens. */
  readonly act?: (target: SmbclientTarget, path: LongPath, closed: number) => Promise<unknown>
}

const paths: Readonly<Record<string, Path>> = {
  'nothing: a short path': { rules: [], commands: 'ls; get big.bin; put big.bin new.bin; rm new.bin' },
  'nothing: a long path, and several requests under way': { rules: [], delayMs: 20, commands: 'get big.bin' },
  'nothing: much data': { rules: [], commands: 'get huge.bin' },
  'packets that are lost': {
    rules: ['network-loss'],
    delayMs: 4,
    loseEvery: 60,
    commands: 'get big.bin; put big.bin new.bin; rm new.bin',
  },
  'sixty small things over a long path': {
    rules: ['latency-bound'],
    delayMs: 20,
    commands: Array.from({ length: 25 }, () => 'get small.txt').join('; '),
  },
  'one piece at a time over a long path': {
    rules: ['serial-transfer'],
    delayMs: 20,
    act: (target) => readOneByOne(target),
  },
  'a window that is too small for the path': {
    rules: ['small-window'],
    delayMs: 20,
    commands: 'get big.bin',
    more: { args: [smallBuffer] },
  },
  'a client that is stopped while data comes': {
    rules: ['zero-window'],
    act: stopWhileReading,
  },
  'a port where nobody listens': {
    rules: ['connection-refused'],
    isClosed: true,
    commands: 'ls',
  },
  'a server that is not there': {
    rules: ['connection-refused'],
    loseEvery: 1,
    commands: 'ls',
    more: { timeoutMs: 2500 },
  },
  'a device before the server that sends each answer in two parts': {
    rules: ['delayed-acknowledgement'],
    act: (target, _, port) => throughDevice(target, port, { delays: true }),
  },
  'nothing: the same device, which holds nothing back': {
    rules: [],
    act: (target, _, port) => throughDevice(target, port, { delays: false }),
  },
  'a link of a namespace to a server that is not there': {
    rules: ['connection-refused', 'dfs-link-dead'],
    act: async (target, _, closed) => {
      const { host, port, user, password } = target
      const resolve = (name: string) => ({ host, port: name === 'gone' ? closed : port })
      const given = { user, password, dfsHosts: 'any', resolve } as const
      await using share = await openShare({ host: 'server', share: 'space', path: '' }, given)
      await assert.rejects(share.readdir('dead'))
    },
  },
}

/** Reads a file in pieces, each after the one before. */
async function readOneByOne({ host, port, user, password }: SmbclientTarget): Promise<void> {
  const given = { user, password, leases: false }
  await using share = await openShare({ host, port, share: 'files', path: '' }, given)
  await using file = await share.open('big.bin')
  const buffer = Buffer.alloc(65_536)
  for (let at = 0; at < 15; at++) await file.read(buffer, 0, buffer.length, at * buffer.length)
}

/** Small files by way of a device at `port`. With Nagle's algorithm the second part waits until the first is acknowledged. */
async function throughDevice(target: SmbclientTarget, port: number, { delays }: { delays: boolean }): Promise<void> {
  const device = createServer((client) => {
    const server = connect(target.port)
    client.setNoDelay(!delays)
    client.on('error', () => server.destroy()).pipe(server)
    server.on('error', () => client.destroy()).on('close', () => client.destroy())
    server.on('data', (bytes: Buffer) => {
      client.write(bytes.subarray(0, SESSION_PACKET_HEADER_BYTES))
      client.write(bytes.subarray(SESSION_PACKET_HEADER_BYTES))
    })
  })
  device.listen(port)
  await once(device, 'listening')
  try {
    const commands = Array.from({ length: 15 }, () => 'get small.txt /dev/null').join('; ')
    await smbclient({ ...target, port }, commands, { share: 'files' })
  } finally {
    device.close()
  }
}

/** smbclient is stopped while it reads, and goes on a second later. */
async function stopWhileReading(target: SmbclientTarget, path: LongPath): Promise<void> {
  const mark = `/dev/null;#${target.host}`
  const get = smbclient(target, `get huge.bin ${mark}`, { share: 'files', args: [smallBuffer] })
  const isReading = (): boolean => path.capture().length > 2_000_000
  assert.ok(await until(isReading, 10_000))
  const [pid = 0] = processesWith(mark)
  process.kill(pid, 'SIGSTOP')
  await pause(1000)
  process.kill(pid, 'SIGCONT')
  await get
}

suite('paths', needed, () => {
  const network = someNetwork()
  let smbd: Smbd

  before(async () => {
    smbd = await startSmbd({
      shares: [{ name: 'files' }, { name: 'space', options: { 'msdfs root': 'yes' } }],
      global: { 'bind interfaces only': 'no' },
    })
    const write = (name: string, bytes: number) => {
      const path = join(smbd.folders.get('files') ?? '', name)
      writeFileSync(path, Buffer.alloc(bytes, 7))
      chmodSync(path, 0o666)
    }
    write('small.txt', 20)
    write('big.bin', 1_500_000)
    write('huge.bin', 30_000_000)
    symlinkSync('msdfs:gone\\files', join(smbd.folders.get('space') ?? '', 'dead'))
  })
  after(() => smbd?.stop())

  for (const [name, { rules, commands = 'ls', more = {}, isClosed = false, act, ...options }] of Object.entries(paths))
    test(name, async () => {
      const closed = await freePort('0.0.0.0')
      const serverPort = isClosed ? closed : smbd.port
      const path = await startLongPath(network, options)
      try {
        const target = { host: path.host, port: serverPort, user: smbd.user, password: smbd.password }
        if (act !== undefined) await act(target, path, closed)
        else
          await withFolder(async (cwd) => {
            writeFileSync(join(cwd, 'big.bin'), Buffer.alloc(1_500_000, 8))
            await smbclient(target, commands, { share: 'files', cwd, ...more })
          })
        assertFound(await diagnose(path.capture(), [], undefined, [smbd.port, closed]), { rules })
      } finally {
        await path.stop()
      }
    })
})
