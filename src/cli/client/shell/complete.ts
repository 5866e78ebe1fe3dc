/** Completes what is typed: commands, names on the share, names on the disk. */
import { readdirSync } from 'node:fs'
import { dirname, join } from 'node:path'
import { parentOf } from '../address.ts'
import type { ShellPlace } from './place.ts'
import { quoted, wordsOf } from './words.ts'

/** What a command's words mean: names on the share, names on the disk, the first on one and the rest on the other. */
export type WordKinds = 'share' | 'disk' | 'share-disk' | 'disk-share' | 'none'

/** As readline wants it: what could stand there, and what it would stand for. */
type Completion = [completions: string[], word: string]

/** Folders of more entries are not offered by name. */
const maxOffered = 2000

/** Completions of the last word of a line. What cannot be listed has none. */
export async function complete(
  line: string,
  commands: ReadonlyMap<string, WordKinds>,
  place: ShellPlace,
  signal: AbortSignal,
): Promise<Completion> {
  // After a blank that ends the last word, a new one begins.
  const words = wordsOf(line)
  const last = words.at(-1)
  const isNew = last === undefined || (last.open === undefined && /\s$/.test(line) && !/\\\s$/.test(line))
  const typed = isNew ? '' : (last?.text ?? '')
  const raw = isNew ? '' : line.slice(last?.start ?? 0)
  const index = isNew ? words.length : words.length - 1
  if (index === 0) return [[...commands.keys()].filter((name) => name.startsWith(typed)).map((name) => `${name} `), raw]
  const operands = words.slice(1, index).filter(({ text }) => !text.startsWith('-')).length
  const names = await namesFor(commands.get(words[0]?.text ?? '') ?? 'none', operands, typed, place, signal)
  return [names.map((name) => (name.endsWith('/') ? openQuoted(name) : `${quoted(name)} `)), raw]
}

/** A folder's name goes on: its quote stays open. */
const openQuoted = (name: string): string => {
  const text = quoted(name)
  return text === name ? name : text.slice(0, -1)
}

async function namesFor(
  kinds: WordKinds,
  operands: number,
  typed: string,
  place: ShellPlace,
  signal: AbortSignal,
): Promise<string[]> {
  try {
    switch (kinds) {
      case 'share':
        return await shareNames(typed, place, signal)
      case 'disk':
        return diskNames(typed)
      case 'share-disk':
        return operands === 0 ? await shareNames(typed, place, signal) : diskNames(typed)
      case 'disk-share':
        return operands === 0 ? diskNames(typed) : await shareNames(typed, place, signal)
      case 'none':
        return []
    }
  } catch {
    return []
  }
}

async function shareNames(typed: string, place: ShellPlace, signal: AbortSignal): Promise<string[]> {
  const word = typed.replaceAll('\\', '/')
  const folder = parentOf(word)
  const prefix = word.slice(folder === '' && !word.startsWith('/') ? 0 : folder.length + 1)
  const head = word.slice(0, word.length - prefix.length)
  const pattern = `${prefix.replaceAll(/[*?]/g, '?')}*`
  const path = place.path(head === '' ? '.' : head)
  const entries = await place.share.readdir(path, { withFileTypes: true, pattern, signal })
  return entries
    .filter(({ name }) => name.toLowerCase().startsWith(prefix.toLowerCase()))
    .slice(0, maxOffered)
    .map((entry) => `${head}${entry.name}${entry.isDirectory() ? '/' : ''}`)
}

function diskNames(typed: string): string[] {
  const folder = typed.endsWith('/') ? typed : dirname(typed)
  const prefix = typed.endsWith('/') ? '' : typed.slice(typed.lastIndexOf('/') + 1)
  const head = typed.slice(0, typed.length - prefix.length)
  return readdirSync(folder === '' ? '.' : join(folder), { withFileTypes: true })
    .filter(({ name }) => name.startsWith(prefix) && (prefix !== '' || !name.startsWith('.')))
    .slice(0, maxOffered)
    .map((entry) => `${head}${entry.name}${entry.isDirectory() ? '/' : ''}`)
}
