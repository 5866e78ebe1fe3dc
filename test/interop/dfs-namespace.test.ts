/** Namespaces that our server has: what smbclient and our own client make of them. */
import assert from 'node:assert/strict'
import { after, before, suite, type TestContext, test } from 'node:test'
import { viewOf } from '../../src/bytes/utf16.ts'
import { connect, StatusError, TransportError } from '../../src/client/index.ts'
import type { DfsRootOptions, ServerOptions } from '../../src/server/index.ts'
import { GetDfsReferralRequest } from '../../src/wire/dfsc/index.ts'
import {
  Command,
  FsctlCode,
  IoctlRequest,
  SMB2_HEADER_SIZE,
  Smb2Header,
  TreeConnectRequest,
} from '../../src/wire/smb2/index.ts'
import { type OurServer, startOurServer } from '../peers/our-server.ts'
import { needsPeer } from '../peers/peer.ts'
import { smbclient } from '../peers/smbclient.ts'

const unc = (...names: string[]): string => `\\\\${names.join('\\')}`

/** smbclient follows links to port 445 only. */
const needsPort445 = process.getuid?.() === 0 ? needsPeer('smbclient') : { skip: 'port 445 is for root' }
const HOST = '127.0.7.7'
const DEAD = '127.0.7.9'

suite('smbclient in a namespace of ours', needsPort445, () => {
  let server: OurServer

  before(async () => {
    const links: DfsRootOptions['links'] = [
      { path: 'Here', targets: [unc(HOST, 'files')] },
      { path: 'sub\\deep link', targets: [unc(HOST, 'files', 'inner')] },
      { path: 'dead', targets: [unc(DEAD, 'gone')] },
      { path: 'failover', targets: [unc(DEAD, 'gone'), { path: unc(HOST, 'files'), rank: 1 }] },
    ]
    server = await startOurServer({
      backend: 'memory',
      host: HOST,
      port: 445,
      shares: [
        { name: 'files', files: { 'a.txt': 'hello', 'inner/b.txt': 'deeper' } },
        { name: 'Teams', files: { 'readme.txt': 'of the root' }, dfs: { links } },
      ],
    })
  })
  after(() => server.stop())

  for (const dialect of ['SMB2_02', 'SMB3_11']) {
    const does = async (commands: string) => {
      const { stdout, stderr } = await smbclient(server, commands, { share: 'Teams', dialect })
      return stdout + stderr
    }

    test(`links are listed and followed (${dialect})`, async () => {
      const listing = await does('ls')
      for (const name of ['Here', 'sub', 'dead', 'failover', 'readme.txt'])
        assert.match(listing, new RegExp(`^  ${name} `, 'm'))
      assert.match(await does('cd Here; showconnect; get a.txt -'), /\/\/127\.0\.7\.7\/files\s[^]*hello/)
      assert.match(await does('cd sub; ls; cd "deep link"; get b.txt -'), /deep link[^]*deeper/)
      assert.match(await does('get readme.txt -'), /of the root/)
    })

    test(`a dead target is passed over, and a dead link said to be (${dialect})`, async () => {
      assert.match(await does('cd failover; get a.txt -'), /hello/)
      assert.match(await does('cd dead; ls'), /cd \\dead\\: NT_STATUS_CONNECTION_REFUSED/)
    })

    test(`what leads to a link stays (${dialect})`, async () => {
      assert.match(await does('rename sub other'), /NT_STATUS_ACCESS_DENIED/)
      assert.match(await does('ls'), /^ {2}sub /m)
    })
  }
})

interface Machine {
  readonly shares: Parameters<typeof startOurServer>[0]['shares']
  readonly dfs?: ServerOptions['dfs']
}

/** Servers of a domain in this process, and what they were asked for, in order. */
async function domain(context: TestContext, machines: Readonly<Record<string, Machine>>) {
  const servers = new Map<string, OurServer>()
  const asked: string[] = []
  for (const [name, { shares, dfs = {} }] of Object.entries(machines)) {
    const one = await startOurServer({ backend: 'memory', shares, server: { name, dfs } })
    context.after(() => one.stop())
    one.server.on('request', ({ message }) => {
      const what = described(message)
      if (what !== undefined) asked.push(`${name}: ${what}`)
    })
    servers.set(name.toLowerCase(), one)
  }
  const resolve = (host: string) => {
    const found = servers.get(host.toLowerCase().split('.')[0] as string)
    return found && { host: found.host, port: found.port }
  }
  return { servers, asked, resolve }
}

/** What the guide shows of a message. */
function described(message: Uint8Array): string | undefined {
  const view = viewOf(message)
  const { command } = Smb2Header.decode(view)
  if (command === Command.TREE_CONNECT)
    return `tree ${TreeConnectRequest.decode(view, SMB2_HEADER_SIZE, view.byteLength, 0).path}`
  if (command !== Command.IOCTL) return undefined
  const { ctlCode, input } = IoctlRequest.decode(view, SMB2_HEADER_SIZE, view.byteLength, 0)
  if (ctlCode !== FsctlCode.DFS_GET_REFERRALS) return undefined
  return `referral ${GetDfsReferralRequest.decode(viewOf(input)).requestFileName}`
}

const credentials = { user: 'tester', password: 'Passw0rd' }

