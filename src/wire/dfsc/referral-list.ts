import { viewOf } from '../../bytes/utf16.ts'
import type { Content, Place } from '../schema/content.ts'
import { type FieldNode, type InferInput, type Struct, WireError } from '../schema/index.ts'
import { DfsReferralEntryFlags } from './constants.ts'
import {
  type DfsReferral,
  DfsReferralV1,
  DfsReferralV2,
  DfsReferralV3,
  DfsReferralV3NameList,
  DfsReferralV4,
  DfsReferralV4NameList,
} from './referral.ts'

/** An entry to encode: which of the versions says `versionNumber`. */
export type DfsReferralInput =
  | ({ readonly versionNumber: 1 } & InferInput<typeof DfsReferralV1>)
  | ({ readonly versionNumber: 2 } & InferInput<typeof DfsReferralV2>)
  | ({ readonly versionNumber: 3 | 4 } & (InferInput<typeof DfsReferralV3> | InferInput<typeof DfsReferralV3NameList>))

type AnyReferral = Struct<DfsReferral, DfsReferralInput>

/** Targets of one path that are accepted. */
const MAX_REFERRALS = 512
/** Version, size, kind and flags. */
const HEADER_BYTES = 8

function structOf(version: number, flags: number): AnyReferral | undefined {
  const isList = (flags & DfsReferralEntryFlags.NAME_LIST_REFERRAL) !== 0
  const found = {
    1: DfsReferralV1,
    2: DfsReferralV2,
    3: isList ? DfsReferralV3NameList : DfsReferralV3,
    4: isList ? DfsReferralV4NameList : DfsReferralV4,
  }[version]
  return found as AnyReferral | undefined
}

const structFor = (value: DfsReferralInput): AnyReferral => {
  const found = structOf(value.versionNumber, value.referralEntryFlags ?? 0)
  if (found === undefined) throw new TypeError(`there is no version ${String(value.versionNumber)} of referrals`)
  return found
}

interface Located {
  readonly struct: AnyReferral
  readonly at: number
  /** Where the entry ends: its texts may lie behind it, but for those of version 1. */
  readonly next: number
  readonly end: number
}

/** The entries, one after the other as their sizes say (MS-DFSC 3.1.5.4.5). @throws WireError */
function* walk(view: DataView, start: number, end: number, place: Place, count: number): Generator<Located> {
  const bad = (at: number, problem: string): WireError => new WireError(place.path, at, place.spec, problem)
  if (count > MAX_REFERRALS) throw bad(start, `more than ${MAX_REFERRALS} referrals`)
  let at = start
  for (let i = 0; i < count; i++) {
    if (at + HEADER_BYTES > end) throw bad(Math.min(at, end), `referral ${i} of ${count} is cut off`)
    const version = view.getUint16(at, true)
    const struct = structOf(version, view.getUint16(at + 6, true))
    if (struct === undefined) throw bad(at, `version ${version} of referral ${i}`)
    const next = at + view.getUint16(at + 2, true)
    if (next < at + struct.size || next > end) throw bad(at + 2, `size ${next - at} of referral ${i}`)
    yield { struct, at, next, end: version === 1 ? next : end }
    at = next
  }
}

/** Entries first, then the texts that they point at: the referrals of a response. MS-DFSC 2.2.4. */
export const referralList: Content<DfsReferral[], readonly DfsReferralInput[]> = {
  contentName: 'DFS_REFERRAL list',
  check(view, start, end, place, count = 0) {
    for (const { struct, at, end: stop } of walk(view, start, end, place, count)) struct.decode(view, at, stop)
  },
  read(view, start, end, count = 0) {
    const values: DfsReferral[] = []
    const place = { path: 'RESP_GET_DFS_REFERRAL.referrals', spec: '2.2.4' }
    for (const { struct, at, end: stop } of walk(view, start, end, place, count))
      values.push(struct.decode(view, at, stop))
    return values
  },
  measure: (values) => values.reduce((sum, value) => sum + structFor(value).sizeOfEncoded(value), 0),
  write(view, start, values) {
    let at = start
    let texts = start + values.reduce((sum, value) => sum + sizeOf(value), 0)
    for (const value of values) {
      const struct = structFor(value)
      const size = sizeOf(value)
      const encoded = struct.encode(value)
      const head = viewOf(encoded)
      head.setUint16(2, size, true)
      moveOffsets(struct, head, texts - at - size)
      for (let i = 0; i < encoded.length; i++) view.setUint8(i < size ? at + i : texts + i - size, encoded[i] as number)
      at += size
      texts += encoded.length - size
    }
  },
  count: (values) => values.length,
  display: (values) => `${values.length} referrals`,
  dissect(view, start, end, place, count = 0) {
    const nodes: FieldNode[] = []
    const common = { path: place.path, spec: place.spec, value: undefined, display: '' }
    let last = start
    try {
      for (const { struct, at, next, end: stop } of walk(view, start, end, place, count)) {
        const children = struct.dissect(view, at, stop)
        nodes.push({ ...common, label: struct.structName, start: at, end: next, children })
        last = next
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      nodes.push({ ...common, label: 'referral', start: last, end, children: [], problem: error.message })
    }
    return nodes
  },
}

/** Bytes of an entry itself: version 1 has its text in it. */
const sizeOf = (value: DfsReferralInput): number =>
  value.versionNumber === 1 ? structFor(value).sizeOfEncoded(value) : structFor(value).size

/** The texts of an entry do not follow it at once. */
function moveOffsets(struct: AnyReferral, entry: DataView, by: number): void {
  let at = 0
  for (const field of Object.values(struct.fields)) {
    if ('tail' in field) continue
    if (field.role?.offsetOf !== undefined) entry.setUint16(at, entry.getUint16(at, true) + by, true)
    at += field.size
  }
}
