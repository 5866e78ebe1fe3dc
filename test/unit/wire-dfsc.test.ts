import assert from 'node:assert/strict'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { hex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import {
  DfsReferralEntryFlags,
  type DfsReferralInput,
  GetDfsReferralExRequest,
  GetDfsReferralRequest,
  GetDfsReferralResponse,
} from '../../src/wire/dfsc/index.ts'
import { formatTree, toPlain, WireError } from '../../src/wire/schema/index.ts'
import { FsctlCode, ioctlBody } from '../../src/wire/smb2/index.ts'

const { NAME_LIST_REFERRAL, TARGET_SET_BOUNDARY } = DfsReferralEntryFlags
const text = fc
  .array(fc.integer({ min: 1, max: 0xffff }), { maxLength: 24 })
  .map((codes) => String.fromCharCode(...codes))
const u16 = fc.integer({ min: 0, max: 0xffff })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })
const paths = { dfsPath: text, dfsAlternatePath: text, networkAddress: text, timeToLive: u32 }
const newer = fc.constantFrom(3 as const, 4 as const)

const referrals: fc.Arbitrary<DfsReferralInput> = fc.oneof(
  fc.record({ versionNumber: fc.constant(1 as const), serverType: u16, shareName: text }),
  fc.record({ versionNumber: fc.constant(2 as const), serverType: u16, ...paths }),
  fc.record({ versionNumber: newer, referralEntryFlags: fc.constantFrom(0, TARGET_SET_BOUNDARY), ...paths }),
  fc.record({
    versionNumber: newer,
    referralEntryFlags: fc.constant(NAME_LIST_REFERRAL as number),
    timeToLive: u32,
    specialName: text,
    expandedNames: fc.array(text, { maxLength: 4 }),
  }),
)
const responses = fc.record({
  pathConsumed: u16,
  referralHeaderFlags: u32,
  referrals: fc.array(referrals, { maxLength: 6 }),
})
const requests = fc.record({ maxReferralLevel: u16, requestFileName: text })
const siteRequests = fc.record({
  maxReferralLevel: u16,
  requestFlags: fc.constantFrom(0, 1),
  requestData: fc.record({ requestFileName: text, siteName: text }),
})

const cases = [
  [GetDfsReferralRequest, requests],
  [GetDfsReferralExRequest, siteRequests],
  [GetDfsReferralResponse, responses],
] as const

function assertHas(found: unknown, given: unknown, path: string): void {
  if (given !== null && typeof given === 'object')
    for (const [name, value] of Object.entries(given))
      assertHas((found as Record<string, unknown>)[name], value, `${path}.${name}`)
  else assert.deepEqual(found, given, path)
}

suite('what is encoded decodes to the same, anywhere, and to the same bytes', () => {
  for (const [declared, values] of cases)
    test(declared.structName, () => {
      fc.assert(
        fc.property(values, fc.integer({ min: 0, max: 9 }), (value, shift) => {
          const encoded = declared.encode(value as never)
          assert.equal(encoded.length, declared.sizeOfEncoded(value as never))
          const moved = new Uint8Array(shift + encoded.length)
          moved.set(encoded, shift)
          const plain = toPlain(declared.decode(viewOf(moved), shift))
          assertHas(plain, value, declared.structName)
          assert.deepEqual(declared.encode(plain as never), encoded)
          assert.doesNotMatch(formatTree(declared.dissect(viewOf(encoded))), /!!/)
        }),
      )
    })
})

suite('cut off and damaged buffers end in a WireError or are read', () => {
  const damage = fc.array(fc.tuple(fc.nat(), fc.integer({ min: 0, max: 0xff })), { minLength: 1, maxLength: 5 })
  for (const [declared, values] of cases)
    test(declared.structName, () => {
      const survives = (bytes: Uint8Array): void => {
        declared.dissect(viewOf(bytes))
        try {
          toPlain(declared.decode(viewOf(bytes)))
        } catch (error) {
          assert.ok(error instanceof WireError, String(error))
        }
      }
      fc.assert(
        fc.property(values, damage, (value, changes) => {
          const encoded = declared.encode(value as never)
          for (let length = 0; length < encoded.length; length++) survives(encoded.subarray(0, length))
          for (const [at, byte] of changes) encoded[at % encoded.length] = byte
          survives(encoded)
        }),
      )
    })
})

