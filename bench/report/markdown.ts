import type { BenchReport, BenchRow } from '../row.js'
import { COLUMNS, cells } from '../table.js'
import { TARGET_HEAD, targetRows } from './targets.js'

/** Cells that are numbers stand to the right; names and free text to the left. */
const LEFT = ['row', 'kernel', 'more', 'what', '', 'published Python']

export function markdownTable(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (texts: readonly string[]): string => `| ${texts.join(' | ')} |`
  return [
    line(head),
    line(head.map((name) => (LEFT.includes(name) ? '---' : '---:'))),
    ...rows.map(line),
  ].join('\n')
}

/** The machine, then each target beside what was measured. */
export function targetsSection({ machine, rows }: BenchReport): string {
  return `${machine}.\n\n${markdownTable(TARGET_HEAD, targetRows(rows))}`
}

/** All rows, a table for each dimension, and what is not among them. */
export function rowsSection({ rows, leftOut = [] }: BenchReport): string {
  const dimensions = [...new Set(rows.map(({ dimension }) => dimension))]
  const tables = dimensions.map(
    (d) => `#### d = ${d}\n\n${rowTable(rows.filter(({ dimension }) => dimension === d))}`,
  )
  if (leftOut.length === 0) return tables.join('\n\n')
  const missing = leftOut.map((line) => `- ${line}`).join('\n')
  return `${tables.join('\n\n')}\n\nLeft out:\n\n${missing}`
}

/** Rows as a table, without columns that none of them fills. */
export function rowTable(rows: readonly BenchRow[]): string {
  const lines = rows.map(cells)
  const kept = COLUMNS.map((_, i) => i).filter((i) => lines.some((line) => line[i] !== ''))
  return markdownTable(
    kept.map((i) => COLUMNS[i]),
    lines.map((line) => kept.map((i) => line[i])),
  )
}

/** The rows of one browser. */
export function browserSection(browser: BenchReport): string {
  return `${browser.machine}.\n\n${rowTable(browser.rows)}`
}

/**
 * Replaces what stands between `<!-- begin:NAME -->` and `<!-- end:NAME -->`.
 * @throws Error when the text has no such part
 */
export function replaceSection(text: string, name: string, body: string): string {
  const begin = `<!-- begin:${name} -->`
  const end = `<!-- end:${name} -->`
  const from = text.indexOf(begin)
  const to = text.indexOf(end)
  if (from < 0 || to < from) throw new Error(`there is no section ${name}`)
  return `${text.slice(0, from + begin.length)}\n\n${body}\n\n${text.slice(to)}`
}
