import type { Stats } from '../stats.ts'
import type { CallOptions } from './options.ts'
import type { Share } from './share.ts'

/** Where something is: on a share, or on the local disk. */
export type Place = { readonly share: Share; readonly path: string } | { readonly disk: string }

/** What a copy comes across. Paths are relative to what was asked to be copied, with `/`; '' is itself. */
export interface CopyEntry {
  readonly path: string
  readonly kind: 'file' | 'directory' | 'symlink' | 'other'
  readonly size: number
  /** Of the share's file; undefined where the source is the local disk. */
  readonly stats: Stats | undefined
}

export type CopyProgress =
  /** Something was found, and will be copied: the sum of what is to do grows. */
  | { readonly kind: 'found'; readonly entry: CopyEntry }
  /** So many bytes more of a file have arrived. Of a resumed file also those that were there. */
  | { readonly kind: 'bytes'; readonly entry: CopyEntry; readonly bytes: number }
  | { readonly kind: 'done'; readonly entry: CopyEntry }
  | { readonly kind: 'skipped'; readonly entry: CopyEntry; readonly reason: 'exists' | 'same' | 'filter' | 'kind' }
  | { readonly kind: 'failed'; readonly entry: CopyEntry; readonly error: unknown }

export interface CopyOptions extends CallOptions {
  /** Folders with all that is in them. Default false: a folder is an error. */
  readonly recursive?: boolean
  /** A file that is there already is `replace`d (default), `skip`ped, replaced if `older`, or an `error`. */
  readonly existing?: 'replace' | 'skip' | 'older' | 'error'
  /** A file that is there in part, and whose source has not changed since, goes on where it ends. Default false. */
  readonly resume?: boolean
  /** Times of writing and making, and attributes. Default true. */
  readonly preserve?: boolean
  /** Links: copied as what they lead to (default), as links, or left out. */
  readonly links?: 'follow' | 'copy' | 'skip'
  /** False leaves it out; of a directory, with all that is in it. */
  readonly filter?: (entry: CopyEntry) => boolean
  /** Files under way at a time. Default: the limit `maxFilesAtOnce`. */
  readonly jobs?: number
  /** Finds out what would be done, and does nothing. Default false. */
  readonly dryRun?: boolean
  /** A file that fails does not end the copy: it is told in the summary. Default false. */
  readonly continueOnError?: boolean
  readonly onProgress?: (progress: CopyProgress) => void
}

export interface CopySummary {
  readonly files: number
  readonly directories: number
  readonly bytes: number
  readonly skipped: number
  readonly failed: readonly { readonly path: string; readonly error: unknown }[]
}
