import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import { LOGON_HOURS_BYTES } from '../../src/auth/account-policy.ts'
import { type Account, Identities, machineSidOf } from '../../src/auth/accounts.ts'
import { LocalAuthenticator } from '../../src/auth/local-authenticator.ts'
import type { LockoutPolicy } from '../../src/auth/lockout.ts'
import { LogonThrottle } from '../../src/auth/logon-throttle.ts'
import { type Logon, type Peer, RefusedLogon } from '../../src/auth/mechanism.ts'
import type { NtlmMechanism } from '../../src/auth/ntlm-acceptor.ts'
import { checkNtlm } from '../../src/auth/ntlm-check.ts'
import { NtlmInitiatorMechanism, type NtlmInitiatorOptions } from '../../src/auth/ntlm-initiator.ts'
import type { LmLevel } from '../../src/auth/ntlm-response.ts'
import { targetNameProblem } from '../../src/auth/target-name.ts'
import { filetimeFromDate } from '../../src/bytes/filetime.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import { challengeResponse, lmHash } from '../../src/crypto/ntlm-v1.ts'
import { type Failure, failed } from '../../src/wire/erref/failure.ts'
import { ntStatusName } from '../../src/wire/erref/ntstatus.ts'
import { type LocalNtlmOptions, localNtlm } from '../peers/local-ntlm.ts'
import { VirtualClock } from '../simulation/virtual-clock.ts'

const SECOND = 10_000_000n
/** A Wednesday. */
const now = filetimeFromDate(new Date('2026-11-18T12:30:00Z'))

const hours = (allowed: (hour: number) => boolean): Uint8Array => {
  const bits = new Uint8Array(LOGON_HOURS_BYTES)
  for (let hour = 0; hour < 168; hour++) if (allowed(hour)) bits[hour >> 3] = (bits[hour >> 3] ?? 0) | (1 << (hour & 7))
  return bits
}
const WEDNESDAY_NOON = 3 * 24 + 12

const anna: Account = { user: 'anna', ntHash: ntHash('right') }
const good: Account = {
  ...anna,
  expiresAt: now + SECOND,
  logonHours: hours((hour) => hour === WEDNESDAY_NOON),
  workstations: ['PC7', 'desk'],
  passwordExpiresAt: now + SECOND,
}

/** Everything that can be wrong with an account, what comes first first. */
const wrongs: readonly (readonly [string, Partial<Account>])[] = [
  ['STATUS_ACCOUNT_DISABLED', { disabled: true }],
  ['STATUS_ACCOUNT_EXPIRED', { expiresAt: now }],
  ['STATUS_INVALID_LOGON_HOURS', { logonHours: hours((hour) => hour !== WEDNESDAY_NOON) }],
  ['STATUS_INVALID_WORKSTATION', { workstations: ['OTHER'] }],
  ['STATUS_ACCOUNT_RESTRICTION', { mayUseNetwork: false }],
  ['STATUS_PASSWORD_MUST_CHANGE', { mustChangePassword: true }],
  ['STATUS_PASSWORD_EXPIRED', { passwordExpiresAt: now }],
]

const settings = { netbiosName: 'SERVER', dnsName: 'server.example' }

function mechanismFor(account: Account | undefined, options: Partial<LocalNtlmOptions> = {}): NtlmMechanism {
  const find = (user: string) => (user.toLowerCase() === account?.user ? account : undefined)
  return localNtlm({ find }, { ...settings, now: () => now, ...options })
}

interface Try extends NtlmInitiatorOptions {
  readonly user?: string
  readonly password?: string
  readonly peer?: Peer
}

async function logOn(
  mechanism: NtlmMechanism,
  { user = 'Anna', password = 'right', peer, ...options }: Try = {},
): Promise<Logon | Failure> {
  const client = new NtlmInitiatorMechanism({ user, password }, { workstation: 'pc7', ...options }).initiator()
  const server = mechanism.acceptor(peer)
  const hello = await client.step()
  assert.ok(!failed(hello) && hello.token)
  const challenge = await server.accept(hello.token)
  assert.ok(!failed(challenge) && challenge.token)
  const proof = await client.step(challenge.token)
  assert.ok(!failed(proof) && proof.token)
  const outcome = await server.accept(proof.token)
  if (failed(outcome)) return outcome
  assert.ok(outcome.complete)
  return outcome.complete
}

const statusOf = (outcome: Logon | Failure): string =>
  failed(outcome) ? ntStatusName(outcome.status) : `${outcome.identity.kind} ${outcome.identity.user}`
