import { hexNumber } from '../../bytes/hex.ts'
import { lenient } from '../../bytes/lenient.ts'
import { Tag } from '../der/der.ts'
import { type DerType, dissectDer } from '../der/schema.ts'
import { ntStatusName } from '../erref/ntstatus.ts'
import { type FieldNode, movedTree } from '../schema/index.ts'
import { paDataName } from './constants.ts'
import { extendedErrorStatus, isKerbErrorData } from './decode.ts'
import { decodeGssKerberos, GssTokenId } from './gss.ts'
import { AsReq, KerbErrorData, KrbError, MethodData, messagesByTag, paDataBody, TgsReq } from './messages.ts'

/**
 * The field tree of one message of Kerberos, with what its PA-DATA and its error data hold. Empty for what is none of
 * the messages that are declared. Offsets are from the start of `bytes`.
 */
export function dissectKerberos(bytes: Uint8Array): FieldNode[] {
  const message = messagesByTag.get(bytes[0] ?? 0)
  if (message === undefined) return []
  const nodes = message.dissect(bytes)
  const fromKdc = bytes[0] !== AsReq.tag && bytes[0] !== TgsReq.tag
  for (const node of nodes) openMembers(bytes, node, fromKdc)
  return nodes
}

function openMembers(bytes: Uint8Array, root: FieldNode, fromKdc: boolean): void {
  for (const node of root.children) {
    if (node.label === 'padata') openPaData(bytes, node, fromKdc)
    if (node.label === 'eData') openErrorData(bytes, node, root.label === KrbError.typeName)
  }
}

function openPaData(bytes: Uint8Array, list: FieldNode, fromKdc: boolean): void {
  for (const item of list.children) {
    const type = item.children.find(({ label }) => label === 'padataType')?.value
    const data = item.children.find(({ label }) => label === 'padataValue')
    if (typeof type !== 'number' || data === undefined) continue
    Object.assign(item, { display: paDataName(type) })
    const body = paDataBody(type, fromKdc)
    if (body !== undefined) fill(bytes, data, body)
  }
}

function openErrorData(bytes: Uint8Array, node: FieldNode, isError: boolean): void {
  const value = node.value
  if (!isError || !(value instanceof Uint8Array) || value[0] !== Tag.SEQUENCE) return
  fill(bytes, node, lenient(() => isKerbErrorData(value)) === true ? KerbErrorData : MethodData)
  for (const child of node.children) openPaData(bytes, child, true)
  const status = lenient(() => extendedErrorStatus(value))
  const dataValue = node.children[0]?.children.find(({ label }) => label === 'dataValue')
  if (status === undefined || dataValue === undefined) return
  const display = `${ntStatusName(status)} (${hexNumber(status, 8)})`
  dataValue.children.push({ ...dataValue, label: 'ntStatus', value: status, display, children: [] })
}

/** Puts the tree of what a byte field holds below it. */
function fill(bytes: Uint8Array, node: FieldNode, type: DerType<unknown>): void {
  const { value } = node
  if (!(value instanceof Uint8Array) || value.length === 0) return
  const at = value.byteOffset - bytes.byteOffset
  node.children.push(...dissectDer(type, value).map((tree) => movedTree(tree, at)))
}

const tokenNames: ReadonlyMap<number, string> = new Map(Object.entries(GssTokenId).map(([name, id]) => [id, name]))

/** The field tree of a token of the Kerberos mechanism (RFC 4121): its id, and the message in it. Empty for others. */
export function dissectGssKerberos(token: Uint8Array): FieldNode[] {
  const found = lenient(() => decodeGssKerberos(token))
  if (found === undefined) return []
  const { tokenId, message, messageAt } = found
  const inner = dissectKerberos(message).map((tree) => movedTree(tree, messageAt))
  if (messageAt === 0) return inner
  const path = 'GSS Kerberos token.tokenId'
  const display = `${tokenNames.get(tokenId) ?? ''} (${hexNumber(tokenId, 4)})`
  const node = { label: 'tokenId', path, start: messageAt - 2, end: messageAt, value: tokenId, display }
  return [{ ...node, spec: 'RFC 4121 4.1', children: [] }, ...inner]
}
