import type { Filetime } from '../../bytes/filetime.ts'
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
  /** When it was last written, FILETIME. */
  readonly writeTime: Filetime
  /** Of the share's file; undefined where the source is the local disk. */
  readonly stats: Stats | undefined
}

/** Why something was not copied: it is there already; as old and as long as the source; left out; of no such kind. */
export type SkipReason = 'exists' | 'same' | 'filter' | 'kind'

export type CopyProgress =
  /** Something was found, and will be copied: the sum of what is to do grows. */
  | { readonly kind: 'found'; readonly entry: CopyEntry }
  /** All has been found: the sum of what is to do grows no more. */
  | { readonly kind: 'counted' }
  /** So many bytes more of a file are where they belong; `kept`: they were there already, of an attempt before. */
  | { readonly kind: 'bytes'; readonly entry: CopyEntry; readonly bytes: number; readonly kept: boolean }
  /** Of a folder: all that is in it has been dealt with. */
  | { readonly kind: 'done'; readonly entry: CopyEntry }
  | { readonly kind: 'skipped'; readonly entry: CopyEntry; readonly reason: SkipReason }
  /** Was at the target and not at the source. */
  | { readonly kind: 'removed'; readonly entry: CopyEntry }
  /** `isFinal`: nothing more is begun, and the copy fails with this error. */
  | { readonly kind: 'failed'; readonly entry: CopyEntry; readonly error: unknown; readonly isFinal: boolean }

export interface CopyOptions extends CallOptions {
  /** Folders with all that is in them. Default false: a folder is an error. */
  readonly recursive?: boolean
  /**
   * A file that is there already is `replace`d (default), replaced if it has `changed` (it is not as long and as old as
   * the source), replaced if it is `older`, `skip`ped, or an `error`.
   */
  readonly existing?: 'replace' | 'changed' | 'older' | 'skip' | 'error'
  /**
   * What an attempt before has carried of a large file that has not changed since is not carried again. What a cut-off
   * attempt leaves for this is a hidden file beside the target, `NAME.XXXXXXXX.part`, on a disk with a period before it. Default false: nothing is left.
   */
  readonly resume?: boolean
  /**
   * Large files are written under another name and take the place of what is there when they are whole. With this they
   * are written where they are to be: what is there keeps its rights, streams and further names, and is half written for
   * a while. Such a file cannot be resumed. Default false.
   */
  readonly inPlace?: boolean
  /** Times of writing and making, and attributes. Default true. */
  readonly preserve?: boolean
  /**
   * When all has been copied and nothing has failed, what the target's folders have beside it is removed. What `filter`
   * leaves out stays. Default false.
   */
  readonly removeOthers?: boolean
  /** Two times that are this far apart are the same, in milliseconds. Default 1; FAT keeps every second one. */
  readonly timeWindowMs?: number
  /** Links: copied as what they lead to (default), as links, or left out. */
  readonly links?: 'follow' | 'copy' | 'skip'
  /**
   * False leaves it out; of a directory, with all that is in it. `contents`: a directory that is made only if there is
   * something to be put into it.
   */
  readonly filter?: (entry: CopyEntry) => boolean | 'contents'
  /** Files under way at a time. Default: the limit `maxFilesAtOnce`. */
  readonly jobs?: number
  /** Finds out what would be done, and does nothing. Default false. */
  readonly dryRun?: boolean
  /**
   * A file that fails does not end the copy: it is told in the summary. A full disk and a lost connection end it
   * nevertheless. Default false.
   */
  readonly continueOnError?: boolean
  readonly onProgress?: (progress: CopyProgress) => void
}

export interface CopySummary {
  /** Files and links that were copied; of a dry run, that would be. */
  readonly files: number
  /** Directories that were made, or were there. */
  readonly directories: number
  /** Of the files that were copied. */
  readonly bytes: number
  /** Of these, what was there already of an attempt before. */
  readonly keptBytes: number
  readonly skipped: number
  /** Files, links and folders with all that is in them. */
  readonly removed: number
  readonly failed: readonly { readonly path: string; readonly error: unknown }[]
}
