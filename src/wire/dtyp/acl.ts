import { WireError } from '../../bytes/errors.ts'
import { type Content, type FieldNode, struct, tail, u8, u16 } from '../schema/index.ts'
import { type Ace, aceKind, aceSize, checkAce, displayAce, dissectAce, readAce, writeAce } from './ace.ts'

/** Revisions of an access control list (MS-DTYP 2.4.5): the second where it has entries with GUIDs. */
export const AclRevision = { ACL_REVISION: 2, ACL_REVISION_DS: 4 } as const

/** An access control list. */
export interface Acl {
  readonly revision: number
  readonly aces: readonly Ace[]
}

const SPEC = '2.4.5'
const HEADER_BYTES = 8
/** Bytes of the largest access control list. */
export const MAX_ACL_BYTES = 0xfffc

const aceList: Content<Ace[], readonly Ace[]> = {
  contentName: 'ACE list',
  check(view, start, end, _place, count = 0) {
    let at = start
    for (let i = 0; i < count; i++) at += checkAce(view, at, end)
  },
  read(view, start, _end, count = 0) {
    const aces: Ace[] = []
    for (let i = 0, at = start; i < count; i++) {
      aces.push(readAce(view, at))
      at += view.getUint16(at + 2, true)
    }
    return aces
  },
  measure: (aces) => aces.reduce((total, ace) => total + aceSize(ace), 0),
  write(view, start, aces) {
    let at = start
    for (const ace of aces) at += writeAce(view, at, ace)
  },
  count: (aces) => aces.length,
  display: (aces) => `${aces.length} entries`,
  dissect(view, start, end, _place, count = 0) {
    const nodes: FieldNode[] = []
    let at = start
    try {
      for (let i = 0; i < count; i++) {
        const size = checkAce(view, at, end)
        nodes.push(dissectAce(view, at))
        at += size
      }
    } catch (error) {
      if (!(error instanceof WireError)) throw error
      nodes.push({
        label: 'ACE',
        path: 'ACE',
        start: at,
        end,
        value: undefined,
        display: '',
        spec: '2.4.4',
        children: [],
        problem: error.message,
      })
    }
    return nodes
  },
}

/** MS-DTYP 2.4.5. `aclSize` counts the whole list; the entries lie within it, and there may be room after them. */
export const AclStructure = struct('ACL', SPEC, {
  aclRevision: u8.oneOf(AclRevision),
  sbz1: u8.reserved,
  aclSize: u16,
  aceCount: u16.countOf('aces'),
  sbz2: u16.reserved,
  aces: tail(aceList),
})

/** Where the list ends. @throws WireError where it has no room for itself. */
function aclEnd(view: DataView, start: number, end: number): number {
  if (start + HEADER_BYTES > end) throw new WireError('ACL', start, SPEC, `needs 8 bytes, has ${end - start}`)
  const revision = view.getUint8(start)
  // MS-DTYP 2.4.5 names 2 and 4; Windows takes all from 2 to 4.
  if (revision < 2 || revision > 4) throw new WireError('ACL.aclRevision', start, SPEC, `revision ${revision}`)
  const size = view.getUint16(start + 2, true)
  if (size < HEADER_BYTES || start + size > end)
    throw new WireError('ACL.aclSize', start + 2, SPEC, `${size} bytes do not fit ${end - start}`)
  return start + size
}

/** An access control list as content of a structure: null (no bytes) where there is none. It knows its length. */
export const optionalAcl: Content<Acl | null> = {
  contentName: 'ACL',
  check(view, start, end) {
    if (start === end) return
    AclStructure.check(view, start, aclEnd(view, start, end))
  },
  read(view, start, end) {
    if (start === end) return null
    const { aclRevision, aces } = AclStructure.read(view, start, start + view.getUint16(start + 2, true))
    return { revision: aclRevision, aces }
  },
  measure: (acl) => (acl === null ? 0 : aclSize(acl)),
  write(view, start, acl) {
    if (acl === null) return
    const size = aclSize(acl)
    if (size > MAX_ACL_BYTES) throw new RangeError(`an access control list of ${size} bytes`)
    AclStructure.encodeInto(view, start, { aclRevision: acl.revision, aclSize: size, aces: acl.aces })
  },
  extent: (view, start, end) =>
    start + HEADER_BYTES > end ? end - start : Math.min(end - start, view.getUint16(start + 2, true)),
  display: (acl) => (acl === null ? 'none' : acl.aces.map(displayAce).join('; ')),
  dissect: (view, start, end) => (start === end ? [] : AclStructure.dissect(view, start, clip(view, start, end))),
}

const clip = (view: DataView, start: number, end: number): number =>
  start + HEADER_BYTES > end ? end : Math.min(end, start + Math.max(HEADER_BYTES, view.getUint16(start + 2, true)))

/** Bytes of the list when written. */
export const aclSize = (acl: Acl): number => HEADER_BYTES + aceList.measure(acl.aces)

/** A list of these entries, with the lowest revision that allows them. */
export function aclOf(aces: readonly Ace[]): Acl {
  const guids = aces.some((ace) => aceKind(ace.type) === 'object')
  return { revision: guids ? AclRevision.ACL_REVISION_DS : AclRevision.ACL_REVISION, aces }
}
