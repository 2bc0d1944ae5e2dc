export type BenchKernel = 'js' | 'wasm' | 'plain'
export type RowName = 'route' | 'feedback' | 'score' | 'rebuild' | 'encode' | 'snapshot'

/** Rows that one process measures on one set-up. */
export interface BenchCase {
  readonly kernel: BenchKernel
  readonly dimension: number
  readonly models: number
  readonly rows: readonly RowName[]
}

export interface SkippedRow {
  readonly label: string
  readonly why: string
}

/** Statistics of one arm: the packed triangles of A and of its inverse, theta and b. */
function armBytes(dimension: number): number {
  return 8 * (dimension * (dimension + 1) + 2 * dimension)
}

export function rowLabel(row: {
  readonly name: string
  readonly kernel: string
  readonly dimension: number
  readonly models: number
}): string {
  return `${row.name} ${row.kernel} d=${row.dimension} k=${row.models}`
}

/** Everything that is measured, a plain row ahead of the kernels that are compared with it. */
export function benchCases(quick: boolean): BenchCase[] {
  const cases: BenchCase[] = []
  for (const [dimension, models] of quick ? QUICK_SIZES : SIZES) {
    const huge = armBytes(dimension) * models > HUGE_BYTES
    if (!huge) cases.push({ kernel: 'plain', dimension, models, rows: ['feedback', 'score'] })
    for (const kernel of ['js', 'wasm'] as const) {
      const rows: RowName[] = huge ? ['route', 'feedback'] : ['route', 'feedback', 'score']
      if (models === 3) rows.push('rebuild')
      if (kernel === 'wasm' && dimension === 26) rows.push('snapshot')
      cases.push({ kernel, dimension, models, rows })
      // A process of its own: a router and a bare kernel would take 2.4 GB together.
      if (huge) cases.push({ kernel, dimension, models, rows: ['score'] })
    }
  }
  cases.push({ kernel: 'js', dimension: 26, models: 0, rows: ['encode'] })
  return cases
}

/** What is left out, and why: printed with the table. */
export function skippedRows(quick: boolean): SkippedRow[] {
  const sizes = quick ? QUICK_SIZES : SIZES
  return sizes.flatMap(([dimension, models]) => {
    const gigabytes = (armBytes(dimension) * models) / 1e9
    if (gigabytes * 1e9 <= HUGE_BYTES) return []
    const why = `full matrices would take ${(2 * gigabytes).toFixed(1)} GB`
    return [{ label: `plain d=${dimension} k=${models}`, why }]
  })
}

/** The cases that have a row which the filter lets through, with those rows alone. */
export function selectCases(cases: readonly BenchCase[], filter: RegExp | null): BenchCase[] {
  if (filter === null) return [...cases]
  return cases
    .map((entry) => ({
      ...entry,
      rows: entry.rows.filter((name) => filter.test(rowLabel({ ...entry, name }))),
    }))
    .filter((entry) => entry.rows.length > 0)
}

const HUGE_BYTES = 0.5e9
const SIZES: readonly (readonly [dimension: number, models: number])[] = [
  [26, 3],
  [26, 100],
  [26, 1000],
  [385, 3],
  [385, 100],
  [385, 1000],
]
const QUICK_SIZES: typeof SIZES = [
  [26, 3],
  [26, 100],
  [385, 3],
]
