/** Packets of connection-oriented DCE/RPC, C706 12.6.4 and MS-RPCE 2.2.2. Little-endian; `littleEndian` makes others so. */
import { WireError } from '../../bytes/errors.ts'
import { type Guid, readGuid, writeGuid } from '../../bytes/guid.ts'
import {
  array,
  bytes,
  type Content,
  type FieldNode,
  guid,
  type Infer,
  type InferInput,
  latin1,
  optionalTail,
  type Struct,
  struct,
  tail,
  u8,
  u16,
  u32,
} from '../schema/index.ts'
import { isBigEndian, turnHeader, turnPacket, turnTrailer } from './byte-order.ts'
import {
  AuthenticationLevel,
  AuthenticationType,
  BindRejection,
  ContextReason,
  ContextResult,
  LITTLE_ENDIAN_ASCII_IEEE,
  PacketFlags,
  PacketType,
} from './constants.ts'

/** What every packet starts with. C706 12.6.3.1. `fragmentLength` counts the whole packet, `authLength` the token. */
export const CommonHeader = struct('DCERPC header', 'C706 12.6.3.1', {
  version: u8.or(5),
  versionMinor: u8.or(0),
  packetType: u8.oneOf(PacketType),
  flags: u8.flags(PacketFlags),
  dataRepresentation: u32.hex.or(LITTLE_ENDIAN_ASCII_IEEE),
  fragmentLength: u16,
  authLength: u16.or(0),
  callId: u32,
})
export type CommonHeader = Infer<typeof CommonHeader>
export type CommonHeaderInput = InferInput<typeof CommonHeader>

/** An interface or transfer syntax. C706 12.6.3.1 (p_syntax_id_t). */
export const SyntaxId = struct('Syntax', 'C706 12.6.3.1', { uuid: guid, versionMajor: u16, versionMinor: u16 })
export type SyntaxId = Infer<typeof SyntaxId>

/** One presentation context that is asked for. C706 12.6.3.1 (p_cont_elem_t). */
export const ContextElement = struct('Presentation context', 'C706 12.6.3.1', {
  contextId: u16,
  transferSyntaxCount: u8.countOf('transferSyntaxes'),
  reserved: u8.reserved,
  abstractSyntax: SyntaxId,
  transferSyntaxes: tail(array(SyntaxId)),
})
export type ContextElement = Infer<typeof ContextElement>
export type ContextElementInput = InferInput<typeof ContextElement>

function elementEnd(view: DataView, at: number): number {
  return at + ContextElement.size + view.getUint8(at + 2) * SyntaxId.size
}

/** Elements one after the other, each as long as its own count says. */
const contextElements: Content<ContextElement[], readonly ContextElementInput[]> = {
  contentName: 'Presentation context[]',
  check(view, start, end, place, count = 0) {
    let at = start
    for (let i = 0; i < count; i++) {
      if (at + ContextElement.size > end || elementEnd(view, at) > end)
        throw new WireError(place.path, at, place.spec, `presentation context ${i} of ${count} is cut off`)
      ContextElement.check(view, at, elementEnd(view, at))
      at = elementEnd(view, at)
    }
  },
  read(view, start, _end, count = 0) {
    const elements: ContextElement[] = []
    for (let at = start; elements.length < count; at = elementEnd(view, at))
      elements.push(ContextElement.decode(view, at, elementEnd(view, at)))
    return elements
  },
  measure: (values) => values.reduce((total, value) => total + ContextElement.measure(value), 0),
  write(view, start, values) {
    let at = start
    for (const value of values) at = ContextElement.encodeInto(view, at, value)
  },
  count: (values) => values.length,
  display: (values) => `${values.length} contexts`,
  dissect(view, start, end, place, count = 0) {
    const nodes: FieldNode[] = []
    for (let at = start; nodes.length < count && at + ContextElement.size <= end; at = elementEnd(view, at)) {
      const stop = Math.min(elementEnd(view, at), end)
      const node = { label: 'Presentation context', path: place.path, start: at, end: stop, value: undefined }
      nodes.push({ ...node, display: '', spec: place.spec, children: ContextElement.dissect(view, at, stop) })
    }
    return nodes
  },
}

