import { mean } from '../../src/base/statistics.js'
import type { Figures, SetFigures, Start } from './figures.js'
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
