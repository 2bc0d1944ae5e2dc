import { visible } from '../base/visible.js'

export interface Column {
  readonly title: string
  readonly align?: 'left' | 'right'
}

/** A plain text table: two spaces between columns, titles above, no trailing spaces. */
export function renderTable(columns: readonly Column[], rows: readonly (readonly string[])[]): string {
  const lines = [columns.map(({ title }) => title), ...rows.map((row) => row.map(visible))]
  const widths = columns.map((_, i) =>
    lines.reduce((widest, line) => Math.max(widest, [...(line[i] ?? '')].length), 0),
  )
  const padded = lines.map((line) =>
    columns
      .map(({ align }, i) => {
        const cell = line[i] ?? ''
        const gap = ' '.repeat(widths[i] - [...cell].length)
        return align === 'right' ? gap + cell : cell + gap
      })
      .join('  ')
      .trimEnd(),
  )
  return `${padded.join('\n')}\n`
}
