import { hex, hexNumber } from '../../bytes/hex.ts'
import { viewOf } from '../../bytes/utf16.ts'
import { displayName, type NetbiosName } from '../../wire/nbss/netbios-name.ts'
import type { FieldNode } from '../../wire/schema/index.ts'
import { FileId } from '../../wire/smb2/index.ts'
import { fileIdText } from './file-ids.ts'
import { flagsOf } from './wireshark-flags.ts'
import { protocolOf, wiresharkName } from './wireshark-names.ts'

/** What a field can be. Undefined: it holds others, or could not be read. */
export type FieldValue = number | bigint | string | boolean | Uint8Array | undefined

/** A field as people see it and filters compare it. */
export interface Field {
  /** Wireshark's name (`smb2.msg_id`), or a protocol's (`ntlmssp`); undefined for what has none there. */
  readonly name: string | undefined
  /** Name in our declarations, which is the specification's. */
  readonly label: string
  /** Where it lies in the bytes of its layer; both 0 for what is not in the packet. */
  readonly start: number
  readonly end: number
  readonly value: FieldValue
  readonly display: string
  /** It does not stand here, but follows from what this frame says. People see it in square brackets. */
  readonly inferredFrom?: number
  readonly children: Field[]
  readonly problem?: string
}

/** One message in a frame, with its bytes: what stands between it and its neighbours. */
export interface Layer {
  /** `nbss`, `smb2`, `smb`, `kerberos`, `dcerpc`, `nbdgm`, `nbns`, `tcp`. */
  readonly protocol: string
  readonly title: string
  /** Of the layer; what was sealed stands here opened. */
  readonly bytes: Uint8Array
  readonly fields: Field[]
}

/** What a frame holds: the messages that end in it. */
export interface DissectedFrame {
  readonly frame: number
  /** Nanoseconds since the first frame of the capture. */
  readonly timeNs: number
  readonly layers: readonly Layer[]
}

/** Where a message stands: a few fields have another name in requests. */
export interface Direction {
  readonly fromServer: boolean
}

/** Field trees of declarations with Wireshark's names. What is of another protocol than `within` stands in its field. */
export function namedFields(
  nodes: readonly FieldNode[],
  direction: Direction,
  parents: readonly FieldNode[] = [],
  within?: string,
): Field[] {
  const fields: Field[] = []
  let inner: Field | undefined
  for (const node of nodes) {
    const protocol = protocolOf(node.path)
    const named = namedField(node, direction, parents, protocol ?? within)
    if (protocol === undefined || protocol === within) {
      fields.push(named)
      continue
    }
    if (inner?.name !== protocol) {
      inner = ownField(protocol, protocolLabels[protocol] ?? protocol, [node.start, node.end], undefined)
      fields.push(inner)
    }
    inner.children.push(named)
  }
  return fields
}

const protocolLabels: Readonly<Record<string, string>> = {
  ntlmssp: 'NTLMSSP',
  spnego: 'SPNEGO',
  kerberos: 'Kerberos',
  browser: 'Browser',
}

function namedField(
  node: FieldNode,
  direction: Direction,
  parents: readonly FieldNode[],
  within: string | undefined,
): Field {
  const name = wiresharkName(node, direction.fromServer, parents)
  const isFileId = name === 'smb2.fid' && node.end - node.start === FileId.size
  const value = isFileId ? fileIdOf(node) : plainValue(node.value)
  const children = isFileId ? [] : namedFields(node.children, direction, [...parents, node], within)
  if (typeof value === 'number' && name !== undefined) children.push(...flagFields(name, value, node))
  if (Array.isArray(node.value) && name !== undefined) children.push(...elementFields(name, node.value, node))
  return {
    name: Array.isArray(node.value) ? undefined : name,
    label: node.label,
    start: node.start,
    end: node.end,
    value,
    display: isFileId && typeof value === 'string' ? value : node.display,
    children,
    ...(node.problem !== undefined && { problem: node.problem }),
  }
}

/** A handle as people know it: like a GUID, as Wireshark shows it. */
function fileIdOf({ value }: FieldNode): string | undefined {
  const id = value as FileId | undefined
  return id === undefined ? undefined : fileIdText(viewOf(FileId.encode(id)), 0)
}

/** A list of numbers or texts: each is a field. */
function elementFields(name: string, values: readonly unknown[], { start, end }: FieldNode): Field[] {
  return values.map((value) => ownField(name, name.slice(name.lastIndexOf('.') + 1), [start, end], plainValue(value)))
}

/** The single flags of a number that has some, as Wireshark names them. */
function flagFields(name: string, value: number, { start, end }: FieldNode): Field[] {
  return Object.entries(flagsOf(name)).map(([flag, mask]) => {
    const isSet = (value & mask) >>> 0 === mask >>> 0
    const label = flag.slice(flag.lastIndexOf('.') + 1)
    return { name: flag, label, start, end, value: isSet, display: isSet ? 'set' : 'not set', children: [] }
  })
}

/** A NetBIOS name is text as Wireshark has it: `GUPPIE<20>`. */
const isNetbiosName = (value: unknown): value is NetbiosName =>
  typeof value === 'object' && value !== null && 'suffix' in value && 'scope' in value

function plainValue(value: unknown): FieldValue {
  if (isNetbiosName(value)) return displayName(value)
  switch (typeof value) {
    case 'number':
    case 'bigint':
    case 'string':
    case 'boolean':
      return value
    default:
      return value instanceof Uint8Array ? value : undefined
  }
}

/** A field that is not in the packet, but follows from what frame `from` says. */
export function inferredField(name: string, label: string, value: FieldValue, from: number, display?: string): Field {
  const shown = display ?? displayOf(value)
  return { name, label, start: 0, end: 0, value, display: shown, inferredFrom: from, children: [] }
}

/** A field of its own making. */
export const ownField = (
  name: string | undefined,
  label: string,
  [start, end]: readonly [start: number, end: number],
  value: FieldValue,
  children: Field[] = [],
  display = displayOf(value),
): Field => ({ name, label, start, end, value, display, children })

function displayOf(value: FieldValue): string {
  if (value instanceof Uint8Array) return hex(value, 32)
  if (typeof value === 'string') return JSON.stringify(value)
  return value === undefined ? '' : typeof value === 'bigint' ? hexNumber(value) : String(value)
}

/** The tree moved further ahead, when it is put into one that begins before it. */
export const movedField = (field: Field, by: number): Field => ({
  ...field,
  start: field.start + by,
  end: field.end + by,
  children: field.children.map((child) => movedField(child, by)),
})
