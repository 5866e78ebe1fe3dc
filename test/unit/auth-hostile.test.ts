import assert from 'node:assert/strict'
import { test } from 'node:test'
import { array, asyncProperty, assert as check, integer, nat, tuple, uint8Array } from 'fast-check'
import type { Acceptor, AcceptorStep, Mechanism } from '../../src/auth/mechanism.ts'
import { NtlmInitiatorMechanism } from '../../src/auth/ntlm-initiator.ts'
import { MAX_TOKEN_BYTES, SpnegoMechanisms } from '../../src/auth/spnego-acceptor.ts'
import { SpnegoInitiator } from '../../src/auth/spnego-initiator.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import { contextTag, der, derOid, Tag } from '../../src/wire/der/der.ts'
import { type Failure, failed } from '../../src/wire/erref/failure.ts'
import { NtStatus, ntStatusName } from '../../src/wire/erref/ntstatus.ts'
import { AuthenticateMessage, NegotiateMessage, NtlmFlags } from '../../src/wire/ntlmssp/index.ts'
import { MechOid, SPNEGO_OID } from '../../src/wire/spnego/index.ts'
import { localNtlm } from '../peers/local-ntlm.ts'

let looked: string[] = []
const everything = { netbiosName: 'SERVER', dnsName: 'server', allowAnonymous: true } as const
const ntlm = localNtlm(
  {
    find(user) {
      looked.push(user)
      return user === 'alice' ? { user, ntHash: ntHash('Secret1') } : undefined
    },
  },
  everything,
)
const spnego = new SpnegoMechanisms([ntlm])
const alice = new NtlmInitiatorMechanism({ user: 'alice', domain: 'D', password: 'Secret1' })

/** An acceptor that has seen the first token, and the second token that would be right. */
async function halfWay(mechanism: Mechanism): Promise<{ acceptor: Acceptor; first: Uint8Array; second: Uint8Array }> {
  const initiator = mechanism === spnego ? new SpnegoInitiator([alice]) : alice.initiator()
  const acceptor = mechanism.acceptor()
  const first = await initiator.step()
  assert.ok(!failed(first) && first.token)
  const challenge = await acceptor.accept(first.token)
  assert.ok(!failed(challenge) && challenge.token)
  const second = await initiator.step(challenge.token)
  assert.ok(!failed(second) && second.token)
  return { acceptor, first: first.token, second: second.token }
}

const EXPECTED: ReadonlySet<number> = new Set([
  NtStatus.INVALID_PARAMETER,
  NtStatus.LOGON_FAILURE,
  NtStatus.ACCESS_DENIED,
])

/** Never thrown, never let in as a user, and refused with one of few statuses. */
function bounded(outcome: AcceptorStep | Failure, what: string): void {
  if (failed(outcome)) assert.ok(EXPECTED.has(outcome.status), `${what}: ${ntStatusName(outcome.status)}`)
  else assert.ok(outcome.complete === undefined || outcome.complete.identity.kind === 'anonymous', what)
}

