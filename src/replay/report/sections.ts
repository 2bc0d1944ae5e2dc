import { escapeHtml } from '../../report/escape.js'
import { shortName, usdPerThousand } from '../../report/format.js'
import { type LineChart, lineChart } from '../../report/line-chart.js'
import { type ShareGroup, shares, sharesHeight } from '../../report/shares.js'
import { drawing, FULL, HALF, type Size, THIRD } from '../../report/svg.js'
import { policiesBeside } from '../beside.js'
import type { ReplayReport, ReplayResult } from '../result.js'
import type { Course, ScenarioName } from '../scenarios.js'
import { dynamicsPairs, dynamicsThirds, shareFigures } from './dynamics.js'
import { firstDayFigures, firstDayTable } from './first-day.js'
import { type Frontier, frontier } from './frontier.js'
import { besideNote } from './frontier-points.js'
import { adoptionChart, rewardChart, spendChart } from './over-time.js'
import { baselineTable, policyTable } from './tables.js'
import { calibrationFigure, learningFigure, targets } from './verdicts.js'

type Colors = (modelId: string) => string

const TITLES: Readonly<Record<ScenarioName, string>> = {
  stationary: 'Stationary traffic',
  'price-drop': 'A price drops, then comes back',
  'quality-regression': 'A model silently gets worse',
  onboarding: 'A new model joins',
}

const COLD_TITLE = 'A cold start'

/** Everything about one scenario: what happens in it, the plots that apply, the tables. */
export function section(result: ReplayResult, colorOf: Colors): string {
  const { scenario } = result.report
  const { id, title } = sectionName(result.report)
  return [
    `<section id="${id}"><h2>${title}</h2>`,
    `<p class="lead">${story(result)}</p>`,
    targets(result),
    scenario === 'stationary' ? stationaryFigures(result, colorOf) : '',
    scenario === 'onboarding' ? onboardingFigures(result, colorOf) : '',
    scenario === 'price-drop' || scenario === 'quality-regression' ? phasedFigures(result, colorOf) : '',
    `<details open><summary>Policy, in figures</summary>${policyTable(result, colorOf)}</details>`,
    firstDayTable(result.report.firstDay),
    `<details><summary>Baselines on the same rows</summary>${baselineTable(result, colorOf)}</details>`,
    '</section>',
  ].join('\n')
}

/** A page may have stationary traffic twice: with priors and from nothing. */
export function sectionName({ scenario, cold }: ReplayReport): {
  readonly id: string
  readonly title: string
} {
  if (scenario === 'stationary' && cold) return { id: 'cold-start', title: COLD_TITLE }
  return { id: scenario, title: TITLES[scenario] }
}

function story(result: ReplayResult): string {
  const [course] = result.courses
  const name = (index: number | null): string =>
    `<b>${escapeHtml(shortName(result.modelIds[index ?? 0] ?? ''))}</b>`
  switch (course.scenario) {
    case 'stationary':
      return result.report.cold
        ? `Nothing is known but prices, and nothing changes. How fast does the router find out, and what does that cost? ${result.report.fromStart ? 'Measured from the first request on.' : 'Measured after the rows that are burnt in; the first day shows these.'}`
        : 'Nothing changes. What does each budget buy, and is it kept?'
    case 'price-drop':
      return `In the second phase ${name(course.shifted)} lists at $0.10 per million tokens, and its bills shrink to match. In the third phase the old price is back. Both changes are announced to the router. The third phase repeats the prompts of the first.`
    case 'quality-regression':
      return `In the second phase every answer of ${name(course.shifted)} is worth 0.75, and nobody says so. In the third phase it is well again. The third phase repeats the prompts of the first.`
    case 'onboarding':
      return `${name(course.newcomer)} joins when evaluation starts: unknown, with no prior, and with 20 requests guaranteed. As it is (good-cheap), at ten times its price (good-expensive), and with its rewards halved (bad-cheap).`
  }
}

function stationaryFigures(result: ReplayResult, colorOf: Colors): string {
  const [course] = result.courses
  const groups = [
    {
      title: '',
      bars: result.report.rows.map((row) => ({
        label: usdPerThousand(row.budgetUsdPerRequest),
        shares: row.shares,
      })),
    },
  ]
  return [
    frontierFigure(result, colorOf, [{ rows: result.report.rows, baselines: result.report.baselines }]),
    '<div class="grid">',
    timeFigure('Spend against budget', SPEND_NOTE, spendChart(result.traces, course)),
    sharesFigure('Who gets the requests, by budget', groups, result, colorOf),
    timeFigure('Reward over time', 'Mean over seeds.', rewardChart(result.traces, course)),
    calibrationFigure(result, colorOf),
    learningFigure(result),
    firstDayFigures(result),
    '</div>',
    dynamicsPairs(result),
  ].join('\n')
}

