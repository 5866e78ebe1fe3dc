/** Clients that call the server by its NetBIOS name: smbclient on port 139, nmblookup, and tshark that reads what we announce. */
import assert from 'node:assert/strict'
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { suite, type TestContext, test } from 'node:test'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { hex } from '../../src/bytes/hex.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import { Server } from '../../src/server/index.ts'
import { hostAnnouncement } from '../../src/server/netbios/announcement.ts'
import { needsPeer, type Peer, peerPath } from '../peers/peer.ts'
import { run } from '../peers/run.ts'
import { smbclient } from '../peers/smbclient.ts'

const HOST = '127.0.7.11'
const credentials = { user: 'tester', password: 'Passw0rd' }
const asRoot = (...peers: Peer[]) =>
  process.getuid?.() === 0 ? needsPeer(...peers) : { skip: 'ports 137 to 139 are for root' }

function guppie(context: TestContext): Server {
  const server = new Server({
    name: 'GUPPIE',
    accounts: {
      find: (user) => (user === credentials.user ? { user, ntHash: ntHash(credentials.password) } : undefined),
    },
    shares: [{ name: 'data', backend: memoryBackend({ files: { 'a.txt': 'called by name' } }) }],
  })
  context.after(() => server.stop())
  return server
}

suite('sessions of NetBIOS', asRoot('smbclient'), () => {
  test('who calls the right name, or any, is served', async (context) => {
    const server = guppie(context)
    await server.startNetbios({ host: HOST })
    const called = (name: string, commands: string) =>
      smbclient({ host: name, port: 139, ...credentials }, commands, { share: 'data', args: ['-I', HOST] })
    const local = mkdtempSync(join(tmpdir(), 'smbkit-nbt-'))
    context.after(() => rmSync(local, { recursive: true, force: true }))
    const big = join(local, 'big')
    writeFileSync(big, Buffer.alloc(3_000_000, 'NetBIOS '))
    for (const name of ['guppie', HOST]) {
      const { code, stdout, stderr } = await called(name, `get a.txt -; put ${big} big; get big ${big}.back`)
      assert.equal(code, 0, stdout + stderr)
      assert.match(stdout, /called by name/)
    }
    assert.equal((await run('cmp', [big, `${big}.back`], { timeoutMs: 10_000 })).code, 0)
    // Told that there is no such server, it calls any that is there.
    assert.equal((await called('nobody', 'ls')).code, 0)
  })
})

suite('names of NetBIOS', asRoot('nmblookup'), () => {
  test('nmblookup finds the server, and what it is called', async (context) => {
    const server = guppie(context)
    await server.startNames({ host: HOST, datagramPort: 1 + 50_138, workgroup: 'advance7' })
    const look = async (...args: string[]) =>
      (await run(peerPath('nmblookup'), ['--configfile=/dev/null', ...args], { timeoutMs: 20_000 })).stdout
    assert.match(await look('-U', HOST, '--recursion', 'guppie#20'), new RegExp(`^${HOST} guppie<20>`, 'mi'))
    assert.match(await look('-U', HOST, '--recursion', 'other#20'), /failed to find name/)
    const status = await look('-A', HOST)
    assert.match(status, /GUPPIE\s+<20> -\s+[BMPH] <ACTIVE>/)
    assert.match(status, /ADVANCE7\s+<00> - <GROUP>/)
  })
})

suite('announcements', needsPeer('tshark', 'text2pcap'), () => {
  test('tshark reads them as the guide shows them', async (context) => {
    const folder = mkdtempSync(join(tmpdir(), 'smbkit-announce-'))
    context.after(() => rmSync(folder, { recursive: true, force: true }))
    const announced = { name: 'GUPPIE', workgroup: 'ADVANCE7', comment: 'a fish', hasPrinters: false }
    const bytes = hostAnnouncement({ ...announced, address: Uint8Array.of(10, 0, 0, 7) }, 1)
    const dump = hex(bytes).match(/../g)?.join(' ') ?? ''
    writeFileSync(join(folder, 'dump'), `0000 ${dump}\n`)
    const pcap = join(folder, 'a.pcap')
    await run(peerPath('text2pcap'), ['-q', '-u', '138,138', join(folder, 'dump'), pcap], { timeoutMs: 20_000 })
    const { stdout } = await run(peerPath('tshark'), ['-r', pcap, '-V'], { timeoutMs: 60_000 })
    assert.match(stdout, /Command: Host Announcement \(0x01\)/)
    assert.match(stdout, /Update Periodicity: 12 minutes/)
    assert.match(stdout, /Host Name: GUPPIE/i)
    assert.match(stdout, /Host Comment: a fish/)
    assert.match(stdout, /Mailslot Name: \\MAILSLOT\\BROWSE/)
    assert.doesNotMatch(stdout, /Malformed/)
  })
})