/** Seeds 000, "DFS Namespace": four links on three servers, a domain controller and a root target before them. */
const advance7 = (): Record<string, Machine> => ({
  DC1: {
    shares: [],
    dfs: {
      domains: [
        {
          name: 'advance7.example',
          controllers: ['dc1.advance7.example'],
          namespaces: [{ name: 'Teams', targets: [unc('root1.advance7.example', 'Teams')] }],
        },
      ],
    },
  },
  ROOT1: {
    shares: [
      {
        name: 'Teams',
        dfs: {
          links: [
            { path: 'Technical', targets: [unc('server01.advance7.example', 'tech')] },
            { path: 'Marketing', targets: [unc('server01.advance7.example', 'mktg')] },
            { path: 'Finance', targets: [unc('server19.advance7.example', 'Finance')] },
            { path: 'Human Resources', targets: [unc('server26.advance7.example', 'hr')] },
          ],
        },
      },
    ],
  },
  SERVER01: {
    shares: [
      { name: 'tech', files: { 'tools.txt': 'technical' } },
      { name: 'mktg', files: { 'plan.txt': 'marketing' } },
    ],
  },
  SERVER19: { shares: [{ name: 'Finance', files: { 'books.txt': 'finance' } }] },
  SERVER26: { shares: [{ name: 'hr', files: { 'people.txt': 'human resources' } }] },
})

test('the example of the guide, with its messages in its order', async (context) => {
  const { asked, resolve } = await domain(context, advance7())
  const lookUp = (host: string) => resolve(host === 'advance7.example' ? 'dc1' : host)
  await using client = await connect('smb://advance7.example', { ...credentials, resolve: lookUp })
  const share = await client.share('Teams')
  assert.equal(await share.readFile('Technical/tools.txt', 'utf8'), 'technical')
  const path = unc('advance7.example', 'Teams').slice(1)
  const wanted = [
    `DC1: referral ${path}`,
    `ROOT1: tree ${unc('root1.advance7.example', 'Teams')}`,
    `ROOT1: referral ${path}\\Technical\\tools.txt`,
    `SERVER01: tree ${unc('server01.advance7.example', 'tech')}`,
  ]
  const told = [...new Set(asked)].filter((line) => wanted.includes(line))
  assert.deepEqual(told, wanted, asked.join('\n'))
  const names = (await share.readdir('')).toSorted()
  assert.deepEqual(names, ['Finance', 'Human Resources', 'Marketing', 'Technical'])
  assert.equal(await share.readFile('Marketing/plan.txt', 'utf8'), 'marketing')
  assert.equal(await share.readFile('finance/books.txt', 'utf8'), 'finance')
  assert.equal(await share.readFile('HUMAN RESOURCES\\people.txt', 'utf8'), 'human resources')
  await share.writeFile('Finance/new.txt', 'through the link')
  assert.equal(await share.readFile('Finance/new.txt', 'utf8'), 'through the link')
})

test('interlinks, dead first targets and circles', async (context) => {
  const link = (path: string, ...targets: string[]) => ({
    path,
    targets: targets.map((target, rank) => ({ path: target, rank })),
  })
  const { resolve } = await domain(context, {
    one: {
      shares: [
        {
          name: 'root',
          dfs: {
            links: [
              { ...link('over', unc('two', 'more')), interlink: true },
              link('failover', unc('nobody', 'gone'), unc('two', 'nosuch'), unc('two', 'data')),
              { ...link('circle', unc('two', 'more', 'back')), interlink: true },
              link('dead', unc('nobody', 'gone')),
            ],
          },
        },
      ],
    },
    two: {
      shares: [
        { name: 'data', files: { 'a.txt': 'found' } },
        {
          name: 'more',
          dfs: {
            links: [
              link('deep', unc('two', 'data')),
              { ...link('back', unc('one', 'root', 'circle')), interlink: true },
            ],
          },
        },
      ],
    },
  })
  const nobody = { host: '127.0.0.1', port: 1 }
  const lookUp = (host: string) => (host === 'nobody' ? nobody : resolve(host))
  await using client = await connect('smb://one', { ...credentials, resolve: lookUp, dfsHosts: 'any' })
  const share = await client.share('root')
  assert.equal(await share.readFile('over/deep/a.txt', 'utf8'), 'found')
  assert.equal(await share.readFile('failover/a.txt', 'utf8'), 'found')
  await assert.rejects(
    share.readFile('circle/x'),
    (error) => error instanceof Error && /circle|round|loop/i.test(error.message),
  )
  await assert.rejects(
    share.readFile('dead/x'),
    (error) => error instanceof TransportError || error instanceof StatusError,
  )
})

test('the site that a client says decides where it goes; a controller tells its domains', async (context) => {
  const targets = ['near', 'far'].map((name) => ({ path: unc(name, 'data'), site: name }))
  const { resolve, asked } = await domain(context, {
    root: {
      shares: [{ name: 'root', dfs: { links: [{ path: 'data', targets }] } }],
      dfs: { domains: [{ name: 'york.example', netbiosName: 'YORK', controllers: ['root.york.example'] }] },
    },
    near: { shares: [{ name: 'data', files: { 'a.txt': 'near' } }] },
    far: { shares: [{ name: 'data', files: { 'a.txt': 'far' } }] },
  })
  for (const site of ['near', 'far', 'NEAR']) {
    await using client = await connect('smb://root', { ...credentials, resolve, site })
    const share = await client.share('root')
    assert.equal(await share.readFile('data/a.txt', 'utf8'), site.toLowerCase())
    assert.deepEqual((await client.domains()).toSorted(), ['YORK', 'york.example'])
  }
  // The site goes with another control code than referrals without.
  assert.deepEqual(
    asked.filter((line) => line.includes('referral')),
    [],
  )
})
