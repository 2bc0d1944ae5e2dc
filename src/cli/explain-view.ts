import { visible } from '../base/visible.js'
import type { Explanation } from '../policy/decision.js'
import { fixed, percent, usd } from './format.js'
import { renderTable } from './table.js'

/** What a log tells of one decision. */
export interface ExplainedDecision extends Explanation {
  /** ISO 8601; null where the log no longer has the decision itself. */
  readonly routedAt: string | null
  /** Score and dollars set aside, as they were decided; null likewise. */
  readonly score: number | null
  readonly reservedUsd: number | null
  readonly tenant: string | null
  /** Whether the figures are those of right after the decision; else those of the log's end. */
  readonly isOfItsTime: boolean
}

/** One decision as a person reads it: what was decided, and how each model stood. */
export function renderExplanation(found: ExplainedDecision): string {
  const right = 'right' as const
  const hasLatency = found.models.some(({ latencyUse }) => latencyUse !== null)
  const columns = [
    { title: 'model' },
    { title: 'expected reward', align: right },
    { title: 'bonus', align: right },
    { title: 'penalty', align: right },
    { title: 'score', align: right },
    { title: 'expected cost', align: right },
    ...(hasLatency ? [{ title: 'of the latency limit', align: right }] : []),
    { title: '' },
  ]
  const rows = found.models.map((model) => [
    model.model,
    fixed(model.expectedReward, 4),
    fixed(model.explorationBonus, 4),
    fixed(model.penalty, 4),
    fixed(model.score, 4),
    usd(model.expectedCostUsd),
    ...(hasLatency ? [percent(model.latencyUse === null ? null : 1 + model.latencyUse)] : []),
    model.model === found.chosen ? 'chosen' : (model.excluded ?? '').replaceAll('-', ' '),
  ])
  return `${headOf(found)}\n${renderTable(columns, rows)}`
}

function headOf(found: ExplainedDecision): string {
  const { id, chosen, routedAt, score, reservedUsd, tenant, propensity, shadowPrice, isOfItsTime } = found
  const at = routedAt === null ? '' : `, ${routedAt}`
  const whose = tenant === null ? '' : `, tenant ${visible(tenant)}`
  const lines = [`request ${visible(id)} went to ${visible(chosen)}${whose}${at}`]
  const how = [
    ...(found.forced ? ['a forced exploration of a newcomer'] : []),
    ...(found.canary ? ['a try of a model that nobody had chosen for long'] : []),
    ...(score === null ? [] : [`score ${fixed(score, 4)}`]),
    ...(reservedUsd === null ? [] : [`${usd(reservedUsd)} reserved`]),
    ...(propensity === null || propensity === 1 ? [] : [`probability ${fixed(propensity, 3)}`]),
    `shadow price ${fixed(shadowPrice, 4)}`,
  ]
  lines.push(`  ${how.join(', ')}`)
  lines.push(
    isOfItsTime
      ? '  figures as of right after the decision, without options of its own'
      : '  figures as of the end of the log: it no longer reaches back to the decision',
  )
  return `${lines.join('\n')}\n`
}
