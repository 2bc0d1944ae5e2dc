import { mean } from '../../src/base/statistics.js'
import { firstDayEnd } from '../../src/replay/first-day.js'
import { percent, usdPerThousand } from '../../src/report/format.js'
import type { Figures, Run, SetFigures, Start } from './figures.js'
import { LOSS_MIN, lossesOf, overspendsOf } from './losses.js'
import { gapsOf, LIMITS, runsOf, type Target, targetsOf } from './targets.js'

/** The sections of docs/DATASETS.md by name. @param policies the first is the one that is held to the targets */
export function sectionsOf(figures: Figures, policies: readonly string[]): Record<string, string> {
  const [policy] = policies
  return {
    warm: summary(figures, policies, 'warm'),
    cold: summary(figures, policies, 'cold'),
    losses: losses(figures, policy),
    overspends: overspends(figures, policy),
    'first-day': firstDays(figures, policies),
    'two-models': twoModels(figures),
    targets: targets(figures, policy),
    sets: figures.sets.map((set) => setSection(set, policies)).join('\n\n'),
  }
}

export function table(head: readonly string[], rows: readonly (readonly string[])[]): string {
  const line = (cells: readonly string[]) => `| ${cells.join(' | ')} |`
  return [line(head), line(head.map(() => '---')), ...rows.map(line)].join('\n')
}

/** A difference of rewards: `-.0042`, `+.0010`, `0`. */
export function difference(value: number): string {
  const text = Math.abs(value).toFixed(4).replace(/^0/, '')
  if (Number(text) === 0) return '0'
  return value < 0 ? `-${text}` : `+${text}`
}

function summary(figures: Figures, policies: readonly string[], start: Start): string {
  const head = [
    'set',
    'models',
    'rewards',
    ...policies.map((name) => `\`${name}\``),
    'threshold router',
    'used',
  ]
  const rows = figures.sets.map((set) => {
    const runs = runsOf(set, policies[0], start)
    const threshold = set.references.map((at) => at.threshold - at.bound)
    return [
      set.name,
      String(set.models),
      set.binary ? 'right or wrong' : 'graded',
      ...policies.map((name) => gapText(gapsOf(set, name, start))),
      gapText(threshold),
      usedText(runs),
    ]
  })
  return table(head, rows)
}

/** Mean over budgets, and the worst of them. */
function gapText(gaps: readonly number[]): string {
  return gaps.length === 0 ? '' : `${difference(mean(gaps))} (${difference(Math.min(...gaps))})`
}

/** Mean over budgets, and the worst seed of all, from the second budget on. */
function usedText(runs: readonly Run[]): string {
  const paced = runs.filter(({ budgetIndex }) => budgetIndex > 0)
  if (paced.length === 0) return ''
  const all = paced.map(({ utilisations }) => mean(utilisations))
  const worst = Math.max(...paced.flatMap(({ utilisations }) => utilisations))
  return `${mean(all).toFixed(3)} (${worst.toFixed(3)})`
}

function losses(figures: Figures, policy: string): string {
  const found = figures.sets.flatMap((set) => lossesOf(set, policy)).sort((a, b) => b.by - a.by)
  if (found.length === 0) return `Nobody is ahead by ${LOSS_MIN} anywhere.`
  return table(
    ['set', 'start', 'budget, per 1,000 requests', 'loses to', 'by'],
    found.map(({ set, start, budgetUsdPerRequest, to, by }) => [
      ...[set, start, usdPerThousand(budgetUsdPerRequest), to, by.toFixed(4).replace(/^0/, '')],
    ]),
  )
}

function overspends(figures: Figures, policy: string): string {
  const found = figures.sets
    .flatMap((set) => overspendsOf(set, policy))
    .sort((a, b) => b.utilisationWorst - a.utilisationWorst)
  if (found.length === 0) return `No seed spends more than ${LIMITS.utilisationWorst} of the budget.`
  return table(
    [
      'set',
      'start',
      'budget, per 1,000 requests',
      'used',
      'worst seed',
      'of all requests',
      'worst seed of all',
    ],
    found.map(({ set, start, budgetUsdPerRequest, ...used }) => [
      ...[set, start, usdPerThousand(budgetUsdPerRequest)],
      ...[used.utilisation, used.utilisationWorst, used.inAll, used.inAllWorst].map(
        (share) => share?.toFixed(3) ?? '',
      ),
    ]),
  )
}

