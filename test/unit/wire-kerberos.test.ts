import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { test } from 'node:test'
import fc from 'fast-check'
import { fromHex } from '../../src/bytes/hex.ts'
import { der, Tag } from '../../src/wire/der/der.ts'
import { field, integer, maybe, octetString, sequence, sequenceOf } from '../../src/wire/der/schema.ts'
import {
  decodeGssKerberos,
  decodeKerberos,
  dissectGssKerberos,
  dissectKerberos,
  encodeGssKerberos,
  encryptionTypeName,
  extendedErrorStatus,
  GssTokenId,
  kerberosErrorName,
  paDataName,
  principalText,
  ticketGrantingRequest,
  usesFast,
} from '../../src/wire/kerberos/index.ts'
import { type FieldNode, WireError } from '../../src/wire/schema/index.ts'
import { decodeSpnego, dissectSpnego, MechOid } from '../../src/wire/spnego/index.ts'

interface Vector {
  name: string
  kind: 'message' | 'spnego'
  hex: string
  /** What tshark reads; the values of a field that stands several times are joined with bars. */
  value: Record<string, string>
}
const vectors = JSON.parse(readFileSync(new URL('../vectors/kerberos.json', import.meta.url), 'utf8')) as Vector[]

const vector = (part: string): Uint8Array => {
  const found = vectors.find(({ name }) => name === part)
  assert.ok(found, part)
  return fromHex(found.hex)
}

/** All values of a tree in the order of the bytes, by label below the label of what they stand in. */
function valuesIn(nodes: readonly FieldNode[], wanted: (label: string, parents: readonly string[]) => boolean): string {
  const found: string[] = []
  const walk = (list: readonly FieldNode[], parents: readonly string[]): void => {
    for (const node of list) {
      if (wanted(node.label, parents)) found.push(String(node.value))
      walk(node.children, [...parents, node.label])
    }
  }
  walk(nodes, [])
  return found.join('|')
}

function problemsIn(nodes: readonly FieldNode[]): string[] {
  return nodes.flatMap((node) => [...(node.problem === undefined ? [] : [node.problem]), ...problemsIn(node.children)])
}

/** tshark's names, and where the same stands in our trees. */
const sameAs: Readonly<Record<string, (label: string, parents: readonly string[]) => boolean>> = {
  msg_type: (label) => label === 'msgType',
  realm: (label) => label === 'realm',
  nonce: (label) => label === 'nonce',
  error_code: (label) => label === 'errorCode',
  padata_type: (label) => label === 'padataType',
  CNameString: (label, parents) => label === 'GeneralString' && parents.includes('cname'),
  SNameString: (label, parents) => label === 'GeneralString' && parents.includes('sname'),
  etype: (label, parents) => label === 'etype' && parents.at(-1) !== 'reqBody',
  ENCTYPE: (label, parents) => label === 'INTEGER' && parents.at(-1) === 'etype',
}

for (const { name: vectorName, kind, hex, value } of vectors)
  test(`${vectorName} reads as tshark reads it`, () => {
    const bytes = fromHex(hex)
    const nodes = kind === 'spnego' ? dissectSpnego(bytes) : dissectKerberos(bytes)
    assert.deepEqual(problemsIn(nodes), [])
    for (const [name, read] of Object.entries(value))
      assert.equal(valuesIn(nodes, sameAs[name] ?? (() => false)), read, name)
  })

test('a request for a ticket', () => {
  const found = decodeKerberos(vector('local-krb5-ok-smb311.pcap frame 31'))
  assert.equal(found?.kind, 'TGS-REQ')
  const { reqBody, padata } = found.message
  assert.equal(principalText(reqBody.sname ?? { nameString: [] }), 'cifs/dc1.lab.test')
  assert.deepEqual(reqBody.etype.map(encryptionTypeName).slice(0, 2), [
    'aes256-cts-hmac-sha1-96',
    'aes128-cts-hmac-sha1-96',
  ])
  assert.equal(usesFast(padata), true)
  assert.equal(principalText(ticketGrantingRequest(padata)?.ticket.sname ?? { nameString: [] }), 'krbtgt/LAB.TEST')
  assert.equal(reqBody.cname, undefined)
})