for (const mechanism of [ntlm, spnego]) {
  test(`${mechanism.name}: every truncation of the first token and of the second`, async () => {
    const { first, second } = await halfWay(mechanism)
    for (let length = 0; length < first.length; length++)
      bounded(await mechanism.acceptor().accept(first.subarray(0, length)), `${length} bytes of the first`)
    for (let length = 0; length < second.length; length++) {
      const { acceptor, second: own } = await halfWay(mechanism)
      const outcome = await acceptor.accept(own.subarray(0, Math.min(length, own.length - 1)))
      assert.ok(failed(outcome), `${length} bytes of the second`)
      bounded(outcome, `${length} bytes of the second`)
    }
  })

  test(`${mechanism.name}: every byte as 0x00, 0x7f, 0x80, 0xff`, async () => {
    const { first, second } = await halfWay(mechanism)
    for (const value of [0, 0x7f, 0x80, 0xff]) {
      for (let at = 0; at < first.length; at++) {
        const changed = first.slice()
        changed[at] = value
        bounded(await mechanism.acceptor().accept(changed), `first token, byte ${at} = ${value}`)
      }
      for (let at = 0; at < second.length; at++) {
        const { acceptor, second: own } = await halfWay(mechanism)
        if (at >= own.length || own[at] === value) continue
        own[at] = value
        const outcome = await acceptor.accept(own)
        // Bytes that SPNEGO's own framing has twice may say the same in another way; NTLM's never.
        if (!failed(outcome) && mechanism === spnego) continue
        bounded(outcome, `second token, byte ${at} = ${value}`)
      }
    }
  })

  test(`${mechanism.name}: random bytes, and random changes`, async () => {
    await check(
      asyncProperty(uint8Array({ maxLength: 200 }), async (bytes) => {
        bounded(await mechanism.acceptor().accept(bytes), 'random bytes')
      }),
      { numRuns: 500 },
    )
    const changes = array(tuple(nat(), integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 8 })
    await check(
      asyncProperty(changes, async (list) => {
        const { acceptor, second } = await halfWay(mechanism)
        const before = second.slice()
        for (const [at, value] of list) second[at % second.length] = value
        const outcome = await acceptor.accept(second)
        if (!Buffer.from(before).equals(second) && mechanism === ntlm) bounded(outcome, 'changed')
      }),
      { numRuns: 300 },
    )
  })
}

test('nested ASN.1, a thousand levels deep, and lists of a megabyte', async () => {
  for (const tag of [Tag.SEQUENCE, Tag.APPLICATION_0, contextTag(0), contextTag(1)]) {
    let nested: Uint8Array = der(tag)
    for (let depth = 0; depth < 1000; depth++) nested = der(tag, nested)
    bounded(await spnego.acceptor().accept(nested), `nested ${tag}`)
    const framed = der(Tag.APPLICATION_0, derOid(SPNEGO_OID), der(contextTag(0), nested))
    const outcome = await spnego.acceptor().accept(framed)
    assert.ok(failed(outcome))
  }
  const oid = derOid('1.2.3')
  const many = new Uint8Array(1 << 20)
  for (let at = 0; at + oid.length <= many.length; at += oid.length) many.set(oid, at)
  const list = der(
    contextTag(0),
    der(Tag.SEQUENCE, many.subarray(0, Math.floor(many.length / oid.length) * oid.length)),
  )
  const init = der(Tag.APPLICATION_0, derOid(SPNEGO_OID), der(contextTag(0), der(Tag.SEQUENCE, list)))
  for (const token of [init, new Uint8Array(1 << 20), new Uint8Array(MAX_TOKEN_BYTES + 1)])
    for (const acceptor of [spnego.acceptor(), ntlm.acceptor()]) {
      const outcome = await acceptor.accept(token)
      assert.ok(failed(outcome))
      assert.equal(outcome.status, NtStatus.INVALID_PARAMETER)
    }
})

test('a token of the largest size is still answered, and shortly', async () => {
  const mechTypes = der(contextTag(0), der(Tag.SEQUENCE, derOid(MechOid.NTLMSSP)))
  const token = new Uint8Array(MAX_TOKEN_BYTES - 64)
  token.set(NegotiateMessage.encode({ negotiateFlags: NtlmFlags.UNICODE, version: { major: 1, minor: 0, build: 0 } }))
  const body = der(Tag.SEQUENCE, mechTypes, der(contextTag(2), der(Tag.OCTET_STRING, token)))
  const init = der(Tag.APPLICATION_0, derOid(SPNEGO_OID), der(contextTag(0), body))
  assert.ok(init.length <= MAX_TOKEN_BYTES)
  const outcome = await spnego.acceptor().accept(init)
  assert.ok(!failed(outcome) && outcome.token)
  assert.ok(outcome.token.length < 1000)
})