const reasonOf = (outcome: Logon | Failure): string => (outcome instanceof RefusedLogon ? outcome.reason : '')

suite('the terms of an account', () => {
  test('one that has no fault is let in, until its time ends', async () => {
    const outcome = await logOn(mechanismFor(good))
    assert.equal(statusOf(outcome), 'user anna')
    assert.ok(!failed(outcome))
    assert.equal(outcome.expiresAt, now + SECOND)
    const byHours = await logOn(mechanismFor({ ...good, expiresAt: now + 99_999n * SECOND }))
    assert.ok(!failed(byHours))
    assert.equal(byHours.expiresAt, now + 1800n * SECOND)
  })

  for (const [index, [status, wrong]] of wrongs.entries())
    test(`${status} comes before all that is behind it, and only for who knows the password`, async () => {
      const account = { ...good, ...Object.assign({}, ...wrongs.slice(index).map(([, fault]) => fault)), ...wrong }
      assert.equal(statusOf(await logOn(mechanismFor(account))), status)
      const guess = await logOn(mechanismFor(account), { password: 'wrong' })
      assert.equal(statusOf(guess), 'STATUS_LOGON_FAILURE')
      assert.equal(reasonOf(guess), 'wrong password')
    })

  test('who is not known looks the same to the client, and not to the log', async () => {
    const outcome = await logOn(mechanismFor(anna), { user: 'nemo' })
    assert.equal(statusOf(outcome), 'STATUS_LOGON_FAILURE')
    assert.equal(reasonOf(outcome), 'there is no such user')
    assert.ok(outcome instanceof RefusedLogon)
    assert.equal(outcome.user, 'nemo')
  })

  test('a machine that does not say its name is none of those allowed', async () => {
    assert.equal(statusOf(await logOn(mechanismFor(good), { workstation: '' })), 'STATUS_INVALID_WORKSTATION')
  })

  test('guests: nobody, strangers, or also who gives a wrong password', async () => {
    const strangers = mechanismFor(anna, { guests: 'unknown user' })
    assert.equal(statusOf(await logOn(strangers, { user: 'nemo' })), 'guest nemo')
    assert.equal(statusOf(await logOn(strangers, { password: 'wrong' })), 'STATUS_LOGON_FAILURE')
    const all = mechanismFor(anna, { guests: 'wrong password' })
    assert.equal(statusOf(await logOn(all, { password: 'wrong' })), 'guest Anna')
    assert.equal(statusOf(await logOn(all)), 'user anna')
  })

  test('groups are those of all machines, SIDs, or the server’s own', async () => {
    const groups = ['Administrators', 'S-1-5-21-9-9-9-1000', 'staff', 'STAFF']
    const outcome = await logOn(mechanismFor({ ...anna, groups }))
    assert.ok(!failed(outcome))
    const { groupSids } = outcome.identity
    assert.ok(groupSids.includes('S-1-5-32-544') && groupSids.includes('S-1-5-21-9-9-9-1000'))
    const own = groupSids.filter((sid) => /^S-1-5-21-\d+-\d+-\d+-[12]\d{9}$/.test(sid))
    assert.equal(own.length, 2)
    assert.equal(own[0], own[1])
  })
})

suite('lock-out', () => {
  const policy: LockoutPolicy = { threshold: 3, durationMs: 60_000, windowMs: 30_000 }
  let time = now
  const locking = (account: Account | undefined) => {
    time = now
    return mechanismFor(account, { lockout: policy, now: () => time })
  }
  const wrong = async (mechanism: NtlmMechanism, user = 'anna') =>
    statusOf(await logOn(mechanism, { user, password: 'wrong' }))

  test('so many wrong passwords lock an account for a while, whoever asks', async () => {
    const mechanism = locking({ ...anna, disabled: true })
    for (let i = 0; i < 3; i++) assert.equal(await wrong(mechanism), 'STATUS_LOGON_FAILURE')
    assert.equal(await wrong(mechanism), 'STATUS_ACCOUNT_LOCKED_OUT')
    assert.equal(statusOf(await logOn(mechanism)), 'STATUS_ACCOUNT_LOCKED_OUT', 'before the account is disabled')
    time += 60n * SECOND
    assert.equal(statusOf(await logOn(mechanism)), 'STATUS_ACCOUNT_DISABLED')
  })

  test('the right password, and time, take back what was counted', async () => {
    const mechanism = locking(anna)
    for (let i = 0; i < 6; i++) {
      assert.equal(await wrong(mechanism), 'STATUS_LOGON_FAILURE')
      assert.equal(await wrong(mechanism), 'STATUS_LOGON_FAILURE')
      if (i % 2 === 0) time += 30n * SECOND
      else assert.equal(statusOf(await logOn(mechanism)), 'user anna')
    }
  })

  test('names that are no accounts are locked out, too: nobody learns which there are', async () => {
    const mechanism = locking(anna)
    for (let i = 0; i < 3; i++) assert.equal(await wrong(mechanism, 'nemo'), 'STATUS_LOGON_FAILURE')
    assert.equal(await wrong(mechanism, 'nemo'), 'STATUS_ACCOUNT_LOCKED_OUT')
    assert.equal(statusOf(await logOn(mechanism)), 'user anna')
  })

  test('so many names are kept and no more', async () => {
    const mechanism = mechanismFor(anna, { lockout: { threshold: 2 } })
    assert.equal(await wrong(mechanism, 'first'), 'STATUS_LOGON_FAILURE')
    for (let i = 0; i < 1024; i++) await wrong(mechanism, `name${i}`)
    assert.equal(await wrong(mechanism, 'first'), 'STATUS_LOGON_FAILURE')
    assert.equal(await wrong(mechanism, 'first'), 'STATUS_LOGON_FAILURE')
    assert.equal(await wrong(mechanism, 'first'), 'STATUS_ACCOUNT_LOCKED_OUT')
  })
})

