import { createRouter } from '../../src/index.js'
import { autoBudgets } from '../../src/replay/budgets.js'
import { FIRST_SEED, planSeed } from '../../src/replay/protocol.js'
import type { OutcomeTable } from '../../src/replay/table.js'
import { Measure } from '../datasets/measure.js'
import { Ears, type Hearing, lengthRanks } from './hearing.js'

/** Tight, middling and loose: of the seven budgets of docs/DATASETS.md the second, fourth and sixth. */
const BUDGETS = [1, 3, 5]
/** Of this set every answer is taken for five tokens. */
const WITHOUT_LENGTHS: ReadonlySet<string> = new Set(['routellm-mmlu'])

export const SHARES = [0.01, 0.05, 0.2, 1] as const
const JUDGED: Hearing = { judged: 0, judge: 'true', thumbs: 0, seen: null }
const THUMBS = 0.02

/** A way to hear of answers, at several shares or at one. */
export interface Variant {
  readonly name: string
  readonly color: string | null
  readonly hearings: readonly Hearing[]
}

const shares = (more: Partial<Hearing>) => SHARES.map((judged) => ({ ...JUDGED, ...more, judged }))

export const VARIANTS: readonly Variant[] = [
  { name: 'a judge that is right', color: '#0072b2', hearings: shares({}) },
  { name: 'a judge that errs one time in ten', color: '#009e73', hearings: shares({ judge: 'errs' }) },
  { name: 'a judge that grades length by half', color: '#c4541b', hearings: shares({ judge: 'length' }) },
  {
    name: 'the same, put on the scale of thumbs on 2 %',
    color: '#b07aa1',
    hearings: shares({ judge: 'length', thumbs: THUMBS }),
  },
  {
    name: 'a right judge, and validators that see 1 in 5',
    color: '#5f6470',
    hearings: shares({ seen: 0.2 }),
  },
]
export const ALONE: readonly Variant[] = [
  { name: 'thumbs on 2 % alone', color: null, hearings: [{ ...JUDGED, thumbs: THUMBS }] },
  { name: 'validators alone, that see 1 bad answer in 5', color: null, hearings: [{ ...JUDGED, seen: 0.2 }] },
  { name: 'validators alone, that see 1 bad answer in 2', color: null, hearings: [{ ...JUDGED, seen: 0.5 }] },
]

/** Mean rewards of one set, over budgets and seeds. */
export interface SetStudy {
  readonly name: string
  readonly rows: number
  readonly models: number
  /** Without any reward. */
  readonly untaught: number
  /** Of each way at each share; null: of this set it cannot be told. */
  readonly judged: readonly (readonly (number | null)[])[]
  readonly alone: readonly number[]
}

export async function study(folder: string, name: string, seeds: number): Promise<SetStudy> {
  const table = await new Measure(folder, seeds).table(name)
  const lengths = WITHOUT_LENGTHS.has(name) ? null : lengthRanks(table)
  const of = async (hearing: Hearing): Promise<number | null> =>
    hearing.judge === 'length' && lengths === null
      ? null
      : meanReward(table, lengths ?? new Float64Array(table.rewards.length), hearing, seeds)
  const judged: (number | null)[][] = []
  for (const { hearings } of VARIANTS) {
    const row: (number | null)[] = []
    for (const hearing of hearings) row.push(await of(hearing))
    judged.push(row)
  }
  const alone: number[] = []
  for (const { hearings } of ALONE) alone.push((await of(hearings[0])) ?? 0)
  return {
    name,
    rows: table.size,
    models: table.models.length,
    untaught: (await of(JUDGED)) ?? 0,
    judged,
    alone,
  }
}

async function meanReward(
  table: OutcomeTable,
  lengths: Float64Array,
  hearing: Hearing,
  seeds: number,
): Promise<number> {
  let sum = 0
  let count = 0
  for (const budget of BUDGETS) {
    for (let s = 0; s < seeds; s++) {
      sum += await played(table, lengths, hearing, autoBudgets(table)[budget], FIRST_SEED + s)
      count++
    }
  }
  return sum / count
}

/** From nothing: the first 60 % of the rows are learned from, the last 40 % learned from and measured. */
async function played(
  table: OutcomeTable,
  lengths: Float64Array,
  hearing: Hearing,
  usdPerRequest: number,
  seed: number,
): Promise<number> {
  const plan = planSeed({ seed, trainSize: null, dataSize: table.size, cold: true, phased: false })
  const router = await createRouter<string>({
    models: [...table.models],
    dimension: table.dimension,
    budget: { usdPerRequest },
    kernel: 'wasm',
    seed,
    clock: () => 0,
  })
  const ears = new Ears(router, hearing, table, lengths, seed)
  const indices = new Map(table.models.map(({ id }, m) => [id, m]))
  const [measured] = plan.phases
  let sum = 0
  for (const [i, row] of [...plan.burnIn, ...measured].entries()) {
    const { id, model } = router.route(table.contexts[row])
    const m = indices.get(model) ?? 0
    const at = row * table.models.length + m
    router.settle(id, { costUsd: table.costsUsd[at] })
    ears.answered(id, row, m)
    if (i >= plan.burnIn.length) sum += table.rewards[at]
  }
  ears.close()
  await router.close()
  return sum / measured.length
}
