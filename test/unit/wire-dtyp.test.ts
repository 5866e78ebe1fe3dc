import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import {
  AccessMask,
  type Ace,
  AceType,
  aclOf,
  decodeSecurityDescriptor,
  decodeSid,
  dissectSecurityDescriptor,
  encodeSecurityDescriptor,
  encodeSid,
  FILE_ALL_ACCESS,
  isSid,
  MAX_SID_BYTES,
  mapGeneric,
  SecurityControl,
  sidSize,
  WellKnownSid,
} from '../../src/wire/dtyp/index.ts'
import { formatTree, WireError } from '../../src/wire/schema/index.ts'
import { descriptors, sids } from './wire-dtyp-arbitrary.ts'

const everyone = (mask: number): Ace => ({
  kind: 'basic',
  type: AceType.ACCESS_ALLOWED,
  flags: 0,
  mask,
  sid: WellKnownSid.EVERYONE,
})

suite('access masks', () => {
  test('generic rights become file rights, the rest stays, bit 31 is no sign', () => {
    assert.equal(mapGeneric(AccessMask.GENERIC_ALL), FILE_ALL_ACCESS)
    assert.equal(mapGeneric(AccessMask.GENERIC_READ), 0x0012_0089)
    assert.equal(mapGeneric(AccessMask.GENERIC_WRITE), 0x0012_0116)
    assert.equal(mapGeneric(AccessMask.GENERIC_EXECUTE), 0x0012_00a0)
    assert.equal(mapGeneric((0x8000_0000 | AccessMask.DELETE) >>> 0), 0x0013_0089)
    assert.equal(mapGeneric(-0x8000_0000), 0x0012_0089)
    assert.equal(mapGeneric(AccessMask.MAXIMUM_ALLOWED | 1), 0x0200_0001)
  })
})

suite('SIDs', () => {
  test('known bytes', () => {
    assert.equal(hex(encodeSid('S-1-5-32-544')), '01020000000000052000000020020000')
    assert.equal(decodeSid(fromHex('010100000000000100000000')), WellKnownSid.EVERYONE)
    assert.equal(decodeSid(fromHex('0100000100000000')), 'S-1-0x000100000000')
    assert.equal(hex(encodeSid('S-1-0x000100000000')), '0100000100000000')
  })
  test('what is no SID', () => {
    for (const text of ['', 'S-1', 'S-2-5-18', 'S-1-5-', 'S-1-5-4294967296', `S-1-5${'-1'.repeat(16)}`, 'S-1-x'])
      assert.equal(isSid(text), false, text)
    assert.throws(() => encodeSid('S-1-'), TypeError)
    assert.throws(() => decodeSid(fromHex('0201000000000001 00000000')), WireError)
    assert.throws(() => decodeSid(fromHex(`0110000000000005${'00'.repeat(64)}`)), /16 sub-authorities/)
    assert.throws(() => decodeSid(fromHex('010200000000000500000000')), WireError)
  })
  test('come back from bytes', () => {
    fc.assert(
      fc.property(sids, (sid) => {
        const bytes = encodeSid(sid)
        assert.equal(bytes.length, sidSize(sid))
        assert.ok(bytes.length <= MAX_SID_BYTES)
        assert.equal(decodeSid(bytes), sid)
      }),
    )
  })
})

