import { hexNumber } from '../../bytes/hex.ts'
import { bytesOf } from '../../bytes/utf16.ts'
import { FileNotifyInformation } from '../fscc/index.ts'
import type { FieldNode } from '../schema/index.ts'
import { createContextBody, errorDataBody, negotiateContextBody, treeConnectContextBody } from './bodies.ts'
import {
  COMPRESSION_PROTOCOL_ID,
  CompressionFlags,
  CompressionPayloadHeader,
  CompressionPayloadHeaderSized,
  CompressionTransformHeader,
  CompressionTransformHeaderChained,
  isSizedPayload,
} from './compression.ts'
import { Command, ErrorId, HeaderFlags, TreeConnectFlags } from './constants.ts'
import { ErrorContext, ErrorResponse } from './error.ts'
import { InfoType } from './file-constants.ts'
import { ioctlBody } from './fsctl-bodies.ts'
import { SMB2_HEADER_SIZE, SMB2_PROTOCOL_ID, Smb2AsyncHeader, Smb2Header } from './header.ts'
import { type Information, informationBody } from './information-bodies.ts'
import { packedList } from './packed-list.ts'
import { type Body, commandName, requestBody, responseBody } from './table.ts'
import { TRANSFORM_PROTOCOL_ID, TransformHeader } from './transform.ts'
import { TreeConnectRequestExtended } from './tree-connect.ts'

/** What the dissector has to know of a message to open its byte fields. */
interface Message {
  readonly view: DataView
  readonly fromServer: boolean
  readonly command: number
  readonly status: number
  readonly asked?: Information
}

/**
 * The field tree of one message, from its header at `start` to `end`: one node for the header, one for the body.
 * Tolerant: it shows what can be read, and a node with `problem` where it stops. `fromServer` is taken from the
 * header where it is not given. `asked` is what the request of a response asked for (see `informationAsked`): without
 * it, the answer of a query is bytes.
 */
export function dissectMessage(
  view: DataView,
  start: number,
  end: number,
  fromServer?: boolean,
  asked?: Information,
): FieldNode[] {
  const whole = Math.min(end, view.byteLength)
  const flags = start + 20 <= whole ? view.getUint32(start + 16, true) : 0
  const response = fromServer ?? (flags & HeaderFlags.SERVER_TO_REDIR) !== 0
  const header = (flags & HeaderFlags.ASYNC_COMMAND) === 0 ? Smb2Header : Smb2AsyncHeader
  const headerEnd = Math.min(start + SMB2_HEADER_SIZE, whole)
  const fields = header.dissect(view, start, headerEnd)
  const nodes = [parent(header, start, headerEnd, response ? fields : asRequest(fields, view, start))]
  if (start + SMB2_HEADER_SIZE >= whole) return nodes

  const bodyStart = start + SMB2_HEADER_SIZE
  const message: Message = {
    view,
    fromServer: response,
    command: view.getUint16(start + 12, true),
    status: view.getUint32(start + 8, true),
    ...(asked && { asked }),
  }
  const body = bodyOf(message, bodyStart, whole)
  if (body === undefined) {
    const problem = `no body is known for ${commandName(message.command)}`
    nodes.push({ ...rawNode(view, 'body', bodyStart, whole), problem })
    return nodes
  }
  const children = body.dissect(view, bodyStart, whole, start)
  openFields(message, body, children)
  nodes.push(parent(body, bodyStart, whole, children))
  return nodes
}

/** What a QUERY_INFO, SET_INFO or QUERY_DIRECTORY request is about; undefined for others and for damaged ones. */
export function informationAsked(view: DataView, start = 0, end: number = view.byteLength): Information | undefined {
  const body = start + SMB2_HEADER_SIZE
  if (body + 4 > Math.min(end, view.byteLength)) return undefined
  const command = view.getUint16(start + 12, true)
  if (command === Command.QUERY_INFO || command === Command.SET_INFO)
    return { infoType: view.getUint8(body + 2), infoClass: view.getUint8(body + 3) }
  return command === Command.QUERY_DIRECTORY
    ? { infoType: InfoType.FILE, infoClass: view.getUint8(body + 2), isListing: true }
    : undefined
}

