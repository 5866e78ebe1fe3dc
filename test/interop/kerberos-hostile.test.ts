/** Tokens of Kerberos that are damaged, sent twice, in the wrong place, or never followed by the next. */
import assert from 'node:assert/strict'
import { after, before, suite, test } from 'node:test'
import { Identities } from '../../src/auth/accounts.ts'
import { KerberosMechanism } from '../../src/auth/kerberos-acceptor.ts'
import { KerberosInitiatorMechanism } from '../../src/auth/kerberos-initiator.ts'
import { type AcceptorStep, type Established, RefusedLogon } from '../../src/auth/mechanism.ts'
import { NtlmInitiatorMechanism } from '../../src/auth/ntlm-initiator.ts'
import { SpnegoMechanisms } from '../../src/auth/spnego-acceptor.ts'
import { GssThread, type GssThreadOptions } from '../../src/native/gssapi.ts'
import { NtStatus } from '../../src/server/index.ts'
import { type Failure, failed } from '../../src/wire/erref/failure.ts'
import { encodeNegTokenInit, encodeNegTokenResp, MechOid } from '../../src/wire/spnego/index.ts'
import { useRealm } from '../peers/kerberos-server.ts'
import { localNtlm } from '../peers/local-ntlm.ts'
import { type MitKdc, needsMitKdc, startMitKdc } from '../peers/mit-kdc.ts'

const options = { timeout: 90_000 }

const isRefused = (step: AcceptorStep | Failure): boolean =>
  failed(step) || (step.complete === undefined && step.refused !== undefined)

