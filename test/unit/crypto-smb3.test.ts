import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { deriveSessionKeys } from '../../src/crypto/key-derivation.ts'
import { PreauthIntegrityHash } from '../../src/crypto/preauth.ts'
import { type CipherName, createSealer } from '../../src/crypto/sealing.ts'
import { createSigner } from '../../src/crypto/signing.ts'

interface KeyVector {
  name: string
  dialect: number
  cipher?: CipherName
  sessionKey: string
  preauthHash?: string
  signingKey?: string
  applicationKey?: string
  clientToServerKey?: string
  serverToClientKey?: string
}
interface Vectors {
  preauth311: { messages: { name: string; hex: string; hash: string }[]; signedResponse: { hex: string } }
  keys: KeyVector[]
  sealed: { name: string; cipher: CipherName; key: string; plain: string; message: string }[]
}
const vectors = JSON.parse(readFileSync(new URL('../vectors/crypto-smb3.json', import.meta.url), 'utf8')) as Vectors

test('pre-authentication integrity: the hash after each published message', () => {
  const hash = new PreauthIntegrityHash()
  for (const message of vectors.preauth311.messages) {
    hash.update(fromHex(message.hex))
    assert.equal(hex(hash.value), message.hash.toLowerCase(), message.name)
  }
})

test('session keys: every published value', () => {
  for (const { name, dialect, cipher, sessionKey, preauthHash, ...expected } of vectors.keys) {
    const keys = deriveSessionKeys({
      dialect,
      cipher,
      sessionKey: fromHex(sessionKey),
      preauthHash: preauthHash === undefined ? undefined : fromHex(preauthHash),
    })
    for (const purpose of ['signingKey', 'applicationKey', 'clientToServerKey', 'serverToClientKey'] as const)
      if (expected[purpose] !== undefined)
        assert.equal(hex(keys[purpose]), expected[purpose].toLowerCase(), `${name}: ${purpose}`)
  }
})

test('session keys: 2.x signs with the session key itself; AES-256 starts from the full key; 3.1.1 needs the hash', () => {
  const sessionKey = fromHex('000102030405060708090a0b0c0d0e0f')
  const old = deriveSessionKeys({ dialect: 0x0210, sessionKey })
  assert.deepEqual(old.signingKey, sessionKey)
  assert.equal(old.clientToServerKey.length, 0)

  const preauthHash = new Uint8Array(64)
  const fullSessionKey = new Uint8Array(32).fill(7)
  const source = { dialect: 0x0311, sessionKey, preauthHash }
  const short = deriveSessionKeys({ ...source, cipher: 'aes-256-gcm' })
  const long = deriveSessionKeys({ ...source, cipher: 'aes-256-gcm', fullSessionKey })
  assert.equal(long.clientToServerKey.length, 32)
  assert.notDeepEqual(long.clientToServerKey, short.clientToServerKey)
  assert.deepEqual(long.signingKey, short.signingKey)
  assert.equal(long.signingKey.length, 16)
  // With a 128-bit cipher the full key plays no part.
  const plain = deriveSessionKeys({ ...source, cipher: 'aes-128-gcm' })
  assert.deepEqual(deriveSessionKeys({ ...source, cipher: 'aes-128-gcm', fullSessionKey }), plain)
  assert.throws(() => deriveSessionKeys({ dialect: 0x0311, sessionKey }), TypeError)
  assert.throws(() => deriveSessionKeys({ dialect: 0x0311, sessionKey: fullSessionKey, preauthHash }), RangeError)
})

test('AES-CMAC signs the published SESSION_SETUP response', () => {
  const message = fromHex(vectors.preauth311.signedResponse.hex)
  const signature = message.slice(48, 64)
  message.fill(0, 48, 64)
  const key = vectors.keys.find((entry) => entry.name === '3.1.1, first channel')?.signingKey ?? ''
  const signer = createSigner('aes-cmac', fromHex(key))
  const info = { messageId: 3n, fromServer: true, isCancel: false }
  assert.equal(hex(signer.sign([message], info)), hex(signature))
  assert.equal(hex(signer.sign([message.subarray(0, 64), message.subarray(64)], info)), hex(signature))
  assert.ok(signer.verify([message], info, signature))
  message[70] = (message[70] ?? 0) ^ 1
  assert.ok(!signer.verify([message], info, signature))
  assert.ok(!signer.verify([message], info, signature.subarray(0, 15)))
})

