/** What the client asks of services: shares, the server itself, names and SIDs; of smbd and of ours. */
import assert from 'node:assert/strict'
import { userInfo } from 'node:os'
import { after, before, suite, test } from 'node:test'
import {
  type Client,
  connect,
  type DialectName,
  type RpcCredentials,
  StatusError,
  UsageError,
} from '../../src/client/index.ts'
import { AuthenticationLevel, AuthenticationType } from '../../src/rpc/index.ts'
import { Lsarpc } from '../../src/rpc/lsarpc/lsarpc.ts'
import { Srvsvc } from '../../src/rpc/srvsvc/srvsvc.ts'
import { type OurServer, startOurServer } from '../peers/our-server.ts'
import { needsPeer } from '../peers/peer.ts'
import { other, type Smbd, startSmbd } from '../peers/smbd.ts'

const options = { timeout: 60_000 }
const dialects: readonly DialectName[] = ['2.0.2', '2.1', '3.0', '3.0.2', '3.1.1']
/** So many that their list needs several fragments, and several reads of the pipe. */
const MANY = 300
const many = Array.from({ length: MANY }, (_, i) => `share-${String(i).padStart(3, '0')}`)
const commentOf = (name: string): string => `${name} ${'ä'.repeat(40)}`

interface Subject {
  readonly host: string
  readonly port: number
  readonly user: string
  readonly password: string
}

async function connected(
  { host, port, user, password }: Subject,
  work: (client: Client) => Promise<void>,
  dialect?: DialectName,
): Promise<void> {
  const bounds = dialect === undefined ? {} : { minDialect: dialect, maxDialect: dialect }
  const client = await connect({ host, port, path: '' }, { user, password, ...bounds })
  try {
    await work(client)
  } finally {
    await client.close()
  }
}

const plain = { type: 'disk', special: false } as const

function shareTests(subject: () => Subject): void {
  test('all shares, over several fragments, in each dialect', options, async () => {
    for (const dialect of dialects)
      await connected(
        subject(),
        async (client) => {
          const shares = await client.shares()
          assert.deepEqual(
            shares.filter(({ special }) => !special),
            many.map((name) => ({ ...plain, name, comment: commentOf(name) })),
          )
          const ipc = shares.find(({ name }) => name === 'IPC$')
          assert.deepEqual([ipc?.type, ipc?.special], ['ipc', true])
        },
        dialect,
      )
  })

  test('one share, with and without what only some may know', options, () =>
    connected(subject(), async (client) => {
      const name = 'share-007'
      assert.deepEqual(await client.shareInfo(name), { ...plain, name, comment: commentOf(name) })
      await assert.rejects(client.shareInfo('nosuch'), (error) => {
        assert.ok(error instanceof StatusError, String(error))
        assert.equal(error.statusName, 'STATUS_BAD_NETWORK_NAME')
        assert.equal(error.path, 'nosuch')
        return true
      })
    }),
  )

  test('many questions at a time', options, () =>
    connected(subject(), async (client) => {
      const [lists, infos] = await Promise.all([
        Promise.all([1, 2, 3].map(() => client.shares())),
        Promise.all(many.slice(0, 10).map((name) => client.shareInfo(name))),
      ])
      assert.deepEqual(new Set(lists.map((list) => list.length)), new Set([MANY + 1]))
      assert.deepEqual(
        infos.map(({ name }) => name),
        many.slice(0, 10),
      )
      assert.notEqual((await client.serverInfo()).name, '')
    }),
  )

  test('a signal ends a question', options, () =>
    connected(subject(), async (client) => {
      const reason = new Error('not any more')
      await assert.rejects(client.shares({ signal: AbortSignal.abort(reason) }), reason)
      assert.equal((await client.shares()).length, MANY + 1)
    }),
  )
}

/** The Unix account behind the user `tester` of smbd. */
const account = process.getuid?.() === 0 ? 'daemon' : userInfo().username

