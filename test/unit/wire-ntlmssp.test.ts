import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { array, assert as check, constantFrom, integer, nat, property, tuple } from 'fast-check'
import { fromHex } from '../../src/bytes/hex.ts'
import { utf16Bytes, viewOf } from '../../src/bytes/utf16.ts'
import {
  AuthenticateMessage,
  AvId,
  type AvPair,
  avPairs,
  ChallengeMessage,
  decodeAuthenticate,
  decodeChallenge,
  decodeNegotiate,
  dissectNtlmssp,
  flagsPair,
  isNtlmssp,
  MAX_AV_PAIRS,
  MAX_MESSAGE_BYTES,
  NegotiateMessage,
  NegotiateMessageShort,
  NegotiateMessageWithoutVersion,
  NtlmFlags,
  ntlmMessageType,
  textPair,
  timestampPair,
} from '../../src/wire/ntlmssp/index.ts'
import { formatTree, struct, tail, WireError } from '../../src/wire/schema/index.ts'
import { decodeSpnego } from '../../src/wire/spnego/index.ts'

/** NTLMSSP messages of real peers. */
const messages: Uint8Array[] = []
for (const { hex: text } of JSON.parse(
  readFileSync(new URL('../vectors/spnego-captures.json', import.meta.url), 'utf8'),
) as { hex: string }[]) {
  const bytes = fromHex(text)
  if (isNtlmssp(bytes)) messages.push(bytes)
  else {
    const found = decodeSpnego(bytes)
    const token = found.kind === 'init' ? found.mechToken : found.kind === 'resp' ? found.responseToken : undefined
    if (token !== undefined && isNtlmssp(token)) messages.push(token.slice())
  }
}

const version = { major: 10, minor: 0, build: 20348 }
const DECODERS = [decodeNegotiate, decodeChallenge, decodeAuthenticate]

function decodeAny(message: Uint8Array): unknown {
  const decode = DECODERS[(ntlmMessageType(message) ?? 0) - 1]
  if (decode === undefined) return undefined
  const view = decode(message)
  // Every getter is used: after a successful check none may fail.
  return JSON.stringify(view)
}

/** A WireError or a result, and nothing else, and never without an end. */
function survives(message: Uint8Array): void {
  try {
    decodeAny(message)
  } catch (error) {
    assert.ok(error instanceof WireError, String(error))
  }
  formatTree(dissectNtlmssp(message))
}

test('each message is read back as it was written, also when it lies further on in its buffer', () => {
  const negotiate = { negotiateFlags: 0xe208_8297, version, domainName: 'D', workstation: 'WS' }
  const challenge = {
    negotiateFlags: 0xe28a_8215,
    serverChallenge: fromHex('0123456789abcdef'),
    version,
    targetName: 'SERVER',
    targetInfo: [textPair(AvId.NB_COMPUTER_NAME, 'SERVER'), timestampPair(7n), flagsPair(2)],
  }
  const authenticate = {
    negotiateFlags: 0xe288_8215,
    version,
    mic: new Uint8Array(16).fill(9),
    domainName: 'Dömäin',
    userName: 'Üser\ud800',
    workstation: '',
    lmResponse: new Uint8Array(24),
    ntResponse: new Uint8Array(60).fill(1),
    encryptedRandomSessionKey: new Uint8Array(16).fill(2),
  }
  const shifted = (bytes: Uint8Array): Uint8Array => {
    const room = new Uint8Array(bytes.length + 7)
    room.set(bytes, 5)
    return room.subarray(5, 5 + bytes.length)
  }
  const readNegotiate = decodeNegotiate(shifted(NegotiateMessage.encode(negotiate)))
  assert.equal(readNegotiate.negotiateFlags, negotiate.negotiateFlags)
  assert.equal(readNegotiate.domainName, 'D')
  assert.equal(readNegotiate.workstation, 'WS')

  const readChallenge = decodeChallenge(shifted(ChallengeMessage.encode(challenge)))
  assert.equal(readChallenge.targetName, 'SERVER')
  assert.deepEqual(readChallenge.serverChallenge, challenge.serverChallenge)
  assert.deepEqual(
    readChallenge.targetInfo.map(({ id, value }) => ({ id, value })),
    challenge.targetInfo,
  )

  const bytes = shifted(AuthenticateMessage.encode(authenticate))
  const read = decodeAuthenticate(bytes)
  for (const name of ['domainName', 'userName', 'workstation'] as const) assert.equal(read[name], authenticate[name])
  for (const name of ['mic', 'lmResponse', 'ntResponse', 'encryptedRandomSessionKey'] as const)
    assert.deepEqual(read[name], authenticate[name])
  // The second length of each pair says the same as the first.
  assert.equal(viewOf(bytes).getUint16(22, true), 60)
})