function phasedFigures(result: ReplayResult, colorOf: Colors): string {
  const [course] = result.courses
  const { rows, baselines } = result.report
  const phases = ([1, 2, 3] as const).map((phase) => ({
    title: `phase ${phase}`,
    rows: rows.filter((row) => row.phase === phase),
    baselines: baselines.filter((row) => row.phase === phase),
  }))
  const groups = result.budgetsUsd.map((budget) => ({
    title: `budget ${usdPerThousand(budget)}`,
    bars: rows
      .filter((row) => row.budgetUsdPerRequest === budget)
      .map((row) => ({ label: `phase ${row.phase}`, shares: row.shares })),
  }))
  return [
    '<div class="grid">',
    timeFigure('Spend against budget', SPEND_NOTE, spendChart(result.traces, course)),
    timeFigure('Reward over time', 'Mean over seeds.', rewardChart(result.traces, course)),
    sharesFigure('Who gets the requests, by phase', groups, result, colorOf),
    calibrationFigure(result, colorOf),
    learningFigure(result),
    '</div>',
    dynamicsPairs(result),
    shareFigures(result, colorOf, legend(result, colorOf)),
    frontierFigure(result, colorOf, phases),
  ].join('\n')
}

function onboardingFigures(result: ReplayResult, colorOf: Colors): string {
  const { rows, baselines } = result.report
  const traces = (course: Course) => result.traces.filter((trace) => trace.variant === course.variant)
  const each = (title: string, note: string, chart: (course: Course) => LineChart): string => {
    const panels = result.courses.map((course) => {
      const name = course.variant ?? ''
      const body = drawing(`${title}, ${name}`, THIRD, (size) => lineChart(chart(course), size))
      return `<div><h3>${name}</h3>${body}</div>`
    })
    return `<figure><figcaption><b>${title}</b> ${note}</figcaption><div class="thirds">${panels.join('\n')}</div></figure>`
  }
  const groups = result.courses.map((course) => ({
    title: course.variant ?? '',
    bars: rows
      .filter((row) => row.variant === course.variant)
      .map((row) => ({ label: usdPerThousand(row.budgetUsdPerRequest), shares: row.shares })),
  }))
  const panels = result.courses.map((course) => ({
    title: course.variant ?? '',
    rows: rows.filter((row) => row.variant === course.variant),
    baselines: baselines.filter((row) => row.variant === course.variant),
  }))
  return [
    each('Adoption', 'Share of the newcomer, running mean of 20 requests.', (course) =>
      adoptionChart(traces(course), course, course.newcomer ?? 0),
    ),
    each('Spend against budget', SPEND_NOTE, (course) => spendChart(traces(course), course)),
    dynamicsThirds(result),
    shareFigures(result, colorOf, legend(result, colorOf)),
    shareThirds('Who gets the requests', groups, result, colorOf),
    frontierFigure(result, colorOf, panels),
    `<div class="grid">${calibrationFigure(result, colorOf)}${learningFigure(result)}</div>`,
  ].join('\n')
}

const SPEND_NOTE = 'Bold: mean spend so far. Thin: the last 60 requests. Dashed: the budget.'

type Panel = Pick<Frontier, 'rows' | 'baselines'> & { readonly title?: string }

function frontierFigure(result: ReplayResult, colorOf: Colors, panels: readonly Panel[]): string {
  const sizes = panels.length === 1 ? FULL : THIRD
  const { policy } = result.report
  const beside = besideNote(policiesBeside(result.report.baselines))
  const note = `Diamonds: always the same model. Dashed: the best mix of two of them. Circles: the policy, one a budget, with the 95 % interval of its mean over seeds.${beside} Triangles and star: baselines that mind no budget.`
  const drawings = panels.map(
    (panel) =>
      `<div>${drawing('Quality against cost', sizes, (size) => frontier({ ...panel, policy, colorOf }, size))}</div>`,
  )
  const body = panels.length === 1 ? drawings.join('') : `<div class="thirds">${drawings.join('\n')}</div>`
  return `<figure class="wide"><figcaption><b>Quality against cost</b> ${note}</figcaption>${body}</figure>`
}

function timeFigure(title: string, note: string, chart: LineChart): string {
  const body = drawing(title, HALF, (size) => lineChart(chart, size))
  return `<figure><figcaption><b>${escapeHtml(title)}</b> ${note}</figcaption>${body}</figure>`
}

function sharesFigure(
  title: string,
  groups: readonly ShareGroup[],
  result: ReplayResult,
  colorOf: Colors,
): string {
  const height = sharesHeight(groups)
  const sizes: Size[] = HALF.map((size) => ({ ...size, height }))
  const body = drawing(title, sizes, (size) => shares(groups, result.modelIds, colorOf, size))
  return `<figure><figcaption><b>${title}</b> ${legend(result, colorOf)}</figcaption>${body}</figure>`
}

/** One panel a group. */
function shareThirds(
  title: string,
  groups: readonly ShareGroup[],
  result: ReplayResult,
  colorOf: Colors,
): string {
  const panels = groups.map((group) => {
    const sizes = THIRD.map((size) => ({ ...size, height: sharesHeight([group]) }))
    const body = drawing(`${title}, ${group.title}`, sizes, (size) =>
      shares([group], result.modelIds, colorOf, size),
    )
    return `<div>${body}</div>`
  })
  return `<figure><figcaption><b>${title}</b> ${legend(result, colorOf)}</figcaption><div class="thirds">${panels.join('\n')}</div></figure>`
}

function legend(result: ReplayResult, colorOf: Colors): string {
  const items = result.modelIds.map(
    (id) => `<span><i style="background:${colorOf(id)}"></i>${escapeHtml(shortName(id))}</span>`,
  )
  return `<span class="legend">${items.join('')}</span>`
}
