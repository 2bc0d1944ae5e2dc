/** What some rows tell besides their times. */
export interface RowFacts {
  /** Weight of the exploration bonus. */
  readonly alpha?: number
  /** Mean number of quadratic forms that a pruned scan took. */
  readonly evaluated?: number
  /** route + settle + reward, at the median. */
  readonly cyclesPerSecond?: number
  /** Growth of the used heap over cycles, after collection, scaled to a million of them. */
  readonly heapBytesPerMillion?: number
  /** Garbage that one cycle leaves. */
  readonly allocatedBytesPerCycle?: number
}

/** One line of the result. */
export interface BenchRow extends RowFacts {
  readonly name: string
  readonly kernel: string
  readonly dimension: number
  /** 0 for an operation without models. */
  readonly models: number
  readonly p50Ns: number
  readonly p99Ns: number
  /** Candidates scored per millisecond at the median; null where nothing is scored. */
  readonly perMs: number | null
  /** Median over that of the C program of the same size: how many times the limit's time this takes. */
  readonly limitRatio?: number
  /** Median over that of policy `paper`, of the same kernel and size. */
  readonly paperRatio?: number
  /** Median of plain JavaScript of the same size over this one: how many times as fast this is. */
  readonly plainRatio?: number
}

/** What a bench writes with --json. */
export interface BenchReport {
  readonly machine: string
  readonly rows: readonly BenchRow[]
  /** One line each: rows that are not there, and why. */
  readonly leftOut?: readonly string[]
}

interface Size {
  readonly name: string
  readonly kernel: string
  readonly dimension: number
  readonly models: number
}

/** What the C program and plain JavaScript do of a row's work: they have no router, and no pruning. */
const SAME_WORK: Readonly<Record<string, readonly string[]>> = {
  route: ['score'],
  'route-dollar': ['score'],
  'route-many': ['score'],
  score: ['score'],
  'score-pruned': ['score'],
  feedback: ['feedback'],
  'feedback-dollar': ['feedback'],
  cycle: ['score', 'feedback'],
  'cycle-dollar': ['score', 'feedback'],
}

/** The row with its ratios to the rows of `limit` and `plain` of the same size, as far as those are among `others`. */
export function withRatios(row: BenchRow, others: readonly BenchRow[]): BenchRow {
  const limit = row.kernel === 'limit' ? null : timeOf('limit', row, others)
  const plain = row.kernel === 'plain' || row.kernel === 'limit' ? null : timeOf('plain', row, others)
  const paper = row.name.endsWith('-dollar')
    ? findRow(others, { ...row, name: row.name.slice(0, -'-dollar'.length) })
    : undefined
  return {
    ...row,
    ...(limit === null ? {} : { limitRatio: row.p50Ns / limit }),
    ...(plain === null ? {} : { plainRatio: plain / row.p50Ns }),
    ...(paper === undefined ? {} : { paperRatio: row.p50Ns / paper.p50Ns }),
  }
}

/** Median of the same work by another kernel; null where one of its rows is not there. */
function timeOf(kernel: string, row: BenchRow, others: readonly BenchRow[]): number | null {
  const names = SAME_WORK[row.name]
  if (names === undefined) return null
  let sum = 0
  for (const name of names) {
    const found = findRow(others, { ...row, name, kernel })
    if (found === undefined) return null
    sum += found.p50Ns
  }
  return sum
}

/** The first row of a name, kernel and size. */
export function findRow(rows: readonly BenchRow[], size: Size): BenchRow | undefined {
  return rows.find(
    ({ name, kernel, dimension, models }) =>
      name === size.name && kernel === size.kernel && dimension === size.dimension && models === size.models,
  )
}
