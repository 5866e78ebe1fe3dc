import { NULL_GUID } from '../../bytes/guid.ts'
import { viewOf } from '../../bytes/utf16.ts'
import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { sameName, upcase } from '../../wire/fscc/index.ts'
import {
  CreateContextName,
  type CreateRequest,
  Dialect,
  LeaseFlags,
  LeaseV1,
  LeaseV2,
  OplockLevel,
} from '../../wire/smb2/index.ts'
import type { Creation } from '../creation.ts'
import type { Request } from '../request.ts'
import type { Lease } from './lease.ts'
import type { Rights } from './rights.ts'

/** What a CREATE asks for by its RqLs context. */
export interface LeaseRequest {
  readonly version: 1 | 2
  readonly key: string
  readonly rights: Rights
  readonly epoch: number
  readonly parentKey: string | undefined
}

/** The lease that is asked for; none where the client or the share has none (MS-SMB2 3.3.5.9.8, 3.3.5.9.11). */
export function leaseRequestOf(request: Request, body: CreateRequest): LeaseRequest | Failure | undefined {
  return body.requestedOplockLevel === OplockLevel.LEASE ? readLease(request, body) : undefined
}

/** The lease of the RqLs context, whatever level is asked for. */
export function readLease({ connection, tree }: Request, body: CreateRequest): LeaseRequest | Failure | undefined {
  const { dialect = 0 } = connection.negotiated ?? {}
  if (dialect === Dialect.SMB_2_0_2 || tree.share?.options.oplocks === false) return undefined
  const context = body.createContexts.find(({ name }) => name === CreateContextName.LEASE)
  if (context === undefined) return undefined
  const view = viewOf(context.data)
  switch (view.byteLength) {
    case LeaseV1.size: {
      const { leaseKey, leaseState } = LeaseV1.decode(view)
      return { version: 1, key: leaseKey, rights: leaseState, epoch: 0, parentKey: undefined }
    }
    case LeaseV2.size: {
      if (dialect < Dialect.SMB_3_0) return undefined
      const { leaseKey, leaseState, leaseFlags, epoch, parentLeaseKey } = LeaseV2.decode(view)
      const hasParent = (leaseFlags & LeaseFlags.PARENT_LEASE_KEY_SET) !== 0
      return {
        version: 2,
        key: leaseKey,
        rights: leaseState,
        epoch,
        parentKey: hasParent ? parentLeaseKey : undefined,
      }
    }
    default:
      return fail(NtStatus.INVALID_PARAMETER)
  }
}

/** A key stands for one file: the one that the client has open with it (MS-SMB2 3.3.5.9.8). */
export function leaseFits({ lease, name, request, share }: Creation): boolean {
  if (lease === undefined) return true
  const { clientGuid, server } = request.session
  const known = server.leases.find(clientGuid, lease.key)
  if (known === undefined || known.deletesOnClose) return true
  const [open] = known.opens
  if (open === undefined) return true
  const { path } = open
  return (
    open.share.isSameAs(share) &&
    open.stream.key === upcase(name.stream ?? '') &&
    path.length === name.path.length &&
    path.every((part, i) => sameName(part, name.path[i] as string))
  )
}

/** The RqLs context of the answer (MS-SMB2 2.2.14.2.10, 2.2.14.2.11). */
export function leaseAnswer(lease: Lease): { name: string; data: Uint8Array } {
  const inProgress = lease.isBreaking ? LeaseFlags.BREAK_IN_PROGRESS : 0
  const common = { leaseKey: lease.key, leaseState: lease.rights }
  const { epoch, parentKey, version } = lease
  if (version === 1)
    return { name: CreateContextName.LEASE, data: LeaseV1.encode({ ...common, leaseFlags: inProgress }) }
  const leaseFlags = inProgress | (parentKey === undefined ? 0 : LeaseFlags.PARENT_LEASE_KEY_SET)
  const data = LeaseV2.encode({ ...common, leaseFlags, parentLeaseKey: parentKey ?? NULL_GUID, epoch })
  return { name: CreateContextName.LEASE, data }
}
