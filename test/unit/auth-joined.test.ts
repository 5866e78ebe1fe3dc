import assert from 'node:assert/strict'
import { test } from 'node:test'
import type { Account } from '../../src/auth/accounts.ts'
import type {
  Acceptor,
  Established,
  Initiator,
  InitiatorMechanism,
  Logon,
  Mechanism,
} from '../../src/auth/mechanism.ts'
import type { NtlmAcceptorOptions, NtlmMechanism } from '../../src/auth/ntlm-acceptor.ts'
import { type NtlmCredentials, NtlmInitiatorMechanism } from '../../src/auth/ntlm-initiator.ts'
import { SpnegoMechanisms } from '../../src/auth/spnego-acceptor.ts'
import { SpnegoInitiator } from '../../src/auth/spnego-initiator.ts'
import { utf16Text, viewOf } from '../../src/bytes/utf16.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import { type Failure, failed } from '../../src/wire/erref/failure.ts'
import { NtStatus, ntStatusName } from '../../src/wire/erref/ntstatus.ts'
import { decodeSpnego, MechOid, NegState } from '../../src/wire/spnego/index.ts'
import { type LocalNtlmOptions, localNtlm } from '../peers/local-ntlm.ts'

const accounts = new Map<string, Account>([
  ['alice', { user: 'Alice', ntHash: ntHash('Secret1'), sid: 'S-1-5-21-1-2-3-1001' }],
  ['bob', { user: 'bob', ntHash: ntHash('Secret2'), disabled: true }],
])
const source = { find: (user: string) => accounts.get(user.toLowerCase()) }
const options: NtlmAcceptorOptions = { netbiosName: 'SERVER', dnsName: 'server.example' }

const ntlm = (more: Partial<LocalNtlmOptions> = {}): NtlmMechanism => localNtlm(source, { ...options, ...more })
const alice: NtlmCredentials = { user: 'alice', domain: 'SERVER', password: 'Secret1' }

type Outcome = { logon: Logon; established: Established; trips: number }

/** Joins both ends in memory; `alter` sees every token on its way. */
async function join(
  initiator: Initiator,
  acceptor: Acceptor,
  alter: (token: Uint8Array, trip: number) => Uint8Array = (token) => token,
): Promise<Outcome | Failure> {
  let established: Established | undefined
  let logon: Logon | undefined
  let toClient: Uint8Array | undefined
  for (let trips = 0; trips < 6; trips++) {
    const step = await initiator.step(toClient)
    if (failed(step)) return step
    established = step.complete ?? established
    if (step.token === undefined) {
      assert.ok(logon && established, 'both ends are done')
      return { logon, established, trips }
    }
    const answer = await acceptor.accept(alter(step.token.slice(), trips))
    if (failed(answer)) return answer
    logon = answer.complete ?? logon
    toClient = answer.token
    if (toClient === undefined) {
      assert.ok(logon && established, 'both ends are done')
      return { logon, established, trips: trips + 1 }
    }
  }
  throw new Error('no end of it')
}

async function joined(initiator: Initiator, acceptor: Acceptor): Promise<Outcome> {
  const outcome = await join(initiator, acceptor)
  assert.ok(!failed(outcome), failed(outcome) ? ntStatusName(outcome.status) : '')
  return outcome
}

function refused(outcome: Outcome | Failure, status: number): void {
  assert.ok(failed(outcome), 'it should have been refused')
  assert.equal(ntStatusName(outcome.status), ntStatusName(status))
}

