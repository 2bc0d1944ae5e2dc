import { KERNEL_NAMES, type KernelName } from '../src/kernel/kernel.js'
import { OWN_UPDATES, ownUpdates } from './taught-arms.js'

export type BenchKernel = KernelName | 'plain'
export type RouterRow = 'route' | 'feedback' | 'cycle' | 'route-many' | 'snapshot'
/** The same of a router with policy `dollar`; the others have policy `paper`. */
export type DollarRow = 'route-dollar' | 'feedback-dollar' | 'cycle-dollar'
export type ArmsRow = 'score' | 'score-pruned' | 'rebuild'
export type PlainRow = 'score' | 'feedback'

/** A row to measure; `alpha` where it is not the router's own. */
export interface RowTask<Name extends string = string> {
  readonly name: Name
  readonly alpha?: number
}

interface CaseOf<Part extends string, Kernel extends BenchKernel, Name extends string> {
  readonly part: Part
  readonly kernel: Kernel
  readonly dimension: number
  readonly models: number
  readonly rows: readonly RowTask<Name>[]
}

/** Rows that one process measures on one set-up: a router of either policy, arms without a router, plain JavaScript, or the encoder. */
export type BenchCase =
  | CaseOf<'router', KernelName, RouterRow>
  | CaseOf<'dollar', KernelName, DollarRow>
  | CaseOf<'arms', KernelName, ArmsRow>
  | CaseOf<'plain', 'plain', PlainRow>
  | CaseOf<'encoder', 'js', 'encode'>

export interface SkippedRow {
  readonly label: string
  readonly why: string
}

export type Size = readonly [dimension: number, models: number]

export const ALPHAS = [0.01, 0.1, 0.5] as const
const DOLLAR_ROWS: readonly RowTask<DollarRow>[] = [
  { name: 'route-dollar' },
  { name: 'feedback-dollar' },
  { name: 'cycle-dollar' },
]
/** The weight at which the full scan is measured: it does the same work at any. */
const SCORE_ALPHA = 0.1
const SIZES: readonly Size[] = [26, 64].flatMap((d): Size[] => [3, 100, 1000, 10_000].map((k) => [d, k]))
const ALL_SIZES: readonly Size[] = [...SIZES, [385, 3], [385, 100], [385, 1000]]
const QUICK_SIZES: readonly Size[] = [
  [26, 3],
  [26, 1000],
  [64, 100],
]
/** An arena has 4 GiB at most. */
const ARENA_BYTES_MAX = 2 ** 32
/** Full matrices beyond this are left to the imagination. */
const PLAIN_BYTES_MAX = 1e9
/** Multiplications of 64 decisions beyond which `route-many` would take seconds a sample. */
const MANY_MAX = 2e7

export function benchSizes(quick: boolean): readonly Size[] {
  return quick ? QUICK_SIZES : ALL_SIZES
}

/** Everything that is measured at a size, plain rows ahead of the kernels that are compared with them. */
export function casesOfSize([dimension, models]: Size, kernels: readonly KernelName[]): BenchCase[] {
  const size = { dimension, models }
  const cases: BenchCase[] = []
  if (plainBytes(dimension, models) <= PLAIN_BYTES_MAX) {
    cases.push({ part: 'plain', kernel: 'plain', ...size, rows: [{ name: 'feedback' }, { name: 'score' }] })
  }
  for (const kernel of kernels) {
    cases.push({ part: 'router', kernel, ...size, rows: routerRows(kernel, dimension, models) })
    if (dimension === 26) cases.push({ part: 'dollar', kernel, ...size, rows: DOLLAR_ROWS })
    cases.push({ part: 'arms', kernel, ...size, rows: armRows(dimension, models) })
  }
  return cases
}

function routerRows(kernel: KernelName, dimension: number, models: number): RowTask<RouterRow>[] {
  const names: RouterRow[] = ['route', 'feedback', 'cycle']
  if (manyFits(dimension, models)) names.push('route-many')
  if (kernel === 'wasm' && dimension === 26) names.push('snapshot')
  return names.map((name) => ({ name }))
}