/** bind, C706 12.6.4.3. alter_context (12.6.4.1) has the same layout. */
export const Bind = struct('DCERPC bind', 'C706 12.6.4.3', {
  header: CommonHeader,
  maxTransmitFragment: u16,
  maxReceiveFragment: u16,
  associationGroupId: u32.hex,
  contextCount: u8.countOf('contexts'),
  reserved: u8.reserved,
  reserved2: u16.reserved,
  contexts: tail(contextElements),
})
export type Bind = Infer<typeof Bind>

/** What became of one presentation context. C706 12.6.3.1 (p_result_t). In a negotiate_ack `reason` is the features. */
export const ContextResultElement = struct('Presentation result', 'C706 12.6.3.1', {
  result: u16.oneOf(ContextResult),
  reason: u16.oneOf(ContextReason),
  transferSyntax: SyntaxId,
})
export type ContextResultElement = Infer<typeof ContextResultElement>
export type ContextResultInput = InferInput<typeof ContextResultElement>

const ResultList = struct('Presentation results', 'C706 12.6.3.1', {
  resultCount: u8.countOf('results'),
  reserved: u8.reserved,
  reserved2: u16.reserved,
  results: tail(array(ContextResultElement)),
})

/** bind_ack, C706 12.6.4.4. alter_context_response (12.6.4.2) has the same layout. */
export const BindAck = struct('DCERPC bind_ack', 'C706 12.6.4.4', {
  header: CommonHeader,
  maxTransmitFragment: u16,
  maxReceiveFragment: u16,
  associationGroupId: u32.hex,
  secondaryAddressLength: u16.lengthOf('secondaryAddress'),
  /** With its final NUL; empty in an alter_context_response. */
  secondaryAddress: tail(latin1),
  results: tail(ResultList, { align: 4 }),
})
export type BindAck = Infer<typeof BindAck>

const ProtocolVersion = struct('Protocol version', 'C706 12.6.3.1', { major: u8, minor: u8 })

/** bind_nak, C706 12.6.4.5. What follows the versions is padding, or says more about the reason (MS-RPCE 2.2.2.9). */
export const BindNak = struct('DCERPC bind_nak', 'C706 12.6.4.5', {
  header: CommonHeader,
  reason: u16.oneOf(BindRejection),
  versionCount: u8.countOf('versions'),
  versions: optionalTail(array(ProtocolVersion), []),
  rest: optionalTail(bytes, new Uint8Array(0)),
})
export type BindNak = Infer<typeof BindNak>

const hasObject = (view: DataView, base: number): boolean => (view.getUint8(base + 3) & PacketFlags.OBJECT_UUID) !== 0

const optionalUuid: Content<Guid | null> = {
  contentName: 'object UUID',
  check(view, start, end, place) {
    if (end - start !== 0 && end - start !== 16)
      throw new WireError(place.path, Math.min(start, view.byteLength), place.spec, 'the object UUID is cut off')
  },
  extent: (_view, start, end) => Math.min(16, end - start),
  read: (view, start, end) => (end - start === 16 ? readGuid(view, start) : null),
  measure: (value) => (value === null ? 0 : 16),
  write: (view, start, value) => (value === null ? undefined : writeGuid(view, start, value)),
  display: (value) => value ?? 'none',
}

/** request, C706 12.6.4.9. The object UUID is there if the flag OBJECT_UUID is. */
export const Request = struct('DCERPC request', 'C706 12.6.4.9', {
  header: CommonHeader,
  allocationHint: u32,
  contextId: u16,
  operationNumber: u16,
  object: optionalTail(optionalUuid, null, { when: hasObject }),
  stub: tail(bytes),
})
export type Request = Infer<typeof Request>

/** response, C706 12.6.4.10. */
export const Response = struct('DCERPC response', 'C706 12.6.4.10', {
  header: CommonHeader,
  allocationHint: u32,
  contextId: u16,
  cancelCount: u8.or(0),
  reserved: u8.reserved,
  stub: tail(bytes),
})
export type Response = Infer<typeof Response>

/** fault, C706 12.6.4.7, with the flags of MS-RPCE 2.2.2.6. */
export const Fault = struct('DCERPC fault', 'C706 12.6.4.7', {
  header: CommonHeader,
  allocationHint: u32.or(0),
  contextId: u16,
  cancelCount: u8.or(0),
  faultFlags: u8.or(0),
  status: u32.hex,
  reserved: u32.reserved,
  stub: optionalTail(bytes, new Uint8Array(0)),
})
export type Fault = Infer<typeof Fault>

