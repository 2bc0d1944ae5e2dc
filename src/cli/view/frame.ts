import type { ReplayProgress } from '../../replay/settings.js'
import { shortName, usdPerThousand } from '../../report/format.js'
import { bar, columnsOf, sparkline } from './bars.js'

interface FrameOptions {
  readonly title: string
  /** Columns of the terminal. */
  readonly width: number
  readonly color: boolean
  /** Share of the whole job that is done. */
  readonly fraction: number
  readonly modelIds: readonly string[]
}

/** Colours of the terminal's 256 that come close to the report's palette. */
const MODEL_COLORS = [74, 35, 178, 175, 166, 25]
const RECENT = 60

/** The lines of one picture of a run: spend against budget, shadow price, shares. */
export function frameLines(progress: ReplayProgress, options: FrameOptions): string[] {
  const { record, course, budgetUsdPerRequest: budget } = progress
  const width = Math.min(options.width, 100)
  const chart = Math.max(10, width - 46)
  const paint = painter(options.color)
  const total = record.models.length
  const variant = course.variant === null ? '' : ` (${course.variant})`
  const phase = record.length === 0 ? ', warming up' : phaseName(progress)
  const lines = [
    paint.bold(options.title),
    `${paint.quiet('scenario  ')}${progress.scenario}${progress.cold ? ', from nothing' : ''}${variant}${phase}`,
    `${paint.quiet('progress  ')}${bar(options.fraction, chart)} ${Math.round(100 * options.fraction)} %  seed ${progress.seed} of ${progress.seeds}`,
    '',
  ]
  if (budget !== null) {
    const spend = columnsOf(record.costsUsd, record.length, total, chart)
    const soFar = meanOf(record.costsUsd, 0, record.length)
    const recent = meanOf(record.costsUsd, Math.max(0, record.length - RECENT), record.length)
    lines.push(
      `${paint.quiet('budget    ')}${usdPerThousand(budget)} per 1,000 requests`,
      `${paint.quiet('spend     ')}${paint.color(sparkline(spend, 2 * budget), 74)}  so far ${usdPerThousand(soFar)}, lately ${usdPerThousand(recent)}`,
      `${paint.quiet('of budget ')}${bar(soFar / budget, chart)}  ${Math.round((100 * soFar) / budget)} %`,
    )
  } else {
    lines.push(`${paint.quiet('baseline  ')}${progress.playing}`, '', '')
  }
  const prices = columnsOf(record.shadowPrices, record.length, total, chart)
  const highest = Math.max(0.1, ...prices.filter((price) => !Number.isNaN(price)))
  const latest = record.length === 0 ? 0 : record.shadowPrices[record.length - 1]
  lines.push(
    `${paint.quiet('lambda    ')}${paint.color(sparkline(prices, highest), 178)}  now ${latest.toFixed(2)}`,
    '',
  )
  return [...lines, ...shareLines(progress, options, chart)].map((line) => line.trimEnd())
}

function shareLines({ record }: ReplayProgress, { modelIds, color }: FrameOptions, chart: number): string[] {
  const paint = painter(color)
  const start = Math.max(0, record.length - 4 * RECENT)
  const counts = new Array<number>(modelIds.length).fill(0)
  for (let i = start; i < record.length; i++) counts[record.models[i]]++
  const requests = Math.max(1, record.length - start)
  const names = modelIds.map((id) => shortName(id).slice(0, 22))
  const longest = Math.max(...names.map((name) => name.length))
  return counts.map((count, m) => {
    const share = count / requests
    const filled = bar(share, chart).replaceAll('░', ' ')
    return `${paint.quiet('shares    '.slice(0, 10))}${names[m].padEnd(longest)} ${paint.color(filled, MODEL_COLORS[m % MODEL_COLORS.length])} ${Math.round(100 * share)} %`
  })
}

function phaseName({ record, course }: ReplayProgress): string {
  if (course.phases.length === 1) return ''
  const phase = record.bounds.findIndex((bound, p) => p > 0 && record.length <= bound)
  return `, phase ${Math.max(1, phase)}`
}

function meanOf(values: Float64Array, start: number, end: number): number {
  let sum = 0
  for (let i = start; i < end; i++) sum += values[i]
  return end > start ? sum / (end - start) : 0
}

function painter(on: boolean) {
  const wrap = (code: string) => (text: string) => (on ? `\x1b[${code}m${text}\x1b[0m` : text)
  return {
    bold: wrap('1'),
    quiet: wrap('2'),
    color: (text: string, index: number) => wrap(`38;5;${index}`)(text),
  }
}
