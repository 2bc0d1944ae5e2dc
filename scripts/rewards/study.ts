import { mean } from '../../src/base/statistics.js'
import { createRouter } from '../../src/index.js'
import { autoBudgets } from '../../src/replay/budgets.js'
import { FIRST_SEED, planSeed } from '../../src/replay/protocol.js'
import type { OutcomeTable } from '../../src/replay/table.js'
import type { Agreement } from '../../src/rewards/collect/agreement.js'
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
/** Judges of one answer in five, beside thumbs. */
export const JUDGES: readonly { readonly name: string; readonly hearing: Hearing }[] = [
  { name: 'is right', hearing: { ...JUDGED, judged: 0.2, thumbs: THUMBS } },
  { name: 'errs one time in ten', hearing: { ...JUDGED, judged: 0.2, thumbs: THUMBS, judge: 'errs' } },
  { name: 'grades length by half', hearing: { ...JUDGED, judged: 0.2, thumbs: THUMBS, judge: 'length' } },
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
  /** Of each judge, beside thumbs: how far they agree. Null: of this set it cannot be told. */
  readonly agreement: readonly (JudgeAgreement | null)[]
}

/** Means over budgets and shuffles. */
export interface JudgeAgreement {
  readonly count: number
  readonly meanDifference: number
  readonly correlation: number
}

export async function study(folder: string, name: string, seeds: number): Promise<SetStudy> {
  const table = await new Measure(folder, seeds).table(name)
  const lengths = WITHOUT_LENGTHS.has(name) ? null : lengthRanks(table)
  const runs = async (hearing: Hearing): Promise<Played[] | null> =>
    hearing.judge === 'length' && lengths === null
      ? null
      : playAll(table, lengths ?? new Float64Array(table.rewards.length), hearing, seeds)
  const of = async (hearing: Hearing): Promise<number | null> => {
    const found = await runs(hearing)
    return found === null ? null : mean(found.map(({ reward }) => reward))
  }
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
    agreement: await Promise.all(JUDGES.map(async ({ hearing }) => agreementOf(await runs(hearing)))),
  }
}

function agreementOf(runs: readonly Played[] | null): JudgeAgreement | null {
  const rows = (runs ?? []).flatMap(({ agreement }) => (agreement === null ? [] : [agreement]))
  const correlations = rows.flatMap(({ correlation }) => (correlation === null ? [] : [correlation]))
  if (correlations.length === 0) return null
  return {
    count: mean(rows.map(({ count }) => count)),
    meanDifference: mean(rows.map(({ meanDifference }) => meanDifference)),
    correlation: mean(correlations),
  }
}

async function playAll(
  table: OutcomeTable,
  lengths: Float64Array,
  hearing: Hearing,
  seeds: number,
): Promise<Played[]> {
  const runs: Played[] = []
  for (const budget of BUDGETS)
    for (let s = 0; s < seeds; s++)
      runs.push(await played(table, lengths, hearing, autoBudgets(table)[budget], FIRST_SEED + s))
  return runs
}

interface Played {
  /** Mean true reward of the measured rows. */
  readonly reward: number
  readonly agreement: Agreement | null
}

/** From nothing: the first 60 % of the rows are learned from, the last 40 % learned from and measured. */
async function played(
  table: OutcomeTable,
  lengths: Float64Array,
  hearing: Hearing,
  usdPerRequest: number,
  seed: number,
): Promise<Played> {
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
  return { reward: sum / measured.length, agreement: ears.agreement }
}
