/** Numbers, times and tables for people; JSON for programs. */
import { dateFromFiletime, displayFiletime, type Filetime } from '../../bytes/filetime.ts'
import { FileAttributes } from '../../wire/fscc/file-attributes.ts'
import { printable } from '../report.ts'

const units = ['KiB', 'MiB', 'GiB', 'TiB', 'PiB', 'EiB']

/** `512 B`, `1.5 KiB`, `117 MiB`: three digits at most. */
export function bytesText(bytes: number | bigint): string {
  let value = Number(bytes)
  // A rate can be a fraction.
  if (Math.round(value) < 1024) return `${Number(value.toFixed(value < 99.95 ? 1 : 0))} B`
  let unit = -1
  // What would be shown as 1024 is 1 of the next.
  while (value >= 1023.5 && unit < units.length - 1) {
    value /= 1024
    unit++
  }
  return `${value < 9.995 ? value.toFixed(2) : value < 99.95 ? value.toFixed(1) : value.toFixed(0)} ${units[unit]}`
}

/** `1 file`, `2 files`. */
export const count = (number: number, what: string): string => `${number} ${what}${number === 1 ? '' : 's'}`

/** `0:07`, `12:34`, `1:02:03`. */
export function durationText(seconds: number): string {
  const whole = Math.max(0, Math.round(seconds))
  const two = (value: number) => String(value).padStart(2, '0')
  const minutes = Math.floor(whole / 60)
  const rest = two(whole % 60)
  return minutes < 60 ? `${minutes}:${rest}` : `${Math.floor(minutes / 60)}:${two(minutes % 60)}:${rest}`
}

/** Local time, `2026-11-21 14:05:09`; `-` for a time that is not set or makes no sense. */
export function timeText(time: Filetime): string {
  const date = dateFromFiletime(time)
  if (time <= 0n || Number.isNaN(date.getTime())) return '-'
  const two = (value: number) => String(value).padStart(2, '0')
  const day = `${date.getFullYear()}-${two(date.getMonth() + 1)}-${two(date.getDate())}`
  return `${day} ${two(date.getHours())}:${two(date.getMinutes())}:${two(date.getSeconds())}`
}

/** ISO 8601 with 100 ns for programs; null for a time that is not set. */
export const timeJson = (time: Filetime): string | null => (time <= 0n ? null : displayFiletime(time))

const letters: readonly (readonly [number, string])[] = [
  [FileAttributes.DIRECTORY, 'D'],
  [FileAttributes.READONLY, 'R'],
  [FileAttributes.HIDDEN, 'H'],
  [FileAttributes.SYSTEM, 'S'],
  [FileAttributes.ARCHIVE, 'A'],
  [FileAttributes.REPARSE_POINT, 'L'],
  [FileAttributes.COMPRESSED, 'C'],
  [FileAttributes.ENCRYPTED, 'E'],
  [FileAttributes.SPARSE_FILE, 'P'],
  [FileAttributes.OFFLINE, 'O'],
  [FileAttributes.TEMPORARY, 'T'],
]

/** Attributes as letters, as `dir` and `attrib` of Windows show them: `A`, `RHS`, `D`; `-` for none. */
export function attributeLetters(attributes: number): string {
  const text = letters.map(([bit, letter]) => ((attributes & bit) === 0 ? '' : letter)).join('')
  return text === '' ? '-' : text
}

/** Names of the attributes, as the specification has them. */
export const attributeNames = (attributes: number): string[] =>
  Object.entries(FileAttributes).flatMap(([name, bit]) => ((attributes & bit) === 0 ? [] : [name]))

export interface Column {
  readonly title?: string
  readonly right?: boolean
}

/** Lines with columns of one width. Text of peers is made printable here. */
export function table(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const titles = columns.map(({ title = '' }) => title)
  const shown = rows.map((row) => row.map(printable))
  const all = titles.some((title) => title !== '') ? [titles, ...shown] : shown
  const widths = columns.map((_, index) => Math.max(0, ...all.map((row) => displayWidth(row[index] ?? ''))))
  return all
    .map((row) => {
      const cells = columns.map(({ right = false }, index) => {
        const cell = row[index] ?? ''
        const blanks = ' '.repeat(Math.max(0, (widths[index] ?? 0) - displayWidth(cell)))
        return right ? blanks + cell : cell + blanks
      })
      return `${cells.join('  ').trimEnd()}\n`
    })
    .join('')
}

/** Letters of East Asia and emoji take two places, marks above others none. */
export function displayWidth(text: string): number {
  if (/^[\u0020-\u024f]*$/.test(text)) return text.length
  let width = 0
  for (const character of text) {
    if (/\p{M}/u.test(character)) continue
    width += wide.test(character) ? 2 : 1
  }
  return width
}

const wide =
  /[\u1100-\u115f\u2e80-\u303e\u3041-\u33ff\u3400-\u4dbf\u4e00-\u9fff\ua000-\ua4cf\uac00-\ud7a3\uf900-\ufaff\ufe30-\ufe6f\uff00-\uff60\uffe0-\uffe6\u{1f300}-\u{1faff}\u{20000}-\u{3fffd}]/u

/** The first part of a text that takes at most `width` places; it ends in … where something was left out. */
export function cut(text: string, width: number): string {
  if (displayWidth(text) <= width) return text
  let kept = ''
  let taken = 0
  for (const character of text) {
    taken += displayWidth(character)
    if (taken > width - 1) break
    kept += character
  }
  return width <= 0 ? '' : `${kept}…`
}

/** JSON, indented unless it is to be one line. 64-bit numbers become numbers as far as those reach, else text. */
export function json(value: unknown, lines = true): string {
  return `${JSON.stringify(value, withNumbers, lines ? 2 : undefined)}\n`
}

function withNumbers(_key: string, value: unknown): unknown {
  if (typeof value !== 'bigint') return value
  const number = Number(value)
  return Number.isSafeInteger(number) ? number : value.toString()
}
