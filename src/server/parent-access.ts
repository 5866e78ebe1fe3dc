import type { Identity } from '../auth/mechanism.ts'
import { AccessMask, DirectoryAccessMask, FILE_ALL_ACCESS } from '../wire/dtyp/index.ts'
import { type Failure, failed } from '../wire/erref/failure.ts'
import { maximalAccess } from './access-check.ts'
import type { BackendPath, Opened } from './backend.ts'
import type { Share } from './share.ts'
import { type Steps, wait } from './steps.ts'

/** What adding to a directory needs: one right for files, another for directories (MS-FSA 2.1.5.1.1). */
const rightToAdd = (isDirectory: boolean): number =>
  isDirectory ? DirectoryAccessMask.FILE_ADD_SUBDIRECTORY : DirectoryAccessMask.FILE_ADD_FILE

/** True if a directory with this security descriptor lets somebody add to it. */
export const mayAdd = (
  directory: Uint8Array | undefined,
  identity: Identity | undefined,
  isDirectory: boolean,
): boolean => (maximalAccess(directory, identity) & rightToAdd(isDirectory)) !== 0

/** Everything that somebody may do with the directory that `path` is in. */
function* accessToParent(share: Share, path: BackendPath, identity: Identity | undefined): Steps<number | Failure> {
  if (!share.backend.features.securityDescriptors) return FILE_ALL_ACCESS
  const parent = yield* wait(share.backend.open(path.slice(0, -1), { disposition: 'open', read: false, write: false }))
  if (failed(parent)) return parent
  try {
    const descriptor = yield* wait(parent.file.securityDescriptor())
    return failed(descriptor) ? descriptor : maximalAccess(descriptor, identity)
  } finally {
    yield* wait(parent.file.close())
  }
}

/**
 * What the rights to a directory give to what is in it, whatever that says itself: who may delete from it may delete
 * that, who may list it may look at its attributes (MS-FSA 2.1.5.1.2.1).
 */
export function* accessByParent(share: Share, path: BackendPath, identity: Identity | undefined): Steps<number> {
  if (path.length === 0) return 0
  const access = yield* accessToParent(share, path, identity)
  if (failed(access)) return 0
  const deletes = (access & AccessMask.FILE_DELETE_CHILD) !== 0
  const lists = (access & DirectoryAccessMask.FILE_LIST_DIRECTORY) !== 0
  return (deletes ? AccessMask.DELETE : 0) | (lists ? AccessMask.FILE_READ_ATTRIBUTES : 0)
}

/**
 * A new name, by a rename or a link, is added to its directory (MS-FSA 2.1.5.15.11, 2.1.5.15.7). Where there is no such
 * directory, it is for the backend to say so.
 */
export function* mayAddToParent(
  share: Share,
  path: BackendPath,
  identity: Identity | undefined,
  isDirectory: boolean,
): Steps<boolean> {
  const access = yield* accessToParent(share, path, identity)
  return failed(access) || (access & rightToAdd(isDirectory)) !== 0
}

/** Whether somebody may delete what is there, by what it says itself or by what its directory says. */
export function* mayDelete(
  share: Share,
  { file, path }: Opened,
  identity: Identity | undefined,
): Steps<boolean | Failure> {
  if (!share.backend.features.securityDescriptors) return true
  const descriptor = yield* wait(file.securityDescriptor())
  if (failed(descriptor)) return descriptor
  const own = maximalAccess(descriptor, identity)
  const access = (own & AccessMask.DELETE) === 0 ? yield* accessByParent(share, path, identity) : own
  return (access & AccessMask.DELETE) !== 0
}