/** A mechanism that both ends know, and that wants `rounds` tokens from the initiator. */
function toy(oid: string, rounds: number, integrity: boolean): Mechanism & InitiatorMechanism {
  const key = new Uint8Array(16).fill(rounds)
  const mic = (data: Uint8Array): Uint8Array =>
    Uint8Array.of(data.reduce((sum, byte) => (sum * 31 + byte) & 0xff, rounds))
  const established: Established = {
    sessionKey: key,
    ...(integrity && {
      integrity: { sign: mic, verify: (data, value) => Buffer.from(mic(data)).equals(value) },
    }),
  }
  return {
    name: 'toy',
    oid,
    acceptor() {
      let left = rounds
      return {
        accept(token) {
          assert.equal(token[0], rounds)
          left--
          if (left > 0) return { token: Uint8Array.of(rounds) }
          const identity = { kind: 'user', user: 'toy', domain: '', sid: 'S-1-5-21-0', groupSids: [] } as const
          return Promise.resolve({ complete: { ...established, identity } })
        },
      }
    },
    initiator() {
      let left = rounds
      return {
        step() {
          left--
          return { token: Uint8Array.of(rounds), ...(left === 0 && { complete: established }) }
        },
      }
    },
  }
}

test('NTLM by itself: both ends have the same key, and it is another each time', async () => {
  const keys = new Set<string>()
  for (let i = 0; i < 2; i++) {
    const { logon, established, trips } = await joined(new NtlmInitiatorMechanism(alice).initiator(), ntlm().acceptor())
    assert.deepEqual(logon.sessionKey, established.sessionKey)
    assert.equal(logon.sessionKey.length, 16)
    assert.equal(trips, 2)
    keys.add(Buffer.from(logon.sessionKey).toString('hex'))
    assert.equal(logon.identity.kind, 'user')
    assert.equal(logon.identity.user, 'Alice')
    assert.equal(logon.identity.domain, 'SERVER')
    assert.equal(logon.identity.sid, 'S-1-5-21-1-2-3-1001')
    assert.ok(logon.identity.groupSids.includes('S-1-5-11'))
  }
  assert.equal(keys.size, 2)
})

test('NTLM: names in any case, in any domain, from a domain that is left out, and beyond ASCII', async () => {
  accounts.set('jürgen ß', { user: 'Jürgen ß', ntHash: ntHash('pä€😀') })
  const cases: NtlmCredentials[] = [
    { ...alice, user: 'ALICE' },
    { ...alice, domain: '' },
    { ...alice, domain: 'Workgroup' },
    { user: 'alice', domain: 'SERVER', ntHash: ntHash('Secret1') },
    { user: 'JÜRGEN ß', domain: 'straße', password: 'pä€😀' },
  ]
  for (const credentials of cases) {
    const { logon } = await joined(new NtlmInitiatorMechanism(credentials).initiator(), ntlm().acceptor())
    assert.equal(logon.identity.user.toLowerCase(), credentials.user.toLowerCase())
  }
})

test('NTLM refuses: wrong password, unknown user, disabled account (which only the right password tells)', async () => {
  const attempt = (credentials: NtlmCredentials, more = {}): Promise<Outcome | Failure> =>
    join(new NtlmInitiatorMechanism(credentials).initiator(), ntlm(more).acceptor())
  refused(await attempt({ ...alice, password: 'secret1' }), NtStatus.LOGON_FAILURE)
  refused(await attempt({ ...alice, password: '' }), NtStatus.LOGON_FAILURE)
  refused(await attempt({ ...alice, user: 'nobody' }), NtStatus.LOGON_FAILURE)
  refused(await attempt({ user: 'bob', password: 'Secret2' }), NtStatus.ACCOUNT_DISABLED)
  refused(await attempt({ user: 'bob', password: 'Secret1' }), NtStatus.LOGON_FAILURE)
  refused(await attempt({ user: 'x'.repeat(257), password: 'x' }), NtStatus.INVALID_PARAMETER)
  // A guest is an unknown user, never a known one with a wrong password.
  refused(await attempt({ ...alice, password: 'wrong' }, { guests: 'unknown user' }), NtStatus.LOGON_FAILURE)
  refused(await attempt({ user: 'bob', password: 'wrong' }, { guests: 'unknown user' }), NtStatus.LOGON_FAILURE)
})