suite('services of smbd', needsPeer('smbd', 'smbpasswd'), () => {
  let smbd: Smbd
  before(async () => {
    smbd = await startSmbd({
      shares: many.map((name) => ({ name, path: '/tmp', options: { comment: commentOf(name) } })),
    })
  })
  after(() => smbd?.stop())
  shareTests(() => smbd)

  test('names and SIDs', options, () =>
    connected(smbd, async (client) => {
      const asked = [account, `SMBDPEER\\${account}`, 'Everyone', 'BUILTIN\\Administrators', 'no such name', '']
      const [user, qualified, everyone, administrators, ...unknown] = await client.lookupNames(asked)
      assert.match(user?.sid ?? '', /^S-1-5-21-\d+-\d+-\d+-\d+$/)
      assert.equal(qualified?.sid, user?.sid)
      assert.deepEqual([user?.kind, user?.domain], ['user', 'SMBDPEER'])
      assert.deepEqual([everyone?.sid, everyone?.kind], ['S-1-1-0', 'wellKnownGroup'])
      assert.equal(administrators?.sid, 'S-1-5-32-544')
      assert.deepEqual(unknown, [undefined, undefined])
      const back = await client.lookupSids([user?.sid ?? '', 'S-1-1-0', 'S-1-5-21-1-2-3-4'])
      assert.deepEqual(
        back.map(({ name, kind }) => [name, kind]),
        [
          [account, 'user'],
          ['Everyone', 'wellKnownGroup'],
          ['', 'unknown'],
        ],
      )
    }),
  )

  test('users and groups; what is for administrators is refused', options, () =>
    connected(smbd, async (client) => {
      const users = await client.users()
      assert.deepEqual(
        users.filter(({ name }) => name === account).map(({ disabled, sid }) => [disabled, sid]),
        [[false, (await client.lookupNames([account]))[0]?.sid]],
      )
      assert.deepEqual(await client.groups(), [])
      for (const call of [() => client.sessions(), () => client.openFiles(), () => client.closeOpenFile(1)])
        await assert.rejects(call, { statusName: 'STATUS_ACCESS_DENIED' })
    }),
  )

  test('calls that are signed and sealed by a logon of their own', options, () =>
    connected(smbd, async (client) => {
      const { SPNEGO, NTLM } = AuthenticationType
      for (const type of [SPNEGO, NTLM])
        for (const level of [AuthenticationLevel.INTEGRITY, AuthenticationLevel.PRIVACY])
          await client.rpc(
            Srvsvc,
            async (srvsvc) => {
              const { result } = await srvsvc.NetrShareGetInfo({ serverName: null, shareName: 'share-007', level: 1 })
              assert.equal(result, 0)
              // So many that their list needs several fragments.
              const shares = { info: { tag: 1, value: { entries: null } } } as const
              const asked = { serverName: null, shares, preferredMaximumLength: 0xffff_ffff, resumeHandle: null }
              assert.ok((await srvsvc.NetrShareEnum(asked)).totalEntries > MANY)
            },
            { authentication: { type, level } },
          )
    }),
  )

  test('more than one question may hold, and none at all', options, () =>
    connected(smbd, async (client) => {
      const sids = Array.from({ length: 2500 }, (_, i) => (i % 500 === 0 ? 'S-1-1-0' : `S-1-5-21-1-2-3-${i}`))
      const found = await client.lookupSids(sids)
      assert.deepEqual(
        found.map(({ sid }) => sid),
        sids,
      )
      assert.equal(found.filter(({ name }) => name === 'Everyone').length, 5)
      assert.deepEqual(await client.lookupSids([]), [])
      assert.deepEqual(await client.lookupNames([]), [])
      await assert.rejects(async () => client.lookupSids(['S-1-nonsense']), UsageError)
    }),
  )
})

for (const backend of ['disk', 'memory'] as const)
  suite(`services of ours, ${backend}`, () => {
    let ours: OurServer
    before(async () => {
      ours = await startOurServer({
        backend,
        shares: many.map((name) => ({ name, comment: commentOf(name) })),
      })
    })
    after(() => ours?.stop())
    shareTests(() => ours)
  })

