/** A column of a table for people. */
export interface TextColumn {
  readonly title: string
  readonly right?: boolean
}

/** Lines with columns of one width. */
export function textTable(columns: readonly TextColumn[], rows: readonly (readonly string[])[], indent = ''): string {
  const all = [columns.map(({ title }) => title), ...rows]
  const widths = columns.map((_, index) => Math.max(...all.map((row) => (row[index] ?? '').length)))
  return all
    .map((row) => {
      const cells = columns.map(({ right = false }, index) => {
        const cell = row[index] ?? ''
        return right ? cell.padStart(widths[index] ?? 0) : cell.padEnd(widths[index] ?? 0)
      })
      return `${indent}${cells.join('  ').trimEnd()}\n`
    })
    .join('')
}