/** How many messages of a chain are taken apart; a longer one is cut, and says so. */
const MAX_CHAIN_MESSAGES = 1024

/**
 * The field trees of a whole frame, what one session packet holds: a chain of messages, or a sealed or compressed
 * message, of which only the header can be read.
 */
export function dissectFrame(view: DataView, start = 0, end = view.byteLength, fromServer?: boolean): FieldNode[] {
  const protocolId = start + 4 <= end ? view.getUint32(start, true) : 0
  if (protocolId === TRANSFORM_PROTOCOL_ID) return covered(TransformHeader, view, start, end, 'sealed message')
  if (protocolId === COMPRESSION_PROTOCOL_ID) return dissectCompressed(view, start, end)
  const nodes: FieldNode[] = []
  if (protocolId !== SMB2_PROTOCOL_ID) {
    nodes.push({ ...rawNode(view, 'frame', start, end), problem: `unknown protocol id ${hexNumber(protocolId, 8)}` })
    return nodes
  }
  for (let at = start, n = 0; ; n++) {
    const next = at + SMB2_HEADER_SIZE <= end ? view.getUint32(at + 20, true) : 0
    const linked = next >= SMB2_HEADER_SIZE && at + next < end
    nodes.push(...dissectMessage(view, at, linked ? at + next : end, fromServer))
    if (!linked || n === MAX_CHAIN_MESSAGES) {
      if (next !== 0)
        nodes.push({ ...rawNode(view, 'nextCommand', at, end), problem: `the next message is not at +${next}` })
      return nodes
    }
    at += next
  }
}

function covered(header: Body, view: DataView, start: number, end: number, label: string): FieldNode[] {
  const stop = Math.min(start + header.size, end)
  return [parent(header, start, stop, header.dissect(view, start, stop)), rawNode(view, label, stop, end)]
}

function dissectCompressed(view: DataView, start: number, end: number): FieldNode[] {
  const chained = start + 12 <= end && view.getUint16(start + 10, true) === CompressionFlags.CHAINED
  if (!chained) return covered(CompressionTransformHeader, view, start, end, 'compressed message')
  const nodes: FieldNode[] = []
  let at = start + CompressionTransformHeaderChained.size
  nodes.push(
    parent(CompressionTransformHeaderChained, start, at, CompressionTransformHeaderChained.dissect(view, start, at)),
  )
  for (let n = 0; at + CompressionPayloadHeader.size <= end && n < MAX_CHAIN_MESSAGES; n++) {
    const header = isSizedPayload(view.getUint16(at, true)) ? CompressionPayloadHeaderSized : CompressionPayloadHeader
    const payloadEnd = at + CompressionPayloadHeader.size + view.getUint32(at + 4, true)
    const stop = Math.min(payloadEnd, end)
    nodes.push(...covered(header, view, at, stop, 'payload'))
    at = stop
    if (payloadEnd > end) nodes.push({ ...rawNode(view, 'payload', stop, end), problem: 'payload is cut off' })
  }
  if (at < end) nodes.push({ ...rawNode(view, 'payload header', at, end), problem: 'payload header is cut off' })
  return nodes
}

function bodyOf({ view, fromServer, command, status }: Message, start: number, end: number): Body | undefined {
  const structureSize = start + 2 <= end ? view.getUint16(start, true) : undefined
  if (fromServer) return responseBody(command, status, structureSize)
  const extended =
    command === Command.TREE_CONNECT &&
    start + 4 <= end &&
    (view.getUint16(start + 2, true) & TreeConnectFlags.EXTENSION_PRESENT) !== 0
  return extended ? TreeConnectRequestExtended : requestBody(command, structureSize)
}

