import { AccessMask, mapGeneric } from '../../wire/dtyp/index.ts'
import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { CreateOptions, type CreateRequest, HeaderFlags } from '../../wire/smb2/index.ts'
import type { BackendPath } from '../backend.ts'
import type { Request } from '../request.ts'
import type { Namespace } from './namespace.ts'

const { FILE_READ_DATA, FILE_READ_EA, FILE_READ_ATTRIBUTES, READ_CONTROL, SYNCHRONIZE } = AccessMask

/** What may be done with the folder that stands for a link. */
const LOOKING = FILE_READ_DATA | FILE_READ_EA | FILE_READ_ATTRIBUTES | READ_CONTROL | SYNCHRONIZE

/**
 * Why a CREATE cannot be served here: its path is a link, or lies below one (MS-DFSC 3.2.5.5, MS-SMB2 3.3.5.9). Only who
 * asks for the link as a reparse point, and not by way of the namespace, may look at it.
 */
export function leadsElsewhere(
  request: Request,
  body: CreateRequest,
  namespace: Namespace,
  path: BackendPath,
): Failure | undefined {
  const link = namespace.linkOf(path)
  if (link === undefined) return undefined
  const isItself = path.length === link.path.length
  const byNamespace = (request.header.flags & HeaderFlags.DFS_OPERATIONS) !== 0
  const asPoint = (body.createOptions & CreateOptions.OPEN_REPARSE_POINT) !== 0
  if (!isItself || byNamespace || !asPoint) return fail(NtStatus.PATH_NOT_COVERED)
  return (mapGeneric(body.desiredAccess) & ~LOOKING) === 0 ? undefined : fail(NtStatus.ACCESS_DENIED)
}
