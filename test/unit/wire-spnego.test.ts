import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { contextTag, DerReader, der, derOid, readOid, Tag } from '../../src/wire/der/der.ts'
import { decodeAuthenticate, decodeChallenge, decodeNegotiate, isNtlmssp } from '../../src/wire/ntlmssp/index.ts'
import { formatTree, WireError } from '../../src/wire/schema/index.ts'
import {
  decodeSpnego,
  dissectSpnego,
  encodeNegTokenInit,
  encodeNegTokenResp,
  MAX_MECHANISMS,
  MechOid,
  NegState,
} from '../../src/wire/spnego/index.ts'

interface Vector {
  name: string
  hex: string
  value: {
    mechTypes?: string[]
    supportedMech?: string
    negState?: number
    mechListMic?: string
    messageType?: number
    negotiateFlags?: string
    serverChallenge?: string
    targetName?: string
    userName?: string
    domainName?: string
    workstation?: string
    mic?: string
  }
}
/** Tokens of real peers, with what tshark reads in them. */
const vectors = JSON.parse(
  readFileSync(new URL('../vectors/spnego-captures.json', import.meta.url), 'utf8'),
) as Vector[]

function innerToken(bytes: Uint8Array): Uint8Array | undefined {
  if (isNtlmssp(bytes)) return bytes
  const found = decodeSpnego(bytes)
  if (found.kind === 'init') return found.mechToken
  return found.kind === 'resp' ? found.responseToken : undefined
}

test('tokens of real peers read as tshark reads them', () => {
  for (const { name, hex: text, value } of vectors) {
    const bytes = fromHex(text)
    if (!isNtlmssp(bytes)) {
      const found = decodeSpnego(bytes)
      assert.equal(found.kind, value.mechTypes === undefined ? 'resp' : 'init', name)
      if (found.kind === 'init') assert.deepEqual(found.mechTypes, value.mechTypes, name)
      if (found.kind === 'resp') {
        assert.equal(found.negState, value.negState, name)
        assert.equal(found.supportedMech, value.supportedMech, name)
        assert.equal(found.mechListMic && hex(found.mechListMic), value.mechListMic, name)
      }
    }
    const token = innerToken(bytes)
    if (value.messageType === undefined || token === undefined) continue
    const flags = Number(value.negotiateFlags)
    if (value.messageType === 1) assert.equal(decodeNegotiate(token).negotiateFlags, flags, name)
    else if (value.messageType === 2) {
      const challenge = decodeChallenge(token)
      assert.equal(challenge.negotiateFlags, flags, name)
      assert.equal(hex(challenge.serverChallenge), value.serverChallenge, name)
      assert.equal(challenge.targetName, value.targetName, name)
    } else {
      const message = decodeAuthenticate(token)
      const { userName, domainName, workstation } = message
      assert.deepEqual(
        { userName, domainName, workstation },
        { userName: value.userName, domainName: value.domainName, workstation: value.workstation },
        name,
      )
      if (value.mic !== undefined) assert.equal(message.mic && hex(message.mic), value.mic, name)
    }
  }
  assert.ok(vectors.length > 40)
})

test('tokens of real peers are written again byte for byte', () => {
  let same = 0
  for (const { name, hex: text } of vectors) {
    const bytes = fromHex(text)
    if (isNtlmssp(bytes)) continue
    const found = decodeSpnego(bytes)
    if (found.kind === 'mechanism') continue
    const written = found.kind === 'init' ? encodeNegTokenInit(found) : encodeNegTokenResp(found)
    assert.equal(hex(written), text, name)
    same++
  }
  assert.ok(same > 35)
})

test('negTokenInit and negTokenResp in all combinations of their parts', () => {
  const some = Uint8Array.of(1, 2, 3)
  for (const mechToken of [undefined, some, new Uint8Array(0), new Uint8Array(300)])
    for (const mechListMic of [undefined, some])
      for (const hintName of [undefined, 'hint'])
        for (const mechTypes of [[MechOid.NTLMSSP], [MechOid.MS_KERBEROS, MechOid.KERBEROS, '2.999.4294967295']]) {
          const token = {
            mechTypes,
            ...(mechToken && { mechToken }),
            ...(mechListMic && { mechListMic }),
            ...(hintName && { hintName }),
          }
          const { kind, mechTypeList, ...read } = decodeSpnego(encodeNegTokenInit(token)) as ReturnType<
            typeof decodeSpnego
          > & { mechTypeList: Uint8Array }
          assert.equal(kind, 'init')
          assert.deepEqual(read, token)
          assert.deepEqual(mechTypeList, der(Tag.SEQUENCE, ...mechTypes.map(derOid)))
        }
  for (const negState of [undefined, ...Object.values(NegState)])
    for (const supportedMech of [undefined, MechOid.NTLMSSP])
      for (const responseToken of [undefined, some])
        for (const mechListMic of [undefined, some]) {
          const token = {
            ...(negState !== undefined && { negState }),
            ...(supportedMech && { supportedMech }),
            ...(responseToken && { responseToken }),
            ...(mechListMic && { mechListMic }),
          }
          const { kind, ...read } = decodeSpnego(encodeNegTokenResp(token))
          assert.equal(kind, 'resp')
          assert.deepEqual(read, token)
        }
})

