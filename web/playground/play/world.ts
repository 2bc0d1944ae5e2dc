import { USD_PER_MTOK_MIN } from '../../../src/base/price-unit.js'
import type { ModelSpec } from '../../../src/models/model.js'
import { costUnder, type OutcomeShift, rewardUnder } from '../../../src/replay/scenarios.js'
import type { OutcomeTable } from '../../../src/replay/table.js'
import type { ModelSetting } from './setting.js'

/** What a broken model's rewards are multiplied by. Nobody tells the router. */
export const BROKEN_FACTOR = 0.5

/** A model of the playground: a recorded one, changed. */
export interface WorldModel {
  readonly setting: ModelSetting
  /** Column of the recorded model. */
  readonly column: number
  /** What the router knows about it. */
  readonly spec: ModelSpec
  readonly shift: OutcomeShift
  /** Means over all prompts as it is now. */
  readonly meanReward: number
  readonly meanCostUsd: number
}

/** Prices that are made from costs of a file may be lower than a router takes. */
function taken(usdPerMTok: number): number {
  return usdPerMTok === 0 ? 0 : Math.max(usdPerMTok, USD_PER_MTOK_MIN)
}

/** A recorded model as a setting changes it. Costs follow the price, as in the price drop of `replay`. */
export function worldModel(setting: ModelSetting, table: OutcomeTable): WorldModel {
  const column = table.models.findIndex(({ id }) => id === setting.base)
  const { inputUsdPerMTok, outputUsdPerMTok } = table.models[column]
  const spec = {
    id: setting.id,
    inputUsdPerMTok: taken(inputUsdPerMTok * setting.priceFactor),
    outputUsdPerMTok: taken(outputUsdPerMTok * setting.priceFactor),
  }
  const shift = shiftOf(setting, column)
  let reward = 0
  let costUsd = 0
  for (let row = 0; row < table.size; row++) {
    reward += rewardUnder(shift, column, table.rewards[row * table.models.length + column])
    costUsd += costUnder(shift, column, table.costsUsd[row * table.models.length + column])
  }
  const { size } = table
  return { setting, column, spec, shift, meanReward: reward / size, meanCostUsd: costUsd / size }
}

/** What the model gets for a prompt. */
export function rewardOn({ shift, column }: WorldModel, row: number, table: OutcomeTable): number {
  return rewardUnder(shift, column, table.rewards[row * table.models.length + column])
}

/** What the model costs on a prompt, USD. */
export function costOn({ shift, column }: WorldModel, row: number, table: OutcomeTable): number {
  return costUnder(shift, column, table.costsUsd[row * table.models.length + column])
}

function shiftOf({ priceFactor, qualityFactor, state }: ModelSetting, model: number): OutcomeShift {
  const rewardFactor = qualityFactor * (state === 'broken' ? BROKEN_FACTOR : 1)
  return { model, costFactor: priceFactor, rewardFactor, fixedReward: null }
}