suite('administration of ours', () => {
  let ours: OurServer
  before(async () => {
    ours = await startOurServer({
      backend: 'memory',
      shares: [{ name: 'files', files: { 'a.txt': 'a' } }],
      administrators: ['tester'],
      server: { name: 'OURS' },
    })
  })
  after(() => ours?.stop())

  test('users, groups, names and SIDs', options, () =>
    connected(ours, async (client) => {
      const users = await client.users()
      assert.deepEqual(
        users.map(({ name, disabled }) => [name, disabled]),
        [
          ['other', false],
          ['tester', false],
        ],
      )
      const [tester] = await client.lookupNames(['tester'])
      assert.equal(users[1]?.sid, tester?.sid)
      assert.deepEqual(await client.lookupSids([tester?.sid ?? '']), [
        { sid: tester?.sid, name: 'tester', domain: 'OURS', kind: 'user' },
      ])
      const groups = await client.groups()
      assert.deepEqual(
        groups.map(({ name, kind }) => [name, kind]),
        [
          ['None', 'group'],
          ['Administrators', 'alias'],
          ['Users', 'alias'],
          ['Guests', 'alias'],
        ],
      )
      assert.deepEqual(groups[1]?.members, [tester?.sid])
    }),
  )

  test('calls by somebody else than the session’s user; the log says why one is refused', options, () =>
    connected(ours, async (admin) => {
      const refusals: string[] = []
      ours.server.on('logonFailed', ({ user, reason }) => refusals.push(`${user}: ${reason}`))
      const whoAmI = async (authentication?: RpcCredentials): Promise<string | null> => {
        const { userName } = await admin.rpc(
          Lsarpc,
          (lsa) => lsa.LsarGetUserName({ systemName: null, userName: null, domainName: null }),
          authentication && { authentication },
        )
        return userName
      }
      assert.equal(await whoAmI(), ours.user)
      assert.equal(await whoAmI({}), ours.user)
      const { INTEGRITY, CONNECT } = AuthenticationLevel
      for (const more of [{}, { type: AuthenticationType.NTLM }, { level: INTEGRITY }, { level: CONNECT }])
        assert.equal(await whoAmI({ user: other.user, password: other.password, ...more }), other.user)
      await assert.rejects(whoAmI({ user: other.user, password: 'wrong' }), /RPC|refused|failed/)
      assert.equal(refusals.length, 1)
      assert.match(refusals[0] ?? '', /^other: .*password/)
      await assert.rejects(whoAmI({ type: AuthenticationType.KERBEROS }), { code: 'EINVAL' })
      await assert.rejects(whoAmI({ type: AuthenticationType.SCHANNEL }), { code: 'EINVAL' })
    }),
  )

  test('sessions and open files are seen and ended by who administers the server, and by nobody else', options, () =>
    connected(ours, async (admin) => {
      const target = { host: ours.host, port: ours.port, path: '' }
      const client = await connect(target, { user: other.user, password: other.password })
      try {
        const share = await client.share('files')
        const file = await share.open('a.txt', 'r+')
        await assert.rejects(client.sessions(), { statusName: 'STATUS_ACCESS_DENIED' })
        await assert.rejects(client.closeOpenFile(1), { statusName: 'STATUS_ACCESS_DENIED' })
        const sessions = await admin.sessions()
        const theirs = sessions.find(({ user }) => user === other.user)
        assert.deepEqual([theirs?.client, theirs?.openFiles, theirs?.isGuest], ['127.0.0.1', 1, false])
        const open = (await admin.openFiles()).find(({ user }) => user === other.user)
        assert.ok(open)
        assert.match(open.path, /files\\a\.txt$/)
        assert.deepEqual([open.reads, open.writes, open.locks], [true, true, 0])
        await admin.closeOpenFile(open.id)
        await assert.rejects(admin.closeOpenFile(open.id), { statusName: 'STATUS_NOT_FOUND' })
        assert.equal((await admin.openFiles()).filter(({ user }) => user === other.user).length, 0)
        await file.close().catch(() => undefined)
        await admin.endSessions({ user: other.user })
        assert.equal((await admin.sessions()).filter(({ user }) => user === other.user).length, 0)
        await assert.rejects(admin.endSessions({ user: 'nobody' }), { statusName: 'STATUS_NOT_FOUND' })
      } finally {
        await client.close()
      }
    }),
  )
})