test('guests and anonymous users: off unless allowed, and told apart', async () => {
  const anonymous = { user: '' }
  refused(
    await join(new NtlmInitiatorMechanism(anonymous).initiator(), ntlm({ guests: 'unknown user' }).acceptor()),
    NtStatus.ACCESS_DENIED,
  )
  const { logon, established } = await joined(
    new SpnegoInitiator([new NtlmInitiatorMechanism(anonymous)]),
    new SpnegoMechanisms([ntlm({ allowAnonymous: true })]).acceptor(),
  )
  assert.equal(logon.identity.kind, 'anonymous')
  assert.equal(logon.identity.sid, 'S-1-5-7')
  assert.ok(!logon.identity.groupSids.includes('S-1-1-0'))
  assert.deepEqual(logon.sessionKey, established.sessionKey)

  refused(
    await join(
      new NtlmInitiatorMechanism({ user: 'visitor', password: 'x' }).initiator(),
      ntlm({ allowAnonymous: true }).acceptor(),
    ),
    NtStatus.LOGON_FAILURE,
  )
  for (const wrap of [false, true]) {
    const mechanism = ntlm({ guests: 'unknown user' })
    const client = new NtlmInitiatorMechanism({ user: 'visitor', password: 'x', domain: 'D' })
    const guest = await joined(
      wrap ? new SpnegoInitiator([client]) : client.initiator(),
      wrap ? new SpnegoMechanisms([mechanism]).acceptor() : mechanism.acceptor(),
    )
    assert.equal(guest.logon.identity.kind, 'guest')
    assert.equal(guest.logon.identity.user, 'visitor')
    assert.equal(guest.logon.integrity, undefined)
    assert.deepEqual(guest.logon.sessionKey, new Uint8Array(16))
  }
})

test('SPNEGO around NTLM: one round more is not needed, and the list of mechanisms is protected both ways', async () => {
  const acceptor = new SpnegoMechanisms([ntlm()])
  const hints = [undefined, acceptor.initialToken()]
  for (const hint of hints) {
    const initiator = new SpnegoInitiator([new NtlmInitiatorMechanism(alice)])
    const first = await initiator.step(hint)
    assert.ok(!failed(first) && first.token)
    const server = acceptor.acceptor()
    const challenge = await server.accept(first.token)
    assert.ok(!failed(challenge) && challenge.token)
    const resp = decodeSpnego(challenge.token)
    assert.ok(resp.kind === 'resp')
    assert.equal(resp.negState, NegState.ACCEPT_INCOMPLETE)
    assert.equal(resp.supportedMech, MechOid.NTLMSSP)
    const authenticate = await initiator.step(challenge.token)
    assert.ok(!failed(authenticate) && authenticate.token)
    const last = await server.accept(authenticate.token)
    assert.ok(!failed(last) && last.token && last.complete)
    const accepted = decodeSpnego(last.token)
    assert.ok(accepted.kind === 'resp' && accepted.mechListMic)
    assert.equal(accepted.negState, NegState.ACCEPT_COMPLETED)
    const done = await initiator.step(last.token)
    assert.ok(!failed(done) && done.complete)
    assert.deepEqual(done.complete.sessionKey, last.complete.sessionKey)
  }
})

test('SPNEGO: without an optimistic token, and with one for a mechanism that the acceptor does not know', async () => {
  const acceptor = new SpnegoMechanisms([ntlm()])
  const patient = new SpnegoInitiator([new NtlmInitiatorMechanism(alice)], { optimistic: false })
  assert.equal((await joined(patient, acceptor.acceptor())).trips, 3)

  const kerberos = toy(MechOid.KERBEROS, 2, true)
  for (const optimistic of [true, false]) {
    const hopeful = new SpnegoInitiator([kerberos, new NtlmInitiatorMechanism(alice)], { optimistic })
    const { logon, trips } = await joined(hopeful, acceptor.acceptor())
    assert.equal(logon.identity.user, 'Alice')
    assert.equal(trips, 3)
  }
  // With the acceptor's own list at hand only NTLM is offered, and the trip is saved.
  const told = new SpnegoInitiator([kerberos, new NtlmInitiatorMechanism(alice)])
  const server = acceptor.acceptor()
  const first = await told.step(acceptor.initialToken())
  assert.ok(!failed(first) && first.token)
  assert.ok(!failed(await server.accept(first.token)))

  refused(await join(new SpnegoInitiator([kerberos]), acceptor.acceptor()), NtStatus.INVALID_PARAMETER)
})