suite('security descriptors', () => {
  test('absent, null and empty lists are three things', () => {
    const absent = decodeSecurityDescriptor(encodeSecurityDescriptor({ control: 0 }))
    assert.equal(absent.dacl, undefined)
    assert.equal(absent.control, SecurityControl.SELF_RELATIVE)
    const nothing = decodeSecurityDescriptor(encodeSecurityDescriptor({ control: 0, dacl: null }))
    assert.equal(nothing.dacl, null)
    assert.equal(nothing.control, SecurityControl.SELF_RELATIVE | SecurityControl.DACL_PRESENT)
    const empty = decodeSecurityDescriptor(encodeSecurityDescriptor({ control: 0, dacl: aclOf([]) }))
    assert.deepEqual(empty.dacl, { revision: 2, aces: [] })
  })

  test('a list whose offset is set is not there unless the control bit says so', () => {
    const bytes = encodeSecurityDescriptor({ control: 0, dacl: aclOf([everyone(1)]) })
    viewOf(bytes).setUint16(2, SecurityControl.SELF_RELATIVE, true)
    assert.equal(decodeSecurityDescriptor(bytes).dacl, undefined)
  })

  test('come back from bytes', () => {
    fc.assert(
      fc.property(descriptors, fc.integer({ min: 0, max: 9 }), (descriptor, shift) => {
        const bytes = encodeSecurityDescriptor(descriptor)
        const moved = new Uint8Array(shift + bytes.length)
        moved.set(bytes, shift)
        assert.deepEqual(decodeSecurityDescriptor(moved, shift), descriptor)
        assert.doesNotMatch(formatTree(dissectSecurityDescriptor(viewOf(bytes))), /!!/)
      }),
    )
  })

  test('every truncation is a WireError, or the descriptor without what was cut off at its end', () => {
    fc.assert(
      fc.property(descriptors, (descriptor) => {
        const bytes = encodeSecurityDescriptor(descriptor)
        for (let length = 0; length < bytes.length; length++)
          assert.throws(() => decodeSecurityDescriptor(bytes.subarray(0, length)), WireError, `${length} bytes`)
      }),
      { numRuns: 40 },
    )
  })

  test('random damage ends in a WireError or a descriptor', () => {
    const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 0xff })), { minLength: 1, maxLength: 6 })
    fc.assert(
      fc.property(descriptors, damage, (descriptor, changes) => {
        const bytes = encodeSecurityDescriptor(descriptor)
        for (const [at, value] of changes) bytes[at % bytes.length] = value
        dissectSecurityDescriptor(viewOf(bytes))
        try {
          const found = decodeSecurityDescriptor(bytes)
          assert.deepEqual(decodeSecurityDescriptor(encodeSecurityDescriptor(found)).dacl, found.dacl)
        } catch (error) {
          assert.ok(error instanceof WireError, String(error))
        }
      }),
      { numRuns: 500 },
    )
  })

  test('offsets into the header, lists that lie about their size and count', () => {
    const bytes = encodeSecurityDescriptor({ control: 0, owner: 'S-1-5-18', dacl: aclOf([everyone(1), everyone(2)]) })
    const view = viewOf(bytes)
    const changed = (at: number, value: number): Uint8Array => {
      const copy = bytes.slice()
      viewOf(copy).setUint16(at, value, true)
      return copy
    }
    const dacl = view.getUint32(16, true)
    assert.throws(() => decodeSecurityDescriptor(changed(4, 8)), WireError)
    // A header that reads like a SID from its second byte on.
    const sly = changed(4, 1)
    sly[1] = 1
    assert.throws(() => decodeSecurityDescriptor(sly), /within the header/)
    assert.throws(() => decodeSecurityDescriptor(changed(4, bytes.length)), WireError)
    assert.throws(() => decodeSecurityDescriptor(changed(dacl + 2, 7)), WireError)
    assert.throws(() => decodeSecurityDescriptor(changed(dacl + 2, 0xfffc)), WireError)
    assert.throws(() => decodeSecurityDescriptor(changed(dacl + 4, 3)), WireError)
    assert.throws(() => decodeSecurityDescriptor(changed(dacl + 8 + 2, 0)), WireError)
    assert.throws(() => decodeSecurityDescriptor(changed(dacl + 8 + 2, 21)), WireError)
  })

  test('a list can be larger than its entries, and no larger than its 16 bits', () => {
    const bytes = encodeSecurityDescriptor({ control: 0, dacl: aclOf([everyone(1)]) })
    const wider = new Uint8Array(bytes.length + 12)
    wider.set(bytes)
    viewOf(wider).setUint16(20 + 2, 28 + 12, true)
    assert.equal(decodeSecurityDescriptor(wider).dacl?.aces.length, 1)
    const many = Array.from({ length: 3300 }, () => everyone(1))
    assert.throws(() => encodeSecurityDescriptor({ control: 0, dacl: aclOf(many) }), RangeError)
  })
})

interface Vector {
  readonly source: string
  readonly hex: string
  /** tshark's reading: names of its fields and what it shows. */
  readonly reading: readonly (readonly [string, string])[]
}

const file = new URL('../vectors/dtyp-security-descriptors.json', import.meta.url)
const vectors = JSON.parse(readFileSync(file, 'utf8')) as Vector[]

suite('security descriptors of real peers', () => {
  test('are many', () => assert.ok(vectors.length >= 30))
  for (const { source, hex: text, reading } of vectors)
    test(source, () => {
      const bytes = fromHex(text)
      const descriptor = decodeSecurityDescriptor(bytes)
      const { owner, group, sacl, dacl, control } = descriptor
      const read = (name: string): string[] => reading.filter(([field]) => field === name).map(([, value]) => value)
      const aces = [...(sacl?.aces ?? []), ...(dacl?.aces ?? [])]
      assert.deepEqual(read('nt.sec_desc.type'), [String(control)])
      assert.deepEqual(
        read('nt.ace.type'),
        aces.map((ace) => String(ace.type)),
      )
      assert.deepEqual(
        read('nt.ace.flags'),
        aces.map((ace) => String(ace.flags)),
      )
      const known = aces.filter((ace) => ace.kind !== 'unknown')
      assert.deepEqual(
        read('nt.access_mask'),
        known.map((ace) => String(ace.mask)),
      )
      const who = [owner, group, ...known.map((ace) => ace.sid)].filter((sid) => sid !== undefined)
      assert.deepEqual(read('nt.sid'), who)
      assert.deepEqual(decodeSecurityDescriptor(encodeSecurityDescriptor(descriptor)), descriptor)
    })
})
