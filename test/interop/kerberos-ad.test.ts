/** Kerberos in a domain of Samba's Active Directory: our server with its keytab, and our client with tickets. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { memoryBackend } from '../../src/backends/memory/index.ts'
import {
  type Client,
  type ConnectOptions,
  connect,
  connectRpc,
  type ObservedEvent,
  type RpcCredentials,
  StatusError,
  type Target,
} from '../../src/client/index.ts'
import { domainController } from '../../src/domain/index.ts'
import { AuthenticationLevel, AuthenticationType } from '../../src/rpc/index.ts'
import { Samr } from '../../src/rpc/samr/samr.ts'
import { Srvsvc } from '../../src/rpc/srvsvc/srvsvc.ts'
import { parseSddl } from '../../src/wire/dtyp/index.ts'
import { type AdDc, needsAdDc, startAdDc } from '../peers/ad-dc.ts'
import { type KerberosServer, startKerberosServer } from '../peers/kerberos-server.ts'
import { startMemberSmbd } from '../peers/member-smbd.ts'
import { needsPeer, peerPath, python } from '../peers/peer.ts'
import { run } from '../peers/run.ts'
import { Sandbox } from '../unit/cli-program.ts'
import { testsOfDomainFaults } from './trace-faults-domain.ts'

const options = { timeout: 90_000 }
const MAXIMUM_ALLOWED = 0x0200_0000
/** From its source: the thread that speaks Kerberos is a file of the library, beside the published commands. */
const main = join(import.meta.dirname, '../../src/cli/main.ts')
const passwordOf = (user: string): string => `${user.charAt(0).toUpperCase()}${user.slice(1)}-Pass-1`

/** What the KDC has against accounts whose password is right. The workstation of a user is nothing to Kerberos. */
const refused = {
  carol: 'STATUS_ACCOUNT_DISABLED',
  dave: 'STATUS_PASSWORD_MUST_CHANGE',
  erin: 'STATUS_PASSWORD_EXPIRED',
  frank: 'STATUS_ACCOUNT_LOCKED_OUT',
  heidi: 'STATUS_INVALID_LOGON_HOURS',
  ivan: 'STATUS_ACCOUNT_EXPIRED',
} as const

const needed = [needsAdDc(), needsPeer('smbclient', 'smbtorture', 'rpcclient', 'impacket', 'dumpcap')].find(
  ({ skip }) => skip !== false,
) ?? { skip: false }

const controllerSays = (statusName: string): string => `the domain controller says ${statusName}`