test('SPNEGO with mechanisms of one, two and three rounds, with and without integrity, preferred or not', async () => {
  for (const rounds of [1, 2, 3])
    for (const integrity of [true, false])
      for (const preferred of [true, false])
        for (const optimistic of [true, false]) {
          const mechanism = toy('1.2.3.4', rounds, integrity)
          const other = toy('1.2.3.5', 1, true)
          const { logon } = await joined(
            new SpnegoInitiator(preferred ? [mechanism, other] : [other, mechanism], { optimistic }),
            new SpnegoMechanisms([mechanism]).acceptor(),
          )
          assert.equal(logon.sessionKey[0], rounds)
        }
})

test('a changed list of mechanisms, a changed MIC, a missing one: refused', async () => {
  const weak = toy('1.2.3.4', 2, true)
  const strong = toy('1.2.3.9', 2, true)
  // Somebody on the way turns the stronger mechanism's identifier into one that nobody knows: the weaker is chosen.
  const outcome = await join(
    new SpnegoInitiator([strong, weak], { optimistic: false }),
    new SpnegoMechanisms([strong, weak]).acceptor(),
    (token, trip) => {
      if (trip === 0) token[token.indexOf(9, 15)] = 8
      return token
    },
  )
  refused(outcome, NtStatus.ACCESS_DENIED)

  const acceptor = new SpnegoMechanisms([ntlm()])
  const changed = await join(
    new SpnegoInitiator([new NtlmInitiatorMechanism(alice)]),
    acceptor.acceptor(),
    (token, trip) => {
      if (trip === 1) token[token.length - 1] = (token.at(-1) ?? 0) ^ 1
      return token
    },
  )
  refused(changed, NtStatus.ACCESS_DENIED)
})

test('NTLM: a change of any byte of any token is noticed', async () => {
  const mechanism = ntlm()
  const lengths = [0, 0]
  await join(new NtlmInitiatorMechanism(alice).initiator(), mechanism.acceptor(), (token, trip) => {
    lengths[trip] = token.length
    return token
  })
  for (const which of [0, 1])
    for (let at = 0; at < (lengths[which] ?? 0); at++) {
      const outcome = await join(new NtlmInitiatorMechanism(alice).initiator(), mechanism.acceptor(), (token, trip) => {
        if (trip === which) token[at] = (token[at] ?? 0) ^ 0x40
        return token
      })
      assert.ok(failed(outcome), `byte ${at} of token ${which}`)
    }
})

test('an AUTHENTICATE message that was right once is right for no other challenge, and an acceptor judges once', async () => {
  const mechanism = ntlm()
  const initiator = new NtlmInitiatorMechanism(alice).initiator()
  const first = mechanism.acceptor()
  const negotiate = await initiator.step()
  assert.ok(!failed(negotiate) && negotiate.token)
  const challenge = await first.accept(negotiate.token)
  assert.ok(!failed(challenge) && challenge.token)
  const authenticate = await initiator.step(challenge.token)
  assert.ok(!failed(authenticate) && authenticate.token)

  const second = mechanism.acceptor()
  assert.ok(!failed(await second.accept(negotiate.token)))
  const replayed = await second.accept(authenticate.token)
  assert.ok(failed(replayed))
  assert.equal(replayed.status, NtStatus.LOGON_FAILURE)

  const right = await first.accept(authenticate.token)
  assert.ok(!failed(right) && right.complete)
  for (const spent of [first, second]) {
    const again = await spent.accept(authenticate.token)
    assert.ok(failed(again))
    assert.equal(again.status, NtStatus.INVALID_PARAMETER)
  }
  const early = await mechanism.acceptor().accept(authenticate.token)
  assert.ok(failed(early))
})

