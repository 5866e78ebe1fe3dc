import { viewOf } from '../bytes/utf16.ts'
import { decodeSecurityDescriptor } from '../wire/dtyp/index.ts'
import { type Failure, fail } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { FileFullEaInformation } from '../wire/fscc/index.ts'
import {
  AllocationSize,
  CreateContextName,
  type CreateRequest,
  MaximalAccessRequest,
  MaximalAccessResponse,
  QueryOnDiskIdResponse,
  TimewarpToken,
} from '../wire/smb2/index.ts'
import type { ExtendedAttribute, FileStat } from './backend.ts'
import { narrow } from './narrow.ts'

/** The create contexts that this server understands, decoded (MS-SMB2 3.3.5.9). Others are ignored, as they should be. */
export interface RequestedContexts {
  readonly extendedAttributes?: readonly ExtendedAttribute[]
  readonly securityDescriptor?: Uint8Array
  readonly allocationSize?: number
  /** FILETIME of the snapshot that is asked for. */
  readonly snapshot?: bigint
  readonly maximalAccess?: { readonly timestamp?: bigint }
  readonly onDiskId?: true
}

const MIN_NAME_BYTES = 4

/** @throws WireError where a context is not what its section says */
export function readContexts(body: CreateRequest): RequestedContexts | Failure {
  const found: { -readonly [K in keyof RequestedContexts]: RequestedContexts[K] } = {}
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
    }
  }
  return found
}

/** The answers (MS-SMB2 3.3.5.9.5, 3.3.5.9.9). */
export function answerContexts(
  asked: RequestedContexts,
  opened: { readonly stat: FileStat; readonly maximalAccess: number; readonly volumeId: bigint },
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
      data: QueryOnDiskIdResponse.encode({ diskFileId: opened.stat.fileId, volumeId: opened.volumeId }),
    })
  return answers
}
