/** Somebody on the way between client and server, or a server that passes on what it is told. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { type Acceptor, type Initiator, type InitiatorMechanism, RefusedLogon } from '../../src/auth/mechanism.ts'
import { NtlmInitiatorMechanism } from '../../src/auth/ntlm-initiator.ts'
import { SpnegoMechanisms } from '../../src/auth/spnego-acceptor.ts'
import { SpnegoInitiator } from '../../src/auth/spnego-initiator.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import { type Failure, failed } from '../../src/wire/erref/failure.ts'
import { NtStatus, ntStatusName } from '../../src/wire/erref/ntstatus.ts'
import { decodeSpnego, encodeNegTokenInit, encodeNegTokenResp, MechOid } from '../../src/wire/spnego/index.ts'
import { localNtlm } from '../peers/local-ntlm.ts'

const ntlm = localNtlm(
  { find: (user) => (user === 'alice' ? { user, ntHash: ntHash('Secret1') } : undefined) },
  { netbiosName: 'SERVER', dnsName: 'server' },
)
const alice = new NtlmInitiatorMechanism({ user: 'alice', domain: 'D', password: 'Secret1' })
/** Better than NTLM, and known to the client: it talks first. */
const strong: InitiatorMechanism = {
  name: 'strong',
  oid: '1.2.3.9',
  initiator: () => ({ step: () => ({ token: Uint8Array.of(1) }) }),
}

interface Middle {
  readonly toServer?: (token: Uint8Array, trip: number) => Uint8Array
  readonly toClient?: (token: Uint8Array, trip: number) => Uint8Array
}

/** What each end makes of it: `true` where it has logged on. */
async function between(initiator: Initiator, acceptor: Acceptor, { toServer, toClient }: Middle) {
  const end: { client: Failure | boolean; server: Failure | boolean } = { client: false, server: false }
  let toIt: Uint8Array | undefined
  for (let trip = 0; trip < 6; trip++) {
    const step = await initiator.step(toIt)
    if (failed(step)) return { ...end, client: step }
    if (step.complete !== undefined) end.client = true
    if (step.token === undefined) return end
    const answer = await acceptor.accept(toServer?.(step.token.slice(), trip) ?? step.token)
    if (failed(answer)) return { ...end, server: answer }
    if (answer.complete !== undefined) end.server = true
    if (answer.token === undefined) return end
    toIt = toClient?.(answer.token.slice(), trip) ?? answer.token
  }
  throw new Error('no end of it')
}

/** A negTokenResp without its MIC. */
function withoutMic(token: Uint8Array): Uint8Array {
  const found = decodeSpnego(token)
  assert.ok(found.kind === 'resp')
  const { negState, supportedMech, responseToken } = found
  return encodeNegTokenResp({
    ...(negState !== undefined && { negState }),
    ...(supportedMech !== undefined && { supportedMech }),
    ...(responseToken !== undefined && { responseToken }),
  })
}

test('nobody on the way', async () => {
  const outcome = await between(new SpnegoInitiator([strong, alice]), new SpnegoMechanisms([ntlm]).acceptor(), {})
  assert.deepEqual(outcome, { client: true, server: true })
})

test('who takes the stronger mechanism away, and the MICs with it, gets no client', async () => {
  const outcome = await between(new SpnegoInitiator([strong, alice]), new SpnegoMechanisms([ntlm]).acceptor(), {
    // The server sees a client that knows NTLM alone.
    toServer: (token, trip) =>
      trip === 0 ? encodeNegTokenInit({ mechTypes: [MechOid.NTLMSSP] }) : trip > 1 ? withoutMic(token) : token,
    toClient: (token, trip) => (trip > 1 ? withoutMic(token) : token),
  })
  assert.ok(typeof outcome.client === 'object')
  assert.equal(ntStatusName(outcome.client.status), 'STATUS_ACCESS_DENIED')
  assert.ok(outcome.client instanceof RefusedLogon)
  assert.match(outcome.client.reason, /^the client does not trust the server/)
})

test('the same, where the MICs are left: the server finds out', async () => {
  const outcome = await between(new SpnegoInitiator([strong, alice]), new SpnegoMechanisms([ntlm]).acceptor(), {
    toServer: (token, trip) => (trip === 0 ? encodeNegTokenInit({ mechTypes: [MechOid.NTLMSSP] }) : token),
  })
  assert.ok(typeof outcome.server === 'object')
  assert.equal(ntStatusName(outcome.server.status), 'STATUS_ACCESS_DENIED')
})

test('a MIC that is owed and does not come: nobody is logged on', async () => {
  const outcome = await between(new SpnegoInitiator([strong, alice]), new SpnegoMechanisms([ntlm]).acceptor(), {
    toServer: (token, trip) => (trip === 0 ? token : withoutMic(token)),
  })
  assert.notEqual(outcome.server, true)
  assert.notEqual(outcome.client, true)
})

const MIC_AT = 72
const MIC_BYTES = 16
const VERSION_AT = 64
/** Where AUTHENTICATE says where its parts lie: six lengths with offsets (MS-NLMP 2.2.1.3). */
const OFFSETS = [16, 24, 32, 40, 48, 56] as const
/** `token` without the bytes from `at` on. */
function cut(token: Uint8Array, at: number, length: number): Uint8Array {
  const shorter = new Uint8Array([...token.subarray(0, at), ...token.subarray(at + length)])
  const view = viewOf(shorter)
  for (const offset of OFFSETS) view.setUint32(offset, view.getUint32(offset, true) - length, true)
  return shorter
}

test('NTLM: a MIC of zeros, none, and none with the version gone, too', async () => {
  const ways: readonly (readonly [string, (token: Uint8Array) => Uint8Array])[] = [
    ['zeros', (token) => token.fill(0, MIC_AT, MIC_AT + MIC_BYTES)],
    ['none', (token) => cut(token, MIC_AT, MIC_BYTES)],
    ['none, and no version', (token) => cut(token, VERSION_AT, MIC_AT - VERSION_AT + MIC_BYTES)],
  ]
  for (const [name, change] of ways) {
    const outcome = await between(alice.initiator(), ntlm.acceptor(), {
      toServer: (token, trip) => (trip === 1 ? change(token) : token),
    })
    assert.ok(typeof outcome.server === 'object', name)
    assert.notEqual(outcome.server.status, NtStatus.SUCCESS, name)
  }
})

test('NTLM: what an end has sent itself is no answer to it', async () => {
  const ends = async () => {
    const [initiator, acceptor] = [alice.initiator(), ntlm.acceptor()]
    const hello = await initiator.step()
    assert.ok(!failed(hello) && hello.token)
    const challenge = await acceptor.accept(hello.token)
    assert.ok(!failed(challenge) && challenge.token)
    return { initiator, acceptor, hello: hello.token, challenge: challenge.token }
  }
  const first = await ends()
  assert.ok(failed(await first.initiator.step(first.hello)))
  assert.ok(failed(await first.acceptor.accept(first.challenge)))
  // A server that hands its client's own answer back.
  const second = await ends()
  const answer = await second.initiator.step(second.challenge)
  assert.ok(!failed(answer) && answer.token)
  const third = await ends()
  assert.ok(failed(await third.initiator.step(answer.token)))
  // One that passes the answer to another logon of the same client on: it is for another challenge.
  assert.ok(failed(await third.acceptor.accept(answer.token)))
})
