import { SmbError } from '../bytes/errors.ts'

/** A place in a file. Lines and columns count from 1. */
export interface Place {
  readonly file: string
  readonly line?: number
  readonly column?: number
}

/** The place as editors and terminals understand it: `smbkit.yaml:3:7`. */
export function formatPlace({ file, line, column }: Place): string {
  if (line === undefined) return file
  return column === undefined ? `${file}:${line}` : `${file}:${line}:${column}`
}

/** What is wrong with a config file, a users file or a setting, as a sentence that begins with its place. */
export class ConfigError extends SmbError {
  readonly place: Place | undefined

  constructor(problem: string, place?: Place, options?: ErrorOptions) {
    super('CONFIG', place === undefined ? problem : `${formatPlace(place)}: ${problem}`, options)
    this.place = place
  }
}

const reasons: Readonly<Record<string, string>> = {
  ENOENT: 'there is no such file',
  EACCES: 'permission denied',
  EPERM: 'not permitted',
  EISDIR: 'is a folder, not a file',
  ENOTDIR: 'a part of the path is not a folder',
  ELOOP: 'its symbolic links go round in a circle',
  EROFS: 'the disk is read-only',
  ENOSPC: 'the disk is full',
}

/** Why the system refused, in words, for an error of node:fs. */
export function systemReason(error: unknown): string {
  const code = errorCode(error)
  if (code !== undefined && reasons[code] !== undefined) return reasons[code]
  return error instanceof Error ? error.message : String(error)
}

/** `ENOENT` and the like, undefined for errors that have none. */
export function errorCode(error: unknown): string | undefined {
  if (!(error instanceof Error) || !('code' in error)) return undefined
  return typeof error.code === 'string' ? error.code : undefined
}
