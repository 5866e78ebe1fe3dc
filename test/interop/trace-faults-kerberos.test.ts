/** Kerberos that fails, between MIT's KDC and programs, Samba's client and our server: recorded, found, and told apart. */
import assert from 'node:assert/strict'
import { createSocket } from 'node:dgram'
import { writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { connect } from '../../src/client/index.ts'
import { until } from '../peers/free-port.ts'
import { type KerberosServer, startKerberosServer } from '../peers/kerberos-server.ts'
import { type MitKdc, needsMitKdc, startMitKdc, ticketOfYesterday } from '../peers/mit-kdc.ts'
import { needsPeer, peerPath } from '../peers/peer.ts'
import { needsRecorder, type Recorder, startRecorder } from '../peers/recorder.ts'
import { assertFound, diagnose } from './trace-faults.ts'

const options = { timeout: 60_000 }
const needed = [needsMitKdc(), needsRecorder(), needsPeer('smbclient', 'faketime')].find(
  ({ skip }) => skip !== false,
) ?? { skip: false }

suite('Kerberos that fails', needed, () => {
  let kdc: MitKdc
  let server: KerberosServer
  let recorder: Recorder
  let ticket: { readonly cache: string }

  before(async () => {
    kdc = await startMitKdc({ wellKnown: true })
    server = await startKerberosServer({ realm: kdc, users: ['alice'] })
    recorder = await startRecorder(`host ${kdc.kdc.host} or host ${kdc.fileserver.address}`)
    ticket = { cache: await kdc.ticket('alice', 'Alice-Pass-1') }
  }, options)
  after(async () => {
    await recorder?.stop()
    await server?.stop()
    await kdc?.stop()
  }, options)

  /** What is found in what passes meanwhile. */
  async function found(work: () => Promise<unknown>, keytab?: string) {
    await recorder.take()
    await work()
    return diagnose(await recorder.take(), [], keytab)
  }
  const tells = async (rule: string, work: () => Promise<unknown>, text = /./, keytab?: string) => {
    const findings = await found(work, keytab)
    assertFound(findings, { rules: [rule] })
    assert.match(findings.map(({ title, cause }) => `${title} ${cause}`).join('\n'), text)
  }
  const kinit = (user: string, password: string) =>
    kdc.run(peerPath('kinit'), ['-c', 'MEMORY:', user], { input: `${password}\n` })
  const kvno = (service: string, prefix: readonly string[] = []) =>
    kdc.run('env', [...prefix, 'kvno', '-c', ticket.cache, service])

  test('nothing: a ticket, and a share with it', options, async () => {
    const findings = await found(async () => {
      const cache = await kdc.ticket('alice', 'Alice-Pass-1')
      assert.equal((await server.smbclient('ls', { cache })).code, 0)
    })
    assertFound(findings, { rules: [] })
    assert.ok(!findings.some(({ rule }) => rule === 'ntlm-used'))
  })

  const users = {
    'kerberos-password-expired': ['erin', 'Erin-Pass-1', /The password of erin@MIT\.EXAMPLE has expired/],
    'kerberos-account-revoked': ['carol', 'Carol-Pass-1', /carol@MIT\.EXAMPLE is disabled, locked or expired/],
    'kerberos-wrong-password': ['alice', 'wrong', /refuses the password of alice@MIT\.EXAMPLE/],
    'kerberos-client-unknown': ['nobody', 'x', /knows no user nobody@MIT\.EXAMPLE/],
  } as const
  for (const [rule, [user, password, text]] of Object.entries(users))
    test(`${user}: ${rule}`, options, () => tells(rule, () => kinit(user, password), text))

  test('a name that is registered nowhere', options, () =>
    tells('kerberos-spn-unknown', () => kvno('cifs/alias.mit.example'), /knows no service cifs\/alias\.mit\.example/),
  )

  test('a clock that is two hours ahead', options, () =>
    tells(
      'kerberos-clock-skew',
      () => kvno('cifs/otherserver.mit.example', [peerPath('faketime'), '-f', '+2h']),
      /the client is 2 h ahead|it is the client's that is wrong/,
    ),
  )

  test('a kind of encryption that the service does not have', options, () =>
    tells('kerberos-encryption-type', () =>
      kdc.run('kvno', ['-c', ticket.cache, '-e', 'aes256-cts', 'cifs/rc4server.mit.example']),
    ),
  )

  test('a service that no ticket-granting ticket is good for', options, async () => {
    const work = () => kvno('kadmin/changepw')
    await tells('kerberos-error', work, /Kerberos fails for kadmin\/changepw: KDC_ERR_POLICY/)
    assertFound(await found(() => kvno('cifs/otherserver.mit.example')), { rules: [] })
  })

  test('a ticket that is renewed after its end', options, async () => {
    const renew = (cache: string) => kdc.run(peerPath('kinit'), ['-R', '-c', cache])
    const old = await ticketOfYesterday(kdc, 'alice', 'Alice-Pass-1')
    await tells('kerberos-ticket-expired', () => renew(old), /A ticket of .* has expired/)
    const fresh = `FILE:${join(kdc.folder, 'cache', 'fresh')}`
    const words = ['-r', '7d', '-c', fresh, 'alice']
    await kdc.run(peerPath('kinit'), words, { input: 'Alice-Pass-1\n' })
    assertFound(await found(async () => assert.equal((await renew(fresh)).code, 0)), { rules: [] })
  })

  const keytabs = {
    'fileserver-stale': /KRB_AP_ERR_BADKEYVER|KRB_AP_ERR_NOKEY|other versions/,
    'fileserver-wrongkey': /KRB_AP_ERR_(?:MODIFIED|BAD_INTEGRITY)|does not open the ticket/,
    otherserver: /KRB_AP_ERR_NOT_US|for another service|KRB_AP_ERR_NOKEY/,
  }
  for (const [keytab, text] of Object.entries(keytabs))
    test(`a server with ${keytab}.keytab`, options, async () => {
      const wrong = await startKerberosServer({ realm: kdc, keytab, users: ['alice'] })
      try {
        const work = () => wrong.smbclient('ls', ticket)
        await tells('kerberos-ticket-refused', work, text)
        await tells('kerberos-ticket-refused', work, /None of the keys that were given opens/, kdc.keytab(keytab))
      } finally {
        await wrong.stop()
      }
    })

  test('a client whose clock is wrong, at the server', options, async () => {
    assert.equal((await server.smbclient('ls', ticket)).code, 0)
    await tells('logon-clock', () => server.smbclient('ls', ticket, { prefix: [peerPath('faketime'), '-f', '+10m'] }))
  })

  test('a session that ends with its ticket', options, async () => {
    const findings = await found(async () => {
      const { address, host } = kdc.fileserver
      const resolve = () => ({ host: address, port: server.port })
      const given = { user: 'alice', password: 'Alice-Pass-1', kerberos: 'required', resolve, leases: false } as const
      await using client = await connect({ host: host.replace('fileserver', 'shortserver'), path: '' }, given)
      const share = await client.share('files')
      const ends = Math.max(...[...server.server.sessions.values()].map(({ expiresAt }) => Number(expiresAt ?? 0n)))
      assert.ok(await until(() => Number(server.server.clock.now()) > ends, 20_000))
      assert.equal(await share.readFile('hello.txt', 'utf8'), 'hello\n')
    })
    assertFound(findings, { rules: [], notes: ['session-expired'] })
  })

  test('a KDC that does not answer', options, async () => {
    const deaf = createSocket('udp4')
    const config = join(kdc.folder, 'deaf.conf')
    await new Promise<void>((resolve) => deaf.bind(88, kdc.fileserver.address, resolve))
    const realm = `  ${kdc.realm} = {\n    kdc = ${kdc.fileserver.address}:88\n  }\n`
    writeFileSync(config, `[libdefaults]\n  default_realm = ${kdc.realm}\n[realms]\n${realm}`)
    try {
      await tells('kerberos-no-answer', () =>
        kdc.run(peerPath('kinit'), ['-c', 'MEMORY:', 'alice'], {
          input: 'x\n',
          env: { KRB5_CONFIG: config },
          timeoutMs: 5000,
        }),
      )
    } finally {
      deaf.close()
    }
  })
})
