import { describe, expect, it } from 'vitest'
import { mulberry32, permutation } from '../../src/base/random.js'
import { tuneText } from '../../src/cli/view/tuning.js'
import { KNOB_VALUES, knobGrid } from '../../src/replay/knobs.js'
import { FIRST_SEED } from '../../src/replay/protocol.js'
import { runReplay } from '../../src/replay/runner.js'
import { coursesOf } from '../../src/replay/scenarios.js'
import { type TuneReport, type TuneSettings, tune } from '../../src/replay/tune.js'
import { MODELS, makeTable } from './helpers.js'

const BUDGETS = [1e-4, 1e-3]
const data = makeTable(200)
const settings: TuneSettings = {
  data,
  trainShare: 0.6,
  budgetsUsd: BUDGETS,
  policy: 'paper',
  seeds: 2,
  kernel: 'js',
}

describe('knobGrid', () => {
  it('has every combination once, the defaults first', () => {
    const grid = knobGrid()
    expect(grid[0]).toEqual({})
    expect(new Set(grid.map((knobs) => JSON.stringify(knobs))).size).toBe(grid.length)
    expect(grid).toHaveLength(
      KNOB_VALUES.alpha.length * KNOB_VALUES.gamma.length * KNOB_VALUES.nEffective.length,
    )
  })
})

describe('tune', () => {
  it('gives the same report for the same settings, the defaults among the finalists', async () => {
    const report = await tune(settings)
    expect(await tune(settings)).toEqual(report)
    expect(report.tried).toBe(64)
    expect(report.finalists).toHaveLength(4)
    expect(report.finalists.filter(({ knobs }) => Object.keys(knobs).length === 0)).toMatchObject([
      { gain: 0, withinBudget: true },
    ])
    const able = report.finalists.filter(({ withinBudget }) => withinBudget).map(({ gain }) => gain)
    expect(able).toEqual([...able].sort((a, b) => b - a))
    expect(report.heldOut.knobs).toEqual(report.finalists[0].knobs)
    for (const { rows, gain } of report.finalists) {
      expect(gain).toBeCloseTo((rows[0].gain + rows[1].gain) / 2, 12)
      for (const row of rows) expect(row.gain).toBeCloseTo(row.reward - row.defaultReward, 12)
    }
  })

  it('searches without a look at the held-out rows', async () => {
    const order = permutation(data.size, mulberry32(FIRST_SEED))
    const rewards = data.rewards.slice()
    for (const row of order.slice(0.6 * data.size)) {
      for (let m = 0; m < MODELS.length; m++) rewards[row * MODELS.length + m] *= 0.5
    }
    const one = { ...settings, seeds: 1 }
    const [before, after] = [await tune(one), await tune({ ...one, data: { ...data, rewards } })]
    expect(after.finalists).toEqual(before.finalists)
    expect(after.heldOut.rows[1].reward).toBeLessThan(before.heldOut.rows[1].reward - 0.1)
  })

  it('holds out what replay evaluates, on the same shuffles', async () => {
    const { heldOut } = await tune(settings)
    const { report } = await runReplay({
      scenario: 'stationary',
      courses: coursesOf('stationary', MODELS),
      data,
      train: null,
      budgetsUsd: BUDGETS,
      policy: 'paper',
      seeds: 2,
      cold: false,
      kernel: 'js',
    })
    expect(heldOut.rows.map(({ defaultReward }) => defaultReward)).toEqual(
      report.rows.map(({ reward }) => expect.closeTo(reward, 12)),
    )
  })

  it('takes nothing of one shuffle for a gain beyond noise', async () => {
    const gains: number[] = []
    for (const seed of [1, 2, 3, 4]) {
      const { heldOut, defaultsAsGood } = await tune({ ...settings, data: makeTable(120, seed), seeds: 1 })
      gains.push(heldOut.gain)
      expect(defaultsAsGood).toBe(true)
    }
    expect(Math.max(...gains)).toBeGreaterThan(0)
  })

  it('reports progress up to the end', async () => {
    const fractions: number[] = []
    const onProgress = ({ fraction }: { fraction: number }) => void fractions.push(fraction)
    await tune(settings, { turnMs: () => 0, onProgress })
    expect(fractions.length).toBeGreaterThan(20)
    expect(fractions).toEqual([...fractions].sort((a, b) => a - b))
    expect(fractions[fractions.length - 1]).toBeGreaterThan(0.95)
    expect(fractions[fractions.length - 1]).toBeLessThanOrEqual(1)
  })

  it('refuses shares and tables that leave nothing to search or hold out', async () => {
    for (const trainShare of [0, 1, -0.5, Number.NaN]) {
      await expect(tune({ ...settings, trainShare })).rejects.toThrow(
        'trainShare: expected a number in (0, 1)',
      )
    }
    await expect(tune({ ...settings, data: makeTable(3) })).rejects.toThrow('too few rows to split')
  })
})

describe('tuneText', () => {
  const setting = (knobs: object, gain: number, half: number, withinBudget = true) => ({
    knobs,
    gain,
    gainCi95: [gain - half, gain + half] as const,
    withinBudget,
    rows: [
      {
        budgetUsdPerRequest: 1e-3,
        defaultReward: 0.8,
        defaultUtilisation: 0.99,
        reward: 0.8 + gain,
        utilisation: 1,
        gain,
        gainCi95: [gain - half, gain + half] as const,
      },
    ],
  })
  const report = (heldOut: TuneReport['heldOut'], defaultsAsGood: boolean): TuneReport => ({
    policy: 'paper',
    seeds: 10,
    trainShare: 0.6,
    tried: 64,
    finalists: [heldOut],
    heldOut,
    defaultsAsGood,
  })

  it('says plainly whether tuning pays', () => {
    const ahead = tuneText(report(setting({ alpha: 0.1 }, 0.02, 0.005), false))
    expect(ahead).toContain('The tuned setting is ahead on the held-out rows: +.0200 ±.0050')
    expect(ahead).toMatch(/\$1\.00 +\.800 +99 % +\.820 +100 % +\+\.0200/)
    const noise = tuneText(report(setting({ alpha: 0.1 }, 0.002, 0.005), true))
    expect(noise).toContain('The defaults are as good')
    expect(tuneText(report(setting({}, 0, 0), true))).toContain('no setting did better on the train part')
    expect(tuneText(report(setting({ gamma: 1 }, 0.02, 0.005, false), true))).toContain(
      'the best setting overspends',
    )
  })

  it('shows no interval of one shuffle, and says what to do', () => {
    const one = tuneText({ ...report(setting({ alpha: 0.1 }, 0.02, 0), true), seeds: 1 })
    expect(one).toContain(
      'Keep the defaults: one shuffle cannot tell a gain (+.0200 on the held-out rows) from noise; give --seeds 2 or more.',
    )
    expect(one).not.toContain('±.0')
    expect(one).toMatch(/\+\.0200 +-/)
  })
})
