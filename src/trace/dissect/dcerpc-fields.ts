import { hex } from '../../bytes/hex.ts'
import { lenient } from '../../bytes/lenient.ts'
import { viewOf } from '../../bytes/utf16.ts'
import {
  AuthenticationLevel,
  AuthenticationType,
  AuthTrailer,
  Bind,
  BindAck,
  CommonHeader,
  ContextResult,
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
import { type Field, inferredField, namedFields, ownField } from './field.ts'
import { argumentFields } from './rpc-arguments.ts'
import { trailerOf } from './rpc-security.ts'
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
  const end = trailerStart(view) ?? packet.length
  const trailer = trailerOf(packet, trailerStart(view))
  if (trailer !== undefined && carriesToken.has(type)) state.security.token(trailer)
  switch (type) {
    case PacketType.BIND:
    case PacketType.ALTER_CONTEXT:
      return learnBind(
        lenient(() => Bind.decode(view, 0, end)),
        place,
        state,
      )
    case PacketType.BIND_ACK:
    case PacketType.ALTER_CONTEXT_RESPONSE:
      return learnResults(
        lenient(() => BindAck.decode(view, 0, end)),
        place,
        state,
      )
    case PacketType.REQUEST: {
      const request = lenient(() => Request.decode(view, 0, end))
      return request && learnRequest(request, { packet, trailer, place, state, fields })
    }
    case PacketType.RESPONSE:
    case PacketType.FAULT:
      return learnAnswer(type, { packet, trailer, place, state, fields })
    default:
      return undefined
  }
}

function learnBind(bind: Bind | undefined, { frame }: Place, state: RpcState): string | undefined {
  if (bind === undefined) return undefined
  state.offered = bind.contexts.map(({ contextId, abstractSyntax }) => ({
    contextId,
    interfaceId: abstractSyntax.uuid,
  }))
  for (const { contextId, abstractSyntax, transferSyntaxes } of bind.contexts) {
    const isNdr = transferSyntaxes.some(({ uuid }) => uuid === TransferSyntax.NDR20.uuid)
    state.contexts.set(contextId, { value: { interfaceId: abstractSyntax.uuid, isNdr, transfer: undefined }, frame })
  }
  return [...new Set(bind.contexts.map(({ abstractSyntax }) => interfaceName(abstractSyntax.uuid)))].join(', ')
}

const transferNames = new Map<string, string>(
  Object.entries(TransferSyntax).map(([name, { uuid }]) => [uuid, name === 'NDR20' ? 'NDR' : name]),
)

/** Each result is of the context at its place in the bind. C706 12.6.4.4. */
function learnResults(ack: BindAck | undefined, { frame }: Place, state: RpcState): string | undefined {
  const told: string[] = []
  for (const [index, { result, transferSyntax }] of (ack?.results.results ?? []).entries()) {
    const offered = state.offered[index]
    if (offered === undefined || result !== ContextResult.ACCEPTANCE) continue
    const { contextId, interfaceId } = offered
    const transfer = transferNames.get(transferSyntax.uuid) ?? transferSyntax.uuid
    const isNdr = transferSyntax.uuid === TransferSyntax.NDR20.uuid
    state.contexts.set(contextId, { value: { interfaceId, isNdr, transfer }, frame })
    told.push(`${interfaceName(interfaceId)} in ${transfer}`)
  }
  state.offered = []
  return told.length === 0 ? undefined : told.join(', ')
}

/** A packet of a call, with what is known beside it. */
interface CallPacket {
  readonly packet: Uint8Array
  readonly trailer: AuthTrailer | undefined
  readonly place: Place
  readonly state: RpcState
  readonly fields: Field[]
}

const callIdOf = (packet: Uint8Array): number => viewOf(packet).getUint32(12, true)

