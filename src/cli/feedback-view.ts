import { visible } from '../base/visible.js'
import type { ModelStats, RouterStats } from '../router/stats.js'
import { fixed, percent, plural, usd } from './format.js'

/** What a piece of feedback changed: the model's means and the budget, before and after. */
export function renderEffect(model: string, before: RouterStats, after: RouterStats): string {
  const was = find(before, model)
  const is = find(after, model)
  if (was === undefined || is === undefined) return ''
  const lines: string[] = []
  const name = visible(model)
  if (was.rewarded !== is.rewarded) {
    const means = arrow(fixed(was.meanReward, 4), fixed(is.meanReward, 4))
    lines.push(`  ${name}: mean reward ${means} over ${plural(is.rewarded, 'reward')}`)
  }
  if (was.settled !== is.settled) {
    const means = arrow(usd(was.meanCostUsd), usd(is.meanCostUsd))
    lines.push(`  ${name}: mean cost ${means} over ${plural(is.settled, 'settled request')}`)
  }
  if (was.failed !== is.failed) {
    lines.push(`  ${name}: ${plural(is.failed, 'failed request')} of ${is.requests}`)
    if (!is.isAvailable) lines.push(`  ${name}: does not answer, and gets few requests until it does`)
  }
  if (was.correctedBills !== is.correctedBills)
    lines.push(
      `  ${name}: ${plural(suspectBills(is), 'bill')} beyond the plausible ${suspectBills(is) === 1 ? 'is' : 'are'} left`,
    )
  if (
    before.pacer.spendUsd !== after.pacer.spendUsd ||
    was.settled !== is.settled ||
    was.failed !== is.failed ||
    was.lateBills !== is.lateBills
  ) {
    lines.push(...renderPacerChange(before, after))
  }
  return `${lines.join('\n')}\n`
}

function renderPacerChange({ pacer: was }: RouterStats, { pacer: is }: RouterStats): string[] {
  const lines = [`  spend ${arrow(usd(was.spendUsd), usd(is.spendUsd))}, reserved ${usd(is.reservedUsd)}`]
  if (is.usdPerRequest === null) return lines
  const parts: string[] = []
  if (is.utilisation !== null) parts.push(`${percent(is.utilisation)} of the budget used`)
  // Policy dollar finds its price for every decision: there is no step to show.
  if (is.mode !== null)
    parts.push(`shadow price ${arrow(fixed(was.shadowPrice, 4), fixed(is.shadowPrice, 4))}`)
  if (parts.length > 0) lines.push(`  ${parts.join(', ')}`)
  return lines
}

function arrow(before: string, after: string): string {
  return before === after || before === '-' ? after : `${before} -> ${after}`
}

/** Bills far beyond what their requests could cost, as long as no other has taken their place. */
export function suspectBills({ implausibleBills, correctedBills }: ModelStats): number {
  return implausibleBills - correctedBills
}

function find(stats: RouterStats, model: string): ModelStats | undefined {
  return stats.models.find(({ id }) => id === model)
}