test('AES-GMAC: the nonce tells message, sender and CANCEL apart; HMAC-SHA256 and AES-CMAC do not look at them', () => {
  const key = fromHex('000102030405060708090a0b0c0d0e0f')
  const infos = [
    { messageId: 1n, fromServer: false, isCancel: false },
    { messageId: 1n, fromServer: true, isCancel: false },
    { messageId: 1n, fromServer: false, isCancel: true },
    { messageId: 2n ** 64n - 1n, fromServer: false, isCancel: false },
  ]
  const message = new Uint8Array(300).fill(5)
  const parts = [message.subarray(0, 64), message.subarray(64, 65), message.subarray(65)]
  for (const algorithm of ['hmac-sha256', 'aes-cmac', 'aes-gmac'] as const) {
    const signer = createSigner(algorithm, key)
    const signatures = new Set(infos.map((info) => hex(signer.sign(parts, info))))
    assert.equal(signatures.size, algorithm === 'aes-gmac' ? infos.length : 1)
    for (const info of infos) assert.deepEqual(signer.sign(parts, info), signer.sign([message], info))
  }
  // The same as AES-128-GCM of nothing, with the message as additional data and the nonce spelled out.
  const sealed = createSealer('aes-128-gcm', key).sealPieces(fromHex('0100000000000000 01000000'), message, [])
  assert.deepEqual([...createSigner('aes-gmac', key).sign(parts, infos[1] as (typeof infos)[0])], [...sealed.tag])
})

test('sealing: the published messages, both ways', () => {
  for (const { name, cipher, key, plain, message } of vectors.sealed) {
    const sealer = createSealer(cipher, fromHex(key))
    const whole = fromHex(message)
    const [tag, nonce, aad, ciphertext] = [
      whole.subarray(4, 20),
      whole.subarray(20, 36),
      whole.subarray(20, 52),
      whole.subarray(52),
    ]
    const opened = sealer.open(nonce, aad, tag, ciphertext)
    assert.ok(opened, name)
    assert.equal(hex(opened), plain.toLowerCase(), name)
    const out = new Uint8Array(ciphertext.length + 3)
    const parts = [fromHex(plain).subarray(0, 10), fromHex(plain).subarray(10)]
    assert.deepEqual([...sealer.seal(nonce, aad, parts, out)], [...tag])
    assert.deepEqual(out.subarray(0, ciphertext.length), ciphertext)
    assert.deepEqual([...out.subarray(ciphertext.length)], [0, 0, 0])
  }
})

test('sealing: what was changed anywhere does not open', () => {
  for (const cipher of ['aes-128-ccm', 'aes-128-gcm', 'aes-256-ccm', 'aes-256-gcm'] as const) {
    const sealer = createSealer(cipher, new Uint8Array(cipher.startsWith('aes-256') ? 32 : 16).fill(9))
    assert.throws(() => createSealer(cipher, new Uint8Array(24)), RangeError)
    const nonce = new Uint8Array(16).fill(3)
    const aad = new Uint8Array(32).fill(4)
    const plain = new Uint8Array(100).fill(5)
    for (const parts of [[plain], [plain.subarray(0, 1), new Uint8Array(0), plain.subarray(1)]]) {
      const out = new Uint8Array(100)
      const tag = sealer.seal(nonce, aad, parts, out)
      const { pieces, tag: again } = sealer.sealPieces(nonce, aad, parts)
      assert.deepEqual(again, tag)
      assert.deepEqual(new Uint8Array(Buffer.concat(pieces)), out)
      // The plaintext may lie where the ciphertext lay, so each attempt gets a copy.
      assert.deepEqual([...(sealer.open(nonce, aad, tag, out.slice()) ?? [])], [...plain])
      // The bytes of the nonce field past the nonce itself are covered as additional data, not as nonce.
      assert.ok(sealer.open(nonce.subarray(0, sealer.nonceLength), aad, tag, out.slice()))
      for (const field of [nonce.subarray(0, sealer.nonceLength), aad, tag, out]) {
        field[0] = (field[0] ?? 0) ^ 0x80
        assert.equal(sealer.open(nonce, aad, tag, out.slice()), undefined)
        field[0] = (field[0] ?? 0) ^ 0x80
      }
      assert.equal(sealer.open(nonce, aad, tag.subarray(0, 8), out.slice()), undefined)
      assert.equal(sealer.open(nonce, aad, tag, out.slice(1)), undefined)
    }
    const empty = sealer.seal(nonce, aad, [], new Uint8Array(0))
    assert.equal(sealer.open(nonce, aad, empty, new Uint8Array(0))?.length, 0)
  }
})
