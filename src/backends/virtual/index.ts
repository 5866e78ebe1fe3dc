import { filetimeFromDate } from '../../bytes/filetime.ts'
import type { Answer, Backend, BackendFeatures, BackendPath, Opened, OpenHow } from '../../server/backend.ts'
import { type Failure, fail, failed } from '../../wire/erref/failure.ts'
import { NtStatus } from '../../wire/erref/ntstatus.ts'
import { VirtualFile } from './file.ts'
import { Finder } from './finder.ts'

export { type Failure, fail } from '../../wire/erref/failure.ts'
export { NtStatus } from '../../wire/erref/ntstatus.ts'
export type { Answer, Backend, BackendPath }

/**
 * A tree that a program makes up: three questions, each answered at once or with a promise. A path is one string a
 * component, `[]` for the root. Compare names exactly: names of another case are found by way of `list`. When
 * something is there but cannot be given, answer `fail(NtStatus.ACCESS_DENIED)` or the like.
 */
export interface VirtualTree {
  /** What there is under a path; undefined when nothing is. Asked for the root too, which is a directory anyway. */
  stat(path: BackendPath): Answer<VirtualStat | undefined>
  /** The names in a directory. Names that `stat` knows may be left out: they are found and not listed. */
  list(path: BackendPath): Answer<readonly string[]>
  /** Up to `length` bytes of a file from `offset`; none at or past the end. */
  read(path: BackendPath, offset: number, length: number): Answer<Uint8Array>
}

export interface VirtualStat {
  /** Bytes of a file; absent: it is a directory. */
  readonly size?: number
  /** When absent, the time when the backend was made. */
  readonly modified?: Date
  /** When absent, as `modified`. */
  readonly created?: Date
}

export interface VirtualBackendOptions {
  readonly label?: string
  readonly serialNumber?: number
}

/** A read-only share whose files are made by a program when they are asked for. */
export function virtualBackend(tree: VirtualTree, options: VirtualBackendOptions = {}): Backend {
  const features: BackendFeatures = {
    fileSystemName: 'NTFS',
    namedStreams: false,
    extendedAttributes: false,
    securityDescriptors: false,
    sparseFiles: false,
    readOnly: true,
    maxNameLength: 255,
  }
  const now = filetimeFromDate(new Date())
  const finder = new Finder(tree, now)
  return {
    features,
    open: (path, how) => openIn(finder, features, path, how),
    volume: () => ({
      serialNumber: options.serialNumber ?? 0x5669_7274,
      label: options.label ?? '',
      creationTime: now,
      totalBytes: 0,
      freeBytes: 0,
      availableBytes: 0,
      bytesPerSector: 512,
      sectorsPerAllocationUnit: 8,
    }),
    close: () => {},
  }
}

async function openIn(
  finder: Finder,
  features: BackendFeatures,
  path: BackendPath,
  how: OpenHow,
): Promise<Opened | Failure> {
  if (how.stream !== undefined || path.some((name) => name.length > features.maxNameLength)) {
    return fail(NtStatus.OBJECT_NAME_INVALID)
  }
  const found = await finder.find(path)
  if (failed(found)) {
    const isNew = found.status === NtStatus.OBJECT_NAME_NOT_FOUND && how.disposition !== 'open'
    return isNew ? fail(NtStatus.MEDIA_WRITE_PROTECTED) : found
  }
  if (how.disposition === 'create') return fail(NtStatus.OBJECT_NAME_COLLISION)
  const { isDirectory } = found.stat
  if (how.kind === 'file' && isDirectory) return fail(NtStatus.FILE_IS_A_DIRECTORY)
  if (how.kind === 'directory' && !isDirectory) return fail(NtStatus.NOT_A_DIRECTORY)
  if (how.write) return fail(NtStatus.MEDIA_WRITE_PROTECTED)
  return { file: new VirtualFile(finder, found.path, found.stat), created: false, path: found.path }
}
