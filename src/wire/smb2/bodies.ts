/**
 * What lies in the byte fields of bodies: create contexts by name, negotiate contexts by type, error data by
 * status. For code that takes messages apart without knowing what they are about.
 */

import { NtStatus } from '../erref/ntstatus.ts'
import {
  Aapl,
  AaplResolveIdRequest,
  AaplResolveIdResponse,
  AaplServerQueryRequest,
  AaplServerQueryResponse,
} from './aapl.ts'
import { ErrorId, NegotiateContextType, TreeConnectContextType } from './constants.ts'
import {
  AllocationSize,
  AppInstanceId,
  AppInstanceVersion,
  DurableHandleReconnect,
  DurableHandleReconnectV2,
  DurableHandleRequest,
  DurableHandleRequestV2,
  DurableHandleResponse,
  DurableHandleResponseV2,
  LeaseV1,
  LeaseV2,
  MaximalAccessRequest,
  MaximalAccessResponse,
  PosixCreateRequest,
  PosixCreateResponse,
  QueryOnDiskIdResponse,
  SvhdxOpenDeviceContext,
  SvhdxOpenDeviceContextV2,
  TimewarpToken,
} from './create-contexts.ts'
import { BufferTooSmallErrorResponse, ShareRedirectErrorResponse, SymbolicLinkErrorResponse } from './error.ts'
import { CreateContextName } from './file-constants.ts'
import {
  CompressionCapabilities,
  EncryptionCapabilities,
  NetnameNegotiateContext,
  PosixExtensionsCapabilities,
  PreauthIntegrityCapabilities,
  RdmaTransformCapabilities,
  SigningCapabilities,
  TransportCapabilities,
} from './negotiate-contexts.ts'
import { RemotedIdentity } from './remoted-identity.ts'
import type { Body } from './table.ts'

const negotiateContexts: Readonly<Record<number, Body>> = {
  [NegotiateContextType.PREAUTH_INTEGRITY_CAPABILITIES]: PreauthIntegrityCapabilities,
  [NegotiateContextType.ENCRYPTION_CAPABILITIES]: EncryptionCapabilities,
  [NegotiateContextType.COMPRESSION_CAPABILITIES]: CompressionCapabilities,
  [NegotiateContextType.NETNAME_NEGOTIATE_CONTEXT_ID]: NetnameNegotiateContext,
  [NegotiateContextType.TRANSPORT_CAPABILITIES]: TransportCapabilities,
  [NegotiateContextType.RDMA_TRANSFORM_CAPABILITIES]: RdmaTransformCapabilities,
  [NegotiateContextType.SIGNING_CAPABILITIES]: SigningCapabilities,
  [NegotiateContextType.POSIX_EXTENSIONS]: PosixExtensionsCapabilities,
}

/** Data of a negotiate context, either way. */
export const negotiateContextBody = (contextType: number): Body | undefined => negotiateContexts[contextType]

/** Data of a tree connect context. */
export const treeConnectContextBody = (contextType: number): Body | undefined =>
  contextType === TreeConnectContextType.REMOTED_IDENTITY ? RemotedIdentity : undefined

type ByDirection = readonly [request: Body | undefined, response: Body | undefined]

const createContexts: Readonly<Record<string, ByDirection>> = {
  [CreateContextName.DURABLE_HANDLE_REQUEST]: [DurableHandleRequest, DurableHandleResponse],
  [CreateContextName.DURABLE_HANDLE_RECONNECT]: [DurableHandleReconnect, undefined],
  [CreateContextName.DURABLE_HANDLE_REQUEST_V2]: [DurableHandleRequestV2, DurableHandleResponseV2],
  [CreateContextName.DURABLE_HANDLE_RECONNECT_V2]: [DurableHandleReconnectV2, undefined],
  [CreateContextName.ALLOCATION_SIZE]: [AllocationSize, undefined],
  [CreateContextName.MAXIMAL_ACCESS]: [MaximalAccessRequest, MaximalAccessResponse],
  [CreateContextName.TIMEWARP_TOKEN]: [TimewarpToken, undefined],
  [CreateContextName.QUERY_ON_DISK_ID]: [undefined, QueryOnDiskIdResponse],
  [CreateContextName.APP_INSTANCE_ID]: [AppInstanceId, undefined],
  [CreateContextName.APP_INSTANCE_VERSION]: [AppInstanceVersion, undefined],
  [CreateContextName.POSIX]: [PosixCreateRequest, PosixCreateResponse],
}

const aaplCommands: Readonly<Record<number, ByDirection>> = {
  [Aapl.SERVER_QUERY]: [AaplServerQueryRequest, AaplServerQueryResponse],
  [Aapl.RESOLVE_ID]: [AaplResolveIdRequest, AaplResolveIdResponse],
}

/** Data of a create context. Its length tells the versions of leases and shared disks apart. */
export function createContextBody(name: string, data: Uint8Array, fromServer: boolean): Body | undefined {
  const { length } = data
  if (length === 0) return undefined
  if (name === CreateContextName.AAPL) return aaplCommands[data[0] ?? 0]?.[fromServer ? 1 : 0]
  if (name === CreateContextName.LEASE) return length < LeaseV2.size ? LeaseV1 : LeaseV2
  if (name === CreateContextName.SVHDX_OPEN_DEVICE)
    return length < SvhdxOpenDeviceContextV2.size ? SvhdxOpenDeviceContext : SvhdxOpenDeviceContextV2
  return createContexts[name]?.[fromServer ? 1 : 0]
}

/** Error data that the status, or the id of its context, calls for. MS-SMB2 2.2.2.2. */
export function errorDataBody(status: number, errorId: number): Body | undefined {
  if (errorId === ErrorId.SHARE_REDIRECT) return ShareRedirectErrorResponse
  if (status === NtStatus.STOPPED_ON_SYMLINK) return SymbolicLinkErrorResponse
  if (status === NtStatus.BUFFER_TOO_SMALL) return BufferTooSmallErrorResponse
  return undefined
}
