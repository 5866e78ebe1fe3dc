import { viewOf } from '../../bytes/utf16.ts'
import { array, bytes, type Infer, octets, optionalTail, struct, tail, u8, u16, u32, utf16 } from '../schema/index.ts'
import { ErrorId } from './constants.ts'
import { packedList } from './packed-list.ts'

/**
 * SMB2 ERROR Response. MS-SMB2 2.2.2. Where `errorContextCount` is zero, `errorData` is what the status calls for;
 * otherwise it is a list of contexts that have it: see `errorContexts`.
 */
export const ErrorResponse = struct('SMB2 ERROR Response', '2.2.2', {
  structureSize: u16.fixed(9),
  errorContextCount: u8.or(0),
  reserved: u8.reserved,
  byteCount: u32.lengthOf('errorData'),
  errorData: optionalTail(bytes, new Uint8Array(0), { padEmpty: 1 }),
})
export type ErrorResponse = Infer<typeof ErrorResponse>

/** SMB2 ERROR Context Response, in dialect 3.1.1. MS-SMB2 2.2.2.1. */
export const ErrorContext = struct('SMB2 ERROR Context', '2.2.2.1', {
  errorDataLength: u32.lengthOf('errorContextData'),
  errorId: u32.oneOf(ErrorId).or(ErrorId.DEFAULT),
  errorContextData: tail(bytes),
})
export type ErrorContext = Infer<typeof ErrorContext>

const contextList = packedList(ErrorContext, { align: 8, limit: 255 })
const place = { path: 'SMB2 ERROR Response.errorData', spec: '2.2.2' }

/**
 * The contexts of an error response; one made up of all data where the dialect has none.
 * @throws WireError
 */
export function errorContexts(
  response: Pick<ErrorResponse, 'errorContextCount' | 'errorData'>,
): { readonly errorId: number; readonly errorContextData: Uint8Array }[] {
  const data = response.errorData
  if (response.errorContextCount === 0)
    return data.length === 0 ? [] : [{ errorId: ErrorId.DEFAULT, errorContextData: data }]
  contextList.check(viewOf(data), 0, data.length, place, response.errorContextCount)
  return contextList.read(viewOf(data), 0, data.length, response.errorContextCount)
}

/** Contexts as the data of an error response of dialect 3.1.1. */
export function encodeErrorContexts(
  contexts: readonly { readonly errorId?: number; readonly errorContextData: Uint8Array }[],
): Uint8Array {
  const data = new Uint8Array(contextList.measure(contexts))
  contextList.write(viewOf(data), 0, contexts)
  return data
}

/** Data of STATUS_BUFFER_TOO_SMALL: how much room is needed. MS-SMB2 2.2.2.2. */
export const BufferTooSmallErrorResponse = struct('Buffer Too Small Error Response', '2.2.2.2', {
  requiredLength: u32,
})
export type BufferTooSmallErrorResponse = Infer<typeof BufferTooSmallErrorResponse>

/** MS-SMB2 2.2.2.2.1. */
export const SymbolicLinkFlags = { ABSOLUTE: 0x0000_0000, RELATIVE: 0x0000_0001 } as const

const SYMLINK_FIXED_SIZE = 28

/**
 * Data of STATUS_STOPPED_ON_SYMLINK. MS-SMB2 2.2.2.2.1. `unparsedPathLength` is the length in bytes of what of the
 * name follows the link.
 */
export const SymbolicLinkErrorResponse = struct('Symbolic Link Error Response', '2.2.2.2.1', {
  symLinkLength: u32,
  symLinkErrorTag: u32.fixed(0x4c4d_5953),
  reparseTag: u32.fixed(0xa000_000c),
  reparseDataLength: u16,
  unparsedPathLength: u16,
  substituteNameOffset: u16.offsetOf('substituteName'),
  substituteNameLength: u16.lengthOf('substituteName'),
  printNameOffset: u16.offsetOf('printName'),
  printNameLength: u16.lengthOf('printName'),
  flags: u32.oneOf(SymbolicLinkFlags),
  substituteName: tail(utf16, { from: 'fixedEnd' }),
  printName: tail(utf16, { from: 'fixedEnd' }),
})
export type SymbolicLinkErrorResponse = Infer<typeof SymbolicLinkErrorResponse>

/** A symbolic link error with the lengths filled in. */
export function symbolicLinkError(link: {
  readonly substituteName: string
  readonly printName: string
  readonly unparsedPathLength: number
  readonly flags: number
}): Uint8Array {
  const names = (link.substituteName.length + link.printName.length) * 2
  return SymbolicLinkErrorResponse.encode({
    ...link,
    symLinkLength: SYMLINK_FIXED_SIZE - 4 + names,
    reparseDataLength: 12 + names,
  })
}

/** MOVE_DST_IPADDR. MS-SMB2 2.2.2.2.2.1. IPv4 takes the first four bytes of `address`. */
export const MoveDstIpaddr = struct('MOVE_DST_IPADDR', '2.2.2.2.2.1', {
  type: u32.oneOf({ V4: 1, V6: 2 }),
  reserved: u32.reserved,
  address: octets(16),
})
export type MoveDstIpaddr = Infer<typeof MoveDstIpaddr>

/** Data of STATUS_BAD_NETWORK_NAME with error id SHARE_REDIRECT. MS-SMB2 2.2.2.2.2. */
export const ShareRedirectErrorResponse = struct('Share Redirect Error Response', '2.2.2.2.2', {
  structureSize: u32.fixed(48),
  notificationType: u32.fixed(3),
  resourceNameOffset: u32.offsetOf('resourceName'),
  resourceNameLength: u32.lengthOf('resourceName'),
  reserved: u16.reserved,
  targetType: u16.or(0),
  ipAddrCount: u32.countOf('ipAddrMoveList'),
  ipAddrMoveList: tail(array(MoveDstIpaddr)),
  resourceName: tail(utf16),
})
export type ShareRedirectErrorResponse = Infer<typeof ShareRedirectErrorResponse>
