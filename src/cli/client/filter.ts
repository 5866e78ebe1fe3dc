import { hasWildcards, MAX_NAME_EXPRESSION_UNITS, nameExpression } from '../../wire/fscc/name-expression.ts'
import { UsageError } from '../report.ts'

/** Which files and folders a command is about, by `--include` and `--exclude`. */
export interface Filter {
  /** Whether this file is meant. The path is that below the folder where the command begins, with `/`. */
  file(path: string): boolean
  /** Whether a folder is looked into. */
  enters(path: string): boolean
  /** Whether a folder is meant for its own sake, and not only for what is in it. */
  folder(path: string): boolean
}

interface Pattern {
  /** Names one after the other; `**` stands for any number of them. */
  readonly parts: readonly Part[]
  readonly foldersOnly: boolean
}

type Part = '**' | ((name: string) => boolean)

/**
 * A pattern without `/` in it is held against the name alone, wherever it is; one with `/` against the path from where
 * the command begins. `*` and `?` stop at a `/`, `**` does not; a `/` at the end means folders alone. Upper and lower
 * case are the same, as on a share. What is excluded is not there, and a folder that is excluded is not looked into;
 * where something is included, files that are not are left out.
 * @throws UsageError for a pattern that cannot match anything
 */
export function filterOf({ include = [], exclude = [] }: FilterOptions): Filter {
  const included = include.map(patternOf)
  const excluded = exclude.map(patternOf)
  const some = (patterns: readonly Pattern[], path: string, isFolder: boolean): boolean => {
    const names = path.split('/')
    return patterns.some((pattern) => (isFolder || !pattern.foldersOnly) && matches(pattern.parts, names))
  }
  return {
    file: (path) =>
      !some(excluded, path, false) &&
      (included.length === 0 || some(included, path, false) || inFolder(included, path)),
    enters: (path) => !some(excluded, path, true),
    folder: (path) => included.length === 0 || some(included, path, true) || inFolder(included, path),
  }
}

/** Whether a path itself fits one of these patterns; without patterns, every one does. @throws UsageError as `filterOf` */
export function anyOf(texts: readonly string[]): (path: string, isFolder: boolean) => boolean {
  const patterns = texts.map(patternOf)
  return (path, isFolder) =>
    patterns.length === 0 ||
    patterns.some(({ parts, foldersOnly }) => (isFolder || !foldersOnly) && matches(parts, path.split('/')))
}

interface FilterOptions {
  readonly include?: readonly string[]
  readonly exclude?: readonly string[]
}

/** Whether a folder above is included: all that is in it is meant then. */
function inFolder(included: readonly Pattern[], path: string): boolean {
  const names = path.split('/')
  return included.some(({ parts }) => names.some((_, depth) => depth > 0 && matches(parts, names.slice(0, depth))))
}

function patternOf(text: string): Pattern {
  const foldersOnly = text.endsWith('/')
  const trimmed = text.replace(/\/+$/, '').replace(/^\.?\/+/, '')
  const parts = trimmed.split('/').map((part): Part => {
    if (part === '**') return part
    // These three are wildcards of DOS, which no user means, and no name on a share has them.
    if (/["<>]/.test(part)) throw new UsageError(`${text}: a pattern cannot have ", < or > in it: no name has them`)
    if (part === '' || part.length > MAX_NAME_EXPRESSION_UNITS)
      throw new UsageError(`${text === '' ? 'an empty pattern' : text}: this pattern matches nothing`)
    const expression = nameExpression(part)
    return (name) => expression.matches(name)
  })
  const anywhere = parts.length === 1 && !text.startsWith('/')
  return { parts: anywhere ? ['**', ...parts] : parts, foldersOnly }
}

/** All ways through the pattern at once, so that time is at most its length times that of the path. */
function matches(parts: readonly Part[], names: readonly string[]): boolean {
  let reached = skipStars(parts, new Set([0]))
  for (const name of names) {
    const next = new Set<number>()
    for (const at of reached) {
      const part = parts[at]
      if (part === '**') next.add(at)
      else if (part?.(name) === true) next.add(at + 1)
    }
    if (next.size === 0) return false
    reached = skipStars(parts, next)
  }
  return reached.has(parts.length)
}

/** `**` may stand for no name at all. */
function skipStars(parts: readonly Part[], places: Set<number>): Set<number> {
  for (const at of places) if (parts[at] === '**') places.add(at + 1)
  return places
}

/** Whether a name has wildcards that people use; `<`, `>` and `"` are none of them. */
export const isPattern = (name: string): boolean => hasWildcards(name.replaceAll(/["<>]/g, ''))
