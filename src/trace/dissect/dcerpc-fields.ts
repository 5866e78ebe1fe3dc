import { viewOf } from '../../bytes/utf16.ts'
import {
  AuthenticationLevel,
  AuthenticationType,
  AuthTrailer,
  Bind,
  CommonHeader,
  interfaceName,
  operationName,
  PacketFlags,
  PacketType,
  packetLayouts,
  Request,
  Response,
  TransferSyntax,
} from '../../wire/dcerpc/index.ts'
import { type FieldNode, movedTree } from '../../wire/schema/index.ts'
import { dissectSpnego } from '../../wire/spnego/index.ts'
import { lenient } from '../lenient.ts'
import { type Field, inferredField, namedFields, ownField } from './field.ts'
import { argumentFields } from './rpc-arguments.ts'
import type { RpcContext, RpcState } from './rpc-state.ts'
import type { Place } from './smb2-layer.ts'

/** The field of one packet of DCE/RPC, with the names of interface and operation. */
export function dcerpcField(packet: Uint8Array, place: Place, state: RpcState): Field {
  const view = viewOf(packet)
  const type = packet[2] ?? 0
  if (!place.isWanted) {
    learn(packet, type, place, state)
    return ownField('dcerpc', 'DCE/RPC', [0, packet.length], undefined)
  }
  const layout = packetLayouts.get(type)
  const trailer = trailerStart(view)
  const nodes = layout === undefined ? CommonHeader.dissect(view) : layout.dissect(view, 0, trailer ?? packet.length)
  const name = Object.entries(PacketType).find(([, code]) => code === type)?.[0] ?? `type ${type}`
  const fields = namedFields(nodes, place)
  if (trailer !== undefined) fields.push(...namedFields(trailerNodes(view, trailer), place))
  const what = learn(packet, type, place, state, fields)
  const display = what === undefined ? name : `${name} ${what}`
  return ownField('dcerpc', 'DCE/RPC', [0, packet.length], undefined, fields, display)
}

/** MS-RPCE 2.2.2.11: where the authentication begins, its padding not counted. */
function trailerStart(view: DataView): number | undefined {
  if (view.byteLength < CommonHeader.size) return undefined
  const length = view.getUint16(10, true)
  const at = view.byteLength - length - AuthTrailer.size
  return length === 0 || at < CommonHeader.size ? undefined : at
}

/** Packets that hand on the logon. MS-RPCE 2.2.2.11. */
const carriesToken: ReadonlySet<number> = new Set([
  PacketType.BIND,
  PacketType.BIND_ACK,
  PacketType.ALTER_CONTEXT,
  PacketType.ALTER_CONTEXT_RESPONSE,
  PacketType.AUTH3,
])

function trailerNodes(view: DataView, at: number): FieldNode[] {
  const nodes = AuthTrailer.dissect(view, at)
  // In requests and answers it is a signature.
  if (!carriesToken.has(view.getUint8(2))) return nodes
  const type = view.getUint8(at)
  const token = nodes.find(({ label }) => label === 'token')
  const isReadable = type === AuthenticationType.SPNEGO || type === AuthenticationType.NTLM
  if (token?.value instanceof Uint8Array && (isReadable || type === AuthenticationType.KERBEROS)) {
    const { start } = token
    token.children.push(...dissectSpnego(token.value).map((tree) => movedTree(tree, start)))
  }
  return nodes
}

/** Takes in what a packet settles, and says what it is about. */
function learn(
  packet: Uint8Array,
  type: number,
  place: Place,
  state: RpcState,
  fields: Field[] = [],
): string | undefined {
  const view = viewOf(packet)
  const { frame } = place
  const callId = packet.length >= CommonHeader.size ? view.getUint32(12, true) : 0
  if (type === PacketType.BIND || type === PacketType.ALTER_CONTEXT) {
    const bind = lenient(() => Bind.decode(view, 0, trailerStart(view) ?? packet.length))
    for (const { contextId, abstractSyntax, transferSyntaxes } of bind?.contexts ?? []) {
      const isNdr = transferSyntaxes.some(({ uuid }) => uuid === TransferSyntax.NDR20.uuid)
      state.contexts.set(contextId, { value: { interfaceId: abstractSyntax.uuid, isNdr }, frame })
    }
    return bind?.contexts.map(({ abstractSyntax }) => interfaceName(abstractSyntax.uuid)).join(', ')
  }
  if (type === PacketType.REQUEST) {
    const request = lenient(() => Request.decode(view, 0, trailerStart(view) ?? packet.length))
    if (request === undefined) return undefined
    const bound = state.contexts.get(request.contextId)
    const { operationNumber } = request
    state.calls.set(callId, { value: { context: bound?.value, operationNumber }, frame })
    const what = about(bound?.value.interfaceId, operationNumber, bound?.frame ?? frame, fields)
    addArguments(packet, bound?.value, operationNumber, request.stub, fields)
    return what
  }
  const call = state.calls.get(callId)
  if (call === undefined || (type !== PacketType.RESPONSE && type !== PacketType.FAULT)) return undefined
  fields.push(inferredField('dcerpc.request_in', 'request in', call.frame, call.frame))
  const { context, operationNumber } = call.value
  fields.push(inferredField('dcerpc.opnum', 'operationNumber', operationNumber, call.frame))
  const what = about(context?.interfaceId, operationNumber, call.frame, fields)
  const response =
    type === PacketType.RESPONSE ? lenient(() => Response.decode(view, 0, trailerStart(view))) : undefined
  if (response !== undefined) addArguments(packet, context, operationNumber, response.stub, fields)
  return what
}

const WHOLE = PacketFlags.FIRST_FRAGMENT | PacketFlags.LAST_FRAGMENT
const LITTLE_ENDIAN = 0x10

/** What a call says, where that is in one packet, in the usual order of bytes, and not sealed. */
function addArguments(
  packet: Uint8Array,
  context: RpcContext | undefined,
  operation: number,
  stub: Uint8Array,
  fields: Field[],
): void {
  const [, , type = 0, flags = 0, representation = 0] = packet
  const trailer = trailerStart(viewOf(packet))
  const isSealed = trailer !== undefined && packet[trailer + 1] === AuthenticationLevel.PRIVACY
  if (context?.isNdr !== true || isSealed || (flags & WHOLE) !== WHOLE || (representation & LITTLE_ENDIAN) === 0) return
  const direction = type === PacketType.REQUEST ? 'in' : 'out'
  const found = argumentFields(context.interfaceId, operation, direction, stub)
  if (found !== undefined) fields.push(found)
}

function about(interfaceId: string | undefined, operation: number, from: number, fields: Field[]): string {
  if (interfaceId === undefined) return `operation ${operation} of an interface whose bind was not captured`
  const name = interfaceName(interfaceId)
  const called = operationName(interfaceId, operation)
  // Wireshark has a protocol for each interface, by which filters find it.
  fields.push({ ...inferredField(name, 'interface', name, from), display: name })
  fields.push(inferredField(`${name}.opnum`, 'operation', operation, from, `${called} (${operation})`))
  return `${name} ${called}`
}
