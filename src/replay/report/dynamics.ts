import { escapeHtml } from '../../report/escape.js'
import { usdPerThousand } from '../../report/format.js'
import { type LineChart, lineChart } from '../../report/line-chart.js'
import { drawing, HALF, type Size, THIRD } from '../../report/svg.js'
import { OVER_TIME } from '../beside.js'
import type { ReplayResult, RunTrace } from '../result.js'
import type { Course } from '../scenarios.js'
import { allowanceChart, allowanceDomain, phaseNames, shadowPriceChart } from './over-time.js'
import { shareAreas } from './share-areas.js'

const ALLOWANCE_NOTE =
  'Spend since evaluation started over the budget of the requests so far; the dashed line is the ceiling.'
const LAMBDA_NOTE =
  "What one unit of cost weighs against reward, in each policy's own unit; square-root axis."
const AREAS: readonly Size[] = [{ width: 372, height: 190, show: 'always' }]

/** The traces of one policy on one course. */
interface Side {
  readonly policy: string
  readonly traces: readonly RunTrace[]
}

/** Ours, then `paper` where it was played beside. */
function sidesOf(result: ReplayResult, course: Course): Side[] {
  const on = (traces: readonly RunTrace[]) => traces.filter(({ variant }) => variant === course.variant)
  const ours = { policy: result.report.policy, traces: on(result.traces) }
  return result.paperTraces.length === 0
    ? [ours]
    : [ours, { policy: OVER_TIME, traces: on(result.paperTraces) }]
}

/** Spend over allowance and shadow price, each a figure a policy; the columns are the policies. */
export function dynamicsPairs(result: ReplayResult): string {
  const [course] = result.courses
  const sides = sidesOf(result, course)
  const figures = (title: string, note: string, chart: (side: Side) => LineChart): string[] =>
    sides.map((side) => {
      const name = titleOf(title, side, sides)
      const body = drawing(name, HALF, (size) => lineChart(chart(side), size))
      return `<figure><figcaption><b>${escapeHtml(name)}</b> ${note}</figcaption>${body}</figure>`
    })
  const domain = allowanceDomain(sides.flatMap(({ traces }) => traces))
  const all = [
    ...figures('Spend over allowance', ALLOWANCE_NOTE, (side) => allowanceChart(side.traces, course, domain)),
    ...figures('Shadow price', LAMBDA_NOTE, (side) => shadowPriceChart(side.traces, course)),
  ]
  return `<div class="grid">${all.join('\n')}</div>`
}

/** The same for scenarios of several courses: a column a course, the policies below each other. */
export function dynamicsThirds(result: ReplayResult): string {
  const figure = (title: string, note: string, charts: (course: Course) => LineChart[]): string => {
    const columns = result.courses.map((course) => {
      const sides = sidesOf(result, course)
      const panels = charts(course).map((chart, i) => {
        const name = titleOf(course.variant ?? '', sides[i], sides)
        return `<h3>${escapeHtml(name)}</h3>${drawing(`${title}, ${name}`, THIRD, (size) => lineChart(chart, size))}`
      })
      return `<div>${panels.join('')}</div>`
    })
    return `<figure><figcaption><b>${title}</b> ${note}</figcaption><div class="thirds">${columns.join('\n')}</div></figure>`
  }
  return [
    figure('Spend over allowance', ALLOWANCE_NOTE, (course) => {
      const sides = sidesOf(result, course)
      const domain = allowanceDomain(sides.flatMap(({ traces }) => traces))
      return sides.map(({ traces }) => allowanceChart(traces, course, domain))
    }),
    figure('Shadow price', LAMBDA_NOTE, (course) =>
      sidesOf(result, course).map(({ traces }) => shadowPriceChart(traces, course)),
    ),
  ].join('\n')
}

/** Shares of the models around each event: a column a budget, the policies below each other. */
export function shareFigures(
  result: ReplayResult,
  colorOf: (modelId: string) => string,
  legend: string,
): string {
  return result.courses
    .map((course) => {
      const sides = sidesOf(result, course)
      const columns = result.budgetsUsd.map((budget, b) => {
        const panels = sides.map((side) => {
          const name = titleOf(`budget ${usdPerThousand(budget)}`, side, sides)
          const draw = (size: Size) =>
            shareAreas(side.traces[b].trace, result.modelIds, colorOf, phaseNames(course), size)
          return `<h3>${escapeHtml(name)}</h3>${drawing(`Shares over time, ${name}`, AREAS, draw)}`
        })
        return `<div>${panels.join('')}</div>`
      })
      const title =
        course.variant === null ? 'Shares around each event' : `Shares from the start, ${course.variant}`
      return `<figure class="wide"><figcaption><b>${title}</b> Running share of 20 requests, mean over seeds. ${legend}</figcaption><div class="thirds">${columns.join('\n')}</div></figure>`
    })
    .join('\n')
}

function titleOf(title: string, side: Side, sides: readonly Side[]): string {
  return sides.length === 1 ? title : `${title}, ${side.policy}`
}
