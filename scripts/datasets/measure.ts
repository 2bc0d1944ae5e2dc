// What the workers of scripts/datasets.mjs do: one job at a time, sets and priors kept.
import { readFileSync } from 'node:fs'
import { join } from 'node:path'
import { mean } from '../../src/base/statistics.js'
import { readModelsFile } from '../../src/cli/inputs.js'
import { defaultEncoder } from '../../src/features/default-encoder.js'
import type { PolicyName } from '../../src/policy/policies.js'
import { hindsightBaselines } from '../../src/replay/baselines.js'
import { type Bench, setBench } from '../../src/replay/bench.js'
import { playBudgeted } from '../../src/replay/budgeted.js'
import { autoBudgets } from '../../src/replay/budgets.js'
import { parseOutcomes } from '../../src/replay/dataset.js'
import {
  drawnRequests,
  firstDay,
  firstDayRequests,
  fromFirstRequest,
  type Stream,
} from '../../src/replay/first-day.js'
import { ProgressClock } from '../../src/replay/progress.js'
import type { BaselineRow } from '../../src/replay/result.js'
import { coursesOf } from '../../src/replay/scenarios.js'
import type { ReplaySettings } from '../../src/replay/settings.js'
import { buildTable, type OutcomeTable } from '../../src/replay/table.js'
import { trainedBaselines } from '../../src/replay/trained-baselines.js'
import type { References, Run, SetFigures, Start, TwoModelsRun } from './figures.js'
import { twoModels } from './two-models.js'

export type Job =
  | { readonly kind: 'set'; readonly set: string }
  | {
      readonly kind: 'run'
      readonly set: string
      readonly policy: PolicyName
      readonly start: Start
      readonly budgetIndex: number
    }
  | {
      readonly kind: 'two-models'
      readonly policy: PolicyName
      readonly answerTokens: number
      readonly factor: number
    }

export type Answer =
  | { readonly kind: 'set'; readonly set: Omit<SetFigures, 'runs'> }
  | { readonly kind: 'run'; readonly set: string; readonly run: Run }
  | { readonly kind: 'two-models'; readonly run: TwoModelsRun }
  /** A set whose models all cost the same has one budget. */
  | { readonly kind: 'no-budget' }

export class Measure {
  private readonly tables = new Map<string, OutcomeTable>()
  private readonly benches = new Map<string, Bench>()

  /** @param folder where the sets are, NAME.jsonl and NAME.models.json */
  constructor(
    private readonly folder: string,
    private readonly seeds: number,
  ) {}

  async answer(job: Job): Promise<Answer> {
    switch (job.kind) {
      case 'set':
        return { kind: 'set', set: await this.references(job.set) }
      case 'run':
        return this.run(job)
      case 'two-models':
        return { kind: 'two-models', run: await twoModels({ ...job, seeds: this.seeds }) }
    }
  }

  private async references(name: string): Promise<Omit<SetFigures, 'runs'>> {
    const table = await this.table(name)
    const budgets = autoBudgets(table)
    const bench = await this.bench(name, 'cold')
    const rows = [...trainedBaselines(bench, budgets), ...hindsightBaselines(bench, budgets)]
    return {
      name,
      rows: table.size,
      models: table.models.length,
      binary: table.rewards.every((reward) => reward === 0 || reward === 1),
      fixed: rows
        .filter(({ baseline }) => baseline === 'fixed')
        .map(({ model, reward, costUsdPerRequest }) => ({
          model: model ?? '',
          reward,
          costUsd: costUsdPerRequest,
        })),
      references: budgets.map((budgetUsd) => referencesAt(rows, budgetUsd)),
    }
  }

  private async run(job: Extract<Job, { kind: 'run' }>): Promise<Answer> {
    const { policy, start, budgetIndex } = job
    const bench = await this.bench(job.set, start)
    const budgetUsd = autoBudgets(bench.data)[budgetIndex]
    if (budgetUsd === undefined) return { kind: 'no-budget' }
    const rewards: number[] = []
    const utilisations: number[] = []
    const utilisationsInAll: number[] = []
    const streams: Stream[] = []
    const clock = new ProgressClock(
      { scenario: 'stationary', seeds: this.seeds, cold: start === 'cold' },
      {},
      this.seeds,
    )
    const played = { policy, budgetUsdPerRequest: budgetUsd, knobs: {}, leading: false }
    const tally = await playBudgeted(bench, played, clock, (record) => {
      const stream = fromFirstRequest(record)
      utilisationsInAll.push(mean(stream.costsUsd) / budgetUsd)
      if (start === 'cold') streams.push(stream)
    })
    for (const s of bench.seeds.keys()) {
      const { reward, costUsd } = tally.point(s, 0)
      rewards.push(reward)
      utilisations.push(costUsd / budgetUsd)
    }
    const day =
      start === 'warm'
        ? null
        : firstDay({
            data: bench.data,
            plans: bench.plans,
            budgetUsd,
            runs: streams,
            beside: {},
            looks: looksOf(bench.data.size),
          })
    const run = { policy, start, budgetIndex, rewards, utilisations, utilisationsInAll, firstDay: day }
    return { kind: 'run', set: job.set, run }
  }

  async table(name: string): Promise<OutcomeTable> {
    const known = this.tables.get(name)
    if (known !== undefined) return known
    const file = join(this.folder, `${name}.jsonl`)
    const models = await readModelsFile(join(this.folder, `${name}.models.json`))
    const rows = parseOutcomes(readFileSync(file, 'utf8'), file)
    const table = buildTable(rows, models, defaultEncoder(), file)
    this.tables.set(name, table)
    return table
  }

  async bench(name: string, start: Start): Promise<Bench> {
    const key = `${name} ${start}`
    const known = this.benches.get(key)
    if (known !== undefined) return known
    const data = await this.table(name)
    const [course] = coursesOf('stationary', data.models)
    const settings: ReplaySettings = {
      scenario: 'stationary',
      courses: [course],
      data,
      train: null,
      budgetsUsd: [],
      policy: 'dollar',
      seeds: this.seeds,
      cold: start === 'cold',
      kernel: 'wasm',
    }
    const bench = setBench(course, settings, new Map())
    this.benches.set(key, bench)
    return bench
  }
}

/** The looks that targets and tables need, and those of the picture, in order. */
export function looksOf(size: number): number[] {
  return [...new Set([...firstDayRequests(size), ...drawnRequests(size)])].sort((a, b) => a - b)
}

function referencesAt(rows: readonly BaselineRow[], budgetUsd: number): References {
  const at = (name: string, budget: number | null): BaselineRow => {
    const found = rows.find((row) => row.baseline === name && row.budgetUsdPerRequest === budget)
    if (found === undefined) throw new Error(`no row of baseline '${name}'`)
    return found
  }
  const threshold = at('threshold', budgetUsd)
  return {
    budgetUsdPerRequest: budgetUsd,
    bound: at('bound', budgetUsd).reward,
    trainedMix: at('trained-mix', budgetUsd).reward,
    linear: at('linear', budgetUsd).reward,
    threshold: threshold.reward,
    thresholdUtilisation: threshold.utilisation ?? 0,
    oracle: at('oracle', null).reward,
  }
}
