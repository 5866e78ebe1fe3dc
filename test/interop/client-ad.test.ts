/** The client in a domain: logons by NTLM, namespaces, shares and names of Samba's Active Directory. */
import assert from 'node:assert/strict'
import { symlinkSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { NULL_GUID } from '../../src/bytes/guid.ts'
import {
  type Client,
  type ConnectOptions,
  connect,
  connectRpc,
  type ObservedEvent,
  openShare,
  StatusError,
  type Target,
} from '../../src/client/index.ts'
import { nullHandle } from '../../src/rpc/context-handles.ts'
import { Epmapper, InquiryType } from '../../src/rpc/epmapper/epmapper.ts'
import { decodeTower } from '../../src/rpc/epmapper/tower.ts'
import { Samr } from '../../src/rpc/samr/samr.ts'
import { Winreg } from '../../src/rpc/winreg/winreg.ts'
import { type AdDc, administrator, needsAdDc, startAdDc } from '../peers/ad-dc.ts'
import { fileSuite } from './client-suite.ts'

const options = { timeout: 60_000 }
const passwordOf = (user: string): string => `${user.charAt(0).toUpperCase()}${user.slice(1)}-Pass-1`

/** Accounts that the right password does not help. */
const refused = {
  carol: 'STATUS_ACCOUNT_DISABLED',
  dave: 'STATUS_PASSWORD_MUST_CHANGE',
  erin: 'STATUS_PASSWORD_EXPIRED',
  frank: 'STATUS_ACCOUNT_LOCKED_OUT',
  heidi: 'STATUS_INVALID_LOGON_HOURS',
  ivan: 'STATUS_ACCOUNT_EXPIRED',
  judy: 'STATUS_INVALID_WORKSTATION',
} as const

suite('Active Directory', needsAdDc(), () => {
  let dc: AdDc
  let events: ObservedEvent[] = []
  /** Why there is none. */
  let problem: string | undefined

  /** A test that is skipped where the domain controller cannot be started: its ports may be taken. */
  const inDomain = (name: string, work: () => Promise<void>): void =>
    void test(name, options, async (t) => {
      if (problem === undefined) return work()
      if (process.env['CI'] === 'true') assert.fail(problem)
      return t.skip(problem)
    })

  before(
    async () => {
      try {
        dc = await startAdDc()
      } catch (error) {
        problem = String(error)
        return
      }
      const links = join(dc.folder, 'shares', 'dfs')
      symlinkSync(`msdfs:${dc.domain}\\sysvol\\${dc.domain}`, join(links, 'policies'))
      symlinkSync(`msdfs:${dc.shortDomain}\\netlogon`, join(links, 'scripts'))
    },
    { timeout: 150_000 },
  )
  after(() => dc?.stop())

  const as = (user: string, password: string, more: ConnectOptions = {}): ConnectOptions => ({
    user,
    password,
    domain: dc.shortDomain,
    resolve: dc.resolve,
    observer: { event: (event) => events.push(event) },
    ...more,
  })

  async function connected(given: ConnectOptions, work: (client: Client) => Promise<void>, host = dc.host) {
    events = []
    const client = await connect({ host, path: '' }, given)
    try {
      await work(client)
    } finally {
      await client.close()
    }
  }
  const referrals = (): string[] => events.flatMap((event) => (event.kind === 'referral' ? [event.path] : []))

  inDomain('accounts that may log on, under each of their names', async () => {
    const alice = passwordOf('alice')
    for (const given of [
      as('alice', alice),
      as('ALICE', alice, { domain: dc.domain }),
      as(`alice@${dc.domain}`, alice, { domain: '' }),
      as('bob', passwordOf('bob')),
      as('grace', passwordOf('grace')),
      as('zoë', 'Zoë-Päss-1'),
      as(administrator.user, administrator.password),
      as('alice', alice, { signing: 'required' }),
      as('alice', alice, { encryption: 'required' }),
    ])
      await connected(given, async (client) => {
        assert.equal(client.session.kind, 'user')
        const share = await client.share('public')
        assert.equal(await share.readFile('hello.txt', 'utf8'), 'hello from dc1 public\n')
      })
  })

  for (const [user, statusName] of Object.entries(refused))
    inDomain(`${user} may not: ${statusName}`, async () => {
      await assert.rejects(connect({ host: dc.host, path: '' }, as(user, passwordOf(user))), (error) => {
        assert.ok(error instanceof StatusError, String(error))
        assert.equal(error.statusName, statusName)
        assert.equal(error.code, 'EACCES')
        assert.equal(error.command, 'SESSION_SETUP')
        assert.ok(!error.message.includes(passwordOf(user)))
        return true
      })
    })

  inDomain('a wrong password, and a user whom nobody knows', async () => {
    for (const given of [
      as('alice', 'wrong'),
      as('nobody-at-all', 'x'),
      as('alice', passwordOf('alice').toLowerCase()),
    ])
      await assert.rejects(connect({ host: dc.host, path: '' }, given), { statusName: 'STATUS_LOGON_FAILURE' })
  })

  inDomain('a password that is wrong too often', async () => {
    const attempt = (password: string) => connect({ host: dc.host, path: '' }, as('grace', password))
    for (let i = 0; i < 3; i++) await assert.rejects(attempt('wrong'), { code: 'EACCES' })
    await assert.rejects(attempt(passwordOf('grace')), { statusName: 'STATUS_ACCOUNT_LOCKED_OUT' })
  })

  inDomain('shares, and what the server is', () =>
    connected(as('alice', passwordOf('alice')), async (client) => {
      const shares = await client.shares()
      assert.deepEqual(
        shares.map(({ name }) => name),
        ['sysvol', 'netlogon', 'public', 'data', 'encrypted', 'dfs', 'dfslink', 'IPC$'],
      )
      assert.equal((await client.serverInfo()).name, 'DC1')
    }),
  )

  inDomain('SIDs of names and names of SIDs', () =>
    connected(as('alice', passwordOf('alice')), async (client) => {
      const found = await client.lookupNames(['CORP\\alice', 'staff', 'zoë', 'share-admins', 'Everyone', 'nosuch'])
      assert.deepEqual(
        found.map((account) => account && [account.domain, account.name, account.kind]),
        [
          ['CORP', 'alice', 'user'],
          ['CORP', 'staff', 'group'],
          ['CORP', 'zoë', 'user'],
          ['CORP', 'share-admins', 'alias'],
          ['', 'Everyone', 'wellKnownGroup'],
          undefined,
        ],
      )
      const sids = found.flatMap((account) => (account === undefined ? [] : [account.sid]))
      const back = await client.lookupSids([...sids, 'S-1-5-32-544', 'S-1-5-21-1-2-3-4'])
      assert.deepEqual(back.slice(0, -2), found.slice(0, -1))
      assert.deepEqual(back.slice(-2), [
        { sid: 'S-1-5-32-544', name: 'Administrators', domain: 'BUILTIN', kind: 'alias' },
        { sid: 'S-1-5-21-1-2-3-4', name: '', domain: '', kind: 'unknown' },
      ])
    }),
  )

  inDomain('who owns a file, by name', () =>
    connected(as('alice', passwordOf('alice')), async (client) => {
      const share = await client.share('public')
      await share.writeFile('mine.txt', 'mine')
      const { owner } = await share.securityDescriptor('mine.txt')
      assert.ok(owner !== undefined)
      const [account] = await client.lookupSids([owner])
      assert.deepEqual([account?.domain, account?.name], ['CORP', 'alice'])
      await share.rm('mine.txt')
    }),
  )

  inDomain('a share for sealed messages only', () =>
    connected(as('alice', passwordOf('alice')), async (client) => {
      const share = await client.share('encrypted')
      assert.equal(await share.readFile('data.txt', 'utf8'), 'hello from dc1 data\n')
    }),
  )

  inDomain('the stand-alone namespace', () =>
    connected(as('alice', passwordOf('alice')), async (client) => {
      const dfs = await client.share('dfs')
      assert.equal(await dfs.readFile('plain/plain.txt', 'utf8'), 'a plain file in the dfs root\n')
      assert.equal(await dfs.readFile('public/hello.txt', 'utf8'), 'hello from dc1 public\n')
      assert.equal(await dfs.readFile('folder/data/data.txt', 'utf8'), 'hello from dc1 data\n')
      assert.equal(await dfs.readFile('failover/hello.txt', 'utf8'), 'hello from dc1 public\n')
      assert.equal(await dfs.readFile('twice/hello.txt', 'utf8'), 'hello from dc1 public\n')
      await assert.rejects(dfs.readFile('loop/x'), { code: 'ELOOP' })
      await assert.rejects(dfs.readFile('dead/x'), { code: 'ENOTFOUND' })
      const proxy = await client.share('dfslink')
      assert.deepEqual(await proxy.readdir(''), ['data.txt'])
    }),
  )

  for (const [name, more] of [
    ['signed', { signing: 'required' }],
    ['sealed', { encryption: 'required' }],
  ] as const)
    suite(`what is done to files, ${name}`, () => {
      fileSuite({
        subject() {
          if (problem !== undefined) throw new Error(problem)
          const user = 'alice'
          return {
            host: dc.host,
            port: 445,
            user,
            password: passwordOf(user),
            share: 'public',
            options: as(user, passwordOf(user)),
          }
        },
        options: more,
      })
    })

  inDomain('shares of the domain, where its name leads to a controller', async () => {
    const resolve = (host: string): Target => (host === dc.domain ? { host: dc.address, port: 445 } : dc.resolve(host))
    const given = as('alice', passwordOf('alice'), { resolve })
    await connected(
      given,
      async (client) => {
        const sysvol = await client.share('sysvol')
        assert.deepEqual((await sysvol.readdir(dc.domain)).toSorted(), ['Policies', 'scripts'])
        await assert.rejects(client.share('nosuch'), { statusName: 'STATUS_BAD_NETWORK_NAME' })
        assert.deepEqual(referrals(), [`\\${dc.domain}`])
      },
      dc.domain,
    )
    await using share = await openShare({ host: dc.domain, share: 'dfs', path: '' }, given)
    assert.equal(await share.readFile('twice/hello.txt', 'utf8'), 'hello from dc1 public\n')
  })

  inDomain('links to shares of the domain, whose name nobody else knows: its controllers are asked for', () =>
    connected(as('alice', passwordOf('alice')), async (client) => {
      const dfs = await client.share('dfs')
      assert.deepEqual((await dfs.readdir('policies')).toSorted(), ['Policies', 'scripts'])
      assert.deepEqual(await dfs.readdir('scripts'), [])
      assert.deepEqual(referrals(), [
        '\\dc1.corp.example\\dfs\\policies',
        '\\corp.example',
        '\\corp.example\\sysvol',
        '\\dc1.corp.example\\dfs\\scripts',
        '\\CORP',
        '\\CORP\\netlogon',
      ])
    }),
  )

  inDomain('what administrators see and end: open files and sessions', async () => {
    const alice = await connect({ host: dc.host, path: '' }, as('alice', passwordOf('alice')))
    try {
      const file = await (await alice.share('public')).open('hello.txt', 'r')
      await assert.rejects(alice.sessions(), { statusName: 'STATUS_ACCESS_DENIED' })
      await connected(as(administrator.user, administrator.password), async (admin) => {
        assert.equal((await admin.serverInfo()).name, 'DC1')
        const shared = (await admin.shares({ details: true })).find(({ name }) => name === 'public')
        assert.deepEqual([shared?.currentUses, shared?.path?.startsWith('C:\\')], [1, true])
        const open = (await admin.openFiles()).find(({ path }) => path.endsWith('\\hello.txt'))
        assert.ok(open)
        assert.deepEqual([open.reads, open.writes, open.locks], [true, false, 0])
        await admin.closeOpenFile(open.id)
        assert.deepEqual(await admin.openFiles(), [])
        await assert.rejects(file.readFile(), { code: 'EBADF' })
        const theirs = (await admin.sessions()).find(({ user }) => user === 'CORP\\alice')
        assert.ok(theirs)
        await admin.endSessions({ client: theirs.client, user: theirs.user })
        const left = (await admin.sessions()).map(({ user }) => user)
        assert.deepEqual([left.includes('CORP\\alice'), left.includes(`CORP\\${administrator.user}`)], [false, true])
      })
    } finally {
      await alice.close().catch(() => undefined)
    }
  })

  inDomain('users and groups with their members', () =>
    connected(as('alice', passwordOf('alice')), async (client) => {
      const users = await client.users()
      const state = new Map(users.map(({ name, disabled }) => [name, disabled]))
      assert.deepEqual([state.get('alice'), state.get('carol'), state.get('zoë')], [false, true, false])
      const sidOf = (name: string) => users.find((user) => user.name === name)?.sid
      const groups = await client.groups()
      const engineering = groups.find(({ name }) => name === 'engineering')
      assert.deepEqual([engineering?.kind, engineering?.members], ['group', [sidOf('alice')]])
      assert.ok(groups.some(({ name, kind }) => name === 'Administrators' && kind === 'alias'))
    }),
  )

  inDomain('the endpoint mapper, by TCP: what there is, in pieces', async () => {
    const resolve = (_: string, port: number): Target => ({ host: dc.address, port })
    await using mapper = await connectRpc(dc.host, Epmapper, { port: 135, resolve })
    const names = new Set<string>()
    let entryHandle = nullHandle
    for (let pieces = 0; pieces < 100; pieces++) {
      const asked = { inquiryType: InquiryType.ALL, object: null, interface: null, versionOption: 1, maxEntries: 7 }
      const answer = await mapper.calls.ept_lookup({ ...asked, entryHandle })
      for (const { tower } of answer.entries.entries) {
        const { interface: found, endpoint } = decodeTower(tower?.tower ?? new Uint8Array(0))
        if (found.uuid === Samr.syntax.uuid) names.add(endpoint.kind === 'pipe' ? endpoint.pipe : endpoint.kind)
      }
      entryHandle = answer.entryHandle
      if (answer.status !== 0 || entryHandle.uuid === NULL_GUID) break
    }
    assert.ok(names.has('tcp') && names.has('\\pipe\\samr'), [...names].join())
    await assert.rejects(connectRpc(dc.host, Winreg, { resolve }), { code: 'RPC_BIND_REFUSED' })
    await assert.rejects(connectRpc(dc.host, Samr, { port: 1, resolve }), { code: 'ECONNREFUSED' })
  })
})
