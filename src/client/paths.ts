import { UsageError } from './errors.ts'

/** UTF-16 units of the longest path, and of the longest name (MS-FSCC 2.1.5). */
const MAX_PATH_UNITS = 32_767
const MAX_NAME_UNITS = 255

/**
 * A path as it goes over the wire: names with `\` between them, '' for the root. `.` and `..` are resolved, and lead no
 * higher than the root.
 * @throws UsageError (EINVAL, ENAMETOOLONG)
 */
export function wirePath(path: string, operation?: string): string {
  const names: string[] = []
  for (const name of path.split(/[/\\]/)) {
    if (name === '' || name === '.') continue
    if (name === '..') {
      if (names.pop() === undefined)
        throw new UsageError('EINVAL', 'The path leads above the share.', occasion(path, operation))
      continue
    }
    if (name.includes('\0')) throw new UsageError('EINVAL', 'No name has NUL in it.', occasion(path, operation))
    // A stream's name follows the file's.
    for (const part of name.split(':'))
      if (part.length > MAX_NAME_UNITS)
        throw new UsageError('ENAMETOOLONG', 'A name has 255 characters at most.', occasion(path, operation))
    names.push(name)
  }
  const wire = names.join('\\')
  if (wire.length > MAX_PATH_UNITS)
    throw new UsageError('ENAMETOOLONG', 'The path is too long.', occasion(path, operation))
  return wire
}

const occasion = (path: string, operation: string | undefined) => ({
  path,
  ...(operation !== undefined && { operation }),
})

/** The folder that a path of the wire is in; '' for the root. */
export const parentOf = (wire: string): string => wire.slice(0, Math.max(0, wire.lastIndexOf('\\')))

/** The last name of a path of the wire. */
export const nameOf = (wire: string): string => wire.slice(wire.lastIndexOf('\\') + 1)

/** A path of the wire with one name more. */
export const childOf = (wire: string, name: string): string => (wire === '' ? name : `${wire}\\${name}`)

/** A path of the wire as a user reads it. */
export const shownPath = (wire: string): string => wire.replaceAll('\\', '/')

/** `parent/name` in a path that a user gave. */
export const joinShown = (parent: string, name: string): string =>
  parent === '' || /[/\\]$/.test(parent) ? `${parent}${name}` : `${parent}/${name}`

/**
 * Whether a name that a server lists can be one: a separator, NUL or `..` in it would lead somewhere else. What is
 * listed as `.` and `..` is no name either, and is passed over beforehand.
 */
export const isSafeName = (name: string): boolean =>
  name !== '' && name !== '.' && name !== '..' && !/[/\\\0]/.test(name)
