import { viewOf } from '../../bytes/utf16.ts'
import { type Failure, fail } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { CreateContextName, type CreateRequest, PosixCreateRequest } from '../../wire/smb2/index.ts'
import type { Request } from '../request.ts'
import type { Share } from '../share.ts'
import { KEPT_PERMISSIONS } from './permissions.ts'

/** Whether the POSIX extensions were agreed on with who asks, and the share has them. */
export const speaksPosix = ({ connection }: Request, share: Share): boolean =>
  connection.negotiated?.posix === true && share.posix

/** The permissions of a file to be made, where a CREATE has the POSIX context; else undefined. */
export function posixPermissions(request: Request, body: CreateRequest, share: Share): number | Failure | undefined {
  if (!speaksPosix(request, share)) return undefined
  for (const { name, data } of body.createContexts) {
    if (name !== CreateContextName.POSIX) continue
    if (data.length !== PosixCreateRequest.size) return fail(NtStatus.INVALID_PARAMETER)
    return PosixCreateRequest.decode(viewOf(data)).mode & KEPT_PERMISSIONS
  }
  return undefined
}