test('senders that leave out the version, the MIC, the names; senders without Unicode', () => {
  const flags = NtlmFlags.UNICODE | NtlmFlags.NTLM
  assert.equal(decodeNegotiate(NegotiateMessageShort.encode({ negotiateFlags: flags })).negotiateFlags, flags)
  const short = NegotiateMessageWithoutVersion.encode({ negotiateFlags: flags, workstation: 'W' })
  assert.equal(decodeNegotiate(short).workstation, 'W')
  // The version flag is set, but the payload begins where the version would be.
  viewOf(short).setUint32(12, flags | NtlmFlags.VERSION, true)
  assert.equal(decodeNegotiate(short).workstation, 'W')

  const kinds = new Set(messages.map((message) => `${ntlmMessageType(message)} ${firstPayload(message)}`))
  // Among the recorded AUTHENTICATE messages are some with neither version nor MIC, and some with both.
  assert.ok(kinds.has('3 64') && kinds.has('3 88'))

  const oem = AuthenticateMessage.encode({
    negotiateFlags: NtlmFlags.UNICODE,
    version,
    mic: new Uint8Array(16),
    domainName: '',
    // As bytes: bob!
    userName: String.fromCharCode(0x6f62, 0x2162),
    workstation: '',
  })
  viewOf(oem).setUint32(60, NtlmFlags.OEM, true)
  assert.equal(decodeAuthenticate(oem).userName, 'bob!')
})

function firstPayload(message: Uint8Array): number {
  const view = viewOf(message)
  const pairs = { 1: [16, 24], 2: [12, 40], 3: [12, 20, 28, 36, 44, 52] }[ntlmMessageType(message) ?? 0] ?? []
  return Math.min(...pairs.filter((at) => view.getUint16(at, true) > 0).map((at) => view.getUint32(at + 4, true)))
}

test('every truncation of every recorded message is a WireError or still a whole message', () => {
  for (const message of messages)
    for (let length = 0; length < message.length; length++) survives(message.subarray(0, length))
  const authenticate = messages.find((message) => ntlmMessageType(message) === 3)
  assert.ok(authenticate)
  assert.throws(() => decodeAuthenticate(authenticate.subarray(0, authenticate.length - 1)), WireError)
  assert.throws(() => decodeAuthenticate(authenticate.subarray(0, 63)), WireError)
})

test('every lie about a length or an offset is a WireError where it leads out of the message', () => {
  for (const message of messages) {
    const view = viewOf(message)
    const pairs = { 1: [], 2: [12, 40], 3: [12, 20, 28, 36, 44, 52] }[ntlmMessageType(message) ?? 0] ?? []
    for (const at of pairs)
      for (const [field, values] of [
        [at, [1, 0xffff, message.length + 1]],
        [at + 4, [0xffff_ffff, 0x8000_0000, message.length, message.length - 1, 1]],
      ] as const)
        for (const lie of values) {
          const lied = message.slice()
          if (field === at) viewOf(lied).setUint16(field, lie & 0xffff, true)
          else viewOf(lied).setUint32(field, lie, true)
          survives(lied)
          const isOut = field === at ? lie > message.length : lie >= message.length && view.getUint16(at, true) > 0
          if (isOut) assert.throws(() => decodeAny(lied), WireError, `${field} = ${lie}`)
        }
  }
})

test('random damage and random bytes never do more than throw a WireError', () => {
  check(
    property(
      constantFrom(...messages),
      array(tuple(nat(), integer({ min: 0, max: 255 })), { minLength: 1, maxLength: 12 }),
      nat({ max: 40 }),
      (message, changes, cut) => {
        const damaged = message.slice(0, message.length - Math.min(cut, message.length))
        for (const [at, value] of changes) if (damaged.length > 12) damaged[12 + (at % (damaged.length - 12))] = value
        survives(damaged)
      },
    ),
    { numRuns: 2000 },
  )
})

test('AV pairs: no end, an end with something after it, too many, none at all', () => {
  const List = struct('List', '0', { pairs: tail(avPairs) })
  const read = (text: string): AvPair[] => [...List.decode(viewOf(fromHex(text))).pairs]
  assert.deepEqual(read(''), [])
  assert.deepEqual(read('00000000'), [])
  assert.equal(read('0200040041004200 00000000 00000000').length, 1)
  assert.throws(() => read('02000400410042'), WireError)
  assert.throws(() => read('0200040041004200'), /no end/)
  assert.throws(() => read('0200ffff41004200 00000000'), WireError)
  assert.throws(() => read('020004'), /no end/)
  assert.throws(() => read(`${'06000000'.repeat(MAX_AV_PAIRS + 1)}00000000`), /more than/)
  assert.equal(read(`${'06000000'.repeat(MAX_AV_PAIRS)}00000000`).length, MAX_AV_PAIRS)
})

test('a megabyte is refused by its size alone', () => {
  for (const decode of DECODERS) {
    const large = new Uint8Array(1 << 20)
    large.set(messages[0]?.subarray(0, 8) ?? [])
    assert.throws(() => decode(large), new RegExp(`limit is ${MAX_MESSAGE_BYTES}`))
  }
})

test('the field tree names what is in a message, and where it is damaged', () => {
  const authenticate = messages.find((message) => ntlmMessageType(message) === 3 && firstPayload(message) === 88)
  assert.ok(authenticate)
  const tree = formatTree(dissectNtlmssp(authenticate))
  assert.match(tree, /negotiateFlags: UNICODE/)
  assert.match(tree, /userName: "/)
  assert.match(tree, /mic: [0-9a-f]{32}/)
  const challenge = messages.find((message) => ntlmMessageType(message) === 2)
  assert.ok(challenge)
  assert.match(formatTree(dissectNtlmssp(challenge)), /NB_DOMAIN_NAME: "/)
  assert.match(formatTree(dissectNtlmssp(challenge.subarray(0, challenge.length - 8))), /!!/)
  assert.deepEqual(dissectNtlmssp(utf16Bytes('not NTLM')), [])
})
