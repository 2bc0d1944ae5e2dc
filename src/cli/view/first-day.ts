import type { ReplayReport } from '../../replay/result.js'
import { startsBeside } from '../../replay/starts.js'
import { percent, reward, shortName, usdPerThousand } from '../../report/format.js'
import { type Column, renderTable } from '../table.js'

/** What a cold start earned and spent from the first request on; nothing for other replays. */
export function firstDayText({ firstDay }: Pick<ReplayReport, 'firstDay'>): string {
  if (firstDay.length === 0) return ''
  const names = Object.keys(firstDay[0].points[0].beside)
  const columns: Column[] = [
    { title: 'budget', align: 'right' },
    { title: 'first', align: 'right' },
    { title: 'reward', align: 'right' },
    { title: 'best mix', align: 'right' },
    ...names.map((title): Column => ({ title, align: 'right' })),
    { title: 'used', align: 'right' },
    { title: 'worst', align: 'right' },
    { title: 'best model', align: 'right' },
    { title: 'which' },
  ]
  const body = firstDay.flatMap(({ budgetUsdPerRequest, points }) =>
    points.map(({ requests, policy, fixed, mix, beside }) => [
      usdPerThousand(budgetUsdPerRequest),
      requests.toLocaleString('en'),
      reward(policy.reward),
      reward(mix.reward),
      ...names.map((name) => `${reward(beside[name].reward)} (${percent(beside[name].utilisation)})`),
      percent(policy.utilisation),
      percent(policy.utilisationWorst),
      reward(fixed.reward),
      shortName(fixed.model),
    ]),
  )
  return `from the first request, beside the best model and mix within the budget:\n\n${renderTable(columns, body)}`
}

/** A cold start beside the warm one, where a job played both. */
export function startsText(reports: readonly ReplayReport[]): string {
  const rows = startsBeside(reports)
  if (rows.length === 0) return ''
  const columns: Column[] = [
    { title: 'budget', align: 'right' },
    { title: 'with priors', align: 'right' },
    { title: 'cold', align: 'right' },
    { title: 'used', align: 'right' },
    { title: 'used cold', align: 'right' },
    { title: `cold, first ${rows[0].first.requests.toLocaleString('en')}`, align: 'right' },
    { title: 'best model on them', align: 'right' },
  ]
  const body = rows.map(({ budgetUsdPerRequest, warm, cold, warmUtilisation, coldUtilisation, first }) => [
    usdPerThousand(budgetUsdPerRequest),
    reward(warm),
    reward(cold),
    percent(warmUtilisation),
    percent(coldUtilisation),
    reward(first.reward),
    reward(first.fixed),
  ])
  return `A cold start beside one with priors, on the same rows:\n\n${renderTable(columns, body)}\n`
}
