import { WireError } from '../../bytes/errors.ts'
import { hex } from '../../bytes/hex.ts'
import { contextTag, DerReader, type Element, readOid, Tag } from '../der/der.ts'
import { dissectGssKerberos } from '../kerberos/index.ts'
import { dissectNtlmssp, isNtlmssp } from '../ntlmssp/index.ts'
import { type FieldNode, movedTree } from '../schema/index.ts'
import { MechOid, NegState, SPNEGO_OID } from './tokens.ts'

const SPEC = 'RFC 4178 4.2'

/** What the elements of a sequence are called, by the number of their context tag. */
type Labels = readonly string[]
const INIT: Labels = ['mechTypes', 'reqFlags', 'mechToken', 'negHints', 'mechListMIC']
const RESP: Labels = ['negState', 'supportedMech', 'responseToken', 'mechListMIC']
const HINTS: Labels = ['hintName', 'hintAddress']

const OID_NAMES: ReadonlyMap<string, string> = new Map([
  [SPNEGO_OID, 'SPNEGO'],
  ...Object.entries(MechOid).map(([name, oid]): [string, string] => [oid, name]),
])

const node = (
  label: string,
  { at, end }: Element,
  children: FieldNode[],
  display = '',
  value?: unknown,
): FieldNode => ({
  label,
  path: `SPNEGO.${label}`,
  start: at,
  end,
  value,
  display,
  spec: SPEC,
  children,
})

/** Says what is wrong behind what could be read. */
function damaged(nodes: FieldNode[], start: number, end: number, error: unknown): FieldNode[] {
  if (!(error instanceof WireError)) throw error
  return [...nodes, { ...node('damage', { tag: 0, at: start, start, end }, []), problem: error.message }]
}

/**
 * The field tree of a security token, with the message of NTLMSSP or Kerberos inside it. Offsets are from the token's
 * start. It stops
 * at damage and keeps what it read.
 */
export function dissectSpnego(token: Uint8Array): FieldNode[] {
  if (isNtlmssp(token)) return dissectNtlmssp(token)
  const kerberos = dissectGssKerberos(token)
  if (kerberos.length > 0) return kerberos
  return each(new DerReader(token, 'SPNEGO'), (reader, element) => {
    if (element.tag === Tag.APPLICATION_0)
      return node('initialContextToken', element, each(reader.inside(element, 'initial'), choice))
    return choice(reader, element)
  })
}

/** A node for every element of a reader. */
function each(reader: DerReader, make: (reader: DerReader, element: Element) => FieldNode): FieldNode[] {
  const nodes: FieldNode[] = []
  while (!reader.isAtEnd) {
    const before = reader.at
    try {
      nodes.push(make(reader, reader.next()))
    } catch (error) {
      return damaged(nodes, before, Math.max(before, reader.end), error)
    }
  }
  return nodes
}

function choice(reader: DerReader, element: Element): FieldNode {
  if (element.tag === Tag.OID) return simple(reader, element, 'thisMech')
  const labels = { [contextTag(0)]: INIT, [contextTag(1)]: RESP }[element.tag]
  if (labels === undefined) return simple(reader, element, 'innerContextToken')
  return node(labels === INIT ? 'negTokenInit' : 'negTokenResp', element, members(reader, element, labels))
}

/** The members of the sequence in `[n] SEQUENCE { ... }`. */
function members(reader: DerReader, wrapper: Element, labels: Labels): FieldNode[] {
  const outer = reader.inside(wrapper, '')
  const sequence = outer.take(Tag.SEQUENCE)
  return each(outer.inside(sequence, ''), (inside, element) => {
    const label = labels[element.tag & 0x1f] ?? `[${element.tag & 0x1f}]`
    return member(inside, element, label)
  })
}

function member(reader: DerReader, wrapper: Element, label: string): FieldNode {
  const inside = reader.inside(wrapper, label)
  const element = inside.next()
  if (label === 'negHints' && element.tag === Tag.SEQUENCE) return node(label, wrapper, members(reader, wrapper, HINTS))
  // [3] is the MIC where it is not the hints.
  const name = label === 'negHints' ? 'mechListMIC' : label
  if (element.tag !== Tag.SEQUENCE) return { ...simple(inside, element, name), start: wrapper.at, end: wrapper.end }
  return node(
    name,
    wrapper,
    each(inside.inside(element, ''), (list, item) => simple(list, item, 'mechType')),
  )
}

function simple(reader: DerReader, element: Element, label: string): FieldNode {
  const value = reader.value(element)
  if (element.tag === Tag.OID) {
    const oid = readOid(reader, element)
    const name = OID_NAMES.get(oid)
    return node(label, element, [], name === undefined ? oid : `${name} (${oid})`, oid)
  }
  if (element.tag === Tag.ENUMERATED) {
    const name = Object.entries(NegState).find(([, state]) => state === value[0])?.[0]
    return node(label, element, [], name ?? hex(value, 8), value[0])
  }
  if (element.tag === Tag.GENERAL_STRING)
    return node(label, element, [], JSON.stringify(String.fromCharCode(...value.subarray(0, 256))), value)
  const mechanism = isNtlmssp(value) ? dissectNtlmssp(value) : dissectGssKerberos(value)
  const children = mechanism.map((child) => movedTree(child, element.start))
  return node(label, element, children, hex(value, 32), value)
}
