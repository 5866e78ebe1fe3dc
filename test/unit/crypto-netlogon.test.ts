/** Netlogon's secure channel: both ends of it, and what is done to its messages in between. */
import assert from 'node:assert/strict'
import { createDecipheriv } from 'node:crypto'
import { test } from 'node:test'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import {
  NetlogonSession,
  netlogonCredential,
  netlogonSessionKey,
  sealedTrustPassword,
  steppedCredential,
} from '../../src/crypto/netlogon.ts'

const key = fromHex('000102030405060708090a0b0c0d0e0f')
const pair = (): [NetlogonSession, NetlogonSession] => [
  new NetlogonSession(key, 'client'),
  new NetlogonSession(key, 'server'),
]
const message = (): Uint8Array => Uint8Array.from({ length: 64 }, (_, i) => i)

test('keys and credentials follow from the password and both challenges', () => {
  const [client, server] = [fromHex('0102030405060708'), fromHex('1112131415161718')]
  const one = netlogonSessionKey(key, client, server)
  assert.equal(one.length, 16)
  assert.notDeepEqual(one, netlogonSessionKey(key, server, client))
  assert.equal(netlogonCredential(one, client).length, 8)
  assert.notDeepEqual(netlogonCredential(one, client), netlogonCredential(one, server))
  // Of zeros AES in CFB8 would make zeros with one key of 256 (CVE-2020-1472): a challenge is random for that.
  assert.notEqual(hex(netlogonCredential(one, new Uint8Array(8)), 8), '')
})

test('an authenticator steps on in its first half alone, and around', () => {
  const credential = fromHex('ffffffff01020304')
  assert.equal(hex(steppedCredential(credential, 2), 8), '0100000001020304')
  assert.equal(hex(credential, 8), 'ffffffff01020304')
})

test('a new password lies at the end of noise, with its length behind', () => {
  const sealed = sealedTrustPassword(key, 'pässword')
  assert.equal(sealed.length, 516)
  const plain = createDecipheriv('aes-128-cfb8', key, new Uint8Array(16)).update(sealed)
  assert.equal(plain.readUInt32LE(512), 16)
  assert.equal(plain.toString('utf16le', 496, 512), 'pässword')
  assert.notDeepEqual(sealed, sealedTrustPassword(key, 'pässword'))
  assert.throws(() => sealedTrustPassword(key, 'x'.repeat(257)), RangeError)
})

test('messages are signed and sealed in turn, each with a number of its own', () => {
  const [client, server] = pair()
  for (let i = 0; i < 3; i++) {
    const sealed = message()
    const signature = client.seal(sealed, 16, 48)
    assert.equal(signature.length, client.signatureBytes())
    assert.deepEqual(sealed.subarray(0, 16), message().subarray(0, 16))
    assert.notDeepEqual(sealed.subarray(16, 48), message().subarray(16, 48))
    assert.ok(server.unseal(sealed, 16, 48, signature))
    assert.deepEqual(sealed, message())
    assert.ok(client.verify(message(), server.sign(message())))
  }
})

test('what is damaged, sent twice or sent back is refused', () => {
  for (const at of [0, 8, 16, 24]) {
    const [client, server] = pair()
    const sealed = message()
    const signature = client.seal(sealed, 0, 64)
    signature[at] = (signature[at] ?? 0) ^ 1
    assert.ok(!server.unseal(sealed, 0, 64, signature), `byte ${at}`)
  }
  const [client, server] = pair()
  const signature = client.sign(message())
  assert.ok(server.verify(message(), signature))
  assert.ok(!server.verify(message(), signature))
  const [mirror] = pair()
  assert.ok(!mirror.verify(message(), mirror.sign(message())))
  assert.ok(!client.verify(message(), new Uint8Array(8)))
  assert.ok(!client.unseal(message(), 0, 64, new Uint8Array(24)))
})
