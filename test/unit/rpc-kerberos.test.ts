/** Packets of RPC under Kerberos: both roles with keys of a context, as RFC 4121 and MS-KILE have them. */
import assert from 'node:assert/strict'
import { test } from 'node:test'
import { KerberosMessages } from '../../src/auth/kerberos-messages.ts'
import type { Acceptor, Identity, Initiator } from '../../src/auth/mechanism.ts'
import { kerberosUse, openKerberos } from '../../src/crypto/kerberos.ts'
import { RpcClient } from '../../src/rpc/client.ts'
import { RpcError } from '../../src/rpc/fault.ts'
import { service } from '../../src/rpc/service.ts'
import { AuthenticationLevel, AuthenticationType, FaultStatus } from '../../src/wire/dcerpc/index.ts'
import { EncryptionType } from '../../src/wire/kerberos/index.ts'
import { duplexTo, endpoint } from './rpc-pair.ts'
import { Toy } from './rpc-toy.ts'

const keys = {
  [EncryptionType['aes128-cts-hmac-sha1-96']]: 16,
  [EncryptionType['aes256-cts-hmac-sha1-96']]: 32,
  [EncryptionType['aes128-cts-hmac-sha256-128']]: 16,
  [EncryptionType['aes256-cts-hmac-sha384-192']]: 32,
} as const
const types = Object.entries(keys).map(([type, bytes]) => [Number(type), bytes] as const)
const FAR = 2n ** 32n - 2n

/** Both ends of a context. */
function ends(encryptionType: number, keyBytes: number, isAcceptorSubkey = true): [KerberosMessages, KerberosMessages] {
  const key = Uint8Array.from({ length: keyBytes }, (_, i) => i * 7)
  const common = { encryptionType, key, isAcceptorSubkey }
  return [
    new KerberosMessages({ ...common, isInitiator: true, sendSequence: FAR, receiveSequence: 5n }),
    new KerberosMessages({ ...common, isInitiator: false, sendSequence: 5n, receiveSequence: FAR }),
  ]
}

const whole = Uint8Array.from({ length: 100 }, (_, i) => 255 - i)

for (const [type, keyBytes] of types) {
  test(`encryption type ${type}: what is sealed opens, once and in its order, and not when it was changed`, () => {
    const [client, server] = ends(type, keyBytes)
    for (const [start, end] of [
      [0, 100],
      [24, 92],
      [24, 25],
      [24, 24],
    ] as const) {
      const sealed = whole.slice()
      const signature = client.seal(sealed, start, end)
      assert.equal(signature.length, client.signatureBytes(true))
      assert.deepEqual(sealed.subarray(0, start), whole.subarray(0, start))
      if (end - start > 1) assert.notDeepEqual(sealed, whole)
      for (const at of [0, start, end, 99].filter((place) => place < 100)) {
        const changed = sealed.slice()
        changed[at] = (changed[at] ?? 0) ^ 1
        assert.equal(server.unseal(changed, start, end, signature), false, `byte ${at}`)
      }
      for (let at = 0; at < signature.length; at++) {
        const changed = signature.slice()
        changed[at] = (changed[at] ?? 0) ^ 1
        assert.equal(server.unseal(sealed.slice(), start, end, changed), false, `byte ${at} of the token`)
      }
      for (const length of [0, 15, 40, signature.length - 1])
        assert.equal(server.unseal(sealed.slice(), start, end, signature.subarray(0, length)), false)
      const opened = sealed.slice()
      assert.equal(server.unseal(opened, start, end, signature), true, `${start} to ${end}`)
      assert.deepEqual(opened, whole)
      assert.equal(server.unseal(sealed.slice(), start, end, signature), false, 'a second time')
    }
  })

  test(`encryption type ${type}: signatures, and what the two ends have counted elsewhere`, () => {
    const [client, server] = ends(type, keyBytes, false)
    client.countSent()
    assert.equal(server.verify(whole, client.sign(whole)), false)
    server.countReceived()
    const [first, second] = [client.sign(whole), client.sign(whole)]
    assert.equal(server.verify(whole, second), false)
    assert.equal(server.verify(whole, first), false)
    // The one in between was lost: it was the first that was signed.
    server.countReceived()
    assert.equal(server.verify(whole, first), true)
    assert.equal(server.verify(whole, second), true)
    assert.equal(client.verify(whole, client.sign(whole)), false, 'one’s own')
    assert.equal(client.verify(whole, server.sign(whole)), true)
  })
}

