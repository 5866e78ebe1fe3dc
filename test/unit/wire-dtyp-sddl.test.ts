import assert from 'node:assert/strict'
import { readFileSync } from 'node:fs'
import { suite, test } from 'node:test'
import * as fc from 'fast-check'
import { fromHex } from '../../src/bytes/hex.ts'
import {
  AceType,
  aclOf,
  decodeSecurityDescriptor,
  formatSddl,
  parseSddl,
  SddlError,
  SecurityControl,
  type SecurityDescriptor,
} from '../../src/wire/dtyp/index.ts'
import { descriptors } from './wire-dtyp-arbitrary.ts'

/** SDDL does not say which of the defaulted bits are set, nor the revision of a list. */
function sayable(descriptor: SecurityDescriptor): SecurityDescriptor {
  const { control, owner, group, dacl, sacl } = descriptor
  const { SELF_RELATIVE, DACL_PRESENT, SACL_PRESENT } = SecurityControl
  const marks = (all: number, list: unknown): number => (list === undefined ? 0 : control & all)
  return {
    control:
      SELF_RELATIVE |
      (control & (DACL_PRESENT | SACL_PRESENT)) |
      marks(0x1000 | 0x0400 | 0x0100, dacl) |
      marks(0x2000 | 0x0800 | 0x0200, sacl),
    ...(owner !== undefined && { owner }),
    ...(group !== undefined && { group }),
    ...(sacl !== undefined && { sacl: sacl && aclOf(sacl.aces) }),
    ...(dacl !== undefined && { dacl: dacl && aclOf(dacl.aces) }),
  }
}

suite('SDDL', () => {
  test('what Windows writes is read, and written alike', () => {
    for (const text of [
      'O:BAG:SYD:P(A;;FA;;;SY)(A;OICI;FA;;;BA)(D;OICIIO;GX;;;WD)',
      'O:S-1-5-21-1-2-3-1000G:S-1-5-21-1-2-3-513D:AI(A;ID;0x1301bf;;;AU)',
      'D:PARAI(OA;CI;RCSD;bf967aba-0de6-11d0-a285-00aa003049e2;;PS)',
      'S:AI(AU;SAFA;WDWO;;;WD)(ML;;NWNR;;;LW)',
      'D:NO_ACCESS_CONTROL',
      'O:SYD:',
      'D:(XA;;FX;;;WD;#61727478)(0x4;;#00112233)(A;;;;;WD)',
      '',
    ])
      assert.equal(formatSddl(parseSddl(text)), text)
  })

  test('what it means', () => {
    const { control, owner, dacl } = parseSddl('O:BA D:PAI (A; OICIID; FRFW; ; ; BU)')
    assert.equal(owner, 'S-1-5-32-544')
    assert.equal(control, 0x8004 | SecurityControl.DACL_PROTECTED | SecurityControl.DACL_AUTO_INHERITED)
    assert.deepEqual(dacl?.aces, [
      { kind: 'basic', type: AceType.ACCESS_ALLOWED, flags: 0x13, mask: 0x0012_019f, sid: 'S-1-5-32-545' },
    ])
    assert.equal(parseSddl('O:DA', { domainSid: 'S-1-5-21-7-8-9' }).owner, 'S-1-5-21-7-8-9-512')
    assert.equal(parseSddl('D:(A;;GA;;;WD)').dacl?.aces[0]?.kind, 'basic')
  })

  test('what is no SDDL is refused with its place', () => {
    for (const text of [
      'X:',
      'O',
      'O:',
      'O:ZZ',
      'O:DA',
      'O:SYO:SY',
      'D:(A;;FA;;;SY',
      'D:(A;;FA;;SY)',
      'D:(Q;;FA;;;SY)',
      'D:(A;XX;FA;;;SY)',
      'D:(A;;QQ;;;SY)',
      'D:(A;;FA;;;S-1-)',
      'D:(A;;0x1ffffffff;;;SY)',
      'D:(A;;FA;bf967aba-0de6-11d0-a285-00aa003049e2;;SY)',
      'D:(OA;;FA;nonsense;;SY)',
      'D:(XA;;FX;;;WD;(@User.Title=="x"))',
      'D:(0x4;;zz)',
      'D:(A;;FA;;;SY)rest',
    ])
      assert.throws(() => parseSddl(text), SddlError, text)
  })

  test('comes back from text', () => {
    fc.assert(
      fc.property(descriptors, (descriptor) => {
        assert.deepEqual(parseSddl(formatSddl(descriptor)), sayable(descriptor))
      }),
    )
  })

  test('any text is read or refused', () => {
    const pieces = fc.constantFrom(
      'O:',
      'D:',
      '(A;;FA;;;SY)',
      'P',
      'AI',
      'SY',
      'S-1-5-18',
      ';',
      '(',
      ')',
      '#00',
      ':',
      '0x4',
    )
    fc.assert(
      fc.property(fc.array(fc.oneof(pieces, fc.string({ maxLength: 3 })), { maxLength: 12 }), (parts) => {
        try {
          parseSddl(parts.join(''))
        } catch (error) {
          assert.ok(error instanceof SddlError, String(error))
        }
      }),
      { numRuns: 2000 },
    )
  })

  test('descriptors of real peers come back from text', () => {
    const file = new URL('../vectors/dtyp-security-descriptors.json', import.meta.url)
    for (const { hex, source } of JSON.parse(readFileSync(file, 'utf8')) as { hex: string; source: string }[]) {
      const descriptor = decodeSecurityDescriptor(fromHex(hex))
      assert.deepEqual(parseSddl(formatSddl(descriptor)), sayable(descriptor), source)
    }
  })
})
