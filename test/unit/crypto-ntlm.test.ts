import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { utf16Bytes, viewOf } from '../../src/bytes/utf16.ts'
import {
  exchangeKey,
  lmV2Response,
  messageIntegrityCode,
  NtlmSession,
  ntHash,
  ntlmUpperCase,
  ntowfV2,
  ntProof,
  sealKey,
  sessionBaseKey,
  signKey,
} from '../../src/crypto/ntlm.ts'
import {
  AvFlags,
  AvId,
  avFlags,
  avPairs,
  avText,
  decodeAuthenticate,
  decodeChallenge,
  Ntlmv2Response,
} from '../../src/wire/ntlmssp/index.ts'
import { decodeSpnego, type ReceivedNegTokenInit, type ReceivedNegTokenResp } from '../../src/wire/spnego/index.ts'

const read = (name: string): unknown =>
  JSON.parse(readFileSync(new URL(`../vectors/${name}.json`, import.meta.url), 'utf8'))

interface Example {
  user: string
  domain: string
  password: string
  serverChallenge: string
  clientChallenge: string
  randomSessionKey: string
  ntHash: string
  responseKey: string
  targetInfo: string
  temp: string
  lmResponse: string
  proof: string
  sessionBaseKey: string
  encryptedSessionKey: string
  challenge: string
  authenticate: string
  sealing: {
    name: string
    flags: string
    sessionKey: string
    sealKey: string
    signKey: string
    sealed: string
    signature: string
  }[]
}
const example = read('ntlm-examples') as Example

test('MS-NLMP 4.2.4: hashes, responses, keys', () => {
  const hash = ntHash(example.password)
  assert.equal(hex(hash), example.ntHash)
  const key = ntowfV2(hash, example.user, example.domain)
  assert.equal(hex(key), example.responseKey)
  const challenge = fromHex(example.serverChallenge)
  assert.equal(hex(lmV2Response(key, challenge, fromHex(example.clientChallenge))), example.lmResponse)
  const proof = ntProof(key, challenge, fromHex(example.temp))
  assert.equal(hex(proof), example.proof)
  const base = sessionBaseKey(key, proof)
  assert.equal(hex(base), example.sessionBaseKey)
  assert.equal(hex(exchangeKey(base, fromHex(example.randomSessionKey))), example.encryptedSessionKey)
  assert.equal(hex(exchangeKey(base, fromHex(example.encryptedSessionKey))), example.randomSessionKey)
})

test('MS-NLMP 4.2.4.3: the messages', () => {
  const challenge = decodeChallenge(fromHex(example.challenge))
  assert.equal(challenge.targetName, 'Server')
  assert.equal(hex(challenge.serverChallenge), example.serverChallenge)
  assert.equal(avText(challenge.targetInfo, AvId.NB_DOMAIN_NAME), 'Domain')
  assert.equal(avText(challenge.targetInfo, AvId.NB_COMPUTER_NAME), 'Server')
  assert.equal(challenge.negotiateFlags, 0xe28a_8233)
  const info = new Uint8Array(avPairs.measure(challenge.targetInfo))
  avPairs.write(viewOf(info), 0, challenge.targetInfo)
  assert.equal(hex(info), example.targetInfo)

  // This one has a version and no room for a MIC.
  const authenticate = decodeAuthenticate(fromHex(example.authenticate))
  assert.equal(authenticate.userName, 'User')
  assert.equal(authenticate.domainName, 'Domain')
  assert.equal(authenticate.workstation, 'COMPUTER')
  assert.equal(authenticate.mic, undefined)
  assert.equal(hex(authenticate.lmResponse), example.lmResponse)
  assert.equal(hex(authenticate.ntResponse), example.proof + example.temp)
  assert.equal(hex(authenticate.encryptedRandomSessionKey), example.encryptedSessionKey)
  const response = Ntlmv2Response.decode(viewOf(authenticate.ntResponse))
  assert.equal(hex(response.clientChallenge), example.clientChallenge)
  assert.equal(avFlags(response.avPairs), 0)
})