test('what others fill in: any number of bytes, also none (impacket)', () => {
  const key = new Uint8Array(32).fill(3)
  const use = kerberosUse(18, key, 24)
  assert.ok(use)
  for (const filler of [0, 5, 16]) {
    const message = whole.slice(0, 32)
    const header = Buffer.from(
      `050406ff${filler.toString(16).padStart(4, '0')}0000${FAR.toString(16).padStart(16, '0')}`,
      'hex',
    )
    const plain = Buffer.concat([new Uint8Array(16), message, new Uint8Array(filler), header])
    const sealed: Uint8Array = use.encrypt(plain)
    header.writeUInt16BE(28, 6)
    const token = Buffer.concat([header, sealed.subarray(48), use.mac(plain), sealed.subarray(0, 16)])
    const got: Uint8Array = new Uint8Array(sealed.subarray(16, 48))
    const [, server] = ends(18, 32)
    assert.equal(new KerberosMessages({ ...serverKey, key }).unseal(got, 0, 32, token), true)
    assert.deepEqual(got, message)
    assert.equal(server.unseal(new Uint8Array(sealed.subarray(16, 48)), 0, 32, token), false, 'another key')
    // The same as Kerberos' own encryption.
    assert.deepEqual(openKerberos(18, key, 24, Buffer.concat([sealed, use.mac(plain)])), plain.subarray(16))
  }
})

const serverKey = {
  encryptionType: 18,
  isInitiator: false,
  isAcceptorSubkey: true,
  sendSequence: 0n,
  receiveSequence: FAR,
} as const

const identity: Identity = { kind: 'user', user: 'alice', domain: 'CORP', sid: 'S-1-5-21-1-2-3-4', groupSids: [] }
const sessionKey = new Uint8Array(16)

/** The three messages of DCE's style, with nothing in them: what is tested comes after. */
function logonOf(messages: [KerberosMessages, KerberosMessages]): { initiator: Initiator; acceptor: Acceptor } {
  const said = (text: string): Uint8Array => new TextEncoder().encode(text)
  const is = (token: Uint8Array | undefined, text: string): void => assert.equal(new TextDecoder().decode(token), text)
  const isSaid = new Set<string>()
  return {
    initiator: {
      step(token) {
        if (token === undefined) return { token: said('AP-REQ') }
        is(token, 'AP-REP')
        return { token: said('AP-REP 2'), complete: { sessionKey, messages: messages[0] } }
      },
    },
    acceptor: {
      accept(token) {
        const isFirst = isSaid.size === 0
        isSaid.add('AP-REQ')
        is(token, isFirst ? 'AP-REQ' : 'AP-REP 2')
        return isFirst ? { token: said('AP-REP') } : { complete: { sessionKey, identity, messages: messages[1] } }
      },
    },
  }
}

const data = Uint8Array.from({ length: 20_001 }, (_, i) => i)

for (const [type, keyBytes] of types)
  for (const level of [AuthenticationLevel.PACKET, AuthenticationLevel.INTEGRITY, AuthenticationLevel.PRIVACY])
    test(`calls with encryption type ${type} at level ${level}, in one fragment and in many`, async () => {
      const { initiator, acceptor } = logonOf(ends(type, keyBytes))
      const toy = service(Toy, {
        Echo: ({ data: given }) => ({ data: given }),
        Greet: () => ({ greeting: 'hello', result: 0 }),
      })
      const duplex = duplexTo({
        ...endpoint([]),
        services: [toy],
        authenticator: { acceptor: () => acceptor, services: () => [toy] },
      })
      let isChanged = false
      const watched = {
        async send(bytes: Uint8Array) {
          if (isChanged) bytes[30] = (bytes[30] ?? 0) ^ 1
          await duplex.send(bytes)
        },
        receive: () => duplex.receive(),
      }
      const authentication = { type: AuthenticationType.KERBEROS, level, initiator }
      const calls = await new RpcClient(watched, { authentication }).bind(Toy)
      assert.deepEqual((await calls.Echo({ data })).data, data)
      assert.equal((await calls.Greet({ name: 'x' })).greeting, 'hello')
      isChanged = true
      await assert.rejects(calls.Greet({ name: 'x' }), (error) => {
        assert.ok(error instanceof RpcError, String(error))
        assert.equal(error.status, FaultStatus.SEC_PKG_ERROR)
        return true
      })
    })
