/** DCE/RPC as captures have it: sealed packets that a password opens, fragments put together, syntaxes named. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { NtlmInitiatorMechanism } from '../../src/auth/ntlm-initiator.ts'
import { SpnegoMechanisms } from '../../src/auth/spnego-acceptor.ts'
import { SpnegoInitiator } from '../../src/auth/spnego-initiator.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { ntHash } from '../../src/crypto/ntlm.ts'
import { RpcClient } from '../../src/rpc/client.ts'
import { service } from '../../src/rpc/service.ts'
import { dcerpcField } from '../../src/trace/dissect/dcerpc-fields.ts'
import type { Field } from '../../src/trace/dissect/field.ts'
import { maxStubBytes, RpcState } from '../../src/trace/dissect/rpc-state.ts'
import { KeyRing, readSecrets } from '../../src/trace/index.ts'
import { nodeCiphers } from '../../src/trace/node/index.ts'
import { AuthenticationLevel, AuthenticationType } from '../../src/wire/dcerpc/index.ts'
import { localNtlm } from '../peers/local-ntlm.ts'
import { duplexTo, endpoint } from './rpc-pair.ts'
import { Toy, ToyState } from './rpc-toy.ts'

const password = 'Secret1'
const data = Uint8Array.from({ length: 20_001 }, (_, i) => i)

interface Captured {
  readonly packet: Uint8Array
  readonly fromServer: boolean
}

/** What goes over the wire when somebody logs on by NTLM, seals, and calls twice. */
async function conversation(type: number): Promise<Captured[]> {
  const find = () => ({ user: 'alice', ntHash: ntHash(password) })
  const ntlm = localNtlm({ find }, { netbiosName: 'SERVER', dnsName: 'server.example', guests: 'unknown user' })
  const mechanisms = new SpnegoMechanisms([ntlm])
  const inner = duplexTo({
    ...endpoint(new ToyState().services()),
    authenticator: {
      acceptor: () => mechanisms.acceptor(),
      services: () => [
        service(Toy, {
          Echo: ({ data: given }) => ({ data: given }),
          Greet: () => ({ greeting: '', result: 0 }),
          Big: ({ length }) => ({ data: new Uint8Array(length) }),
        }),
      ],
    },
  })
  const captured: Captured[] = []
  const see = (bytes: Uint8Array, fromServer: boolean): void => {
    for (let at = 0; at < bytes.length; at += viewOf(bytes).getUint16(at + 8, true))
      captured.push({ packet: bytes.slice(at, at + viewOf(bytes).getUint16(at + 8, true)), fromServer })
  }
  const duplex = {
    async send(bytes: Uint8Array) {
      see(bytes, false)
      await inner.send(bytes)
    },
    async receive() {
      const bytes = await inner.receive()
      see(bytes, true)
      return bytes
    },
  }
  const mechanism = new NtlmInitiatorMechanism({ user: 'alice', domain: 'SERVER', password }, { workstation: 'CLIENT' })
  const initiator = type === AuthenticationType.NTLM ? mechanism.initiator() : new SpnegoInitiator([mechanism])
  const authentication = { type, level: AuthenticationLevel.PRIVACY, initiator }
  const toy = await new RpcClient(duplex, { authentication }).bind(Toy)
  for (const given of [data, data.subarray(0, 10)]) assert.deepEqual((await toy.Echo({ data: given })).data, given)
  return captured
}

const flat = (fields: readonly Field[]): Field[] => fields.flatMap((field) => [field, ...flat(field.children)])
const place = (index: number, fromServer: boolean) => ({ frame: index + 1, timeNs: 0, fromServer, isWanted: true })

function fieldsOf(captured: readonly Captured[], passwords: readonly string[]): Field[][] {
  const ring = new KeyRing(readSecrets({ passwords }), nodeCiphers())
  const state = new RpcState(ring)
  return captured.map(({ packet, fromServer }, index) => flat([dcerpcField(packet, place(index, fromServer), state)]))
}

const openedIn = (fields: readonly (readonly Field[])[]): Uint8Array =>
  Buffer.concat(
    fields.flatMap((own) =>
      own.flatMap(({ label, value }) => (label === 'opened parameters' ? [value as Uint8Array] : [])),
    ),
  )

for (const [name, type] of [
  ['NTLM', AuthenticationType.NTLM],
  ['SPNEGO', AuthenticationType.SPNEGO],
] as const)
  test(`calls that ${name} has sealed are opened with the password, over all of their fragments`, async () => {
    const captured = await conversation(type)
    const fields = fieldsOf(captured, [password])
    assert.ok(!captured.some(({ packet }) => Buffer.from(packet).includes(data.subarray(0, 100))), 'sealed')
    const opened = Buffer.from(openedIn(fields))
    assert.ok(opened.includes(data.subarray(0, 250)))
    const joined = fields.flatMap((own) => own.filter((field) => field.name === 'dcerpc.reassembled_in'))
    assert.equal(joined.length, 2, 'the request and the answer')
    for (const { display } of joined) assert.match(display, /^\d+ fragments, 200\d\d bytes, from frame \d+ on$/)
    const wrong = fieldsOf(captured, ['other'])
    assert.equal(openedIn(wrong).length, 0)
    assert.ok(wrong.some((own) => own.some(({ display }) => display === 'sealed, and no key opens them')))
    // Where a packet is missing the cipher cannot go on, and says nothing rather than rubbish.
    const first = captured.findIndex(({ packet, fromServer }) => !fromServer && packet[2] === 0)
    const missing = fieldsOf(
      captured.filter((_, index) => index !== first + 1),
      [password],
    )
    assert.ok(openedIn(missing).length < opened.length - 10_000)
  })

test('parameters that never end are not kept', () => {
  const state = new RpcState(undefined)
  const part = new Uint8Array(1024 * 1024)
  for (let call = 0; call < 20; call++) {
    assert.equal(state.joined(`in ${call}`, part, { isFirst: true, isLast: false }, 1), undefined)
    assert.equal(state.joined(`in ${call}`, part, { isFirst: false, isLast: false }, 2), undefined)
  }
  assert.equal(state.joined('in 0', part, { isFirst: false, isLast: true }, 3), undefined, 'the oldest is forgotten')
  const found = state.joined('in 19', part, { isFirst: false, isLast: true }, 3)
  assert.deepEqual([found?.fragments, found?.stub.length, found?.frame], [3, 3 * part.length, 1])
  assert.ok(part.length * 3 <= maxStubBytes)
})
