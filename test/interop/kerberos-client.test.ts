/** What a client may ask of Kerberos beside a ticket: that the server gets one, too, and that the password is armored. */
import assert from 'node:assert/strict'
import { readFileSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { after, before, suite, test } from 'node:test'
import { KerberosInitiatorMechanism } from '../../src/auth/kerberos-initiator.ts'
import { RefusedLogon } from '../../src/auth/mechanism.ts'
import { type GssCredentials, GssThread } from '../../src/native/gssapi.ts'
import { NtStatus } from '../../src/server/index.ts'
import { failed } from '../../src/wire/erref/failure.ts'
import { bareMachines } from '../peers/bare-machine.ts'
import { takeDelegated } from '../peers/delegated.ts'
import { type KerberosServer, startKerberosServer } from '../peers/kerberos-server.ts'
import { type MitKdc, needsMitKdc, startMitKdc } from '../peers/mit-kdc.ts'
import { peerPath } from '../peers/peer.ts'
import type { RunResult } from '../peers/run.ts'

const options = { timeout: 60_000 }
const main = join(import.meta.dirname, '../../src/cli/main.ts')

suite('what clients ask of Kerberos', needsMitKdc(), () => {
  let kdc: MitKdc
  let server: KerberosServer
  let thread: GssThread
  let configuration: string
  before(async () => {
    kdc = await startMitKdc()
    server = await startKerberosServer({ realm: kdc, users: ['alice'] })
    // What is forwardable is so since somebody has asked for it.
    configuration = join(kdc.folder, 'plain.conf')
    const whole = readFileSync(join(kdc.folder, 'krb5.conf'), 'utf8')
    writeFileSync(configuration, whole.replace(/^ *forwardable *= *true$/m, ''))
    process.env['KRB5_CONFIG'] = configuration
    const inTime = (delayMs: number, action: () => void): (() => void) => {
      const timer = setTimeout(action, delayMs)
      return () => clearTimeout(timer)
    }
    thread = new GssThread({ maxWaiting: 10, timeoutMs: 30_000, after: inTime })
  }, options)
  after(async () => {
    thread?.close()
    await server?.stop()
    await kdc?.stop()
  })

  /** The first token of a logon, as it goes to the server. */
  const firstStep = async (credentials: GssCredentials, delegates: boolean) =>
    new KerberosInitiatorMechanism({ thread, host: kdc.fileserver.host, credentials, delegates }).initiator().step()
  const byPassword: GssCredentials = { client: 'alice', secret: { password: 'Alice-Pass-1' } }
  const cacheOf = async (name: string, flag: '-f' | '-F'): Promise<string> => {
    const cache = `FILE:${join(kdc.folder, name)}`
    const env = { KRB5_CONFIG: configuration }
    const done = await kdc.run(peerPath('kinit'), [flag, '-c', cache, `alice@${kdc.realm}`], {
      env,
      input: 'Alice-Pass-1\n',
    })
    assert.equal(done.code, 0, done.output)
    return cache
  }
  const smbkit = (args: readonly string[], env: Readonly<Record<string, string>> = {}): Promise<RunResult> => {
    const url = `smb://alice@${kdc.fileserver.host}:${server.port}/files/hello.txt`
    const own = { KRB5_CONFIG: configuration, SMBKIT_PASSWORD: 'Alice-Pass-1' }
    return kdc.run(process.execPath, [main, 'cat', url, '--no-ntlm', ...args], { env: { ...own, ...env } })
  }

  test('delegation: the server can act as the user, with a password and with a ticket', options, async () => {
    const ways = [byPassword, { cache: await cacheOf('forwardable', '-f') }]
    for (const [i, credentials] of ways.entries()) {
      const step = await firstStep(credentials, true)
      assert.ok(!failed(step) && step.token)
      const cache = `FILE:${join(kdc.folder, `delegated-${i}`)}`
      assert.ok(takeDelegated(step.token, kdc.keytab('fileserver'), cache))
      // Another service, with what the server has now and nothing else.
      const other = await kdc.run('kvno', ['-c', cache, 'cifs/otherserver.mit.example'])
      assert.equal(other.code, 0, other.output)
      const listed = await kdc.run('klist', ['-c', cache])
      assert.match(listed.output, /^Default principal: alice@MIT\.EXAMPLE$/m)
    }
    const { code, output } = await smbkit(['--delegate'])
    assert.equal(code, 0, output)
    assert.equal(output, 'hello\n')
  })

  test('delegation: never unless asked', options, async () => {
    const step = await firstStep({ cache: await cacheOf('not-asked', '-f') }, false)
    assert.ok(!failed(step) && step.token)
    assert.equal(takeDelegated(step.token, kdc.keytab('fileserver'), 'MEMORY:none'), false)
  })

  test('delegation: a ticket that is not forwardable is no logon without', options, async () => {
    const cache = await cacheOf('fixed', '-F')
    const step = await firstStep({ cache }, true)
    assert.ok(step instanceof RefusedLogon)
    assert.equal(step.status, NtStatus.ACCOUNT_RESTRICTION)
    assert.match(step.reason, /not forwardable/)
    const { code, output } = await smbkit(['--delegate', '--ccache', cache])
    assert.equal(code, 1)
    assert.match(output, /not forwardable/)
  })

  test('FAST: a ticket armors the exchange of the password, and without it there is none', options, async () => {
    const armor = await kdc.ticket('bob', 'Bob-Pass-1')
    const trace = join(kdc.folder, 'trace')
    const done = await smbkit(['--armor-cache', armor], { KRB5_TRACE: trace })
    assert.equal(done.output, 'hello\n')
    const told = readFileSync(trace, 'utf8')
    const first = told.indexOf('Sending request')
    const armored = told.indexOf('Encoding request body and padata into FAST request')
    assert.ok(armored !== -1 && armored < first, 'the first request is armored')
    assert.match(told, /FAST reply key/)
    // The KDC has seen nobody without his armor.
    const none = join(kdc.folder, 'trace-none')
    const refused = await smbkit(['--armor-cache', `FILE:${kdc.folder}/nosuch`], { KRB5_TRACE: none })
    assert.equal(refused.code, 1)
    assert.match(refused.output, /no ticket to log on with.*armor/i)
    assert.doesNotMatch(readFileSync(none, 'utf8'), /Sending request/)
  })

  test('FAST: who takes the offer of it off the wire gets no plain exchange', options, async () => {
    // A ticket that does not say that its KDC knows FAST is what a downgrade looks like to the library.
    const armor = await kdc.ticket('bob', 'Bob-Pass-1')
    const path = armor.replace(/^FILE:/, '')
    writeFileSync(path, Buffer.from(readFileSync(path, 'latin1').replaceAll('fast_avail', 'fast_xvail'), 'latin1'))
    const trace = join(kdc.folder, 'trace-stripped')
    const done = await smbkit(['--armor-cache', armor], { KRB5_TRACE: trace })
    assert.equal(done.output, 'hello\n')
    const told = readFileSync(trace, 'utf8')
    assert.ok(told.indexOf('into FAST request') < told.indexOf('Sending request'))
  })

  test('machines without what Kerberos needs: NTLM where that may be, and what to install', options, async () => {
    const url = `smb://alice@${kdc.fileserver.host}:${server.port}/files/hello.txt`
    for (const { name, environment, sentence } of bareMachines(kdc.folder)) {
      const attempt = (how: string, ...args: string[]): Promise<RunResult> => {
        const env = { ...environment, SMBKIT_PASSWORD: 'password' }
        return kdc.run(process.execPath, [main, 'cat', url, '--kerberos', how, ...args], { env })
      }
      const preferred = await attempt('preferred', '--explain')
      assert.equal(preferred.stdout, 'hello\n', name)
      assert.match(preferred.stderr, sentence)
      const required = await attempt('required')
      assert.deepEqual([required.code, required.stdout, required.stderr.trim().split('\n').length], [1, '', 1])
      assert.match(required.stderr, sentence)
    }
  })

  test('a level below 3 is warned of, and a server that does not take it says no', options, async () => {
    const url = `smb://alice@${kdc.fileserver.address}:${server.port}/files/hello.txt`
    const attempt = (level: string): Promise<RunResult> =>
      kdc.run(process.execPath, [main, 'cat', url, '--lm-level', level], { env: { SMBKIT_PASSWORD: 'password' } })
    assert.equal((await attempt('3')).output, 'hello\n')
    const weak = await attempt('2')
    assert.equal(weak.code, 1)
    assert.match(weak.stderr, /^smbkit: note: lmLevel 2: NTLMv1 is sent/)
    assert.match(weak.stderr, /STATUS_LOGON_FAILURE/)
    assert.match(server.refusals.at(-1)?.reason ?? '', /NTLMv1 is not taken at level 5/)
    assert.match((await attempt('6')).stderr, /a number from 0 to 5/)
  })
})
