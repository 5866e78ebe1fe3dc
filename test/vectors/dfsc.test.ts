/** Requests and referrals of Samba's programs, cut out of captures by dfsc-cut.ts. */
import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { suite, test } from 'node:test'
import { fromHex, hex } from '../../src/bytes/hex.ts'
import { viewOf } from '../../src/bytes/utf16.ts'
import { GetDfsReferralRequest, GetDfsReferralResponse } from '../../src/wire/dfsc/index.ts'
import { formatTree, type Struct, WireError } from '../../src/wire/schema/index.ts'
import { type Json, jsonOf } from './smb2-value.ts'

interface Vector {
  readonly name: string
  readonly hex: string
  readonly value: Json
}

const vectors = JSON.parse(readFileSync(join(import.meta.dirname, 'dfsc.json'), 'utf8')) as Vector[]

suite('captured referrals', () => {
  for (const vector of vectors) {
    const declared = (vector.name.startsWith('request')
      ? GetDfsReferralRequest
      : GetDfsReferralResponse) as unknown as Struct<object, object>
    const bytes = fromHex(vector.hex)
    test(vector.name, () => {
      const decoded = declared.decode(viewOf(bytes))
      assert.deepEqual(jsonOf(decoded), vector.value)
      assert.equal(hex(declared.encode(decoded)), vector.hex)
      assert.doesNotMatch(formatTree(declared.dissect(viewOf(bytes))), /!!/)
      for (let length = 0; length < bytes.length; length++)
        assert.throws(() => declared.decode(viewOf(bytes.slice(0, length))), WireError)
    })
  }
})
