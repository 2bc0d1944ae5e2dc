import { confidence95, mean } from '../../src/base/statistics.js'
import type { Figures, Run, SetFigures, Start } from './figures.js'
import { gapsOf, runsOf, type Target, targetsOf } from './targets.js'

const STARTS: readonly Start[] = ['warm', 'cold']

/** What was found, for the terminal: gaps to the bound by budget, then the targets of policy `dollar`. */
export function summaryText(figures: Figures, policies: readonly string[]): string {
  const sets = figures.sets.map((set) => setText(set, policies))
  const targets = targetsOf(figures, policies[0]).map(targetText)
  return [...sets, ...twoModelsText(figures), `targets of policy ${policies[0]}`, ...targets].join('\n')
}

function setText(set: SetFigures, policies: readonly string[]): string {
  const bounds = set.references.map(({ bound }) => bound.toFixed(4).padStart(8)).join('')
  const lines = [`${set.name} (${set.rows} rows, ${set.models} models)`, `${'bound'.padEnd(26)}${bounds}`]
  for (const start of STARTS) {
    for (const policy of policies) {
      const gaps = gapsOf(set, policy, start)
      if (gaps.length === 0) continue
      const runs = runsOf(set, policy, start)
      const used = runs.map(({ utilisations }) => mean(utilisations).toFixed(3).padStart(8)).join('')
      const worst = runs
        .map(({ utilisations }) =>
          Math.max(...utilisations)
            .toFixed(3)
            .padStart(8),
        )
        .join('')
      lines.push(
        `${`${start} ${policy}: gap`.padEnd(26)}${gaps.map((gap) => gap.toFixed(4).padStart(8)).join('')}   mean ${mean(gaps).toFixed(4)}`,
        `${'  used'.padEnd(26)}${used}`,
        `${'  used, worst seed'.padEnd(26)}${worst}`,
      )
    }
  }
  const threshold = set.references.map((at) => (at.threshold - at.bound).toFixed(4).padStart(8)).join('')
  return [...lines, `${'threshold router: gap'.padEnd(26)}${threshold}`, ''].join('\n')
}

function twoModelsText({ twoModels }: Figures): string[] {
  const lines = twoModels.map(({ policy, answerTokens, factor, shareBought, shares, utilisations }) =>
    [
      `two models, ${answerTokens} tokens, ${policy} at ${factor}x:`,
      `buys ${(100 * shareBought).toFixed(1)} %, got ${(100 * mean(shares)).toFixed(1)} %`,
      `(${(100 * Math.min(...shares)).toFixed(1)} to ${(100 * Math.max(...shares)).toFixed(1)}),`,
      `used ${mean(utilisations).toFixed(3)}`,
    ].join(' '),
  )
  return [...lines, '']
}

function targetText({ set, name, measured, limit, bound, met, where }: Target): string {
  const sign = bound === 'at-least' ? '>=' : '<='
  return `${met ? 'met   ' : 'MISSED'} ${set}: ${name} ${measured.toFixed(4)} (${sign} ${limit})${where === '' ? '' : `, ${where}`}`
}

/** What changed since other figures, on the same seeds: mean over budgets, and its 95 % interval over seeds. */
export function againstText(figures: Figures, before: Figures): string {
  const lines = figures.sets.flatMap((set) => {
    const old = before.sets.find(({ name }) => name === set.name)
    if (old === undefined) return []
    return [...new Set(set.runs.map(({ policy }) => policy))].flatMap((policy) =>
      STARTS.flatMap((start) => {
        const gains = gainsOf(runsOf(set, policy, start), runsOf(old, policy, start))
        if (gains.length === 0) return []
        const [low, high] = confidence95(gains)
        const interval = `${signed(low)} to ${signed(high)}`
        return [
          `${set.name}, ${start} ${policy}: ${signed(mean(gains))} (${interval}, ${gains.length} seeds)`,
        ]
      }),
    )
  })
  return ['against the figures before: change of mean reward', ...lines, ''].join('\n')
}

/** Mean over the budgets that both have of what each seed earned more; seeds that both have. */
export function gainsOf(runs: readonly Run[], before: readonly Run[]): number[] {
  const pairs = runs.flatMap((run) => {
    const old = before.find(({ budgetIndex }) => budgetIndex === run.budgetIndex)
    return old === undefined ? [] : [{ run, old }]
  })
  if (pairs.length === 0) return []
  const seeds = Math.min(...pairs.flatMap(({ run, old }) => [run.rewards.length, old.rewards.length]))
  return Array.from({ length: seeds }, (_, s) =>
    mean(pairs.map(({ run, old }) => run.rewards[s] - old.rewards[s])),
  )
}

function signed(value: number): string {
  return `${value < 0 ? '' : '+'}${value.toFixed(4)}`
}
