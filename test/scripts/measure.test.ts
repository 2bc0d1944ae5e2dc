import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { Measure } from '../../scripts/datasets/measure.js'
import { sensitivityRows } from '../../scripts/datasets/sensitivity-rows.js'
import { defaultEncoder } from '../../src/features/default-encoder.js'
import { autoBudgets } from '../../src/replay/budgets.js'
import { runReplay } from '../../src/replay/runner.js'
import { coursesOf } from '../../src/replay/scenarios.js'
import { buildTable } from '../../src/replay/table.js'
import { MODELS, makeRows, toJsonl } from '../replay/helpers.js'

const ROWS = makeRows(150)
let folder = ''

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'datasets-'))
  writeFileSync(join(folder, 'small.jsonl'), toJsonl(ROWS))
  writeFileSync(join(folder, 'small.models.json'), JSON.stringify({ models: MODELS }))
  const even = ROWS.map((row) => ({
    ...row,
    outcomes: Object.fromEntries(
      Object.entries(row.outcomes).map(([id, { reward }]) => [id, { reward, costUsd: 1 }]),
    ),
  }))
  writeFileSync(join(folder, 'even.jsonl'), toJsonl(even))
  writeFileSync(join(folder, 'even.models.json'), JSON.stringify({ models: MODELS }))
})

afterAll(() => rmSync(folder, { recursive: true }))

describe('Measure', () => {
  it('has what `replay` has: rewards, spend, bound, threshold router and first day', async () => {
    const data = buildTable(ROWS, MODELS, defaultEncoder(), 'small')
    const budgetsUsd = autoBudgets(data)
    const { report } = await runReplay({
      ...{ scenario: 'stationary', courses: coursesOf('stationary', MODELS), data, train: null, budgetsUsd },
      ...{ policy: 'dollar', seeds: 2, cold: true, kernel: 'js', beside: [] },
    })
    const measure = new Measure(folder, 2)
    const found = await measure.answer({ kind: 'set', set: 'small' })
    if (found.kind !== 'set') throw new Error(found.kind)
    expect(found.set).toMatchObject({ name: 'small', rows: 150, models: 3, binary: false })
    expect(found.set.fixed.map(({ model }) => model)).toEqual(['cheap', 'middle', 'dear'])
    const of = (name: string) => report.baselines.filter(({ baseline }) => baseline === name)
    for (const [i, at] of found.set.references.entries()) {
      expect(at.budgetUsdPerRequest).toBe(budgetsUsd[i])
      expect(at.bound).toBe(of('bound')[i].reward)
      expect([at.threshold, at.thresholdUtilisation]).toEqual([
        of('threshold')[i].reward,
        of('threshold')[i].utilisation,
      ])
    }
    const job = { kind: 'run', set: 'small', policy: 'dollar', start: 'cold', budgetIndex: 3 } as const
    const played = await measure.answer(job)
    if (played.kind !== 'run') throw new Error(played.kind)
    const { rewards, utilisations, utilisationsInAll, firstDay } = played.run
    expect((rewards[0] + rewards[1]) / 2).toBeCloseTo(report.rows[3].reward, 12)
    expect(Math.max(...utilisations)).toBeCloseTo(report.rows[3].utilisationWorst, 12)
    expect(utilisationsInAll).toHaveLength(2)
    // All 150 requests, of which the last 60 are measured.
    utilisationsInAll?.forEach((used, s) => {
      expect(150 * used).toBeGreaterThan(60 * utilisations[s])
    })
    const look = (days: (typeof report.firstDay)[number] | null) =>
      days?.points.find(({ requests }) => requests === 100)
    expect(look(firstDay)?.policy).toEqual(look(report.firstDay[3])?.policy)
    expect(look(firstDay)?.fixed).toEqual(look(report.firstDay[3])?.fixed)
    const warm = await measure.answer({ ...job, start: 'warm' })
    expect(warm).toMatchObject({ kind: 'run', run: { start: 'warm', firstDay: null } })
  })

  it('has one budget where all models cost the same', async () => {
    const measure = new Measure(folder, 1)
    const found = await measure.answer({ kind: 'set', set: 'even' })
    expect(found).toMatchObject({ kind: 'set', set: { references: [{ budgetUsdPerRequest: 1 }] } })
    const job = { kind: 'run', set: 'even', policy: 'dollar', start: 'cold' } as const
    expect(await measure.answer({ ...job, budgetIndex: 0 })).toMatchObject({ kind: 'run' })
    expect(await measure.answer({ ...job, budgetIndex: 1 })).toEqual({ kind: 'no-budget' })
  })

  it('measures what the sensitivity on the sets needs', async () => {
    const rows = await sensitivityRows(new Measure(folder, 2), ['small'], 2)
    expect(rows).toHaveLength(2)
    for (const row of rows) {
      expect(Object.keys(row)).toEqual(['small warm', 'small cold', 'utilisationWorst', 'shareGot'])
    }
  })
})
