import type { ModelSpec } from '../../models/model.js'
import { escapeHtml } from '../../report/escape.js'
import { shortName } from '../../report/format.js'
import { pageHead } from '../../report/page-head.js'
import { modelColors } from '../../report/palette.js'
import { verdictLines } from '../../report/verdict-lines.js'
import type { ReplayResult } from '../result.js'
import { section, sectionName } from './sections.js'
import { replayTrades, replayVerdict, VERDICT_NOTE } from './verdict.js'

export interface ReportInput {
  /** What was replayed, in a few words: a file's name, or the simulated workload. */
  readonly dataName: string
  /** Where contexts came from. */
  readonly features: 'stored' | 'encode'
  /** Every model of any of the results, for colours and prices. */
  readonly models: readonly ModelSpec[]
  /** At least one; every scenario gets a section. */
  readonly results: readonly ReplayResult[]
}

/**
 * One self-contained HTML page: no script, no font, no picture from elsewhere. Light and dark, phones and desks.
 * All text that comes from data or models is escaped.
 */
export function renderReport(input: ReportInput): string {
  const { results } = input
  const colorOf = modelColors(input.models)
  const { policy, seeds } = results[0].report
  const title = `Replay of ${input.dataName}`
  return `${pageHead(title)}
${verdict(results)}<p class="sub">Policy <b>${escapeHtml(policy)}</b> chooses a model for every prompt, inside a dollar budget, and learns from what comes back.</p>
${facts(input)}${prices(input, colorOf)}
<p>${howToRead(seeds)}</p>
${results.length > 1 ? contents(results) : ''}
</header>
<main>
${results.map((result) => section(result, colorOf)).join('\n')}
</main>
<footer>Money is in US dollars per 1,000 requests, prices in US dollars per million tokens. Confidence intervals are 95 % by Student's t over seeds. Made by paretobandit replay.</footer>
</body></html>
`
}

function verdict(results: readonly ReplayResult[]): string {
  const sentence = replayVerdict(results)
  if (sentence === null) return ''
  const trades = replayTrades(results)
  return `${verdictLines(trades === null ? sentence : `${sentence} ${trades}`, VERDICT_NOTE)}\n`
}

function facts({ results, features }: ReportInput): string {
  const [{ rowCounts, report }] = results
  const slowest = Math.min(...results.map((result) => result.report.requestsPerSecond))
  return list([
    ['Policy', report.policy],
    ['Seeds', String(report.seeds)],
    ['Rows that fit priors', report.cold ? 'none, cold start' : String(rowCounts.fit)],
    ['Rows before measuring', String(rowCounts.burnIn)],
    ['Contexts', features === 'stored' ? 'stored features' : 'default encoder'],
    ['Requests a second', Math.round(slowest).toLocaleString('en')],
  ])
}

function prices({ models }: ReportInput, colorOf: (modelId: string) => string): string {
  return list(
    models.map((model) => [
      shortName(model.id),
      `${priceText(model.inputUsdPerMTok)} in, ${priceText(model.outputUsdPerMTok)} out`,
      colorOf(model.id),
    ]),
  )
}

/** Without digits of rounding: a tenth more than $0.15 is no $0.16499999999999998. */
function priceText(usdPerMTok: number): string {
  return `$${Number(usdPerMTok.toPrecision(6))}`
}

function list(entries: readonly (readonly [name: string, value: string, color?: string])[]): string {
  const items = entries.map(([name, value, color]) => {
    const swatch = color === undefined ? '' : `<i style="background:${color}"></i>`
    return `<div><dt>${swatch}${escapeHtml(name)}</dt><dd>${escapeHtml(value)}</dd></div>`
  })
  return `<dl class="facts">${items.join('')}</dl>`
}

function howToRead(seeds: number): string {
  const over = `${seeds} ${seeds === 1 ? 'seed' : 'seeds'}`
  return [
    '<b>How to read it.</b> Reward is judged quality from 0 to 1. Prices are per million tokens, budgets and costs per 1,000 requests.',
    'Utilisation is mean spend over budget: 1 is all of it, above 1 is too much. The shadow price λ is what a unit of cost must earn to be spent.',
    'Of the baselines LinUCB is a bandit that knows no budget, a mix draws one of two models at random, and the oracle knows every outcome beforehand.',
    `Everything is a mean over ${over}, each with its own shuffle of the rows. Rest the pointer on a mark for its figures.`,
  ].join(' ')
}

function contents(results: readonly ReplayResult[]): string {
  const links = results.map(({ report }) => {
    const { id, title } = sectionName(report)
    return `<a href="#${id}">${title}</a>`
  })
  return `<nav>${links.join('')}</nav>`
}