test('a wrong clock is told with both times', () => {
  const found = decodeKerberos(vector('local-fail-krb5-clock-skew.pcap frame 13'))
  assert.equal(found?.kind, 'KRB-ERROR')
  assert.equal(kerberosErrorName(found.message.errorCode), 'KRB_AP_ERR_SKEW')
  assert.equal(new Date(found.message.stime).getUTCFullYear(), 2026)
})

test('what Windows adds to an error', () => {
  const windows = fromHex('3015a103020103a20e040cbb0000c00000000003000000')
  assert.equal(extendedErrorStatus(windows), 0xc00000bb)
  const methodData = fromHex('300b3009a103020102a2020400')
  assert.equal(extendedErrorStatus(methodData), undefined)
  assert.equal(extendedErrorStatus(undefined), undefined)
})

test('the ticket in a session setup', () => {
  const init = decodeSpnego(vector('local-krb5-ok-smb311.pcap frame 57'))
  assert.equal(init.kind, 'init')
  const token = decodeGssKerberos(init.mechToken ?? new Uint8Array(0))
  assert.equal(token?.tokenId, GssTokenId.AP_REQ)
  assert.equal(token.mechanism, MechOid.KERBEROS)
  const request = decodeKerberos(token.message)
  assert.equal(request?.kind, 'AP-REQ')
  assert.equal(principalText(request.message.ticket.sname), 'cifs/dc1.lab.test')
  assert.deepEqual(encodeGssKerberos(MechOid.KERBEROS, token.tokenId, token.message), init.mechToken)
  // DCE/RPC sends the message without a frame.
  assert.equal(decodeGssKerberos(token.message)?.tokenId, GssTokenId.AP_REQ)
  assert.deepEqual(dissectGssKerberos(token.message), dissectKerberos(token.message))
})

test('numbers without a name', () => {
  assert.equal(kerberosErrorName(30), 'Kerberos error 30')
  assert.equal(encryptionTypeName(99), 'encryption type 99')
  assert.equal(paDataName(655), 'PA-DATA 655')
})

const Small = sequence('Small', 'test', {
  first: field(0, integer),
  second: maybe(1, sequenceOf(octetString)),
})
const one = (n: number, value: Uint8Array): Uint8Array => der(0xa0 | n, value)
const number = (...bytes: number[]): Uint8Array => der(Tag.INTEGER, Uint8Array.from(bytes))

test('a declared sequence is strict, and takes what extends it', () => {
  const first = one(0, number(0xff))
  assert.deepEqual(Small.decode(der(Tag.SEQUENCE, first)), { first: -1 })
  const extended = der(Tag.SEQUENCE, first, one(1, der(Tag.SEQUENCE)), one(7, number(1)))
  assert.deepEqual(Small.decode(extended), { first: -1, second: [] })
  assert.throws(() => Small.decode(der(Tag.SEQUENCE)), WireError)
  assert.throws(() => Small.decode(der(Tag.SEQUENCE, first, first)), WireError)
  assert.throws(() => Small.decode(der(Tag.SEQUENCE, one(0, der(Tag.OCTET_STRING)))), WireError)
  assert.throws(() => Small.decode(der(Tag.SEQUENCE, one(0, number(1, 2, 3, 4, 5, 6, 7)))), WireError)
  const many = Array.from({ length: 1025 }, () => der(Tag.OCTET_STRING))
  assert.throws(() => Small.decode(der(Tag.SEQUENCE, first, one(1, der(Tag.SEQUENCE, ...many)))), WireError)
})

test('cut and damaged messages end in a WireError, and their trees say where', () => {
  for (const { name, hex, kind } of vectors) {
    const bytes = fromHex(hex)
    if (kind === 'spnego') continue
    for (let length = 0; length < bytes.length; length += 7) {
      const cut = bytes.subarray(0, length)
      assert.ok(length === 0 || problemsIn(dissectKerberos(cut)).length > 0, `${name} cut at ${length}`)
      if (length > 0) assert.throws(() => decodeKerberos(cut), WireError, `${name} cut at ${length}`)
    }
  }
  fc.assert(
    fc.property(
      fc.constantFrom(...vectors),
      fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
      ({ hex, kind }, changes) => {
        const bytes = fromHex(hex)
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        if (kind === 'spnego') dissectSpnego(bytes)
        else dissectKerberos(bytes)
        try {
          decodeKerberos(bytes)
        } catch (error) {
          assert.ok(error instanceof WireError)
        }
      },
    ),
    { numRuns: 300 },
  )
})
