import type { BenchCase, RowTask } from './cases.js'
import { type MeasureOptions, measure, type Operation } from './measure.js'
import type { BenchRow } from './row.js'

const SCORING = ['route', 'route-dollar', 'route-many', 'score', 'score-pruned']

/** Times one operation and tells it as a row. */
export function measureRow(
  { kernel, dimension, models }: Pick<BenchCase, 'kernel' | 'dimension' | 'models'>,
  { name }: RowTask,
  operation: Operation,
  options: MeasureOptions,
): BenchRow {
  const { p50Ns, p99Ns } = measure(operation, options)
  return {
    name,
    kernel,
    dimension,
    models,
    p50Ns,
    p99Ns,
    perMs: SCORING.includes(name) ? (models * 1e6) / p50Ns : null,
    ...(name.startsWith('cycle') ? { cyclesPerSecond: 1e9 / p50Ns } : {}),
    ...operation.facts?.(),
  }
}
