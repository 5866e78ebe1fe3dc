import { bytesOf, viewOf } from '../../bytes/utf16.ts'
import { type FieldNode, movedTree } from '../../wire/schema/index.ts'
import {
  dissectSmb1,
  SMB1_HEADER_SIZE,
  Smb1Command,
  Smb1Flags2,
  Smb1Header,
  Smb1Trans2Command,
  smb1CommandName,
} from '../../wire/smb1/index.ts'
import { dissectSpnego } from '../../wire/spnego/index.ts'
import { type Field, inferredField, type Layer, namedFields, ownField } from './field.ts'
import type { PipeReader } from './pipe-reader.ts'
import type { Smb1State } from './smb1-state.ts'
import type { Place } from './smb2-layer.ts'

/** A message of SMB1 as a layer, with what follows from earlier ones. */
export function smb1Layers(bytes: Uint8Array, place: Place, state: Smb1State, pipes: PipeReader): Layer[] {
  const view = viewOf(bytes)
  const { fromServer } = place
  if (bytes.length < SMB1_HEADER_SIZE)
    return [{ protocol: 'smb', title: 'SMB1, cut off', bytes, fields: namedFields(dissectSmb1(view), place) }]
  const header = Smb1Header.read(view, 0)
  const nodes = dissectSmb1(view, fromServer)
  // The answer to a logon has a user's number that the request has not.
  const who = `${header.pidHigh} ${header.pidLow} ${header.mid}`
  const before = fromServer ? state.pending.get(who) : undefined
  const inferred: Field[] = before === undefined ? [] : answerFields(before, place)
  noteTree(nodes, header, place, state, who, inferred)
  const fid = before?.fid ?? fidOf(nodes)
  const rpc = rpcFields(nodes, fid, bytes, place, pipes)
  for (const node of nodes.flatMap(({ children }) => children)) openToken(view, node)
  const fields = place.isWanted ? namedFields(nodes, place) : []
  if ((header.flags2 & Smb1Flags2.NT_STATUS) === 0) nameDosError(fields[0])
  fields[0]?.children.push(...inferred)
  if (fromServer) {
    before?.fields.push(inferredField('smb.response_in', 'response in', place.frame, place.frame))
    state.pending.delete(who)
  } else {
    const target = fields[0]?.children ?? []
    state.pending.set(who, { frame: place.frame, timeNs: place.timeNs, fid, fields: target })
  }
  const title = `SMB1 ${titleOf(nodes, header.command)} ${fromServer ? 'Response' : 'Request'}`
  return [{ protocol: 'smb', title, bytes, fields: [...fields, ...rpc] }]
}

/** Without the flag the status is an error of DOS: a class and a code. MS-CIFS 2.2.3.1. */
function nameDosError(header: Field | undefined): void {
  const at = header?.children.findIndex(({ label }) => label === 'status') ?? -1
  const status = header?.children[at]
  if (header === undefined || status === undefined || typeof status.value !== 'number') return
  const [errorClass, code] = [status.value & 0xff, status.value >>> 16]
  const inside = [
    ownField('smb.error_class', 'error class', [status.start, status.start + 1], errorClass),
    ownField('smb.error_code', 'error code', [status.start + 2, status.end], code),
  ]
  header.children[at] = { ...status, name: undefined, children: inside }
}

function answerFields(before: { readonly frame: number; readonly timeNs: number }, { timeNs }: Place): Field[] {
  const seconds = (timeNs - before.timeNs) / 1e9
  return [
    inferredField('smb.response_to', 'response to', before.frame, before.frame),
    inferredField('smb.time', 'time from request', seconds, before.frame, `${seconds} s`),
  ]
}

/** Which share the tree of the header is. */
function noteTree(
  nodes: readonly FieldNode[],
  header: Smb1Header,
  { frame, fromServer }: Place,
  state: Smb1State,
  who: string,
  inferred: Field[],
): void {
  const connects = nodes.find(({ label }) => label.startsWith('SMB1 TREE_CONNECT'))
  const tree = `${header.uid} ${header.tid}`
  if (connects !== undefined && !fromServer) {
    const path = connects.children.find(({ label }) => label === 'path' || label === 'name')?.value
    if (typeof path === 'string') state.asked.set(who, { path, frame })
    return
  }
  const asked = fromServer ? state.asked.get(who) : undefined
  if (asked !== undefined && header.status === 0) {
    state.trees.set(tree, asked)
    state.asked.delete(who)
  }
  const known = state.trees.get(tree)
  if (known !== undefined) inferred.push(inferredField('smb.path', 'path', known.path, known.frame))
}

/** `NT_CREATE_ANDX`, or `TRANSACTION2 FIND_FIRST2`. */
function titleOf(nodes: readonly FieldNode[], command: number): string {
  const name = smb1CommandName(command)
  if (command !== Smb1Command.TRANSACTION2) return name
  const setup = nodes[1]?.children.find(({ label }) => label === 'setup')?.value
  const [subcommand] = Array.isArray(setup) ? (setup as unknown[]) : []
  const found = Object.entries(Smb1Trans2Command).find(([, code]) => code === subcommand)?.[0]
  return found === undefined ? name : `${name} ${found}`
}

/** TRANSACTION names the pipe in its setup words (MS-CIFS 2.2.5); other commands have a field. */
function fidOf(nodes: readonly FieldNode[]): number | undefined {
  for (const { label, children } of nodes.slice(1)) {
    const value = children.find((child) => child.label === 'fid')?.value
    if (typeof value === 'number') return value
    const setup = children.find((child) => child.label === 'setup')?.value
    if (label.startsWith('SMB1 TRANSACTION ') && Array.isArray(setup) && typeof setup[1] === 'number') return setup[1]
  }
  return undefined
}

function rpcFields(
  nodes: readonly FieldNode[],
  fid: number | undefined,
  bytes: Uint8Array,
  place: Place,
  pipes: PipeReader,
): Field[] {
  const data = nodes.flatMap(({ children }) => children).find(({ label }) => label === 'data')
  if (fid === undefined || !(data?.value instanceof Uint8Array) || data.value.length === 0) return []
  const read = bytesOf(viewOf(bytes), data.start, data.end)
  return pipes.read(`smb1 ${fid}`, read, place, data.start)
}

function openToken(view: DataView, node: FieldNode): void {
  if (node.label !== 'securityBlob' || node.end <= node.start) return
  const token = bytesOf(view, node.start, node.end)
  node.children.push(...dissectSpnego(token).map((tree) => movedTree(tree, node.start)))
}
