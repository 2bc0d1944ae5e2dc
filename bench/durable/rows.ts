/** A bound, in the unit of its row. */
export type Target = { readonly most: number } | { readonly least: number }

export interface DurableRow {
  readonly what: string
  readonly value: number
  readonly unit: string
  readonly target: Target | null
  /** Null where there is no target. */
  readonly ok: boolean | null
  /** Least and most of the rounds that `value` is the median of; null of what was measured once. */
  readonly range: readonly [number, number] | null
}

export function rowOf(
  what: string,
  value: number,
  unit: string,
  target: Target | null = null,
  range: DurableRow['range'] = null,
): DurableRow {
  if (target === null) return { what, value, unit, target, ok: null, range }
  const ok = 'most' in target ? value <= target.most : value >= target.least
  return { what, value, unit, target, ok, range }
}

/** The lines of a table in Markdown. */
export function renderRows(rows: readonly DurableRow[]): string[] {
  return ['| | measured | least to most | target |', '| --- | ---: | ---: | --- |', ...rows.map(renderRow)]
}

export function renderRow(row: DurableRow): string {
  const range = row.range === null ? '' : row.range.map(format).join(' to ')
  return `| ${row.what} | ${format(row.value)} ${row.unit} | ${range} | ${verdictOf(row)} |`
}

function verdictOf({ target, unit, ok }: DurableRow): string {
  if (target === null) return ''
  const bound = 'most' in target ? `<= ${format(target.most)}` : `>= ${format(target.least)}`
  return `${bound} ${unit}: ${ok === true ? 'met' : '**missed**'}`
}

/** Three digits, whole thousands with commas. */
function format(value: number): string {
  if (Math.abs(value) >= 1000) return Math.round(value).toLocaleString('en')
  return `${Number(value.toPrecision(3))}`
}