test('MS-NLMP 4.2.4.4 and 4.2.3.4: signing and sealing', () => {
  const message = utf16Bytes('Plaintext')
  for (const vector of example.sealing) {
    const flags = Number.parseInt(vector.flags, 16)
    const key = fromHex(vector.sessionKey)
    assert.equal(hex(sealKey(key, 'client', flags)), vector.sealKey, vector.name)
    assert.equal(hex(signKey(key, 'client')), vector.signKey, vector.name)
    const sealed = message.slice()
    const signature = new NtlmSession(key, 'client', flags).seal(sealed, 0, sealed.length)
    assert.equal(hex(sealed), vector.sealed, vector.name)
    assert.equal(hex(signature), vector.signature, vector.name)
    const peer = new NtlmSession(key, 'server', flags)
    const opened = sealed.slice()
    assert.ok(peer.unseal(opened, 0, opened.length, signature))
    assert.deepEqual(opened, message)
    const other = new NtlmSession(key, 'server', flags)
    assert.equal(other.unseal(sealed.slice(), 0, sealed.length, new Uint8Array(16)), false)
    // The next message is not the same again: stream and sequence number have gone on.
    assert.equal(peer.unseal(sealed.slice(), 0, sealed.length, signature), false)
  }
})

test('a session that is restarted has its sequence numbers still, and a fresh cipher stream', () => {
  const key = fromHex(example.randomSessionKey)
  const [client, server] = [new NtlmSession(key, 'client', 0xe28a_8233), new NtlmSession(key, 'server', 0xe28a_8233)]
  assert.ok(server.verify(Uint8Array.of(1), client.sign(Uint8Array.of(1))))
  client.restart()
  server.restart()
  const message = utf16Bytes('Plaintext')
  const signature = client.seal(message, 0, message.length)
  assert.equal(hex(message), example.sealing[0]?.sealed)
  assert.equal(hex(signature.subarray(12)), '01000000')
  assert.ok(server.unseal(message, 0, message.length, signature))
  assert.deepEqual(message, utf16Bytes('Plaintext'))
})

test('upper case goes unit by unit', () => {
  assert.equal(ntlmUpperCase('straße'), 'STRAßE')
  assert.equal(ntlmUpperCase('éñÿ'), 'ÉÑŸ')
  assert.equal(ntlmUpperCase('😀ﬁ'), '😀ﬁ')
})

interface Logon {
  name: string
  user: string
  domain?: string
  password: string
  tokens: string[]
}

/** The published Windows logon, cut out of the SMB messages that it travelled in. */
function publishedLogon(): Logon {
  const { preauth311 } = read('crypto-smb3') as {
    preauth311: {
      messages: { hex: string }[]
      signedResponse: { hex: string }
      logon: { user: string; password: string }
    }
  }
  const setups = [...preauth311.messages.slice(2), preauth311.signedResponse]
  const tokens = setups.map(({ hex: text }, i) => {
    const message = fromHex(text)
    const at = 64 + (i % 2 === 0 ? 12 : 4)
    const start = viewOf(message).getUint16(at, true)
    return hex(message.subarray(start, start + viewOf(message).getUint16(at + 2, true)))
  })
  return { name: 'Microsoft, published', tokens, ...preauth311.logon }
}

for (const logon of [publishedLogon(), ...(read('ntlm-logons') as Logon[])])
  test(`a recorded logon comes out right: ${logon.name}`, () => {
    const [first, second, third, fourth] = logon.tokens.map((token) => decodeSpnego(fromHex(token))) as [
      ReceivedNegTokenInit,
      ReceivedNegTokenResp,
      ReceivedNegTokenResp,
      ReceivedNegTokenResp,
    ]
    assert.ok(first.mechToken && second.responseToken && third.responseToken)
    const challenge = decodeChallenge(second.responseToken)
    const message = decodeAuthenticate(third.responseToken)
    assert.equal(message.userName, logon.user)
    const { proof, avPairs: pairs } = Ntlmv2Response.decode(viewOf(message.ntResponse))
    const key = ntowfV2(ntHash(logon.password), message.userName, message.domainName)
    assert.equal(hex(ntProof(key, challenge.serverChallenge, message.ntResponse.subarray(16))), hex(proof))
    const sessionKey = exchangeKey(sessionBaseKey(key, proof), message.encryptedRandomSessionKey)
    if (avFlags(pairs) & AvFlags.MIC_PRESENT) {
      assert.ok(message.mic)
      const mic = messageIntegrityCode(sessionKey, first.mechToken, second.responseToken, third.responseToken)
      assert.equal(hex(mic), hex(message.mic))
    }
    if (third.mechListMic === undefined || fourth.mechListMic === undefined) return
    const server = new NtlmSession(sessionKey, 'server', message.negotiateFlags)
    assert.ok(server.verify(first.mechTypeList, third.mechListMic), 'the client protects the list of mechanisms')
    assert.equal(hex(server.sign(first.mechTypeList)), hex(fourth.mechListMic))
    const client = new NtlmSession(sessionKey, 'client', message.negotiateFlags)
    assert.equal(hex(client.sign(first.mechTypeList)), hex(third.mechListMic))
    assert.ok(client.verify(first.mechTypeList, fourth.mechListMic))
  })