suite('hostile Kerberos', needsMitKdc(), () => {
  let kdc: MitKdc
  let thread: GssThread
  const threads: GssThread[] = []
  const newThread = (more: Partial<GssThreadOptions> = {}): GssThread => {
    const inTime = (delayMs: number, action: () => void): (() => void) => {
      const timer = setTimeout(action, delayMs)
      return () => clearTimeout(timer)
    }
    const made = new GssThread({ maxWaiting: 10_000, timeoutMs: 30_000, after: inTime, ...more })
    threads.push(made)
    return made
  }
  before(async () => {
    kdc = await startMitKdc()
    useRealm(kdc)
    thread = newThread()
  }, options)
  after(async () => {
    for (const each of threads) each.close()
    await kdc?.stop()
  })

  const ntlm = localNtlm({ find: () => undefined }, { netbiosName: 'SERVER', dnsName: 'server' })
  const identities = new Identities('SERVER', 'S-1-5-21-1-2-3')
  const kerberos = (on = thread): KerberosMechanism =>
    new KerberosMechanism({
      keytab: kdc.keytab('fileserver'),
      thread: on,
      authenticator: {
        verify: () => assert.fail('nobody has asked for NTLM'),
        vouch: (user) => ({ identity: identities.user({ user, ntHash: new Uint8Array(16) }, '') }),
      },
      hostNames: [],
      decodeLogonInfo: () => assert.fail('there is no PAC'),
    })
  const spnego = (on?: GssThread): SpnegoMechanisms => new SpnegoMechanisms([kerberos(on), ntlm])
  const initiating = (): KerberosInitiatorMechanism =>
    new KerberosInitiatorMechanism({
      thread,
      host: kdc.fileserver.host,
      credentials: { client: 'alice', secret: { password: 'Alice-Pass-1' } },
    })
  /** A ticket with its authenticator, as it goes over the wire first. */
  async function firstToken(): Promise<Uint8Array> {
    const step = await initiating().initiator().step()
    assert.ok(!failed(step) && step.token)
    return step.token
  }
  const inSpnego = (mechToken: Uint8Array, mechTypes: readonly string[] = [MechOid.KERBEROS]): Uint8Array =>
    encodeNegTokenInit({ mechTypes, mechToken })

  test('a token that is right, bare, in SPNEGO, and under the name that Windows 2000 gave it', options, async () => {
    for (const wrap of [
      (token: Uint8Array) => token,
      inSpnego,
      (token: Uint8Array) => inSpnego(token, [MechOid.MS_KERBEROS, MechOid.KERBEROS, MechOid.NTLMSSP]),
    ]) {
      const step = await spnego()
        .acceptor()
        .accept(wrap(await firstToken()))
      assert.ok(!failed(step))
      assert.equal(step.complete?.identity.user, 'alice')
      assert.equal(step.complete.sessionKey.length, 16)
      assert.equal(step.complete.fullSessionKey?.length, 32)
    }
  })

  test(
    'in DCE’s style: a last message that is right, missing, damaged, of another logon, or late',
    options,
    async () => {
      const cache = await kdc.ticket('alice', 'Alice-Pass-1')
      const begin = async () => {
        const mechanism = new KerberosInitiatorMechanism({
          thread,
          host: kdc.fileserver.host,
          credentials: { cache },
          isDce: true,
        })
        const [initiator, acceptor] = [mechanism.initiator(), spnego().acceptor({ address: '', isRpc: true })]
        const first = await initiator.step()
        assert.ok(!failed(first) && first.token)
        const second = await acceptor.accept(first.token)
        assert.ok(!failed(second) && second.token && second.complete === undefined && second.refused === undefined)
        const third = await initiator.step(second.token)
        assert.ok(!failed(third) && third.token && third.complete)
        return { acceptor, last: third.token, initiated: third.complete }
      }
      const one = await begin()
      const done = await one.acceptor.accept(one.last)
      assert.ok(!failed(done) && done.complete?.messages && one.initiated.messages)
      assert.equal(done.complete.identity.user, 'alice')
      for (const [from, to] of [
        [one.initiated.messages, done.complete.messages],
        [done.complete.messages, one.initiated.messages],
      ] as const)
        for (let i = 0; i < 3; i++) {
          const message = Uint8Array.of(1, 2, 3, 4)
          assert.equal(to.unseal(message, 1, 3, from.seal(message, 1, 3)), true)
          assert.deepEqual(message, Uint8Array.of(1, 2, 3, 4))
        }
      const [two, three] = [await begin(), await begin()]
      const damaged = two.last.slice()
      damaged[damaged.length - 1] = (damaged.at(-1) ?? 0) ^ 1
      for (const token of [new Uint8Array(0), damaged.subarray(1), await firstToken()])
        assert.ok(failed(await (await begin()).acceptor.accept(token)))
      assert.ok(isRefused(await two.acceptor.accept(damaged)))
      assert.ok(isRefused(await three.acceptor.accept(two.last)))
      // So many may wait; then the oldest is given up.
      const waiting = [await begin()]
      while (waiting.length <= 256) waiting.push(await begin())
      const [oldest, next] = waiting
      const late = await oldest?.acceptor.accept(oldest.last)
      assert.ok(late !== undefined && isRefused(late))
      for (const each of [next, waiting.at(-1)]) {
        const step = each && (await each.acceptor.accept(each.last))
        assert.ok(step && !failed(step) && step.complete)
      }
    },
  )

  test('the same token twice', options, async () => {
    const token = inSpnego(await firstToken())
    const first = await spnego().acceptor().accept(token)
    assert.ok(!failed(first) && first.complete)
    const second = await spnego().acceptor().accept(token)
    assert.ok(!failed(second))
    assert.equal(second.complete, undefined)
    assert.equal(second.refused?.status, NtStatus.LOGON_FAILURE)
    assert.match(second.refused.reason, /Request is a replay$/)
  })

  test('after a refusal one more ticket may come, and nothing else', options, async () => {
    const used = await firstToken()
    await spnego().acceptor().accept(inSpnego(used))
    const again = (token: Uint8Array): Uint8Array => encodeNegTokenResp({ responseToken: token })
    const acceptor = spnego().acceptor()
    assert.ok(!failed(await acceptor.accept(inSpnego(used))))
    const second = await acceptor.accept(again(await firstToken()))
    // SPNEGO wants its list protected after that.
    assert.ok(!failed(second) && second.token && second.complete === undefined && second.refused === undefined)
    const other = spnego().acceptor()
    const refused = await other.accept(inSpnego(used))
    assert.ok(!failed(refused))
    const end = await other.accept(again(Uint8Array.of(1, 2, 3)))
    assert.equal(end, refused.refused)
    const third = spnego().acceptor()
    await third.accept(inSpnego(used))
    const last = await third.accept(again(used))
    assert.ok(last instanceof RefusedLogon)
  })

  test('every truncation, every length, bytes that are others: refused, and nothing falls over', options, async () => {
    const token = await firstToken()
    const whole = inSpnego(token)
    const attempt = async (bytes: Uint8Array): Promise<void> => {
      const step = await spnego().acceptor().accept(bytes)
      assert.ok(failed(step) || step.complete === undefined)
    }
    for (let length = 1; length < whole.length; length += 3) await attempt(whole.subarray(0, length))
    for (let length = 1; length < token.length; length += 7) await attempt(inSpnego(token.subarray(0, length)))
    for (let at = 0; at < token.length; at += 5) {
      const damaged = token.slice()
      // Upper bits: what is only padding or a flag that nobody reads has none.
      damaged[at] = (damaged[at] ?? 0) ^ 0x91
      const step = await spnego().acceptor().accept(inSpnego(damaged))
      assert.ok(failed(step) || step.complete === undefined || step.complete.identity.user === 'alice', `byte ${at}`)
    }
    await attempt(new Uint8Array(1024 * 1024).fill(0x60))
    await attempt(inSpnego(new Uint8Array(60_000).fill(0x30)))
  })

  test('another mechanism in the midst of it', options, async () => {
    const acceptor = spnego().acceptor()
    const hello = await new NtlmInitiatorMechanism({ user: 'a', password: 'b' }).initiator().step()
    assert.ok(!failed(hello) && hello.token)
    const chosen = await acceptor.accept(encodeNegTokenInit({ mechTypes: [MechOid.NTLMSSP], mechToken: hello.token }))
    assert.ok(!failed(chosen))
    assert.ok(failed(await acceptor.accept(inSpnego(await firstToken()))))
    const swapped = spnego().acceptor()
    await swapped.accept(encodeNegTokenInit({ mechTypes: [MechOid.NTLMSSP], mechToken: hello.token }))
    assert.ok(failed(await swapped.accept(encodeNegTokenResp({ responseToken: await firstToken() }))))
  })

  test('a list of mechanisms that was changed on the way', options, async () => {
    const token = await firstToken()
    // Somebody puts a mechanism that nobody has in front: the list has to be signed then.
    const acceptor = spnego().acceptor()
    const asked = await acceptor.accept(encodeNegTokenInit({ mechTypes: ['1.2.3.4', MechOid.KERBEROS] }))
    assert.ok(!failed(asked))
    const step = await acceptor.accept(encodeNegTokenResp({ responseToken: token }))
    assert.ok(!failed(step) && step.complete === undefined)
    assert.ok(failed(await acceptor.accept(encodeNegTokenResp({ mechListMic: new Uint8Array(28) }))))
  })

  test('a MIC is made and checked by both ends', options, async () => {
    const established: Established[] = []
    const inner = initiating().initiator()
    const first = await inner.step()
    assert.ok(!failed(first) && first.token)
    const step = await kerberos().acceptor().accept(first.token)
    assert.ok(!failed(step) && step.complete && step.token)
    established.push(step.complete)
    const last = await inner.step(step.token)
    assert.ok(!failed(last) && last.complete)
    established.push(last.complete)
    const [server, client] = established.map(({ integrity }) => integrity)
    assert.ok(server && client)
    const list = new Uint8Array(40).fill(7)
    assert.ok(await server.verify(list, await client.sign(list)))
    assert.ok(await client.verify(list, await server.sign(list)))
    assert.ok(!(await server.verify(Uint8Array.of(1), await client.sign(list))))
    assert.equal(last.complete.principal, 'alice@MIT.EXAMPLE')
  })

  test('logons that are begun by the thousand: so many wait, the others are told so', options, async () => {
    const busy = newThread({ maxWaiting: 20 })
    const token = inSpnego(await firstToken())
    const acceptors = Array.from({ length: 1000 }, () => spnego(busy).acceptor())
    const results = await Promise.all(acceptors.map(async (acceptor) => acceptor.accept(token)))
    const refused = results.filter((result) => failed(result))
    assert.equal(refused.length, 980)
    assert.ok(refused.every(({ status }) => status === NtStatus.INSUFF_SERVER_RESOURCES))
    // One of them was first; the others are replays.
    assert.equal(results.filter((result) => !failed(result) && result.complete !== undefined).length, 1)
    const next = await spnego(busy)
      .acceptor()
      .accept(inSpnego(await firstToken()))
    assert.ok(!failed(next) && next.complete)
  })

  test('a thread that does not answer is given up, and the next call has another', options, async () => {
    let expire = (): void => assert.fail('no timer')
    const slow = newThread({
      after: (_, action) => {
        expire = action
        return () => undefined
      },
    })
    const waiting = [slow.call('check', { keytab: kdc.keytab('fileserver') }), slow.call('check', { keytab: '/x' })]
    expire()
    for (const result of await Promise.all(waiting)) assert.ok('failure' in result && result.failure.kind === 'timeout')
    const next = await slow.call('check', { keytab: kdc.keytab('fileserver') })
    assert.ok('value' in next)
  })
})