suite('wrong passwords cost time', () => {
  const delays = { delayMs: 2000, maxDelayMs: 7000, max: 8 }
  const flush = () => new Promise((resolve) => setImmediate(resolve))

  /** When, in seconds, each of some attempts is answered. */
  async function answered(clock: VirtualClock, attempts: readonly Promise<unknown>[]): Promise<(number | undefined)[]> {
    const at: (number | undefined)[] = attempts.map(() => undefined)
    attempts.forEach((attempt, i) => void attempt.then(() => (at[i] ??= seconds)))
    let seconds = 0
    for (; seconds < 20; seconds++) {
      for (let i = 0; i < 8; i++) await flush()
      clock.advance(1000)
    }
    return at
  }

  test('the answer waits, and so does the next from there, and the next for that account', async () => {
    const clock = new VirtualClock()
    const throttle = new LogonThrottle(clock, delays)
    const mechanism = mechanismFor(anna, { throttle, now: () => clock.now() })
    const from = (address: string, more: Try = {}) => logOn(mechanism, { peer: { address }, ...more })
    const bad = { password: 'wrong' }
    const attempts = [
      from('10.0.0.1', bad),
      from('10.0.0.1', bad),
      from('10.0.0.1', { user: 'nemo' }),
      from('10.0.0.2', bad),
      from('10.0.0.3', { user: 'nobody' }),
    ]
    const at = await answered(clock, attempts)
    assert.deepEqual(at, [2, 4, 6, 6, 2], 'turns, and two seconds after each')
    assert.equal(statusOf(await from('10.0.0.1')), 'user anna')
  })

  test('the right password pays nothing, and what waits too long is refused', async () => {
    const clock = new VirtualClock()
    const throttle = new LogonThrottle(clock, delays)
    const mechanism = mechanismFor(anna, { throttle, now: () => clock.now() })
    const bad = { password: 'wrong', peer: { address: '::1' } }
    const attempts = Array.from({ length: 8 }, () => logOn(mechanism, bad))
    await answered(clock, attempts)
    const statuses = await Promise.all(attempts.map(async (attempt) => statusOf(await attempt)))
    assert.equal(statuses.filter((status) => status === 'STATUS_LOGON_FAILURE').length, 4)
    assert.equal(statuses.filter((status) => status === 'STATUS_REQUEST_NOT_ACCEPTED').length, 4)
    clock.advance(20_000)
    for (let i = 0; i < 3; i++) assert.equal(statusOf(await logOn(mechanism, { peer: bad.peer })), 'user anna')
  })

  test('so many sources are kept and no more', async () => {
    const clock = new VirtualClock()
    const throttle = new LogonThrottle(clock, delays)
    for (let i = 0; i < 100; i++) {
      const admission = throttle.admit([`from ${i}`])
      assert.ok(admission)
      void admission.wrong()
    }
    assert.equal(throttle.size, 8)
  })
})

