/** Samba's client logs on by Kerberos: tickets of MIT's KDC, which know no SIDs. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { connect } from '../../src/client/index.ts'
import { NtStatus } from '../../src/server/index.ts'
import { until } from '../peers/free-port.ts'
import { type KerberosServer, type KerberosServerOptions, startKerberosServer } from '../peers/kerberos-server.ts'
import { type MitKdc, needsMitKdc, startMitKdc } from '../peers/mit-kdc.ts'
import { needsPeer, peerPath } from '../peers/peer.ts'

const options = { timeout: 60_000 }
const needed = [needsMitKdc(), needsPeer('smbclient', 'faketime')].find(({ skip }) => skip !== false) ?? { skip: false }

suite('Kerberos of an MIT realm', needed, () => {
  let kdc: MitKdc
  before(async () => {
    kdc = await startMitKdc()
  }, options)
  after(() => kdc?.stop())

  async function serving(given: Omit<KerberosServerOptions, 'realm'>, work: (server: KerberosServer) => Promise<void>) {
    const server = await startKerberosServer({ realm: kdc, users: ['alice'], ...given })
    try {
      await work(server)
    } finally {
      await server.stop()
    }
  }
  const withTicket = async (user: string, password: string): Promise<{ cache: string }> => ({
    cache: await kdc.ticket(user, password),
  })

  for (const protection of ['sign', 'encrypt'])
    test(`a principal of the realm is the user of its name; ${protection}`, options, () =>
      serving({}, async (server) => {
        const args = [`--client-protection=${protection}`]
        const ticket = await withTicket('alice', 'Alice-Pass-1')
        const result = await server.smbclient('ls; get hello.txt -', ticket, { args })
        assert.equal(result.code, 0, result.output)
        assert.match(result.stdout, /hello$/m)
        assert.deepEqual(
          server.logons.map(({ identity }) => identity.user),
          ['alice'],
        )
      }),
    )

  test('a principal that is no user here', options, () =>
    serving({}, async (server) => {
      const result = await server.smbclient('ls', await withTicket('bob', 'Bob-Pass-1'))
      assert.match(result.output, /NT_STATUS_LOGON_FAILURE/)
      assert.deepEqual(
        server.refusals.map(({ status, reason, user }) => [status, user, reason]),
        [
          [
            NtStatus.LOGON_FAILURE,
            'bob@MIT.EXAMPLE',
            'bob@MIT.EXAMPLE is no user of this server: there is no user bob',
          ],
        ],
      )
    }),
  )

  const keytabs = {
    'fileserver-stale': /^ticket for cifs\/fileserver\.mit\.example@MIT\.EXAMPLE kvno 3, keytab has kvno 2: not found/,
    'fileserver-wrongkey': /keytab has kvno 3: enctype aes256-cts found in keytab but cannot decrypt ticket$/,
    otherserver: /kvno 3, keytab has cifs\/otherserver\.mit\.example@MIT\.EXAMPLE kvno 2$/,
  }
  for (const [keytab, reason] of Object.entries(keytabs))
    test(`the log says what is wrong with ${keytab}.keytab, and the client is told`, options, () =>
      serving({ keytab }, async (server) => {
        const result = await server.smbclient('ls', await withTicket('alice', 'Alice-Pass-1'))
        assert.match(result.output, /NT_STATUS_LOGON_FAILURE/)
        // What is in the KRB-ERROR.
        assert.match(result.output, /Key version is not available|integrity check failed|ticket isn't for us/)
        assert.equal(server.refusals.length, 1)
        assert.match(server.refusals[0]?.reason ?? '', reason)
      }),
    )

  test('a client whose clock is wrong is told the time, and tries again', options, () =>
    serving({}, async (server) => {
      const prefix = [peerPath('faketime'), '-f', '+10m']
      const ticket = await withTicket('alice', 'Alice-Pass-1')
      // The KDC would refuse it, too: the ticket for the service is got before.
      assert.equal((await server.smbclient('ls', ticket)).code, 0)
      const result = await server.smbclient('ls', ticket, { prefix })
      assert.equal(result.code, 0, result.output)
      assert.deepEqual(
        server.refusals.map(({ status }) => status),
        [NtStatus.TIME_DIFFERENCE_AT_DC],
      )
      assert.equal(server.logons.length, 2)
    }),
  )

  test('without a usable keytab there is NTLM, and a sentence', options, () =>
    serving({ keytab: 'nosuch' }, async ({ server, smbclient }) => {
      assert.match(server.kerberosProblem ?? '', /^Keytab .*nosuch\.keytab is nonexistent or empty$/)
      const refused = await smbclient('ls', await withTicket('alice', 'Alice-Pass-1'))
      assert.notEqual(refused.code, 0)
      const result = await smbclient('ls', { user: 'alice%password' })
      assert.equal(result.code, 0, result.output)
    }),
  )

  test('our client renews a session whose ticket ends, and what is open stays so', options, (t) =>
    serving({ users: ['alice'] }, async (server) => {
      const { address, host } = kdc.fileserver
      const resolve = () => ({ host: address, port: server.port })
      // Tickets for this name live five seconds.
      const shortName = host.replace('fileserver', 'shortserver')
      const events: string[] = []
      const client = await connect(
        { host: shortName, path: '' },
        {
          user: 'alice',
          password: 'Alice-Pass-1',
          kerberos: 'required',
          resolve,
          leases: false,
          observer: { event: ({ kind }) => void events.push(kind) },
        },
      )
      t.after(() => client.close())
      const share = await client.share('files')
      const file = await share.open('hello.txt', 'r')
      assert.equal(String(await file.readFile()), 'hello\n')
      const [session] = server.server.sessions.values()
      const first = session?.expiresAt
      // Its clock tells when the ticket is over.
      const isOver = () => first !== undefined && server.server.clock.now() > first
      assert.ok(await until(isOver, 20_000))
      await Promise.all([file.readFile(), share.stat('hello.txt'), share.readdir('')])
      assert.equal(await share.readFile('hello.txt', 'utf8'), 'hello\n')
      assert.ok(session?.expiresAt !== undefined && first !== undefined && session.expiresAt > first)
      assert.equal(server.logons.length, 2)
      await file.close()
      await client.close()
      assert.deepEqual(events, ['connected', 'disconnected'])
    }),
  )
})
