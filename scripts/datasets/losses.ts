import { mean } from '../../src/base/statistics.js'
import type { SetFigures, Start } from './figures.js'
import { LIMITS, runsOf } from './targets.js'

/** Where another would have earned more within the same budget. */
export interface Loss {
  readonly set: string
  readonly start: Start
  readonly budgetIndex: number
  readonly budgetUsdPerRequest: number
  readonly to: string
  readonly by: number
}

/** Less is chance. */
export const LOSS_MIN = 0.005

/**
 * Every cell at which a policy that started alike, the threshold router, the trained mix or the linear policy is ahead of
 * `policy` by LOSS_MIN, with the one that is most. Whoever spends more than LIMITS.utilisationWorst of the budget does
 * not compete.
 */
export function lossesOf(set: SetFigures, policy: string): Loss[] {
  return (['warm', 'cold'] as const).flatMap((start) =>
    runsOf(set, policy, start).flatMap(({ budgetIndex, rewards }) => {
      const { budgetUsdPerRequest, ...at } = set.references[budgetIndex]
      const others = set.runs
        .filter((run) => run.start === start && run.budgetIndex === budgetIndex && run.policy !== policy)
        .filter((run) => mean(run.utilisations) <= LIMITS.utilisationWorst)
        .map((run) => ({ to: `policy \`${run.policy}\``, reward: mean(run.rewards) }))
      const trained = [
        { to: 'a mix of two fixed models', reward: at.trainedMix },
        { to: 'a linear policy, its price chosen in hindsight', reward: at.linear },
        ...(at.thresholdUtilisation <= LIMITS.utilisationWorst
          ? [{ to: 'a threshold router', reward: at.threshold }]
          : []),
      ]
      const [best] = [...trained, ...others].sort((a, b) => b.reward - a.reward)
      const by = best.reward - mean(rewards)
      return by >= LOSS_MIN
        ? [{ set: set.name, start, budgetIndex, budgetUsdPerRequest, to: best.to, by }]
        : []
    }),
  )
}

/** Where the policy spends more than it may. */
export interface Overspend {
  readonly set: string
  readonly start: Start
  readonly budgetIndex: number
  readonly budgetUsdPerRequest: number
  readonly utilisation: number
  readonly utilisationWorst: number
  /** Of all requests, those before the measured rows included; null where that was not kept. */
  readonly inAll: number | null
  readonly inAllWorst: number | null
}

/** Every cell whose worst seed spends more than LIMITS.utilisationWorst of the budget, the first budget included. */
export function overspendsOf(set: SetFigures, policy: string): Overspend[] {
  return (['warm', 'cold'] as const).flatMap((start) =>
    runsOf(set, policy, start).flatMap(({ budgetIndex, utilisations, utilisationsInAll }) => {
      const utilisationWorst = Math.max(...utilisations)
      if (utilisationWorst <= LIMITS.utilisationWorst) return []
      const { budgetUsdPerRequest } = set.references[budgetIndex]
      const utilisation = mean(utilisations)
      const inAll = utilisationsInAll === undefined ? null : mean(utilisationsInAll)
      const inAllWorst = utilisationsInAll === undefined ? null : Math.max(...utilisationsInAll)
      const used = { utilisation, utilisationWorst, inAll, inAllWorst }
      return [{ set: set.name, start, budgetIndex, budgetUsdPerRequest, ...used }]
    }),
  )
}
