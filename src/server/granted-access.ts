import { AccessMask } from '../wire/dtyp/index.ts'
import { type Failure, fail, failed } from '../wire/erref/failure.ts'
import { NtStatus } from '../wire/erref/ntstatus.ts'
import { FileAttributes } from '../wire/fscc/index.ts'
import { BACKUP_ACCESS, backsUp, isAdministrator, maximalAccess } from './access-check.ts'
import type { FileStat, Opened } from './backend.ts'
import { type Creation, madeFile } from './creation.ts'
import { accessByParent } from './parent-access.ts'
import type { PathName } from './path-name.ts'
import { type Steps, wait } from './steps.ts'

const {
  ACCESS_SYSTEM_SECURITY,
  DELETE,
  FILE_APPEND_DATA,
  FILE_READ_ATTRIBUTES,
  FILE_WRITE_DATA,
  MAXIMUM_ALLOWED,
  WRITE_OWNER,
} = AccessMask
const BY_PARENT = DELETE | FILE_READ_ATTRIBUTES

/** All that this user may ever do with the file: by its security descriptor, its directory's, and the share. */
export function* mostAccess({ request, share, body }: Creation, opened: Opened): Steps<number | Failure> {
  const { tree, session } = request
  // Who makes a file gets what was asked for (MS-FSA 2.1.5.1.1); its descriptor speaks from the next open on.
  if (madeFile(opened) || !share.backend.features.securityDescriptors) return tree.maximalAccess
  const descriptor = yield* wait(opened.file.securityDescriptor())
  if (failed(descriptor)) return descriptor
  let most = maximalAccess(descriptor, session.identity)
  if ((most & BY_PARENT) !== BY_PARENT) most |= yield* accessByParent(share, opened.path, session.identity)
  if (isAdministrator(session.identity)) most |= WRITE_OWNER
  if (backsUp(session.identity, body.createOptions)) most |= BACKUP_ACCESS
  return (most & tree.maximalAccess) >>> 0
}

/** A read-only file's data cannot be written, whatever its descriptor says (MS-FSA 2.1.5.1.2.1). */
export function withoutWrites(most: number, stat: FileStat, name: PathName): number {
  const isReadOnly =
    (stat.attributes & FileAttributes.READONLY) !== 0 && !(stat.isDirectory && name.stream === undefined)
  return isReadOnly ? most & ~(FILE_WRITE_DATA | FILE_APPEND_DATA) : most
}

/** What of the desired access is granted. */
export function grant(desired: number, most: number, created: boolean): number | Failure {
  const asked = (desired & ~MAXIMUM_ALLOWED) >>> 0
  if (created && (desired & MAXIMUM_ALLOWED) === 0) return asked
  // Whether somebody may have audit lists has been found out before any file was looked at.
  if ((asked & ~most & ~ACCESS_SYSTEM_SECURITY) !== 0) return fail(NtStatus.ACCESS_DENIED)
  return ((desired & MAXIMUM_ALLOWED) !== 0 ? asked | most : asked) >>> 0
}