test('without a GSS frame, with the frame of another mechanism, with long lengths, with what extends it', () => {
  const list = der(contextTag(0), der(Tag.SEQUENCE, derOid(MechOid.NTLMSSP)))
  const bare = der(contextTag(0), der(Tag.SEQUENCE, list))
  assert.equal(decodeSpnego(bare).kind, 'init')
  const kerberos = der(Tag.APPLICATION_0, derOid(MechOid.KERBEROS), Uint8Array.of(1, 0, 9, 9))
  assert.deepEqual(decodeSpnego(kerberos), { kind: 'mechanism', oid: MechOid.KERBEROS })
  // BER lets a length be written longer than it needs to be.
  assert.deepEqual(decodeSpnego(fromHex('a1 84 00000009 30 82 0005 a0 03 0a 01 00')), {
    kind: 'resp',
    negState: NegState.ACCEPT_COMPLETED,
  })
  const extended = der(contextTag(1), der(Tag.SEQUENCE, der(contextTag(7), Uint8Array.of(4, 0))))
  assert.deepEqual(decodeSpnego(extended), { kind: 'resp' })
})

test('what is not right is a WireError', () => {
  const state = (value: Uint8Array): Uint8Array =>
    der(contextTag(1), der(Tag.SEQUENCE, der(contextTag(0), der(Tag.ENUMERATED, value))))
  const list = (...oids: Uint8Array[]): Uint8Array =>
    der(contextTag(0), der(Tag.SEQUENCE, der(contextTag(0), der(Tag.SEQUENCE, ...oids))))
  const bad: Record<string, Uint8Array> = {
    nothing: new Uint8Array(0),
    'one byte': Uint8Array.of(0x60),
    'indefinite length': Uint8Array.of(0xa1, 0x80, 0, 0),
    'five length bytes': fromHex('a185000000000100'),
    'a length of 4 GiB': fromHex('a184ffffffff00'),
    'a long tag': Uint8Array.of(0xbf, 0x81, 0x01, 0),
    'another choice': der(contextTag(2), der(Tag.SEQUENCE)),
    'something after it': Uint8Array.of(...encodeNegTokenResp({ negState: 0 }), 0),
    'negState 4': state(Uint8Array.of(4)),
    'negState of two bytes': state(Uint8Array.of(0, 0)),
    'negState of no bytes': state(new Uint8Array(0)),
    'no list': der(contextTag(0), der(Tag.SEQUENCE)),
    'an empty identifier': list(der(Tag.OID)),
    'an identifier that is cut off': list(der(Tag.OID, Uint8Array.of(0x2b, 0x86))),
    'an identifier with a large arc': list(der(Tag.OID, fromHex('2bffffffffff7f'))),
    'an identifier that is long': list(der(Tag.OID, new Uint8Array(65).fill(1))),
    'too many mechanisms': list(...Array.from({ length: MAX_MECHANISMS + 1 }, () => derOid('1.2.3'))),
    'a string where octets belong': der(
      contextTag(1),
      der(Tag.SEQUENCE, der(contextTag(2), der(Tag.GENERAL_STRING, Uint8Array.of(1)))),
    ),
  }
  for (const [name, bytes] of Object.entries(bad)) assert.throws(() => decodeSpnego(bytes), WireError, name)
  assert.equal(decodeSpnego(list()).kind, 'init')
  assert.equal(decodeSpnego(list(...Array.from({ length: MAX_MECHANISMS }, () => derOid('1.2.3')))).kind, 'init')
})

test('object identifiers go there and back', () => {
  for (const oid of ['0.0', '1.39.1', '2.40', '2.999.1', '1.3.6.1.4.1.311.2.2.30', '1.2.4294967295']) {
    const reader = new DerReader(derOid(oid), 'test')
    assert.equal(readOid(reader, reader.take(Tag.OID)), oid)
  }
  assert.equal(hex(derOid(MechOid.NTLMSSP)), '060a2b06010401823702020a')
})

test('the field tree has every part of a token, with NTLMSSP inside, and says where it is damaged', () => {
  for (const { name, hex: text, value } of vectors) {
    const bytes = fromHex(text)
    const tree = formatTree(dissectSpnego(bytes))
    assert.doesNotMatch(tree, /!!/, name)
    for (const oid of value.mechTypes ?? []) assert.ok(tree.includes(oid), name)
    if (value.mechListMic !== undefined) assert.ok(tree.includes(`mechListMIC: ${value.mechListMic}`), name)
    if (value.userName) assert.ok(tree.includes(`userName: "${value.userName}"`), name)
    // Cut anywhere, it still ends, and never past what there is.
    for (let length = 0; length < bytes.length; length += bytes.length > 1000 ? 37 : 1) {
      const within = (nodes: ReturnType<typeof dissectSpnego>): boolean =>
        nodes.every((node) => node.start <= node.end && node.end <= length && within(node.children))
      assert.ok(within(dissectSpnego(bytes.subarray(0, length))), `${name}, ${length} bytes`)
    }
  }
  const resp = encodeNegTokenResp({ negState: NegState.REQUEST_MIC, supportedMech: MechOid.NTLMSSP })
  assert.match(formatTree(dissectSpnego(resp)), /negTokenResp\n {2}negState: REQUEST_MIC\n {2}supportedMech: NTLMSSP/)
  assert.match(formatTree(dissectSpnego(resp.subarray(0, 8))), /!!/)
})
