import { visible } from '../base/visible.js'
import type { Decision, ExclusionReason, Explanation, ModelExplanation } from '../policy/decision.js'
import type { PacerStats } from '../router/stats.js'
import { fixed, percent, usd } from './format.js'
import type { RouteChange } from './route-changes.js'
import { shellWord } from './shell-word.js'
import { renderTable } from './table.js'

/** What `route` did. */
export interface RouteOutcome {
  readonly decision: Decision
  readonly pacer: PacerStats
  readonly changes: readonly RouteChange[]
}

const REASONS: Readonly<Record<ExclusionReason, string>> = {
  disabled: 'disabled',
  'not-a-candidate': 'not among --candidates',
  excluded: 'excluded by --exclude',
  'over-max-cost': 'dearer than --max-cost',
  'over-max-latency': 'too slow',
  unavailable: 'does not answer',
  unaffordable: 'dearer than what has been saved up',
  'over-price-ceiling': 'over the price ceiling',
  'canary-of-another': 'another is tried again after a long time',
  'no-better-than-a-cheaper': 'no better than a cheaper one, as far as is known',
  'forced-exploration-of-another': 'a newcomer goes first',
}

/**
 * The decision as a person reads it.
 * @param state the state file, or null when the router ends with the call
 */
export function renderDecision({ decision, pacer, changes }: RouteOutcome, state: string | null): string {
  const { explanation } = decision
  const parts = changes.map(
    ({ model, change }) => `${visible(model === null ? change : `${model}: ${change}`)}\n`,
  )
  if (parts.length > 0) parts.push('\n')
  parts.push(`${visible(decision.model)}\n`)
  parts.push(`  ${reasonOf(decision)}\n`)
  parts.push(`  expected cost ${usd(decision.expectedCostUsd)}, ${renderBudget(decision, pacer)}\n`)
  if (decision.infeasible.includes('budget'))
    parts.push('  even the cheapest model costs more than the budget\n')
  if (explanation !== undefined) parts.push(`\n${renderModels(explanation)}`)
  parts.push(`\n${renderNext(decision, state)}`)
  return parts.join('')
}

function reasonOf(decision: Decision): string {
  if (decision.forced) return 'chosen as a newcomer: it gets some requests to be known'
  if (decision.canary) return 'chosen to see whether it has changed: nobody had chosen it for long'
  if (decision.cheapestFallback)
    return 'chosen as the cheapest, or the best of those that cost about as much: what may be spent now leaves no other'
  if (decision.propensity < 0.5)
    return `chosen by chance, propensity ${fixed(decision.propensity, 4)}; its score is ${fixed(decision.score, 4)}`
  if (isCheaper(decision))
    return `chosen for its price: no dearer model is better, as far as is known; its score is ${fixed(decision.score, 4)}`
  const alike = countAlike(decision)
  if (alike > 1) return `drawn among ${alike} models of the best score, ${fixed(decision.score, 4)}`
  return `chosen for the best score, ${fixed(decision.score, 4)}`
}

/** Whether models of higher scores gave way to it. */
function isCheaper({ explanation }: Decision): boolean {
  return explanation?.models.some(({ excluded }) => excluded === 'no-better-than-a-cheaper') ?? false
}

/** How many models had exactly the score of the chosen one, itself included. */
function countAlike({ model, explanation }: Decision): number {
  const candidates = explanation?.models.filter(({ excluded }) => excluded === null) ?? []
  const score = candidates.find((candidate) => candidate.model === model)?.score
  return candidates.filter((candidate) => candidate.score === score).length
}

function renderBudget({ shadowPrice }: Decision, pacer: RouteOutcome['pacer']): string {
  if (pacer.usdPerRequest === null) return 'no budget'
  const spent = pacer.utilisation === null ? '' : `, ${percent(pacer.utilisation)} of it used so far`
  return `budget ${usd(pacer.usdPerRequest)} per request${spent}, shadow price ${fixed(shadowPrice, 4)}`
}

function renderModels({ models, chosen, priceCeilingUsdPerKTok }: Explanation): string {
  const columns = [
    { title: '  model' },
    { title: 'expected reward', align: 'right' as const },
    { title: '+ bonus', align: 'right' as const },
    { title: '- penalty', align: 'right' as const },
    { title: '= score', align: 'right' as const },
    { title: 'expected cost', align: 'right' as const },
    { title: '' },
  ]
  const rows = models.map((model) => [
    `${model.model === chosen ? '>' : ' '} ${model.model}`,
    fixed(model.expectedReward, 4),
    fixed(model.explorationBonus, 4),
    fixed(model.penalty, 4),
    fixed(model.score, 4),
    usd(model.expectedCostUsd),
    remark(model, chosen),
  ])
  const ceiling =
    priceCeilingUsdPerKTok === null ? '' : `price ceiling ${usd(priceCeilingUsdPerKTok)} per 1,000 tokens\n`
  return renderTable(columns, rows) + ceiling
}

function remark({ model, excluded, inflation }: ModelExplanation, chosen: string): string {
  if (excluded !== null) return REASONS[excluded]
  if (model === chosen) return 'chosen'
  return inflation > 1.5 ? `long unused: variance x${fixed(inflation, 1)}` : ''
}

function renderNext({ id, model }: Decision, state: string | null): string {
  if (state === null)
    return `request ${id}; with --state FILE it is kept, and feedback can teach the router\n`
  const file = shellWord(state)
  return [
    `request ${id}; when ${visible(model)} has answered:`,
    `  paretobandit settle ${id} --cost USD --state ${file}`,
    `  paretobandit reward ${id} VALUE --state ${file}`,
    'or, if the call failed:',
    `  paretobandit fail ${id} --state ${file}`,
    '',
  ].join('\n')
}