/** An AUTHENTICATE message of one's own making, to an acceptor that waits for one. */
async function authenticateWith(fields: {
  userName?: string
  lmResponse?: Uint8Array
  ntResponse?: Uint8Array
  key?: Uint8Array
  flags?: number
}): Promise<AcceptorStep | Failure> {
  const { acceptor } = await halfWay(ntlm)
  const { userName = 'alice', lmResponse, ntResponse, key, flags = NtlmFlags.UNICODE } = fields
  return acceptor.accept(
    AuthenticateMessage.encode({
      negotiateFlags: flags >>> 0,
      version: { major: 10, minor: 0, build: 0 },
      mic: new Uint8Array(16),
      domainName: '',
      userName,
      workstation: '',
      ...(lmResponse && { lmResponse }),
      ...(ntResponse && { ntResponse }),
      ...(key && { encryptedRandomSessionKey: key }),
    }),
  )
}

test('LM, NTLMv1 and NTLM2 session responses are refused before anybody is looked up', async () => {
  looked = []
  const v1 = new Uint8Array(24).fill(7)
  const sessionResponse = new Uint8Array(24)
  sessionResponse.set(v1.subarray(0, 8))
  for (const responses of [
    { lmResponse: v1, ntResponse: v1 },
    { lmResponse: sessionResponse, ntResponse: v1 },
    { lmResponse: v1 },
    { ntResponse: v1.subarray(0, 16) },
    {},
  ]) {
    const outcome = await authenticateWith(responses)
    assert.ok(failed(outcome))
    assert.equal(outcome.status, NtStatus.LOGON_FAILURE)
  }
  assert.deepEqual(looked, [])
})

test('anonymous is exactly nothing: no name and no response but a zero byte', async () => {
  const zero = new Uint8Array(1)
  const yes = [{}, { lmResponse: zero }, { lmResponse: zero, flags: NtlmFlags.UNICODE | NtlmFlags.ANONYMOUS }]
  for (const fields of yes) {
    const outcome = await authenticateWith({ userName: '', ...fields })
    assert.ok(!failed(outcome))
    assert.equal(outcome.complete?.identity.kind, 'anonymous')
  }
  const no = [
    { lmResponse: Uint8Array.of(1) },
    { lmResponse: new Uint8Array(2) },
    { lmResponse: new Uint8Array(24) },
    { ntResponse: new Uint8Array(1) },
    { ntResponse: new Uint8Array(60) },
    { userName: ' ', lmResponse: zero },
    { userName: 'alice', lmResponse: zero, flags: NtlmFlags.UNICODE | NtlmFlags.ANONYMOUS },
  ]
  for (const fields of no) {
    const outcome = await authenticateWith({ userName: '', ...fields })
    assert.ok(failed(outcome), JSON.stringify(fields))
    assert.equal(outcome.status, NtStatus.LOGON_FAILURE)
  }
})

test('an exchanged key of another length is refused where there is something to protect', async () => {
  const flags = NtlmFlags.UNICODE | NtlmFlags.KEY_EXCHANGE | NtlmFlags.SIGN
  for (const key of [new Uint8Array(0), new Uint8Array(15), new Uint8Array(17)]) {
    const outcome = await authenticateWith({ userName: '', flags, key })
    assert.ok(failed(outcome))
    assert.equal(outcome.status, NtStatus.INVALID_PARAMETER)
  }
  const outcome = await authenticateWith({ userName: '', flags: NtlmFlags.UNICODE | NtlmFlags.KEY_EXCHANGE })
  assert.ok(!failed(outcome))
})

test('a client without Unicode is told so; flags that nobody knows are not echoed', async () => {
  const version = { major: 1, minor: 0, build: 0 }
  const oem = await ntlm.acceptor().accept(NegotiateMessage.encode({ negotiateFlags: NtlmFlags.OEM, version }))
  assert.ok(failed(oem))
  assert.equal(oem.status, NtStatus.INVALID_PARAMETER)
  const all = await ntlm.acceptor().accept(NegotiateMessage.encode({ negotiateFlags: 0xffff_ffff, version }))
  assert.ok(!failed(all) && all.token)
  const flags = viewOf(all.token).getUint32(20, true)
  const unwanted =
    NtlmFlags.OEM | NtlmFlags.LM_KEY | NtlmFlags.DATAGRAM | NtlmFlags.ANONYMOUS | NtlmFlags.TARGET_TYPE_DOMAIN
  assert.equal(flags & unwanted, 0)
})