/** In requests the status field holds the channel sequence. MS-SMB2 2.2.1.2. */
function asRequest(fields: FieldNode[], view: DataView, start: number): FieldNode[] {
  return fields.map((node) => {
    if (node.label !== 'status' || node.problem !== undefined) return node
    const value = view.getUint16(start + 8, true)
    return { ...node, label: 'channelSequence', end: node.start + 2, value, display: String(value) }
  })
}

const parent = (of: Body, start: number, end: number, children: FieldNode[]): FieldNode => ({
  label: of.structName,
  path: of.structName,
  start,
  end,
  value: undefined,
  display: '',
  spec: of.spec,
  children,
})

const rawNode = (view: DataView, label: string, start: number, end: number): FieldNode => ({
  label,
  path: label,
  start,
  end,
  value: bytesOf(view, start, end),
  display: `${end - start} bytes`,
  spec: '',
  children: [],
})

const field = (nodes: readonly FieldNode[], label: string): FieldNode | undefined =>
  nodes.find((node) => node.label === label && node.problem === undefined)

function fill(message: Message, data: FieldNode | undefined, body: Body | undefined): void {
  if (data === undefined || body === undefined || data.children.length > 0) return
  data.children.push(parent(body, data.start, data.end, body.dissect(message.view, data.start, data.end)))
}

const errorContextList = packedList(ErrorContext, { align: 8, limit: 255 })

/** Puts the trees of what byte fields hold below them. */
function openFields(message: Message, body: Body, fields: readonly FieldNode[]): void {
  for (const context of field(fields, 'negotiateContexts')?.children ?? [])
    fill(message, field(context.children, 'data'), negotiateContextBody(numberOf(context, 'contextType')))
  for (const context of field(fields, 'treeConnectContexts')?.children ?? [])
    fill(message, field(context.children, 'data'), treeConnectContextBody(numberOf(context, 'contextType')))
  for (const context of field(fields, 'createContexts')?.children ?? []) {
    const name = field(context.children, 'name')?.value
    const data = field(context.children, 'data')
    if (typeof name === 'string' && data !== undefined)
      fill(message, data, createContextBody(name, bytesOf(message.view, data.start, data.end), message.fromServer))
  }
  if (message.command === Command.IOCTL && body !== ErrorResponse) {
    const ctlCode = field(fields, 'ctlCode')?.value
    if (typeof ctlCode === 'number')
      fill(message, field(fields, message.fromServer ? 'output' : 'input'), ioctlBody(ctlCode, message.fromServer))
  }
  if (body === ErrorResponse) openErrorData(message, fields)
  else openInformation(message, fields)
}

function openInformation(message: Message, fields: readonly FieldNode[]): void {
  const { command, fromServer, asked } = message
  const data = field(fields, fromServer ? 'outputBuffer' : 'buffer')
  if (command === Command.CHANGE_NOTIFY) fill(message, data, FileNotifyInformation)
  if (command === Command.SET_INFO && !fromServer) {
    const infoType = field(fields, 'infoType')?.value
    const infoClass = field(fields, 'fileInfoClass')?.value
    if (typeof infoType === 'number' && typeof infoClass === 'number')
      fill(message, data, informationBody({ infoType, infoClass }))
  }
  const queries = command === Command.QUERY_INFO || command === Command.QUERY_DIRECTORY
  if (queries && fromServer && asked !== undefined) fill(message, data, informationBody(asked))
}

function openErrorData(message: Message, fields: readonly FieldNode[]): void {
  const data = field(fields, 'errorData')
  const count = field(fields, 'errorContextCount')?.value
  if (data === undefined || typeof count !== 'number') return
  if (count === 0) {
    fill(message, data, errorDataBody(message.status, ErrorId.DEFAULT))
    return
  }
  const contexts = errorContextList.dissect?.(message.view, data.start, data.end, data, count) ?? []
  for (const context of contexts) {
    const inner = field(context.children, 'errorContextData')
    fill(message, inner, errorDataBody(message.status, numberOf(context, 'errorId')))
  }
  data.children.push(...contexts)
}

function numberOf(node: FieldNode, label: string): number {
  const value = field(node.children, label)?.value
  return typeof value === 'number' ? value : -1
}
