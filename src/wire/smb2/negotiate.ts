import { array, bytes, filetime, guid, type Infer, optionalTail, struct, tail, u16, u32 } from '../schema/index.ts'
import { Capabilities, Dialect, NegotiateContextType, SecurityMode } from './constants.ts'
import { packedList } from './packed-list.ts'

/** One negotiate context, its data still encoded. MS-SMB2 2.2.3.1. */
export const NegotiateContext = struct('SMB2 NEGOTIATE_CONTEXT', '2.2.3.1', {
  contextType: u16.oneOf(NegotiateContextType),
  dataLength: u16.lengthOf('data'),
  reserved: u32.reserved,
  data: tail(bytes),
})
export type NegotiateContext = Infer<typeof NegotiateContext>

const contexts = packedList(NegotiateContext, { align: 8, limit: 64 })

const DIALECT_COUNT_AT = 2
const DIALECTS_AT = 36

/** Contexts are there when 3.1.1 is among the dialects; in older requests their place is ClientStartTime. */
function offers311(view: DataView, base: number): boolean {
  const count = view.getUint16(base + DIALECT_COUNT_AT, true)
  for (let i = 0, at = base + DIALECTS_AT; i < count && at + 2 <= view.byteLength; i++, at += 2)
    if (view.getUint16(at, true) === Dialect.SMB_3_1_1) return true
  return false
}

/** SMB2 NEGOTIATE Request. MS-SMB2 2.2.3. */
export const NegotiateRequest = struct('SMB2 NEGOTIATE Request', '2.2.3', {
  structureSize: u16.fixed(36),
  dialectCount: u16.countOf('dialects'),
  securityMode: u16.flags(SecurityMode),
  reserved: u16.reserved,
  capabilities: u32.flags(Capabilities),
  clientGuid: guid,
  negotiateContextOffset: u32.offsetOf('negotiateContexts'),
  negotiateContextCount: u16.countOf('negotiateContexts'),
  reserved2: u16.reserved,
  dialects: tail(array(u16.oneOf(Dialect))),
  negotiateContexts: optionalTail(contexts, [], { align: 8, zeroOffsetWhenEmpty: true, when: offers311 }),
})
export type NegotiateRequest = Infer<typeof NegotiateRequest>

const DIALECT_REVISION_AT = 4

/** SMB2 NEGOTIATE Response. MS-SMB2 2.2.4. */
export const NegotiateResponse = struct('SMB2 NEGOTIATE Response', '2.2.4', {
  structureSize: u16.fixed(65),
  securityMode: u16.flags(SecurityMode),
  dialectRevision: u16.oneOf(Dialect),
  negotiateContextCount: u16.countOf('negotiateContexts'),
  serverGuid: guid,
  capabilities: u32.flags(Capabilities),
  maxTransactSize: u32,
  maxReadSize: u32,
  maxWriteSize: u32,
  systemTime: filetime,
  serverStartTime: filetime.or(0n),
  securityBufferOffset: u16.offsetOf('securityBuffer'),
  securityBufferLength: u16.lengthOf('securityBuffer'),
  negotiateContextOffset: u32.offsetOf('negotiateContexts'),
  securityBuffer: tail(bytes),
  // In other dialects their count and offset are reserved, and servers are known to send garbage there.
  negotiateContexts: optionalTail(contexts, [], {
    align: 8,
    zeroOffsetWhenEmpty: true,
    when: (view, base) => view.getUint16(base + DIALECT_REVISION_AT, true) === Dialect.SMB_3_1_1,
  }),
})
export type NegotiateResponse = Infer<typeof NegotiateResponse>
