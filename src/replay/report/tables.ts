import { isPolicyName } from '../../policy/policies.js'
import { escapeHtml } from '../../report/escape.js'
import { halfWidth, percent, reward, shortName, usdPerThousand } from '../../report/format.js'
import type { BaselineRow, PolicyRow, ReplayResult } from '../result.js'

type Colors = (modelId: string) => string

/** The policy's rows, one a budget, phase and variant. */
export function policyTable(result: ReplayResult, colorOf: Colors): string {
  const { rows } = result.report
  const phased = rows.some((row) => row.phase !== null)
  const varied = rows.some((row) => row.variant !== null)
  const head = [
    ...(varied ? ['variant'] : []),
    'budget',
    ...(phased ? ['phase'] : []),
    'reward',
    'utilisation',
    ...(phased ? ['cumulative'] : []),
    'worst seed',
    'median λ',
    'shares',
  ]
  const body = rows.map((row) => [
    ...(varied ? [escapeHtml(row.variant ?? '')] : []),
    usdPerThousand(row.budgetUsdPerRequest),
    ...(phased ? [String(row.phase)] : []),
    `${reward(row.reward)} <small>${halfWidth(row.rewardCi95)}</small>`,
    used(row.utilisation),
    ...(phased ? [used(row.utilisationCumulative)] : []),
    used(row.utilisationWorst),
    String(Number(row.lambdaMedian.toPrecision(2))),
    shareBar(row.shares, result.modelIds, colorOf),
  ])
  return table(head, body)
}

/** Every baseline on the same rows. */
export function baselineTable(result: ReplayResult, colorOf: Colors): string {
  const { baselines } = result.report
  const phased = baselines.some((row) => row.phase !== null)
  const varied = baselines.some((row) => row.variant !== null)
  const head = [
    'baseline',
    ...(varied ? ['variant'] : []),
    ...(phased ? ['phase'] : []),
    'reward',
    'cost',
    'shares',
  ]
  const body = baselines.map((row) => [
    escapeHtml(baselineName(row)),
    ...(varied ? [escapeHtml(row.variant ?? '')] : []),
    ...(phased ? [String(row.phase)] : []),
    `${reward(row.reward)} <small>${halfWidth(row.rewardCi95)}</small>`,
    usdPerThousand(row.costUsdPerRequest),
    shareBar(row.shares, result.modelIds, colorOf),
  ])
  return table(head, body)
}

/** What a baseline is, in words. */
export function baselineName(row: Pick<BaselineRow, 'baseline' | 'model' | 'budgetUsdPerRequest'>): string {
  const { baseline } = row
  if (isPolicyName(baseline))
    return `policy ${baseline} within ${usdPerThousand(row.budgetUsdPerRequest ?? 0)}`
  switch (baseline) {
    case 'fixed':
      return `always ${shortName(row.model ?? '')}`
    case 'mix':
      return `best mix of two within ${usdPerThousand(row.budgetUsdPerRequest ?? 0)}`
    case 'trained-mix':
      return `best mix of two by the train part within ${usdPerThousand(row.budgetUsdPerRequest ?? 0)}`
    case 'linear':
      return `linear policy, price in hindsight, within ${usdPerThousand(row.budgetUsdPerRequest ?? 0)}`
    case 'bound':
      return `bound at ${usdPerThousand(row.budgetUsdPerRequest ?? 0)}`
    case 'threshold':
      return `threshold router within ${usdPerThousand(row.budgetUsdPerRequest ?? 0)}`
    case 'random':
      return 'uniform random'
    case 'linucb':
      return 'LinUCB, static weight, no forgetting'
    case 'forgetting':
      return 'LinUCB, static weight, forgetting'
    case 'oracle':
      return 'per-prompt oracle'
  }
}

function used(utilisation: PolicyRow['utilisation']): string {
  const text = utilisation.toFixed(3)
  return utilisation > 1.05 ? `<em>${text}</em>` : text
}

function shareBar(
  shares: Readonly<Record<string, number>>,
  modelIds: readonly string[],
  colorOf: Colors,
): string {
  const parts = modelIds.map((id) => {
    const share = shares[id] ?? 0
    const title = `${shortName(id)} ${percent(share)}`
    return `<i style="width:${(100 * share).toFixed(1)}%;background:${colorOf(id)}" title="${escapeHtml(title)}"></i>`
  })
  return `<span class="bar">${parts.join('')}</span>`
}

/** Cells are markup already. */
export function table(head: readonly string[], body: readonly (readonly string[])[]): string {
  const header = head.map((cell) => `<th scope="col">${cell}</th>`).join('')
  const rows = body.map((cells) => `<tr>${cells.map((cell) => `<td>${cell}</td>`).join('')}</tr>`).join('')
  return `<div class="scroll"><table><thead><tr>${header}</tr></thead><tbody>${rows}</tbody></table></div>`
}