function firstDays(figures: Figures, policies: readonly string[]): string {
  const rows = figures.sets.flatMap((set) => {
    const requests = firstDayEnd(set.rows)
    return set.references.slice(1, 6).flatMap(({ budgetUsdPerRequest }, i) => {
      const points = policies.map((name) =>
        runsOf(set, name, 'cold')
          .find((run) => run.budgetIndex === i + 1)
          ?.firstDay?.points.find((point) => point.requests === requests),
      )
      const [own] = points
      if (own === undefined) return []
      return [
        [
          ...[set.name, usdPerThousand(budgetUsdPerRequest), requests.toLocaleString('en')],
          `${own.fixed.reward.toFixed(4)} (${own.fixed.model})`,
          own.mix.reward.toFixed(4),
          ...points.map((point) =>
            point === undefined
              ? ''
              : `${point.policy.reward.toFixed(4)} (${point.policy.utilisation.toFixed(2)})`,
          ),
        ],
      ]
    })
  })
  const head = ['set', 'budget, per 1,000 requests', 'first', 'best model', 'best mix']
  return table([...head, ...policies.map((name) => `\`${name}\``)], rows)
}

function twoModels({ twoModels: runs }: Figures): string {
  return table(
    ['policy', 'tokens of an answer', 'budget', 'dear share it buys', 'share it got', 'worst seed', 'used'],
    runs.map(({ policy, answerTokens, factor, shareBought, shares, utilisations }) => [
      ...[`\`${policy}\``, String(answerTokens), `${factor}x`, percent(shareBought), percent(mean(shares))],
      ...[percent(Math.min(...shares)), mean(utilisations).toFixed(3)],
    ]),
  )
}

function targets(figures: Figures, policy: string): string {
  const all = targetsOf(figures, policy)
  const met = all.filter((target) => target.met).length
  const rows = all.map((target) => [
    ...[target.set, target.name, limitText(target), target.measured.toFixed(4), target.where],
    target.met ? 'met' : '**MISSED**',
  ])
  const line = `${met} of ${all.length} met, ${figures.seeds} seeds.`
  return `${line}\n\n${table(['set', 'target', 'limit', 'measured', 'where', ''], rows)}`
}

function limitText({ bound, limit }: Target): string {
  return `${bound === 'at-least' ? 'at least' : 'at most'} ${limit}`
}

function setSection(set: SetFigures, policies: readonly string[]): string {
  const head = ['budget, per 1,000 requests', 'bound', 'trained mix', 'linear', 'threshold router']
  const columns = (['warm', 'cold'] as const).flatMap((start) =>
    policies.filter((name) => runsOf(set, name, start).length > 0).map((name) => ({ start, name })),
  )
  const rows = set.references.map((at, i) => [
    ...[usdPerThousand(at.budgetUsdPerRequest), at.bound.toFixed(4), at.trainedMix.toFixed(4)],
    ...[at.linear.toFixed(4), `${at.threshold.toFixed(4)} (${at.thresholdUtilisation.toFixed(2)})`],
    ...columns.map(({ start, name }) => {
      const run = runsOf(set, name, start).find(({ budgetIndex }) => budgetIndex === i)
      return run === undefined ? '' : `${mean(run.rewards).toFixed(4)} (${mean(run.utilisations).toFixed(2)})`
    }),
  ])
  const kind = set.binary ? 'right or wrong' : 'graded'
  return [
    `### ${set.name}`,
    `${set.rows.toLocaleString('en')} rows, ${set.models} models, ${kind}.`,
    table([...head, ...columns.map(({ start, name }) => `\`${name}\`, ${start}`)], rows),
  ].join('\n\n')
}
