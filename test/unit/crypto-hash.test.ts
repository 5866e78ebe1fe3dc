import assert from 'node:assert/strict'
import { createHash } from 'node:crypto'
import { test } from 'node:test'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { createCmac } from '../../src/crypto/cmac.ts'
import { md4 } from '../../src/crypto/md4.ts'
import { PreauthIntegrityHash } from '../../src/crypto/preauth.ts'
import { Rc4, rc4 } from '../../src/crypto/rc4.ts'

const ascii = (text: string): Uint8Array => new TextEncoder().encode(text)

test('MD4: the test suite of RFC 1320 A.5', () => {
  const vectors = {
    '': '31d6cfe0d16ae931b73c59d7e0c089c0',
    a: 'bde52cb31de33e46245e05fbdbd6fb24',
    abc: 'a448017aaf21d8525fc10ae87aa6729d',
    'message digest': 'd9130a8164549fe818874806e1c7014b',
    abcdefghijklmnopqrstuvwxyz: 'd79e1c308aa5bbcdeea8ed63df412da9',
    ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789: '043f8582f241db351ce627e153e7f0e4',
    '12345678901234567890123456789012345678901234567890123456789012345678901234567890':
      'e33b4ddc9c38f2199c3e7b164fcc0536',
  }
  for (const [text, digest] of Object.entries(vectors)) assert.equal(hex(md4(ascii(text))), digest, text)
})

test('RC4: keystreams of RFC 6229', () => {
  const vectors: [key: string, at: number, stream: string][] = [
    ['0102030405', 0, 'b2396305f03dc027ccc3524a0a1118a8'],
    ['0102030405', 16, '6982944f18fc82d589c403a47a0d0919'],
    ['0102030405060708090a0b0c0d0e0f10', 0, '9ac7cc9a609d1ef7b2932899cde41b97'],
  ]
  for (const [key, at, stream] of vectors) {
    const cipher = new Rc4(fromHex(key))
    // In two steps: the stream goes on where it stopped.
    cipher.update(new Uint8Array(at))
    assert.equal(hex(cipher.update(new Uint8Array(16))), stream, `${key} at ${at}`)
  }
  assert.equal(hex(rc4(ascii('Key'), ascii('Plaintext'))), 'bbf316e8d940af0ad3')
  assert.throws(() => new Rc4(new Uint8Array(0)), RangeError)
})

test('AES-CMAC: RFC 4493 4, natively and by way of CBC, in every division', () => {
  const key = fromHex('2b7e151628aed2a6abf7158809cf4f3c')
  const message = fromHex(
    '6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51' +
      '30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710',
  )
  const vectors: [length: number, tag: string][] = [
    [0, 'bb1d6929e95937287fa37d129b756746'],
    [16, '070a16b46b4d4144f79bdd9dd04a287c'],
    [40, 'dfa66747de9ae63030ca32611497c827'],
    [64, '51f0bebf7e3b9d92fc49741779363cfe'],
  ]
  for (const native of [true, false]) {
    const cmac = createCmac(key, { native })
    for (const [length, tag] of vectors) {
      assert.equal(hex(cmac([message.subarray(0, length)])), tag)
      for (let cut = 0; cut <= length; cut++)
        for (const second of [cut, Math.min(length, cut + 1), Math.min(length, cut + 16)]) {
          const parts = [message.subarray(0, cut), message.subarray(cut, second), message.subarray(second, length)]
          assert.equal(hex(cmac(parts)), tag, `${length} bytes cut at ${cut} and ${second}`)
        }
    }
  }
})

test('AES-CMAC: both ways agree on long messages', () => {
  const key = fromHex('000102030405060708090a0b0c0d0e0f')
  const fast = createCmac(key)
  const own = createCmac(key, { native: false })
  for (const length of [65_535, 65_536, 65_537, 65_552, 65_553, 200_001]) {
    const data = new Uint8Array(length).map((_, i) => i * 7 + (i >> 8))
    assert.deepEqual([...fast([data])], [...own([data])])
    assert.deepEqual([...fast([data])], [...own([data.subarray(0, 64), data.subarray(64)])])
  }
})

test('the pre-authentication hash chains SHA-512 from zeros; a copy goes its own way', () => {
  const hash = new PreauthIntegrityHash()
  assert.deepEqual(hash.value, new Uint8Array(64))
  hash.update(ascii('one'), ascii('two'))
  const expected = createHash('sha512').update(new Uint8Array(64)).update('onetwo').digest()
  assert.deepEqual([...hash.value], [...expected])
  const copy = hash.copy()
  copy.update(ascii('three'))
  assert.deepEqual([...hash.value], [...expected])
  assert.deepEqual([...copy.value], [...createHash('sha512').update(expected).update('three').digest()])
})
