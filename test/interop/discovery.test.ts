/** Programs that look for servers find ours: python-zeroconf by multicast DNS, wsdd by WS-Discovery. */
import assert from 'node:assert/strict'
import { spawn } from 'node:child_process'
import { networkInterfaces } from 'node:os'
import { suite, type TestContext, test } from 'node:test'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import { Server } from '../../src/server/index.ts'
import { until } from '../peers/free-port.ts'
import { needsPeer, type Peer, peerPath, python } from '../peers/peer.ts'

const WAIT_MS = 30_000
/** Discovery has no use for a machine alone: a network is needed, if only for what goes back to ourselves. */
const outside = Object.entries(networkInterfaces())
  .flatMap(([name, all = []]) => all.map((one) => ({ name, ...one })))
  .find(({ family, internal }) => family === 'IPv4' && !internal)
const needsNetwork = (peer: Peer) => (outside === undefined ? { skip: 'no network but loopback' } : needsPeer(peer))

/** A program that listens, and what it has said. */
function listening(context: TestContext, command: string, args: readonly string[]) {
  const child = spawn(command, args, { stdio: ['ignore', 'pipe', 'pipe'] })
  let said = ''
  for (const stream of [child.stdout, child.stderr])
    stream.setEncoding('utf8').on('data', (text: string) => (said += text))
  context.after(() => child.kill())
  return { hears: (pattern: RegExp) => until(() => pattern.test(said), WAIT_MS), said: () => said }
}

function guppie(): Server {
  return new Server({
    name: 'GUPPIE',
    accounts: { find: () => undefined },
    shares: [{ name: 'backups', backend: memoryBackend(), timeMachine: true }],
  })
}

const browser = `
import sys, time
from zeroconf import ServiceBrowser, Zeroconf
zeroconf = Zeroconf(interfaces=[sys.argv[1]])
class Listener:
    def add_service(self, zc, kind, name):
        info = zc.get_service_info(kind, name, 5000)
        print('found', name, info.port if info else None, dict(info.properties) if info else None, flush=True)
    def update_service(self, *_): pass
    def remove_service(self, zc, kind, name): print('gone', name, flush=True)
kinds = ['_smb._tcp.local.', '_adisk._tcp.local.', '_device-info._tcp.local.']
ServiceBrowser(zeroconf, kinds, Listener())
time.sleep(60)
`

suite('multicast DNS', needsNetwork('zeroconf'), () => {
  test('the server, its kind and its disks are found, and gone when it ends', async (context) => {
    const server = guppie()
    context.after(() => server.stop())
    const { port } = await server.start({ port: 0 })
    const found = listening(context, python, ['-c', browser, outside?.address ?? ''])
    await server.announce({ metadataPort: 0 })
    for (const pattern of [
      new RegExp(`found GUPPIE\\._smb\\._tcp\\.local\\. ${port} `),
      /found GUPPIE\._device-info\._tcp\.local\. .*b'model': b'Xserve'/,
      /found GUPPIE\._adisk\._tcp\.local\. .*adVN=backups,adVF=0x82/,
    ])
      assert.ok(await found.hears(pattern), `${pattern}: ${found.said()}`)
    await server.stop()
    assert.ok(await found.hears(/gone GUPPIE\._smb/), found.said())
  })
})

suite('WS-Discovery', needsNetwork('wsdd'), () => {
  test('wsdd hears the server, asks what it is, and hears it go', async (context) => {
    const server = guppie()
    context.after(() => server.stop())
    await server.start({ port: 0 })
    const args = ['--discovery', '--no-host', '--ipv4only', '--verbose', '--interface', outside?.name ?? '']
    const heard = listening(context, peerPath('wsdd'), args)
    assert.ok(await heard.hears(/joined multicast group/), heard.said())
    await server.announce({ workgroup: 'ADVANCE7', metadataPort: 0 })
    assert.ok(await heard.hears(/discovered GUPPIE in Workgroup:ADVANCE7/), heard.said())
    await server.stop()
    assert.ok(await heard.hears(/Bye/), heard.said())
  })
})
