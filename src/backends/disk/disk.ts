import type { DiskCalls } from './calls.ts'
import type { DirectoryCache } from './directory-cache.ts'
import type { Lookup } from './lookup.ts'
import type { Metadata } from './metadata.ts'
import type { OpenNames } from './open-names.ts'
import type { OutsideWatch } from './outside-watch.ts'
import type { Streams } from './streams.ts'

/** What all open files of one disk backend share. */
export interface Disk {
  readonly calls: DiskCalls
  readonly cache: DirectoryCache
  readonly lookup: Lookup
  readonly metadata: Metadata
  /** Absent where named streams cannot be kept. */
  readonly streams?: Streams
  readonly openNames: OpenNames
  /** Who is told of other programs' changes is not told of those made here. */
  readonly outside: OutsideWatch
  readonly readOnly: boolean
  /** FILE_ATTRIBUTE_COMPRESSED is kept. */
  readonly compression: boolean
  /** Reads and writes of at least so many bytes are given to another thread, even if they need not wait. */
  readonly threadBytes: number
  /** POSIX permissions of what is created, less the umask. */
  readonly fileMode: number
  readonly directoryMode: number
}
