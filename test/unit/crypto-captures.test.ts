import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { deriveSessionKeys } from '../../src/crypto/key-derivation.ts'
import { exchangeKey, ntHash, ntowfV2, ntProof, sessionBaseKey } from '../../src/crypto/ntlm.ts'
import { PreauthIntegrityHash } from '../../src/crypto/preauth.ts'
import { type CipherName, createSealer } from '../../src/crypto/sealing.ts'
import { createSigner, type SigningAlgorithm } from '../../src/crypto/signing.ts'
import { decodeAuthenticate, decodeChallenge } from '../../src/wire/ntlmssp/index.ts'
import { decodeSpnego } from '../../src/wire/spnego/index.ts'

/** Sessions that Samba's client and server had with each other, from NEGOTIATE on. */
interface Capture {
  name: string
  user?: string
  password?: string
  dialect: number
  cipher?: CipherName
  signing: SigningAlgorithm
  sessionKey?: string
  clientToServerKey?: string
  serverToClientKey?: string
  messages: { from: 'client' | 'server'; hex: string }[]
}

const captures = JSON.parse(
  readFileSync(new URL('../vectors/crypto-captures.json', import.meta.url), 'utf8'),
) as Capture[]

const SIGNED = 0x08
const SEALED = 0xfd
const SESSION_SETUP = 1
const HEADER_BYTES = 64

const commandOf = (message: Uint8Array): number => viewOf(message).getUint16(12, true)
const flagsOf = (message: Uint8Array): number => viewOf(message).getUint32(16, true)

/** The mechanism's token in a SESSION_SETUP message: offset and length are 12 bytes into a request, 4 into a response. */
function mechanismToken(message: Uint8Array, at: number): Uint8Array {
  const view = viewOf(message)
  const start = view.getUint16(HEADER_BYTES + at, true)
  const found = decodeSpnego(message.subarray(start, start + view.getUint16(HEADER_BYTES + at + 2, true)))
  const token = found.kind === 'init' ? found.mechToken : found.kind === 'resp' ? found.responseToken : undefined
  assert.ok(token)
  return token
}

/** The session key, from the password and what went over the wire. */
function logOn(messages: readonly Uint8Array[], password: string): Uint8Array {
  const setups = messages.filter((message) => message[0] !== SEALED && commandOf(message) === SESSION_SETUP)
  const { serverChallenge } = decodeChallenge(mechanismToken(setups[1] as Uint8Array, 4))
  const view = decodeAuthenticate(mechanismToken(setups[2] as Uint8Array, 12))
  const key = ntowfV2(ntHash(password), view.userName, view.domainName)
  const proof = ntProof(key, serverChallenge, view.ntResponse.subarray(16))
  assert.equal(hex(proof), hex(view.ntResponse.subarray(0, 16)), 'NTProofStr')
  return exchangeKey(sessionBaseKey(key, proof), view.encryptedRandomSessionKey)
}

/** Session.PreauthIntegrityHashValue: all messages up to the last SESSION_SETUP request. */
function preauthHash(messages: readonly Uint8Array[]): Uint8Array {
  const hash = new PreauthIntegrityHash()
  for (const message of messages) {
    if (commandOf(message) > SESSION_SETUP || (flagsOf(message) & SIGNED) !== 0) break
    hash.update(message)
  }
  return hash.value
}

for (const capture of captures)
  test(`${capture.name}: from the password to every signed and every sealed message`, () => {
    const { dialect, cipher, password, signing } = capture
    const messages = capture.messages.map((message) => fromHex(message.hex))
    const sessionKey = password === undefined ? fromHex(capture.sessionKey ?? '') : logOn(messages, password)
    if (capture.sessionKey !== undefined) assert.equal(hex(sessionKey), capture.sessionKey.toLowerCase())
    const keys = deriveSessionKeys({ dialect, cipher, sessionKey, preauthHash: preauthHash(messages) })
    for (const name of ['clientToServerKey', 'serverToClientKey'] as const)
      if (capture[name] !== undefined) assert.equal(hex(keys[name]), capture[name].toLowerCase(), name)

    const signer = createSigner(signing, keys.signingKey)
    let signed = 0
    let opened = 0
    messages.forEach((message, i) => {
      const fromServer = capture.messages[i]?.from === 'server'
      if (message[0] === SEALED) {
        assert.ok(cipher)
        const sealer = createSealer(cipher, fromServer ? keys.serverToClientKey : keys.clientToServerKey)
        const plain = sealer.open(
          message.subarray(20, 36),
          message.subarray(20, 52),
          message.subarray(4, 20),
          message.subarray(52),
        )
        assert.ok(plain, `message ${i} opens`)
        assert.equal(hex(plain.subarray(0, 4)), 'fe534d42')
        opened++
        return
      }
      if ((flagsOf(message) & SIGNED) === 0) return
      const signature = message.slice(48, 64)
      message.fill(0, 48, 64)
      const info = { messageId: viewOf(message).getBigUint64(24, true), fromServer, isCancel: false }
      assert.ok(signer.verify([message], info, signature), `message ${i} is signed rightly`)
      signed++
    })
    assert.ok(signed > 0)
    assert.equal(opened > 0, cipher !== undefined)
  })
