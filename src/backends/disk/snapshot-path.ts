/** Where the snapshots of a folder lie, and what their names say of when they were made. */
import { isAbsolute, relative, resolve, sep } from 'node:path'
import { decodeName, storedName } from './names.ts'

export interface DiskSnapshotOptions {
  /**
   * Where snapshots lie, from the shared folder or absolute. One component of the path stands for their names: `*` in it
   * is anything, and %Y %m %d %H %M %S (or %s, seconds since 1970) say when they were made. Where nothing says so, a date
   * in the name does, or snapper's `info.xml`, or the time of the snapshot's folder. For ZFS `.zfs/snapshot/*`; more in
   * docs/configuration.md.
   */
  readonly path: string
  /** Times in names are local ones; UTC when absent. */
  readonly localTime?: boolean
  /** Where they lie in the shared folder they can be seen there. When absent that folder is neither listed nor found. */
  readonly visible?: boolean
}

/** Seconds since 1970. */
type Seconds = number

/** The path to snapshots, taken apart. */
export interface SnapshotPath {
  /** The folder that holds them: below the shared folder where `inside`, else absolute. */
  readonly inside: boolean
  readonly folder: string
  /** The entry of the shared folder that nobody is to see. */
  readonly hidden: string | undefined
  /** Where the shared folder is in a snapshot: names as SMB sees them. */
  readonly below: readonly string[]
  /** When the snapshot of this name was made: undefined where the name says nothing, 'other' where it is none. */
  timeOf(name: string): Seconds | undefined | 'other'
}

/** What stands for a part of the time, as strftime has it, and what it matches. */
const CODES: Readonly<Record<string, string>> = {
  Y: '(?<year>[0-9]{4})',
  m: '(?<month>[0-9]{2})',
  d: '(?<day>[0-9]{2})',
  H: '(?<hour>[0-9]{2})',
  M: '(?<minute>[0-9]{2})',
  S: '(?<second>[0-9]{2})',
  s: '(?<epoch>[0-9]{1,11})',
  '%': '%',
}

/** A date as programs that make snapshots put it into names: digits in this order, whatever stands between them. */
const DATE =
  /(?<![0-9])(?<year>[0-9]{4})[-_.]?(?<month>[0-9]{2})[-_.]?(?<day>[0-9]{2})(?:[-_.T ]?(?<hour>[0-9]{2})[-_.:h]?(?<minute>[0-9]{2})(?:[-_.:m]?(?<second>[0-9]{2}))?)?(?![0-9])/

/**
 * Reads where the snapshots of `root` lie.
 * @throws RangeError where the path is none
 */
export function snapshotPath(root: string, options: DiskSnapshotOptions): SnapshotPath {
  const { path: text, localTime = false, visible = false } = options
  const parts = text.split(sep === '\\' ? /[\\/]/ : '/').filter((part, i) => i === 0 || part !== '')
  const at = parts.findIndex((part) => /[*%]/.test(part))
  if (at < 0) throw new RangeError('a path to snapshots has a component with * in it, which stands for their names')
  if (parts.slice(at + 1).some((part) => part === '..' || part === '.' || part.includes('*')))
    throw new RangeError('a path to snapshots has one component with * in it, and plain names after it')
  const start = parts.slice(0, at).join('/')
  const folder = resolve(root, isAbsolute(text) && start === '' ? sep : start)
  const way = relative(resolve(root), folder)
  const inside = way !== '..' && !way.startsWith(`..${sep}`) && !isAbsolute(way)
  if (way === '') throw new RangeError('snapshots lie in a folder of their own, not among what is shared')
  return {
    inside,
    folder: inside ? way : folder,
    hidden: inside && !visible ? shown(way.split(sep)[0] as string) : undefined,
    below: parts.slice(at + 1).map((part) => shown(part)),
    timeOf: timeReader(parts[at] as string, localTime),
  }
}

/** A name of the configuration as the backend has it. */
export function shown(name: string): string {
  const bytes = Buffer.from(name)
  return decodeName(bytes, 0, bytes.length)
}

function timeReader(pattern: string, localTime: boolean): SnapshotPath['timeOf'] {
  const codes = new Set<string>()
  const source = pattern.replaceAll(/%(.?)|[^%]/gsu, (character, code: string | undefined) => {
    if (code === undefined) return character === '*' ? '.*' : character.replace(/[$()+./?[\\\]^{|}]/, String.raw`\$&`)
    const matching = CODES[code]
    if (matching === undefined) throw new RangeError(`%${code} means nothing in a path to snapshots`)
    if (codes.has(code)) throw new RangeError(`%${code} can stand in a path to snapshots once`)
    if (code !== '%') codes.add(code)
    return matching
  })
  const saysTime = codes.size > 0
  if (saysTime && !codes.has('s') && !['Y', 'm', 'd'].every((code) => codes.has(code)))
    throw new RangeError('the time of snapshots needs %Y, %m and %d, or %s')
  const expression = new RegExp(`^${source}$`, 'su')
  return (name) => {
    const stored = storedName(name)
    const match = expression.exec(stored)
    if (match === null) return 'other'
    const parts = saysTime ? match.groups : DATE.exec(stored)?.groups
    const time = parts === undefined ? undefined : secondsOf(parts, localTime)
    return time === undefined && saysTime ? 'other' : time
  }
}

function secondsOf(parts: Readonly<Record<string, string>>, localTime: boolean): Seconds | undefined {
  if (parts['epoch'] !== undefined) return Number(parts['epoch'])
  const [year, month, day, hour, minute, second] = ['year', 'month', 'day', 'hour', 'minute', 'second'].map((name) =>
    Number(parts[name] ?? 0),
  ) as [number, number, number, number, number, number]
  const isDate = year >= 1970 && month >= 1 && month <= 12 && day >= 1 && day <= 31
  if (!isDate || hour > 23 || minute > 59 || second > 60) return undefined
  const ms = localTime
    ? new Date(year, month - 1, day, hour, minute, second).getTime()
    : Date.UTC(year, month - 1, day, hour, minute, second)
  return ms / 1000
}
