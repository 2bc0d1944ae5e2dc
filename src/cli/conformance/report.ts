import { visible } from '../../base/visible.js'
import { plural } from '../format.js'
import { renderTable } from '../table.js'
import { type Deviation, isWithinTolerance, QUANTITIES, TOLERANCE } from './deviation.js'
import type { Comparison } from './play.js'
import type { Trajectory } from './trajectory.js'

export interface FileResult {
  readonly file: string
  readonly trajectory: Trajectory
  /** One a kernel. */
  readonly comparisons: readonly Comparison[]
}

/** The largest deviation of each quantity by kernel, the verdicts, and where it went wrong. */
export function renderFile({ file, trajectory, comparisons }: FileResult): string {
  const { dimension, steps, models } = trajectory
  const title = `${visible(file)}: dimension ${dimension}, ${plural(steps.length, 'step')}, ${plural(models.length, 'model')}\n`
  const columns = [
    { title: '  largest deviation' },
    ...comparisons.map(({ kernel }) => ({ title: kernel, align: 'right' as const })),
  ]
  const rows = QUANTITIES.map((quantity) => [
    `  ${quantity}`,
    ...comparisons.map(({ deviations }) => renderDeviation(deviations.get(quantity))),
  ])
  const verdicts = ['  verdict', ...comparisons.map(({ passed }) => (passed ? 'same' : 'DIFFERS'))]
  return title + renderTable(columns, [...rows, verdicts]) + comparisons.map(renderDifferences).join('')
}

export function renderSummary(results: readonly FileResult[]): string {
  const comparisons = results.flatMap((result) => result.comparisons)
  const failed = comparisons.filter(({ passed }) => !passed).length
  const runs = `${plural(results.length, 'file')}, ${plural(comparisons.length, 'run')}`
  if (failed > 0) return `FAILED: ${failed} of ${runs} differ by a model or by more than ${TOLERANCE}\n`
  return `passed: ${runs}, every model the same, largest deviation ${largestOf(comparisons).toExponential(1)}\n`
}

function largestOf(comparisons: readonly Comparison[]): number {
  return Math.max(
    0,
    ...comparisons.flatMap(({ deviations }) =>
      QUANTITIES.map((quantity) => deviations.get(quantity)?.largest ?? 0),
    ),
  )
}

function renderDeviation(deviation: Deviation | undefined): string {
  if (deviation === undefined) return '-'
  return deviation.largest === 0 ? '0' : deviation.largest.toExponential(1)
}

function renderDifferences({ kernel, deviations, mismatch }: Comparison): string {
  const lines = QUANTITIES.flatMap((quantity) => {
    const deviation = deviations.get(quantity)
    if (deviation === undefined || isWithinTolerance(deviation.largest)) return []
    const { place, recorded, actual } = deviation
    return [`  ${kernel}: ${place}: ${quantity} recorded ${recorded}, got ${actual}\n`]
  })
  if (mismatch !== null) {
    const { place, recorded, actual } = mismatch
    lines.unshift(
      `  ${kernel}: ${place}: model recorded ${visible(String(recorded))}, got ${visible(String(actual))}; compared no further\n`,
    )
  }
  return lines.join('')
}
