import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { viewOf } from '../../src/bytes/utf16.ts'
import * as nbss from '../../src/wire/nbss/index.ts'
import { type FieldNode, toPlain, WireError } from '../../src/wire/schema/index.ts'
import * as smb1 from '../../src/wire/smb1/index.ts'
import * as smb2 from '../../src/wire/smb2/index.ts'
import { sids } from './wire-dtyp-arbitrary.ts'
import { type AnyStruct, arbitraryOf, isStruct, type Special, type Values } from './wire-smb2-arbitrary.ts'

const netbiosName = fc.record({
  name: fc.string({ maxLength: 15, unit: fc.constantFrom('A', 'B', 'Z', '0', '-', 'é') }),
  suffix: fc.integer({ min: 0, max: 0xff }),
  scope: fc.constantFrom('', 'lab', 'lab.test'),
})

const isByText = (value: unknown): value is { readonly unicode: unknown; readonly oem: unknown } =>
  typeof value === 'object' && value !== null && 'unicode' in value && 'oem' in value

/** Without the zero that would end it. */
const text = (max: number): fc.Arbitrary<string> =>
  fc.array(fc.integer({ min: 1, max }), { maxLength: 20 }).map((codes) => String.fromCharCode(...codes))

const special: Special = {
  values: {
    // Contexts are only there in dialect 3.1.1.
    'SMB2 NEGOTIATE Request': (value) => ({ ...value, dialects: [...(value['dialects'] as number[]), 0x0311] }),
    // Each part is there if its bit is set.
    'AAPL server query Response': (value) => ({
      ...value,
      ...Object.fromEntries(
        ['serverCapabilities', 'volumeCapabilities', 'modelString']
          .filter((_, bit) => ((value['replyBitmap'] as bigint) & (1n << BigInt(bit))) === 0n)
          .map((part) => [part, null]),
      ),
    }),
    'SMB2 NEGOTIATE Response': (value) => ({ ...value, dialectRevision: 0x0311 }),
  },
  contents: {
    SID: sids,
    'two NetBIOS names': fc.record({ called: netbiosName, calling: netbiosName }),
    'a number of 64 bits': fc.bigInt({ min: 0n, max: 2n ** 64n - 1n }),
    model: fc.string({ maxLength: 40 }),
    OEM_STRING: text(0xff),
    SMB_STRING: text(0xffff),
    dialects: fc.array(fc.string({ unit: 'grapheme-ascii', maxLength: 12 }), { maxLength: 8 }),
  },
}

const exported: readonly unknown[] = [...Object.values(smb2), ...Object.values(smb1), ...Object.values(nbss)]
/** Of SMB1 there are two forms where a message has text. */
const structs = exported.flatMap((value) => (isByText(value) ? [value.unicode, value.oem] : [value])).filter(isStruct)
const HEADER = 64

/** Where a body lies in its message: after a header, with offsets that count from the header. */
function encodeAt(declared: AnyStruct, value: Values, origin: number): Uint8Array {
  const size = declared.sizeOfEncoded(value, HEADER)
  const out = new Uint8Array(origin + HEADER + size)
  const end = declared.encodeInto(viewOf(out), origin + HEADER, value, origin)
  assert.equal(end, out.length, 'sizeOfEncoded tells what encodeInto writes')
  return out
}

const decodeAt = (declared: AnyStruct, bytes: Uint8Array, origin: number): object =>
  declared.decode(viewOf(bytes), origin + HEADER, bytes.length, origin)

/** Only what was given: lengths and offsets come on top. */
function assertHas(got: unknown, given: unknown): void {
  if (Array.isArray(given)) {
    assert.ok(Array.isArray(got))
    assert.equal(got.length, given.length)
    given.forEach((element, i) => assertHas(got[i], element))
  } else if (given !== null && typeof given === 'object' && !(given instanceof Uint8Array)) {
    for (const [name, field] of Object.entries(given)) assertHas((got as Values)[name], field)
  } else assert.deepEqual(got, given)
}

function problems(nodes: readonly FieldNode[]): string[] {
  return nodes.flatMap((node) => [...(node.problem === undefined ? [] : [node.problem]), ...problems(node.children)])
}

/** Reads every field to its depth. */
const readAll = (decoded: object): unknown => toPlain(decoded)

test('there are structures to test', () => {
  assert.ok(structs.length > 90, `${structs.length}`)
})

suite('what is encoded decodes to the same, and to the same bytes', () => {
  for (const declared of structs) {
    test(declared.structName, () => {
      fc.assert(
        fc.property(arbitraryOf(declared, special), fc.integer({ min: 0, max: 9 }), (value, origin) => {
          const encoded = encodeAt(declared, value, origin)
          const decoded = decodeAt(declared, encoded, origin)
          assertHas(readAll(decoded), value)
          assert.deepEqual(encodeAt(declared, decoded as Values, origin), encoded)
          assert.deepEqual(problems(declared.dissect(viewOf(encoded), origin + HEADER, encoded.length, origin)), [])
        }),
        { numRuns: 30 },
      )
    })
  }
})

const damage = fc.record({
  cut: fc.option(fc.nat({ max: 400 }), { nil: undefined }),
  changes: fc.array(fc.record({ at: fc.nat({ max: 400 }), to: fc.constantFrom(0, 1, 0x7f, 0x80, 0xff) }), {
    maxLength: 6,
  }),
})

suite('damage is refused, or read as something else; nothing else comes of it', () => {
  for (const declared of structs) {
    test(declared.structName, () => {
      fc.assert(
        fc.property(arbitraryOf(declared, special), damage, (value, { cut, changes }) => {
          let bytes = encodeAt(declared, value, 0)
          for (const { at, to } of changes) if (HEADER + at < bytes.length) bytes[HEADER + at] = to
          if (cut !== undefined) bytes = bytes.slice(0, Math.min(bytes.length, HEADER + cut))
          declared.dissect(viewOf(bytes), HEADER, bytes.length, 0)
          try {
            readAll(decodeAt(declared, bytes, 0))
          } catch (error) {
            assert.ok(error instanceof WireError, String(error))
          }
        }),
        { numRuns: 60 },
      )
    })
  }
})

test('any bytes make a tree and a line', () => {
  const header = fc.record({
    command: fc.integer({ min: 0, max: 20 }),
    status: fc.constantFrom(0, 0x103, 0x8000_0005, 0xc000_0016, 0xc000_000d, 0xc000_0023, 0x8000_002d),
    flags: fc.integer({ min: 0, max: 7 }),
    body: fc.uint8Array({ maxLength: 200 }),
    structureSize: fc.constantFrom(9, 4, 24, 25, 33, 36, 41, 44, 49, 57, 89),
    cut: fc.nat({ max: 260 }),
  })
  fc.assert(
    fc.property(header, ({ command, status, flags, body, structureSize, cut }) => {
      const message = new Uint8Array(HEADER + body.length)
      message.set(body, HEADER)
      smb2.Smb2Header.encodeInto(viewOf(message), 0, {
        command,
        status,
        flags,
        credits: 1,
        messageId: 1n,
        treeId: 1,
        sessionId: 1n,
        signature: new Uint8Array(16),
      })
      if (body.length >= 2) viewOf(message).setUint16(HEADER, structureSize, true)
      const bytes = message.slice(0, cut)
      for (const fromServer of [true, false]) smb2.dissectMessage(viewOf(bytes), 0, bytes.length, fromServer)
      smb2.dissectFrame(viewOf(bytes))
      assert.equal(typeof smb2.summarize(viewOf(bytes)), 'string')
    }),
    { numRuns: 3000 },
  )
})
