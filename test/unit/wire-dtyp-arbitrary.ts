/** SIDs, lists and security descriptors made up. */
import * as fc from 'fast-check'
import {
  type Ace,
  type Acl,
  aceKind,
  aclOf,
  SecurityControl,
  type SecurityDescriptor,
  type Sid,
  WellKnownSid,
} from '../../src/wire/dtyp/index.ts'

const u8 = fc.integer({ min: 0, max: 0xff })
const u32 = fc.integer({ min: 0, max: 0xffff_ffff })

export const sids: fc.Arbitrary<Sid> = fc.oneof(
  fc.constantFrom(...Object.values(WellKnownSid)),
  fc
    .tuple(fc.integer({ min: 0, max: 0xffff_ffff_ffff }), fc.array(u32, { maxLength: 15 }))
    .map(([authority, parts]) => {
      const text = authority > 0xffff_ffff ? `0x${authority.toString(16).padStart(12, '0').toUpperCase()}` : authority
      return `S-1-${[text, ...parts].join('-')}`
    }),
)

/** Entries end at a multiple of 4: so must what is at their end, to come back as it was. */
const data = fc.integer({ min: 1, max: 8 }).chain((n) => fc.uint8Array({ minLength: n * 4, maxLength: n * 4 }))
const someData = fc.option(data, { nil: undefined })
const guids = fc.option(fc.uuid(), { nil: undefined })

export const aces: fc.Arbitrary<Ace> = fc
  .record({
    type: fc.oneof(fc.integer({ min: 0, max: 0x15 }), u8),
    flags: u8,
    mask: fc.oneof(u32, fc.constantFrom(0, 0x1f01ff, 0x120089, 0x8000_0000, 0x1_0000, 3)),
    sid: sids,
    objectType: guids,
    inheritedObjectType: guids,
    applicationData: someData,
    body: fc.option(data, { nil: new Uint8Array(0) }),
  })
  .map(({ type, flags, mask, sid, objectType, inheritedObjectType, applicationData, body }): Ace => {
    const kind = aceKind(type)
    if (kind === 'unknown') return { kind, type, flags, body }
    const tail = applicationData === undefined ? {} : { applicationData }
    if (kind === 'basic') return { kind, type, flags, mask, sid, ...tail }
    return {
      kind,
      type,
      flags,
      mask,
      ...(objectType && { objectType }),
      ...(inheritedObjectType && { inheritedObjectType }),
      sid,
      ...tail,
    }
  })

const acls: fc.Arbitrary<Acl> = fc.array(aces, { maxLength: 6 }).map(aclOf)
const lists = fc.option(fc.option(acls, { nil: null }), { nil: undefined })

/** As an encoder makes them: control bits agree with what is there. */
export const descriptors: fc.Arbitrary<SecurityDescriptor> = fc
  .record({
    control: fc.integer({ min: 0, max: 0xffff }),
    owner: fc.option(sids, { nil: undefined }),
    group: fc.option(sids, { nil: undefined }),
    sacl: lists,
    dacl: lists,
  })
  .map(({ control, owner, group, sacl, dacl }) => {
    const { DACL_PRESENT, SACL_PRESENT, SELF_RELATIVE } = SecurityControl
    return {
      control:
        (control & ~(DACL_PRESENT | SACL_PRESENT)) |
        SELF_RELATIVE |
        (dacl === undefined ? 0 : DACL_PRESENT) |
        (sacl === undefined ? 0 : SACL_PRESENT),
      ...(owner !== undefined && { owner }),
      ...(group !== undefined && { group }),
      ...(sacl !== undefined && { sacl }),
      ...(dacl !== undefined && { dacl }),
    }
  })