suite('what a response says of its target', () => {
  const ours = ['server', 'server.example', '10.0.0.9', 'fe80::1']
  const cases: readonly [string | undefined, boolean][] = [
    ['cifs/server', true],
    ['CIFS/Server.Example.', true],
    ['host/server.example:445', true],
    ['cifs/server.example/EXAMPLE', true],
    ['cifs@server', true],
    ['cifs/10.0.0.9', true],
    ['cifs/[fe80::1]', true],
    ['cifs/fe80::1', true],
    ['cifs/fe80::2', false],
    ['cifs/other', false],
    ['http/server', false],
    ['cifs/', false],
    ['server', false],
    ['\u0000', false],
  ]
  for (const [name, isOurs] of cases)
    test(`${name} is ${isOurs ? '' : 'not '}ours`, () => {
      assert.equal(targetNameProblem(name, 'ifGiven', ours) === undefined, isOurs)
      assert.equal(targetNameProblem(name, 'off', ours), undefined)
    })

  test('a relayed logon names the server that it was meant for', async () => {
    const given = { targetNames: 'ifGiven', hostNames: () => ours } as const
    const relayed = await logOn(mechanismFor(anna, given), { targetName: 'cifs/relay.example' })
    assert.equal(statusOf(relayed), 'STATUS_ACCESS_DENIED')
    assert.match(reasonOf(relayed), /"cifs\/relay.example", which is not this server/)
    assert.equal(statusOf(await logOn(mechanismFor(anna, given), { targetName: 'cifs/server' })), 'user anna')
    assert.equal(statusOf(await logOn(mechanismFor(anna, given))), 'user anna')
    const required = { ...given, targetNames: 'required' } as const
    assert.equal(statusOf(await logOn(mechanismFor(anna, required))), 'STATUS_ACCESS_DENIED')
  })

  test('channel bindings are for the channel that they are for', async () => {
    const channelBindings = new Uint8Array(16).fill(7)
    const bound = (peer: Peer) => logOn(mechanismFor(anna), { channelBindings, peer })
    assert.equal(statusOf(await bound({ address: '', channelBindings })), 'user anna')
    assert.equal(statusOf(await bound({ address: '' })), 'STATUS_BAD_BINDINGS')
    const other = new Uint8Array(16).fill(8)
    assert.equal(statusOf(await bound({ address: '', channelBindings: other })), 'STATUS_BAD_BINDINGS')
    assert.equal(statusOf(await logOn(mechanismFor(anna), { peer: { address: '', channelBindings } })), 'user anna')
  })
})

suite('the LAN Manager authentication level', () => {
  const weak: Account = { ...anna, lmHash: lmHash('right') as Uint8Array }
  const levels = [0, 1, 2, 3, 4, 5] as const
  for (const server of levels)
    for (const client of levels) {
      // Below 3 a client sends what only a server below 5 takes.
      const isTaken = client >= 3 || server < 5
      test(`server ${server}, client ${client}: ${isTaken ? 'taken' : 'refused'}`, async () => {
        const outcome = await logOn(mechanismFor(weak, { lmLevel: server }), { lmLevel: client })
        assert.equal(statusOf(outcome), isTaken ? 'user anna' : 'STATUS_LOGON_FAILURE')
        if (!isTaken) assert.equal(reasonOf(outcome), 'NTLMv1 is not taken at level 5')
        const guess = await logOn(mechanismFor(weak, { lmLevel: server }), { lmLevel: client, password: 'Wrong' })
        assert.equal(statusOf(guess), 'STATUS_LOGON_FAILURE')
      })
    }

  const challenge = Uint8Array.of(1, 2, 3, 4, 5, 6, 7, 8)
  const lmAlone = (account: Account, lmLevel: LmLevel): string => {
    const find = () => account
    const identities = new Identities('SERVER', machineSidOf('SERVER'))
    const authenticator = new LocalAuthenticator({ find }, { identities, timing: { now: () => now }, maxTallies: 8 })
    const lmResponse = challengeResponse(lmHash('right') as Uint8Array, challenge)
    const checked = checkNtlm(
      { authenticator, identities, lmLevel },
      {
        user: 'anna',
        domain: '',
        workstation: '',
        serverChallenge: challenge,
        ntResponse: new Uint8Array(0),
        lmResponse,
        hasSessionSecurity: false,
      },
      undefined,
    )
    assert.ok(!(checked instanceof Promise))
    return failed(checked) ? ntStatusName(checked.status) : checked.identity.user
  }
  test('an LM response alone is taken below 4, where the account keeps an LM hash', () => {
    assert.equal(lmAlone(weak, 3), 'anna')
    assert.equal(lmAlone(weak, 4), 'STATUS_LOGON_FAILURE')
    assert.equal(lmAlone(anna, 0), 'STATUS_LOGON_FAILURE')
  })
})
