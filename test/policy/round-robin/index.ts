import { blankChoice, type Chooser } from '../../../src/policy/chooser.js'
import { expectedModelCostUsd } from '../../../src/policy/eligibility.js'
import { eligibleModels } from '../../../src/policy/eligible-models.js'
import type { Policy } from '../../../src/policy/policy.js'
import { priorStart } from '../../../src/policy/prior-start.js'
import type { PolicySnapshot, PolicyState } from '../../../src/state/policy-state.js'

/** What it keeps in the fold: how many requests have been routed. */
class Turns implements PolicyState {
  turn = 0
  routed(): void {
    this.turn++
  }
  save = (): PolicySnapshot => ({ text: null, numbers: Float64Array.of(this.turn) })
  load({ numbers }: PolicySnapshot): void {
    this.turn = numbers[0]
  }
}

const CHOOSER: Chooser<Turns> = {
  begin: () => {},
  choose(state, request, size, note) {
    const models = eligibleModels(state, request, size, note.at)
    const model = models[state.policy.turn % models.length]
    this.describe(state, request, note)
    note.chosen = model
    const usd = expectedModelCostUsd(model, size)
    return {
      ...blankChoice(),
      model,
      listCostUsd: usd,
      predictedUsd: usd,
      expectedUsd: usd,
      reservedUsd: usd,
    }
  },
  describe: (state, request, note) => void Object.assign(note, { now: state.requests, options: request }),
  judge(_state, model, size) {
    const expectedCostUsd = expectedModelCostUsd(model, size)
    return { explorationBonus: 0, expectedCostUsd, penalty: 0, latencyUse: null, excluded: null }
  },
}

export const ROUND_ROBIN: Policy<Turns, null> = {
  name: 'round-robin',
  pendingColumns: [],
  events: [],
  commands: {},
  queries: { stats: () => ({ shadowPrice: 0 }) },
  start: () => new Turns(),
  chooser: () => CHOOSER,
  armStart: priorStart,
}
