import { lineChart } from '../../report/line-chart.js'
import { drawing, HALF } from '../../report/svg.js'
import { CHECK_TEXTS } from '../check-limits.js'
import type { ReplayResult } from '../result.js'
import { calibrationChart } from './calibration-chart.js'
import { checkGroups, limitText, measuredText, placeText } from './check-text.js'
import { learningChart } from './over-time.js'
import { table } from './tables.js'

/** The targets and how they were met: a row a check, the cells that missed it named. */
export function targets({ report }: ReplayResult): string {
  const groups = checkGroups(report.checks)
  if (groups.length === 0) return ''
  const passed = report.checks.filter(({ ok }) => ok).length
  const rows = groups.map(({ name, total, missed, limits, bound }) => [
    CHECK_TEXTS[name],
    limits.map((limit) => limitText(name, limit, bound)).join(', '),
    missed.length === 0 ? `${total} of ${total}` : `<em>${total - missed.length} of ${total}</em>`,
    missed.map((check) => `<span class="cell">${placeText(check)}: ${measuredText(check)}</span>`).join(' '),
  ])
  return `<details open class="targets"><summary>Targets: passed ${passed} of ${report.checks.length}</summary>${table(['target', 'limit', 'passed', 'missed'], rows)}</details>`
}

/** How well dollars were predicted. */
export function calibrationFigure({ report }: ReplayResult, colorOf: (modelId: string) => string): string {
  const title = 'Predicted dollars'
  const body = drawing(title, HALF, (size) => calibrationChart(report.calibration, colorOf, size))
  const [{ ratio }] = report.calibration
  const overall = ratio === null ? '' : ` All requests together: ${ratio.toFixed(3)}.`
  return `<figure><figcaption><b>${title}</b> Realised over predicted cost, a point for each tenth of a model's requests by prediction; all budgets and phases.${overall}</figcaption>${body}</figure>`
}

/** How a cold start catches up; nothing for a warm replay or one too short for a block. */
export function learningFigure({ report }: ReplayResult): string {
  if (!report.learningCurve.some(({ blocks }) => blocks.length > 0)) return ''
  const title = 'Learning from nothing'
  const body = drawing(title, HALF, (size) => lineChart(learningChart(report.learningCurve), size))
  return `<figure><figcaption><b>${title}</b> Reward of the first requests, blocks of 100. Bold: cold. Thin: with priors (fitted on the rows that evaluate) on the same requests.</figcaption>${body}</figure>`
}