test('accounts that take a while: the token may be overwritten meanwhile, and a second token ends the attempt', async () => {
  let release: (account: Account | undefined) => void = () => {}
  const slow = localNtlm({ find: () => new Promise<Account | undefined>((resolve) => (release = resolve)) }, options)
  const server = new SpnegoMechanisms([slow]).acceptor()
  const initiator = new SpnegoInitiator([new NtlmInitiatorMechanism(alice)])
  const first = await initiator.step()
  assert.ok(!failed(first) && first.token)
  const challenge = await server.accept(first.token)
  assert.ok(!failed(challenge) && challenge.token)
  const second = await initiator.step(challenge.token)
  assert.ok(!failed(second) && second.token)
  const waiting = server.accept(second.token)
  assert.ok(waiting instanceof Promise)
  const impatient = await server.accept(second.token)
  assert.ok(failed(impatient))
  second.token.fill(0)
  release(accounts.get('alice'))
  const outcome = await waiting
  assert.ok(!failed(outcome) && outcome.complete)
})

test('out of order: answers before the beginning, a second beginning, nothing twice', async () => {
  const mechanisms = new SpnegoMechanisms([ntlm()])
  const first = await new SpnegoInitiator([new NtlmInitiatorMechanism(alice)]).step()
  assert.ok(!failed(first) && first.token)
  const begun = mechanisms.acceptor()
  const challenge = await begun.accept(first.token)
  assert.ok(!failed(challenge) && challenge.token)
  const cases: [Acceptor, Uint8Array][] = [
    [begun, first.token],
    [mechanisms.acceptor(), challenge.token],
    [mechanisms.acceptor(), new Uint8Array(65_537)],
  ]
  for (const [acceptor, token] of cases) {
    const outcome = await acceptor.accept(token)
    assert.ok(failed(outcome))
    assert.equal(outcome.status, NtStatus.INVALID_PARAMETER)
  }
  const hinted = mechanisms.acceptor()
  const hint = await hinted.accept(new Uint8Array(0))
  assert.ok(!failed(hint))
  assert.deepEqual(hint.token, mechanisms.initialToken())
  assert.ok(!failed(await hinted.accept(first.token)))
  const twice = mechanisms.acceptor()
  await twice.accept(new Uint8Array(0))
  assert.ok(failed(await twice.accept(new Uint8Array(0))))
})

test('NTLM signs and seals in both directions after the logon', async () => {
  const { logon, established } = await joined(new NtlmInitiatorMechanism(alice).initiator(), ntlm().acceptor())
  const [server, client] = [logon.integrity, established.integrity]
  assert.ok(server && client)
  for (let i = 0; i < 3; i++) {
    const message = new Uint8Array(i * 10).fill(i)
    assert.ok(await server.verify(message, await client.sign(message)))
    assert.ok(await client.verify(message, await server.sign(message)))
  }
  assert.ok(!(await server.verify(Uint8Array.of(1), await client.sign(Uint8Array.of(2)))))
})

test('the challenge carries the names, the time and the flags that clients insist on', async () => {
  const acceptor = ntlm({ domain: 'HOUSE', dnsDomain: 'example', now: () => 42n }).acceptor()
  const hello = await new NtlmInitiatorMechanism(alice).initiator().step()
  assert.ok(!failed(hello) && hello.token)
  const step = await acceptor.accept(hello.token)
  assert.ok(!failed(step) && step.token)
  const view = viewOf(step.token)
  assert.equal((view.getUint32(20, true) & 0xe089_0211) >>> 0, 0xe088_0211)
  assert.equal(utf16Text(step.token.subarray(56, 66)), 'HOUSE')
})