suite('referrals', () => {
  const target = (networkAddress: string): DfsReferralInput => ({
    versionNumber: 4,
    timeToLive: 300,
    dfsPath: '\\d\\r',
    dfsAlternatePath: '\\d\\r',
    networkAddress,
  })
  const response = (given: readonly DfsReferralInput[]): Uint8Array =>
    GetDfsReferralResponse.encode({ pathConsumed: 8, referralHeaderFlags: 0, referrals: given })
  const problemOf = (bytes: Uint8Array): string => {
    try {
      GetDfsReferralResponse.decode(viewOf(bytes))
    } catch (error) {
      assert.ok(error instanceof WireError)
      return error.message
    }
    return 'none'
  }

  test('the texts follow the entries, and offsets count from the entry', () => {
    const bytes = response([target('\\a\\b'), target('\\c\\d')])
    assert.equal(
      hex(bytes.subarray(8, 76)),
      '04002200000000002c010000' +
        '44004e005800' +
        '00'.repeat(16) +
        '04002200000000002c010000' +
        '40004a005400' +
        '00'.repeat(16),
    )
  })

  test('several entries may point at one text', () => {
    const bytes = response([target('\\a\\b'), target('\\c\\d')])
    const view = viewOf(bytes)
    const [first, second] = [8, 42]
    const shared = first + view.getUint16(first + 12, true)
    for (const at of [12, 14, 16]) view.setUint16(second + at, shared - second, true)
    const found = GetDfsReferralResponse.decode(view).referrals[1]
    assert.ok(found !== undefined && 'networkAddress' in found)
    assert.deepEqual([found.dfsPath, found.networkAddress], ['\\d\\r', '\\d\\r'])
  })

  test('a controller list with and without the 16 bytes of padding', () => {
    const list: DfsReferralInput = {
      versionNumber: 3,
      referralEntryFlags: NAME_LIST_REFERRAL,
      timeToLive: 600,
      specialName: '\\lab.test',
      expandedNames: ['\\dc1.lab.test', '\\dc2.lab.test'],
    }
    const bytes = response([list])
    const padded = new Uint8Array(bytes.length + 16)
    padded.set(bytes.subarray(0, 26))
    padded.set(bytes.subarray(26), 42)
    const view = viewOf(padded)
    view.setUint16(8 + 2, 34, true)
    for (const at of [12, 16]) view.setUint16(8 + at, view.getUint16(8 + at, true) + 16, true)
    for (const form of [bytes, padded]) {
      const [found] = GetDfsReferralResponse.decode(viewOf(form)).referrals
      assert.ok(found !== undefined && 'expandedNames' in found)
      assert.equal(found.specialName, '\\lab.test')
      assert.deepEqual(found.expandedNames, ['\\dc1.lab.test', '\\dc2.lab.test'])
    }
  })

  test('what is wrong is named', () => {
    const good = response([target('\\a\\b')])
    const changed = (at: number, value: number): Uint8Array => {
      const bytes = good.slice()
      viewOf(bytes).setUint16(at, value, true)
      return bytes
    }
    assert.equal(problemOf(good), 'none')
    assert.match(problemOf(changed(2, 2)), /RESP_GET_DFS_REFERRAL\.referrals.*(version|size)/)
    assert.match(problemOf(changed(2, 0xffff)), /more than 512 referrals/)
    assert.match(problemOf(changed(8, 5)), /version 5 of referral 0/)
    assert.match(problemOf(changed(10, 33)), /size 33 of referral 0/)
    assert.match(problemOf(changed(10, 0)), /size 0 of referral 0/)
    assert.match(problemOf(changed(24, 0xfff0)), /DFS_REFERRAL_V4\.networkAddress/)
    assert.match(problemOf(good.subarray(0, good.length - 1)), /DFS_REFERRAL_V4\.networkAddress.*no zero/)
  })

  test('a text without an end is not searched for for ever', () => {
    const endless = new Uint8Array(60_000).fill(0x41)
    const head = response([target('\\a\\b')])
    endless.set(head.subarray(0, 42))
    assert.match(problemOf(endless), /no zero ends the text within 4096 characters/)
  })

  test('both control codes have them', () => {
    assert.equal(ioctlBody(FsctlCode.DFS_GET_REFERRALS, false)?.structName, 'REQ_GET_DFS_REFERRAL')
    assert.equal(ioctlBody(FsctlCode.DFS_GET_REFERRALS_EX, false)?.structName, 'REQ_GET_DFS_REFERRAL_EX')
    for (const code of [FsctlCode.DFS_GET_REFERRALS, FsctlCode.DFS_GET_REFERRALS_EX])
      assert.equal(ioctlBody(code, true)?.structName, 'RESP_GET_DFS_REFERRAL')
  })
})
