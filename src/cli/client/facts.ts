/** What is told of a file, in one way for all commands. */
import type { Stats } from '../../client/stats.ts'
import { ReparseTag } from '../../wire/fscc/index.ts'
import { attributeLetters, attributeNames, bytesText, timeJson, timeText } from './format.ts'

export type Kind = 'file' | 'folder' | 'link'

export const kindOf = (stats: Stats): Kind =>
  stats.isSymbolicLink() ? 'link' : stats.isDirectory() ? 'folder' : 'file'

/** For programs. */
export function factsJson(stats: Stats): Record<string, unknown> {
  const { facts } = stats
  return {
    kind: kindOf(stats),
    size: stats.size,
    allocationSize: stats.allocationSize,
    created: timeJson(facts.creationTime),
    accessed: timeJson(facts.lastAccessTime),
    written: timeJson(facts.lastWriteTime),
    changed: timeJson(facts.changeTime),
    attributes: attributeNames(stats.attributes),
    fileId: stats.ino.toString(),
    ...(stats.isReparsePoint() && { reparseTag: reparseName(stats.reparseTag) }),
  }
}

export const reparseName = (tag: number): string =>
  Object.entries(ReparseTag).find(([, code]) => code === tag)?.[0] ?? `0x${tag.toString(16)}`

/** The columns of a long listing: attributes, size, time; the name comes after them. */
export const factsRow = (stats: Stats, exact = false): string[] => [
  attributeLetters(stats.attributes),
  stats.isFile() ? (exact ? String(stats.size) : bytesText(stats.size)) : '',
  timeText(stats.facts.lastWriteTime),
]

/** A name with what shows its kind. */
export const markedName = (name: string, stats: Stats): string =>
  stats.isSymbolicLink() ? `${name}@` : stats.isDirectory() ? `${name}/` : name
