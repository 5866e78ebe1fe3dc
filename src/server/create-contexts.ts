import { viewOf } from '../bytes/utf16.ts'
import { decodeSecurityDescriptor } from '../wire/dtyp/index.ts'
import { type Failure, fail } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { FileFullEaInformation } from '../wire/fscc/index.ts'
import {
  AllocationSize,
  AppInstanceId,
  AppInstanceVersion as AppInstanceVersionContext,
  CreateContextName,
  type CreateRequest,
  Dialect,
  DurableHandleFlags,
  DurableHandleReconnect,
  DurableHandleReconnectV2,
  DurableHandleRequest,
  DurableHandleRequestV2,
  MaximalAccessRequest,
  MaximalAccessResponse,
  QueryOnDiskIdResponse,
  TimewarpToken,
} from '../wire/smb2/index.ts'
import type { ExtendedAttribute, FileStat } from './backend.ts'
import type { AppInstanceVersion } from './durability/durability.ts'
import type { DurableContexts } from './durability/durable-request.ts'
import { type AaplRequest, readAapl } from './mac/aapl.ts'
import { narrow } from './narrow.ts'

/** The create contexts that this server understands, decoded (MS-SMB2 3.3.5.9). Others are ignored, as they should be. */
export interface RequestedContexts extends DurableContexts {
  readonly extendedAttributes?: readonly ExtendedAttribute[]
  readonly securityDescriptor?: Uint8Array
  readonly allocationSize?: number
  /** FILETIME of the snapshot that is asked for. */
  readonly snapshot?: bigint
  readonly maximalAccess?: { readonly timestamp?: bigint }
  readonly onDiskId?: true
  readonly appInstanceId?: string
  readonly appInstanceVersion?: AppInstanceVersion
  /** What a Mac asks. */
  readonly aapl?: AaplRequest
}

const MIN_NAME_BYTES = 4

type Found = { -readonly [K in keyof RequestedContexts]: RequestedContexts[K] }

/** @throws WireError where a context is not what its section says */
export function readContexts(body: CreateRequest, dialect: number): RequestedContexts | Failure {
  const found: Found = {}
  for (const { name, data } of body.createContexts) {
    // MS-SMB2 2.2.13.2: names have four bytes at the least.
    if (name.length < MIN_NAME_BYTES) return fail(NtStatus.INVALID_PARAMETER)
    const view = viewOf(data)
    switch (name) {
      case CreateContextName.EXTENDED_ATTRIBUTES:
        found.extendedAttributes = FileFullEaInformation.decode(view).entries.map((entry) => ({
          name: entry.eaName,
          value: entry.eaValue.slice(),
          flags: entry.flags,
        }))
        break
      case CreateContextName.SECURITY_DESCRIPTOR:
        decodeSecurityDescriptor(data)
        found.securityDescriptor = data.slice()
        break
      case CreateContextName.ALLOCATION_SIZE: {
        const size = narrow(AllocationSize.decode(view).allocationSize)
        if (size === undefined) return fail(NtStatus.DISK_FULL)
        found.allocationSize = size
        break
      }
      case CreateContextName.TIMEWARP_TOKEN:
        found.snapshot = TimewarpToken.decode(view).timestamp
        break
      case CreateContextName.MAXIMAL_ACCESS:
        found.maximalAccess = data.length === 0 ? {} : { timestamp: MaximalAccessRequest.decode(view).timestamp }
        break
      case CreateContextName.QUERY_ON_DISK_ID:
        found.onDiskId = true
        break
      case CreateContextName.AAPL:
        found.aapl = readAapl(data)
        break
      case CreateContextName.DURABLE_HANDLE_REQUEST:
        DurableHandleRequest.decode(view)
        found.durable = true
        break
      case CreateContextName.DURABLE_HANDLE_RECONNECT:
        found.reconnect = { id: DurableHandleReconnect.decode(view).fileId.persistent }
        break
      default:
        if (dialect >= Dialect.SMB_3_0) readContextOf3(found, name, view)
        if (dialect === Dialect.SMB_3_1_1 && name === CreateContextName.APP_INSTANCE_VERSION)
          found.appInstanceVersion = readVersion(view)
    }
  }
  return found
}

/** Those that are only there from 3.0 on. */
function readContextOf3(found: Found, name: string, view: DataView): void {
  switch (name) {
    case CreateContextName.DURABLE_HANDLE_REQUEST_V2: {
      const { timeout, flags, createGuid } = DurableHandleRequestV2.decode(view)
      found.durableV2 = { createGuid, timeoutMs: timeout, persistent: (flags & DurableHandleFlags.PERSISTENT) !== 0 }
      break
    }
    case CreateContextName.DURABLE_HANDLE_RECONNECT_V2: {
      const { fileId, createGuid, flags } = DurableHandleReconnectV2.decode(view)
      const persistent = (flags & DurableHandleFlags.PERSISTENT) !== 0
      found.reconnectV2 = { id: fileId.persistent, v2: { createGuid, persistent } }
      break
    }
    case CreateContextName.APP_INSTANCE_ID:
      found.appInstanceId = AppInstanceId.decode(view).appInstanceId
      break
  }
}

function readVersion(view: DataView): AppInstanceVersion {
  const { appInstanceVersionHigh: high, appInstanceVersionLow: low } = AppInstanceVersionContext.decode(view)
  return { high, low }
}

/** The answers (MS-SMB2 3.3.5.9.5, 3.3.5.9.9). */
export function answerContexts(
  asked: RequestedContexts,
  opened: {
    readonly stat: FileStat
    readonly fileId: bigint
    readonly maximalAccess: number
    readonly volumeId: bigint
  },
): { name: string; data: Uint8Array }[] {
  const answers: { name: string; data: Uint8Array }[] = []
  if (asked.maximalAccess !== undefined && asked.maximalAccess.timestamp !== opened.stat.lastWriteTime)
    answers.push({
      name: CreateContextName.MAXIMAL_ACCESS,
      data: MaximalAccessResponse.encode({ queryStatus: NtStatus.SUCCESS, maximalAccess: opened.maximalAccess }),
    })
  if (asked.onDiskId === true)
    answers.push({
      name: CreateContextName.QUERY_ON_DISK_ID,
      data: QueryOnDiskIdResponse.encode({ diskFileId: opened.fileId, volumeId: opened.volumeId }),
    })
  return answers
}
