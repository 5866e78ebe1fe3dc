/** A path of a namespace over several servers: the names in it, server or domain first. */
export type DfsPath = readonly string[]

/** UTF-16 units of the longest name, and names of the longest path. */
const MAX_NAME_UNITS = 255
const MAX_NAMES = 4096

/** As referrals have it: `\server\share\folder`. */
export const dfsText = (path: DfsPath): string => `\\${path.join('\\')}`

/** The same text for all spellings: names know no case. */
export const dfsKey = (path: DfsPath): string => path.join('\\').toUpperCase()

/**
 * The names of a path that a server has sent; undefined where one of them is none: `..` or a separator would lead
 * somewhere else.
 */
export function dfsNames(text: string): string[] | undefined {
  const names = text.replace(/^\\{1,2}/, '').split('\\')
  if (names.at(-1) === '') names.pop()
  const isGood = (name: string): boolean =>
    name !== '' && name.length <= MAX_NAME_UNITS && name !== '.' && name !== '..' && !/[/\0]/.test(name)
  return names.length > 0 && names.length <= MAX_NAMES && names.every(isGood) ? names : undefined
}