suite('Kerberos in Active Directory', needed, () => {
  let dc: AdDc
  let server: KerberosServer
  let events: ObservedEvent[] = []

  before(
    async () => {
      dc = await startAdDc()
      const files = { 'hello.txt': 'hello\n', 'below/deep.txt': 'deeper\n' }
      const shares = ['files', 'share'].map((name) => ({ name, backend: memoryBackend({ files }) }))
      server = await startKerberosServer({ realm: dc, options: { shares, smb1: true } })
    },
    { timeout: 180_000 },
  )
  after(async () => {
    await server?.stop()
    await dc?.stop()
  }, options)

  /** Names of the domain; our server has another port than a referral says. */
  const resolve = (host: string): Target =>
    host.toLowerCase() === dc.fileserver.host ? { host: dc.fileserver.address, port: server.port } : dc.resolve(host)
  const as = (user: string, more: ConnectOptions = {}): ConnectOptions => ({
    user,
    password: passwordOf(user),
    kerberos: 'required',
    resolve,
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
  const reads = (given: ConnectOptions, mechanism = 'Kerberos', host = dc.host) =>
    connected(
      given,
      async (client) => {
        assert.equal(client.session.mechanism, mechanism)
        assert.equal(await (await client.share('public')).readFile('hello.txt', 'utf8'), 'hello from dc1 public\n')
      },
      host,
    )

  test('with a password, signed and sealed with keys of either length', options, async () => {
    await reads(as('alice'))
    await reads(as('zoë@corp.example', { password: 'Zoë-Päss-1' }))
    await reads(as('bob', { domain: 'CORP', encryption: 'required', ciphers: ['aes-256-gcm'] }))
    await reads(as('bob', { maxDialect: '2.1', signing: 'required' }))
  })

  test('with a ticket: whose it is the cache says', options, async () => {
    const credentialCache = await dc.ticket('alice', passwordOf('alice'))
    await connected({ credentialCache, resolve }, async (client) => {
      const { user, domain, mechanism } = client.session
      assert.deepEqual({ user, domain, mechanism }, { user: 'alice', domain: dc.realm, mechanism: 'Kerberos' })
    })
  })

  test('with a keytab', options, () => reads({ user: 'alice', keytab: dc.keytab('alice'), resolve }))

  test('on the command line: with a ticket, a keytab, a password', options, async () => {
    await using sandbox = new Sandbox()
    const cat = async (env: Readonly<Record<string, string>>, ...how: string[]): Promise<string> => {
      const words = ['cat', `//${dc.host}/public/hello.txt`, '--kerberos', 'required', ...how]
      const ran = await dc.run(process.execPath, [main, ...words], { env: { ...sandbox.env, ...env } })
      return ran.output
    }
    const said = 'hello from dc1 public\n'
    const cache = await dc.ticket('alice', passwordOf('alice'))
    assert.equal(await cat({}, '--ccache', cache, '--delegate'), said)
    assert.equal(await cat({ KRB5CCNAME: cache }), said)
    assert.equal(await cat({}, '--user', 'alice', '--keytab', dc.keytab('alice')), said)
    assert.equal(await cat({ SMBKIT_PASSWORD: passwordOf('bob') }, '--user', 'bob', '--domain', dc.realm), said)
    assert.match(await cat({ KRB5CCNAME: `FILE:${sandbox.path('none')}` }), /^smbkit: .*ticket.*\n$/)
  })

  for (const [user, statusName] of Object.entries(refused))
    test(`${user} may not: ${statusName}`, options, () =>
      assert.rejects(connect({ host: dc.host, path: '' }, as(user)), (error) => {
        assert.ok(error instanceof StatusError, String(error))
        assert.equal(error.statusName, statusName)
        assert.ok(!error.message.includes(passwordOf(user)))
        return true
      }),
    )

  test('a wrong password, a user whom nobody knows, no ticket', options, async () => {
    const attempt = (given: ConnectOptions) => connect({ host: dc.host, path: '' }, given)
    await assert.rejects(attempt(as('alice', { password: 'wrong' })), { statusName: 'STATUS_LOGON_FAILURE' })
    await assert.rejects(attempt(as('nobody')), { statusName: 'STATUS_LOGON_FAILURE' })
    await assert.rejects(attempt({ credentialCache: 'FILE:/nonexistent', resolve }), {
      statusName: 'STATUS_NO_SUCH_LOGON_SESSION',
      reason: /credentials/,
    })
  })

  test('NTLM where there is no ticket, and why; never where Kerberos is required', options, async () => {
    const toAlias = { resolve: (): Target => ({ host: dc.address, port: 445 }) }
    const alias = 'alias.corp.example'
    await reads(as('alice', { kerberos: 'preferred', domain: 'CORP', ...toAlias }), 'NTLM', alias)
    assert.deepEqual(
      events.flatMap((event) => (event.kind === 'fallback' ? [[event.mechanism, event.reason]] : [])),
      [['Kerberos', 'Server not found in Kerberos database']],
    )
    await assert.rejects(connect({ host: alias, path: '' }, as('alice', toAlias)), {
      statusName: 'STATUS_NO_TRUST_SAM_ACCOUNT',
    })
    // Addresses have no tickets.
    await reads(as('alice', { kerberos: 'preferred', domain: 'CORP', ...toAlias }), 'NTLM', dc.address)
    await assert.rejects(connect({ host: dc.address, path: '' }, as('alice')), { code: 'EINVAL' })
  })

  test('groups of the ticket decide who may read', options, async () => {
    let engineering = ''
    await connected(as('alice'), async (client) => {
      engineering = (await client.lookupNames(['CORP\\engineering']))[0]?.sid ?? assert.fail('no such group')
    })
    const secret = 'secret.txt'
    await connected(
      as('alice'),
      async (client) => {
        const share = await client.share('files')
        await share.writeFile(secret, 'secret\n')
        await share.setSecurityDescriptor(secret, parseSddl(`D:P(A;;FA;;;${engineering})`))
      },
      dc.fileserver.host,
    )
    const get = async (user: string) => {
      const cache = await dc.ticket(user, passwordOf(user))
      return (await server.smbclient(`get ${secret} -; get hello.txt -`, { cache })).output
    }
    assert.match(await get('alice'), /secret\n/)
    const others = await get('bob')
    assert.match(others, /NT_STATUS_ACCESS_DENIED opening remote file \\secret.txt/)
    assert.match(others, /hello\n/)
    const alice = server.logons.find(({ identity }) => identity.user === 'alice')?.identity
    assert.equal(alice?.domain, 'CORP')
    // By way of engineering she is staff, and share-admins is a group of the domain's own.
    assert.ok(alice.groupSids.length > 7, String(alice.groupSids))
  })

  test('the namespace of the domain leads from one server to another, each with a ticket of its own', options, () =>
    connected(as('alice'), async (client) => {
      const dfs = await client.share('dfs')
      assert.equal(await dfs.readFile('twice/hello.txt', 'utf8'), 'hello from dc1 public\n')
      const logons = server.logons.length
      assert.equal(await dfs.readFile('files/hello.txt', 'utf8'), 'hello\n')
      assert.equal(await dfs.readFile('files/below/deep.txt', 'utf8'), 'deeper\n')
      // By Kerberos, which is all that is allowed; the share that stays connected needs no more logons.
      assert.deepEqual(
        server.logons.slice(logons).map(({ identity }) => identity.user),
        ['alice'],
      )
      await dfs.writeFile('files/through.txt', 'the link')
      assert.equal(await dfs.readFile('files/through.txt', 'utf8'), 'the link')
      assert.equal(await dfs.readFile('failover/hello.txt', 'utf8'), 'hello from dc1 public\n')
      await assert.rejects(dfs.readFile('loop/x'), { code: 'ELOOP' })
    }),
  )

  test('the domain by its own name, for which there are no tickets: a controller says what it is called', options, () =>
    connected(
      as('alice', {
        site: 'Default-First-Site-Name',
        resolve: (host) => (host === dc.domain ? { host: dc.address, port: 445 } : resolve(host)),
      }),
      async (client) => {
        assert.equal(client.session.mechanism, 'Kerberos')
        assert.deepEqual((await (await client.share('sysvol')).readdir(dc.domain)).toSorted(), ['Policies', 'scripts'])
        const dfs = await client.share('dfs')
        assert.equal(await dfs.readFile('twice/hello.txt', 'utf8'), 'hello from dc1 public\n')
        assert.equal(await dfs.readFile('files/hello.txt', 'utf8'), 'hello\n')
        assert.deepEqual(
          events.filter(({ kind }) => kind === 'fallback'),
          [],
        )
        assert.deepEqual((await client.domains()).toSorted(), ['CORP', dc.domain])
      },
      dc.domain,
    ),
  )

  test('who answers by a name is not believed to be of another domain', options, () =>
    assert.rejects(
      connect({ host: 'other.example', path: '' }, as('alice', { resolve: () => ({ host: dc.address, port: 445 }) })),
      { statusName: 'STATUS_NO_TRUST_SAM_ACCOUNT' },
    ),
  )

  test('a member of the domain', options, async () => {
    const stop = await startMemberSmbd(dc)
    try {
      const atMember = { resolve: (): Target => ({ host: dc.fileserver.address, port: 445 }) }
      const ways: ConnectOptions[] = [
        as('alice', atMember),
        { credentialCache: await dc.ticket('alice', passwordOf('alice')), ...atMember },
        { user: 'alice', keytab: dc.keytab('alice'), ...atMember },
      ]
      for (const way of ways)
        await connected(
          way,
          async (client) => {
            assert.equal(client.session.mechanism, 'Kerberos')
            for (const name of ['share', 'encrypted'])
              assert.equal(await (await client.share(name)).readFile('hello.txt', 'utf8'), 'hello from member-smbd\n')
          },
          dc.fileserver.host,
        )
    } finally {
      await stop()
    }
  })

  test('who has no ticket: a domain controller judges NTLM for a member', options, async () => {
    const domain = domainController({
      domain: dc.shortDomain,
      dnsDomain: dc.domain,
      // Nobody listens at the first.
      controllers: [dc.fileserver.address, dc.address],
      computer: 'FILESERVER',
      password: 'Fileserver-Pass-1',
    })
    const member = await startKerberosServer({ realm: dc, users: ['local'], options: { domain, name: 'FILESERVER' } })
    const target = { host: dc.fileserver.address, port: member.port, path: '' }
    const byNtlm = (user: string, more: ConnectOptions = {}): ConnectOptions => ({
      user,
      password: passwordOf(user),
      domain: dc.shortDomain,
      ...more,
    })
    try {
      const client = await connect(target, byNtlm('alice', { encryption: 'required' }))
      assert.equal(await (await client.share('files')).readFile('hello.txt', 'utf8'), 'hello\n')
      await client.close()
      const ofTicket = server.logons.find(({ identity }) => identity.user === 'alice')?.identity
      const ofNtlm = member.logons.find(({ identity }) => identity.user === 'alice')?.identity
      // All but what says that the KDC itself has checked the password (MS-DTYP 2.4.2.4).
      const groups = ofTicket?.groupSids.filter((sid) => sid !== 'S-1-18-1')
      assert.deepEqual(new Set(ofNtlm?.groupSids), new Set(groups))
      for (const given of [
        byNtlm(`bob@${dc.domain}`, { domain: '', password: passwordOf('bob') }),
        byNtlm('local', { domain: '', password: 'password' }),
        byNtlm('local', { domain: 'FILESERVER', password: 'password' }),
      ])
        await (await connect(target, given)).close()
      const all = { ...refused, judy: 'STATUS_INVALID_WORKSTATION' }
      for (const [user, statusName] of Object.entries(all))
        await assert.rejects(connect(target, byNtlm(user)), { statusName })
      for (const user of ['alice', 'nobody-at-all'])
        await assert.rejects(connect(target, byNtlm(user, { password: 'wrong' })), {
          statusName: 'STATUS_LOGON_FAILURE',
        })
      const reasons = member.refusals.slice(-2).map(({ reason }) => reason)
      assert.deepEqual(reasons, ['STATUS_WRONG_PASSWORD', 'STATUS_NO_SUCH_USER'].map(controllerSays))
      const cache = await dc.ticket('alice', passwordOf('alice'))
      assert.equal((await member.smbclient('ls', { user: `CORP\\bob%${passwordOf('bob')}` })).code, 0)
      assert.equal((await member.smbclient('ls', { cache })).code, 0)
      // Who is disabled in the domain loses his sessions, by ticket or not, when the server looks again.
      const atMember = { resolve: (): Target => target }
      const staying = [await connect(target, byNtlm('alice'))]
      const leaving = [
        await connect(target, byNtlm('bob')),
        await connect({ host: dc.fileserver.host, path: '' }, as('bob', atMember)),
      ]
      const users = (): string[] => member.server.status().sessions.map((session) => session.user)
      await member.server.recheck()
      assert.deepEqual(users().toSorted(), ['alice', 'bob', 'bob'])
      const administration = async (verb: string): Promise<void> => {
        const done = await dc.run('samba-tool', ['user', verb, 'bob', '-s', join(dc.folder, 'smb.conf')])
        assert.equal(done.code, 0, done.output)
      }
      await administration('disable')
      await member.server.recheck()
      await administration('enable')
      assert.deepEqual(users(), ['alice'])
      for (const each of [...staying, ...leaving]) await each.close().catch(() => undefined)
    } finally {
      await member.stop()
      await domain.close()
    }
  })

  test('calls of RPC that are logged on themselves: rpcclient and impacket', options, async () => {
    const cache = await dc.ticket('alice', passwordOf('alice'))
    const env = { KRB5CCNAME: cache }
    const rpcclient = async (binding: string, command: string): Promise<string> => {
      const logon = ['--use-kerberos=required', '-p', String(server.port)]
      const target = `ncacn_np:${dc.fileserver.host}[${binding}]`
      return (await dc.run(peerPath('rpcclient'), [...logon, target, '-c', command], { env, timeoutMs: 30_000 })).output
    }
    for (const binding of ['krb5,seal', 'krb5,sign', 'krb5,connect', 'spnego,seal', 'spnego,sign'])
      assert.match(await rpcclient(binding, 'netshareenum 1; getusername'), /netname: files\n(?:.*\n)*.*alice/)
    // Its own ways of signing do not run on the Python that Debian has.
    const script = join(import.meta.dirname, 'rpc-kerberos-impacket.py')
    const file = { KRB5CCNAME: cache.replace('FILE:', '') }
    const asked = [dc.fileserver.host, String(server.port), dc.realm, dc.address]
    const { output } = await dc.run(python, ['-W', 'ignore', script, ...asked], { env: file, timeoutMs: 30_000 })
    assert.equal(output, 'CONNECT files share IPC$\nPKT_PRIVACY files share IPC$\n')
  })

  test(
    'our calls: a service of the domain controller by TCP, where its mapper says, and in its pipes',
    options,
    async () => {
      const { CONNECT, PACKET, INTEGRITY, PRIVACY } = AuthenticationLevel
      const { SPNEGO, KERBEROS, NTLM } = AuthenticationType
      const kerberos = { credentialCache: await dc.ticket('alice', passwordOf('alice')), kerberos: 'required' } as const
      const ntlm = { user: 'alice', password: passwordOf('alice'), domain: dc.shortDomain } as const
      const atController = (host: string, port: number): Target => ({ ...dc.resolve(host), port })
      const ask = async (authentication: RpcCredentials): Promise<void> => {
        await using samr = await connectRpc(dc.host, Samr, { resolve: atController, authentication })
        const { handle, result } = await samr.calls.SamrConnect2({ serverName: null, desiredAccess: MAXIMUM_ALLOWED })
        assert.equal(result, 0)
        const { buffer } = await samr.calls.SamrEnumerateDomains({
          server: handle,
          resumeHandle: 0,
          preferredMaximumLength: 0xffff,
        })
        assert.deepEqual(
          buffer?.entries?.map(({ name }) => name),
          ['CORP', 'BUILTIN'],
        )
      }
      for (const level of [PACKET, INTEGRITY, PRIVACY])
        for (const credentials of [
          { ...kerberos, type: SPNEGO },
          { ...kerberos, type: KERBEROS },
        ])
          await ask({ ...credentials, level })
      for (const type of [SPNEGO, NTLM]) await ask({ ...ntlm, type })
      // Samba wants calls of this service to be signed at least.
      await assert.rejects(ask({ ...kerberos, level: CONNECT }), { code: 'RPC_FAULT', status: 5 })
      for (const host of [dc.host, dc.fileserver.host])
        await connected(
          as('alice'),
          async (client) => {
            for (const type of [SPNEGO, KERBEROS])
              for (const level of [INTEGRITY, PRIVACY]) {
                const { info } = await client.rpc(
                  Srvsvc,
                  (srvsvc) => srvsvc.NetrServerGetInfo({ serverName: null, level: 101 }),
                  { authentication: { type, level } },
                )
                assert.equal(info.tag, 101)
              }
          },
          host,
        )
    },
  )

  testsOfDomainFaults(() => dc)

  test('the machine gets a new password, and a server that runs goes on with it', options, async () => {
    const administration = async (...words: string[]): Promise<void> => {
      const done = await dc.run('samba-tool', [...words, '-s', join(dc.folder, 'smb.conf')])
      assert.equal(done.code, 0, done.output)
    }
    await administration('computer', 'create', 'ROTATED')
    await administration('user', 'setpassword', 'ROTATED$', '--newpassword=Rotated-Pass-1')
    const passwordFile = join(dc.folder, 'machine-password')
    const config = join(dc.folder, 'smbkit.yaml')
    writeFileSync(passwordFile, 'Rotated-Pass-1\n')
    const inDomain = `domain: { name: ${dc.shortDomain}, controllers: [${dc.address}], passwordFile: ${passwordFile} }`
    writeFileSync(config, `name: ROTATED\n${inDomain}\n`)
    const password = (): string => readFileSync(passwordFile, 'utf8').trim()
    const membership = { domain: dc.shortDomain, controllers: [dc.address], computer: 'ROTATED' }
    const domain = domainController({ ...membership, password })
    const member = await startKerberosServer({ realm: dc, options: { domain, name: 'ROTATED' } })
    const target = { host: dc.fileserver.address, port: member.port, path: '' }
    const logsOn = async (to: typeof target, given: ConnectOptions): Promise<void> =>
      (await connect(to, { domain: dc.shortDomain, ...given })).close()
    try {
      await logsOn(target, { user: 'alice', password: passwordOf('alice') })
      const done = await run(process.execPath, [main, 'domain', 'new-password', '--config', config])
      assert.equal(done.output, `${passwordFile}: ROTATED$ has a new password\n`)
      assert.notEqual(password(), 'Rotated-Pass-1')
      const controller = { host: dc.address, port: 445, path: '' }
      await logsOn(controller, { user: 'ROTATED$', password: password() })
      await assert.rejects(logsOn(controller, { user: 'ROTATED$', password: 'Rotated-Pass-1' }), {
        statusName: 'STATUS_LOGON_FAILURE',
      })
      await logsOn(target, { user: 'bob', password: passwordOf('bob') })
    } finally {
      await member.stop()
      await domain.close()
    }
  })

  test('sessions end with their ticket, and are renewed: smbtorture', options, async () => {
    const tests = ['expire1n', 'expire1s', 'expire1e', 'expire2s', 'expire2e', 'expire_disconnect'].map((name) => ({
      name,
      whole: `smb2.session.${name}`,
      old: [] as string[],
    }))
    // The same over SMB1, which it says that it speaks no newer than.
    const old = ['client min protocol=NT1', 'client max protocol=NT1'].map((option) => `--option=${option}`)
    for (const name of ['reauth1', 'expire1']) tests.push({ name, whole: `raw.session.${name}`, old })
    const results = await Promise.all(
      tests.map(({ whole, old: more }) =>
        dc.run(
          peerPath('smbtorture'),
          [
            '--use-kerberos=required',
            ...more,
            `-Ualice@${dc.realm}%${passwordOf('alice')}`,
            '-p',
            String(server.port),
            `//${dc.fileserver.host}/files`,
            whole,
          ],
          { timeoutMs: 75_000 },
        ),
      ),
    )
    for (const [i, { output }] of results.entries())
      assert.match(output, new RegExp(`^success: ${tests[i]?.name}$`, 'm'))
  })
})
