import type { Cell, Column } from './columns.ts'

/** The first line: names of the columns. RFC 4180. */
export const csvHead = <T>(columns: readonly Column<T>[]): string => `${columns.map(({ name }) => name).join(',')}\r\n`

/** A record as a line. RFC 4180; names of files cannot become formulas of a spreadsheet. */
export const csvLine = <T>(columns: readonly Column<T>[], row: T): string =>
  `${columns.map((column) => cellText(column.of(row))).join(',')}\r\n`

function cellText(cell: Cell): string {
  if (cell === null) return ''
  if (typeof cell !== 'string') return String(cell)
  const text = /^[=+\-@\t\r]/.test(cell) ? `'${cell}` : cell
  return /[",\r\n]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
}