function armRows(dimension: number, models: number): RowTask<ArmsRow>[] {
  const rows: RowTask<ArmsRow>[] = [{ name: 'score', alpha: SCORE_ALPHA }]
  if (prunedFits(dimension, models)) for (const alpha of ALPHAS) rows.push({ name: 'score-pruned', alpha })
  if (models === 3) rows.push({ name: 'rebuild' })
  return rows
}

export const ENCODER_CASE: BenchCase = {
  part: 'encoder',
  kernel: 'js',
  dimension: 26,
  models: 0,
  rows: [{ name: 'encode' }],
}

/** Everything of a run. */
export function benchCases(quick: boolean, kernels: readonly KernelName[] = KERNEL_NAMES): BenchCase[] {
  return [...benchSizes(quick).flatMap((size) => casesOfSize(size, kernels)), ENCODER_CASE]
}

/** What is left out or measured on another workload, and why: printed with the table. */
export function skippedRows(quick: boolean): SkippedRow[] {
  const skipped = benchSizes(quick).flatMap((size) => skippedOfSize(size))
  return quick ? skipped : [...skipped, arenaSkip(385, 10_000)]
}

function skippedOfSize([dimension, models]: Size): SkippedRow[] {
  const at = `d=${dimension} k=${models}`
  const skipped: SkippedRow[] = []
  const bytes = plainBytes(dimension, models)
  if (bytes > PLAIN_BYTES_MAX) {
    skipped.push({ label: `plain ${at}`, why: `full matrices would take ${(bytes / 1e9).toFixed(1)} GB` })
  }
  if (!manyFits(dimension, models)) {
    skipped.push({ label: `route-many ${at}`, why: 'one call would take about a second' })
  }
  const { low, high } = ownUpdates(dimension, models)
  if (!prunedFits(dimension, models)) {
    const why = `teaching the arms would take minutes (\`score\`: each arm has ${low} update of its own)`
    skipped.push({ label: `score-pruned ${at}`, why })
  } else if (high !== OWN_UPDATES.high) {
    const why = `arms of ${low} to ${high} updates only: teaching more would take minutes`
    skipped.push({ label: `the full workload of score and score-pruned ${at}`, why })
  }
  return skipped
}

function arenaSkip(dimension: number, models: number): SkippedRow {
  const bytes = 8 * dimension * (dimension + 1) * models
  const why = `an arena would take ${(bytes / 1e9).toFixed(1)} GB, WebAssembly has ${ARENA_BYTES_MAX / 2 ** 30} GiB`
  return { label: `d=${dimension} k=${models}`, why }
}

/** A and its inverse of every arm, in full. */
function plainBytes(dimension: number, models: number): number {
  return 16 * dimension ** 2 * models
}

function manyFits(dimension: number, models: number): boolean {
  return dimension ** 2 * models <= MANY_MAX
}

function prunedFits(dimension: number, models: number): boolean {
  return ownUpdates(dimension, models).low > 1
}

/** What --filter sees of a row. */
export function rowLabel(row: RowTask & Pick<BenchCase, 'kernel' | 'dimension' | 'models'>): string {
  const size = `${row.name} ${row.kernel} d=${row.dimension} k=${row.models}`
  return row.alpha === undefined ? size : `${size} alpha=${row.alpha}`
}

/** The cases that have a row which the filter lets through, with those rows alone. */
export function selectCases(cases: readonly BenchCase[], filter: RegExp | null): BenchCase[] {
  if (filter === null) return [...cases]
  return cases.map((entry) => filtered(entry, filter)).filter((entry) => entry.rows.length > 0)
}

function filtered<Case extends BenchCase>(entry: Case, filter: RegExp): Case {
  return { ...entry, rows: entry.rows.filter((row) => filter.test(rowLabel({ ...entry, ...row }))) }
}