/** rpc_auth_3, MS-RPCE 2.2.2.10: the last leg of a logon; nobody answers it. */
export const Auth3 = struct('DCERPC auth3', 'MS-RPCE 2.2.2.10', { header: CommonHeader, pad: u32.or(0) })

/** cancel, orphaned and shutdown (C706 12.6.4.6, 12.6.4.8, 12.6.4.11) are a header alone. */
export const HeaderOnly = struct('DCERPC packet', 'C706 12.6.4', { header: CommonHeader })

/** sec_trailer, MS-RPCE 2.2.2.11: at the end of a packet whose `authLength` is not zero, before the token. */
export const AuthTrailer = struct('DCERPC auth trailer', 'MS-RPCE 2.2.2.11', {
  authenticationType: u8.oneOf(AuthenticationType),
  authenticationLevel: u8.oneOf(AuthenticationLevel),
  padLength: u8,
  reserved: u8.reserved,
  contextId: u32,
  token: tail(bytes),
})
export type AuthTrailer = Infer<typeof AuthTrailer>

/** The layout of each packet type, for whoever takes packets apart. */
export const packetLayouts: ReadonlyMap<number, Struct<unknown, never>> = new Map<number, Struct<unknown, never>>([
  [PacketType.REQUEST, Request],
  [PacketType.RESPONSE, Response],
  [PacketType.FAULT, Fault],
  [PacketType.BIND, Bind],
  [PacketType.BIND_ACK, BindAck],
  [PacketType.BIND_NAK, BindNak],
  [PacketType.ALTER_CONTEXT, Bind],
  [PacketType.ALTER_CONTEXT_RESPONSE, BindAck],
  [PacketType.AUTH3, Auth3],
  [PacketType.SHUTDOWN, HeaderOnly],
  [PacketType.CANCEL, HeaderOnly],
  [PacketType.ORPHANED, HeaderOnly],
] as [number, Struct<unknown, never>][])

/** A whole packet, its header checked: where its body ends and, where it has one, its auth trailer. */
export interface Packet {
  /** As it came: what is signed is that. */
  readonly view: DataView
  readonly header: CommonHeader
  /** One past the body: the packet without padding, trailer and token. */
  readonly end: number
  readonly auth: AuthTrailer | undefined
  /** Its numbers, and those of its parameters, have the high byte first. */
  readonly isBigEndian: boolean
}

/** A copy of the bytes from `start` to `end`, turned. */
function turnedCopy(view: DataView, start: number, end: number, turned: (view: DataView) => void): DataView {
  const copy = new DataView(view.buffer.slice(view.byteOffset + start, view.byteOffset + end))
  turned(copy)
  return copy
}

/**
 * Opens one whole packet. The caller has cut it out by its `fragmentLength`.
 * @throws WireError for a trailer that does not fit
 */
export function openPacket(view: DataView): Packet {
  const bigEndian = view.byteLength >= CommonHeader.size && isBigEndian(view)
  const header = bigEndian
    ? CommonHeader.decode(turnedCopy(view, 0, CommonHeader.size, turnHeader))
    : CommonHeader.decode(view, 0, Math.min(CommonHeader.size, view.byteLength))
  const opened = { view, header, isBigEndian: bigEndian }
  if (header.authLength === 0) return { ...opened, end: view.byteLength, auth: undefined }
  const at = view.byteLength - header.authLength - AuthTrailer.size
  if (at < CommonHeader.size)
    throw new WireError('DCERPC header.authLength', 10, 'MS-RPCE 2.2.2.11', `${header.authLength} bytes do not fit`)
  const auth = bigEndian
    ? AuthTrailer.decode(turnedCopy(view, at, view.byteLength, turnTrailer))
    : AuthTrailer.decode(view, at)
  const end = at - auth.padLength
  if (end < CommonHeader.size)
    throw new WireError('DCERPC auth trailer.padLength', at + 2, 'MS-RPCE 2.2.2.11', 'longer than the packet')
  return { ...opened, end, auth }
}

/** The packet to be decoded: a big-endian one is turned in its place. Once, after its signature was looked at. */
export function littleEndian({ view, end, isBigEndian: isTurned }: Packet): DataView {
  if (isTurned) turnPacket(view, end)
  return view
}
