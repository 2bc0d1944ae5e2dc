export interface BenchRow {
  readonly name: string
  readonly kernel: string
  readonly dimension: number
  readonly models: number
  readonly p50Ns: number
  readonly p99Ns: number
  /** Candidates scored per millisecond at the median; null where nothing is scored. */
  readonly perMs: number | null
}

const HEADS = ['row', 'kernel', 'd', 'models', 'p50', 'p99', 'candidates/ms', 'vs plain'] as const
const WIDTHS = [10, 8, 5, 8, 12, 12, 15, 10] as const

/** Three significant digits in the unit that reads best: `812 ns`, `12.4 us`, `3.21 ms`. */
export function formatNs(ns: number): string {
  if (ns < 999.5) return `${significant(ns)} ns`
  if (ns < 999.5e3) return `${significant(ns / 1e3)} us`
  if (ns < 999.5e6) return `${significant(ns / 1e6)} ms`
  return `${significant(ns / 1e9)} s`
}

/** At least three digits, none of them past the decimal point from 100 on. */
function significant(value: number): string {
  const decimals = value >= 99.95 ? 0 : value >= 9.995 ? 1 : 2
  return value.toFixed(decimals)
}

export function tableHead(): string {
  return `${line(HEADS)}\n${'-'.repeat(WIDTHS.reduce((sum, width) => sum + width, 0))}`
}

/** @param earlier rows measured before: the plain one of the same name and size is what this row is compared with */
export function tableLine(row: BenchRow, earlier: readonly BenchRow[]): string {
  const plain = earlier.find(
    ({ name, kernel, dimension, models }) =>
      kernel === 'plain' && name === row.name && dimension === row.dimension && models === row.models,
  )
  return line([
    row.name,
    row.kernel,
    String(row.dimension),
    row.models === 0 ? '' : String(row.models),
    formatNs(row.p50Ns),
    formatNs(row.p99Ns),
    row.perMs === null ? '' : significant(row.perMs),
    plain === undefined || row.kernel === 'plain' ? '' : `${(plain.p50Ns / row.p50Ns).toFixed(1)}x`,
  ])
}

/** The first two columns start where the column does, numbers end where it ends. */
function line(cells: readonly string[]): string {
  return cells
    .map((cell, i) => (i < 2 ? cell.padEnd(WIDTHS[i]) : cell.padStart(WIDTHS[i])))
    .join('')
    .trimEnd()
}