function learnRequest({ contextId, operationNumber, stub }: Request, call: CallPacket): string {
  const { packet, state, fields, place } = call
  const bound = state.contexts.get(contextId)
  state.calls.set(callIdOf(packet), { value: { context: bound?.value, operationNumber }, frame: place.frame })
  const what = about(bound?.value.interfaceId, operationNumber, bound?.frame ?? place.frame, fields)
  addArguments(call, bound?.value, operationNumber, stub)
  return what
}

function learnAnswer(type: number, answer: CallPacket): string | undefined {
  const { packet, trailer, state, fields } = answer
  if (packet.length < CommonHeader.size) return undefined
  const view = viewOf(packet)
  const call = state.calls.get(callIdOf(packet))
  const response =
    type === PacketType.RESPONSE ? lenient(() => Response.decode(view, 0, trailerStart(view))) : undefined
  if (call === undefined) {
    // The cipher has to go on, also past what nobody asked for here.
    if (response !== undefined) state.security.open(response.stub, trailer, true)
    return undefined
  }
  fields.push(inferredField('dcerpc.request_in', 'request in', call.frame, call.frame))
  const { context, operationNumber } = call.value
  fields.push(inferredField('dcerpc.opnum', 'operationNumber', operationNumber, call.frame))
  const what = about(context?.interfaceId, operationNumber, call.frame, fields)
  if (response !== undefined) addArguments(answer, context, operationNumber, response.stub)
  return what
}

const LITTLE_ENDIAN = 0x10

/** What a call says, opened and put together, where that is in NDR and in the usual order of bytes. */
function addArguments(
  { packet, trailer, place, state, fields }: CallPacket,
  context: RpcContext | undefined,
  operation: number,
  sealed: Uint8Array,
): void {
  const [, , type = 0, flags = 0, representation = 0] = packet
  const direction = type === PacketType.REQUEST ? 'in' : 'out'
  const isSealed = trailer?.authenticationLevel === AuthenticationLevel.PRIVACY
  const stub = state.security.open(sealed, trailer, direction === 'out')
  const isFirst = (flags & PacketFlags.FIRST_FRAGMENT) !== 0
  const isLast = (flags & PacketFlags.LAST_FRAGMENT) !== 0
  const whole = state.joined(`${direction} ${callIdOf(packet)}`, stub, { isFirst, isLast }, place.frame)
  if (!place.isWanted) return
  if (stub === undefined) return void fields.push(noteField('parameters', 'sealed, and no key opens them'))
  if (isSealed) fields.push(noteField('opened parameters', hex(stub, 32), stub))
  if (whole === undefined)
    return void fields.push(noteField('fragment', isLast ? 'those before it are missing' : 'more is to come'))
  if (whole.fragments > 1) {
    const display = `${whole.fragments} fragments, ${whole.stub.length} bytes, from frame ${whole.frame} on`
    fields.push(inferredField('dcerpc.reassembled_in', 'put together', place.frame, whole.frame, display))
  }
  if (context === undefined || (representation & LITTLE_ENDIAN) === 0) return
  if (!context.isNdr) {
    const transfer = context.transfer ?? transferNames.get(TransferSyntax.NDR64.uuid) ?? ''
    return void fields.push(noteField('parameters', `in ${transfer}, which is not taken apart`))
  }
  const found = argumentFields(context.interfaceId, operation, direction, whole.stub)
  if (found !== undefined) fields.push(found)
}

const noteField = (label: string, display: string, value?: Uint8Array): Field =>
  ownField(undefined, label, [0, 0], value, [], display)

function about(interfaceId: string | undefined, operation: number, from: number, fields: Field[]): string {
  if (interfaceId === undefined) return `operation ${operation} of an interface whose bind was not captured`
  const name = interfaceName(interfaceId)
  const called = operationName(interfaceId, operation)
  // Wireshark has a protocol for each interface, by which filters find it.
  fields.push({ ...inferredField(name, 'interface', name, from), display: name })
  fields.push(inferredField(`${name}.opnum`, 'operation', operation, from, `${called} (${operation})`))
  return `${name} ${called}`
}
