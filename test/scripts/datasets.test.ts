import { describe, expect, it } from 'vitest'
import type { Figures, Run, SetFigures, TwoModelsRun } from '../../scripts/datasets/figures.js'
import { LOSS_MIN, lossesOf, overspendsOf } from '../../scripts/datasets/losses.js'
import { sectionsOf } from '../../scripts/datasets/page.js'
import { firstDayPicture, frontierPicture } from '../../scripts/datasets/pictures.js'
import { rowsOf } from '../../scripts/datasets/sensitivity-rows.js'
import { gapsOf, LIMITS, type Target, targetsOf } from '../../scripts/datasets/targets.js'
import { againstText, gainsOf } from '../../scripts/datasets/text.js'
import { shareBought, twoModels } from '../../scripts/datasets/two-models.js'

const SO_FAR = { reward: 0.5, utilisation: 1, utilisationWorst: 1 }

function run(more: Partial<Run>): Run {
  return {
    policy: 'dollar',
    start: 'cold',
    budgetIndex: 0,
    rewards: [0.5],
    utilisations: [1],
    firstDay: null,
    ...more,
  }
}

function set(more: Partial<SetFigures>, bounds = [0.5, 0.7, 0.705]): SetFigures {
  const references = bounds.map((bound, i) => ({
    budgetUsdPerRequest: i + 1,
    bound,
    trainedMix: bound,
    linear: bound,
    threshold: bound,
    thresholdUtilisation: 1,
    oracle: 1,
  }))
  return { name: 'a set', rows: 2000, models: 2, binary: true, fixed: [], references, runs: [], ...more }
}

function targets(sets: readonly SetFigures[], twoModelsRuns: readonly TwoModelsRun[] = []): Target[] {
  return targetsOf({ seeds: 2, sets, twoModels: twoModelsRuns } satisfies Figures, 'dollar')
}

const named = (all: readonly Target[], name: string) => all.filter((target) => target.name === name)

describe('targets on every set', () => {
  it('takes the mean over seeds at each budget, and of the budgets the mean and the worst', () => {
    const runs = [
      run({ budgetIndex: 1, rewards: [0.68, 0.7] }),
      run({ budgetIndex: 0, rewards: [0.5, 0.5] }),
      run({ budgetIndex: 2, rewards: [0.7, 0.7] }),
      run({ policy: 'paper', rewards: [0, 0] }),
    ]
    const figures = set({ runs })
    const gaps = gapsOf(figures, 'dollar', 'cold')
    for (const [i, gap] of [0, -0.01, -0.005].entries()) expect(gaps[i]).toBeCloseTo(gap, 12)
    const all = targets([figures])
    const [average] = named(all, 'cold: mean gap to bound')
    expect(average.measured).toBeCloseTo(-0.005, 12)
    expect(average).toMatchObject({ limit: LIMITS.coldTwo.meanGap, met: false })
    expect(named(all, 'cold: worst gap to bound')[0].where).toBe('budget 2')
  })

  it('counts no lead that was bought over budget', () => {
    const runs = [1.1, 1.02].map((used, budgetIndex) =>
      run({ budgetIndex, rewards: [0.9], utilisations: [used] }),
    )
    const [over, within] = gapsOf(set({ runs }), 'dollar', 'cold')
    expect(over).toBe(0)
    expect(within).toBeCloseTo(0.2, 12)
  })

  it('asks less of a cold start among many models', () => {
    const runs = [run({ rewards: [0.492] })]
    expect(named(targets([set({ runs })]), 'cold: mean gap to bound')[0].met).toBe(false)
    expect(named(targets([set({ runs, models: 16 })]), 'cold: mean gap to bound')[0].met).toBe(true)
  })

  it('asks for what is spent only from the second budget on, of the mean and of the worst seed', () => {
    const runs = [
      run({ start: 'warm', utilisations: [1.2, 1.2] }),
      run({ start: 'warm', budgetIndex: 1, rewards: [0.7], utilisations: [0.95, 1.05] }),
      run({ start: 'warm', budgetIndex: 2, rewards: [0.7], utilisations: [0.98, 1.03] }),
    ]
    const all = targets([set({ runs })])
    expect(named(all, 'warm: utilisation, mean')[0]).toMatchObject({ met: false, where: 'budget 3' })
    expect(named(all, 'warm: utilisation, mean')[0].measured).toBeCloseTo(1.005, 12)
    expect(named(all, 'warm: utilisation, worst seed')[0]).toMatchObject({
      ...{ measured: 1.05, met: false, where: 'budget 2' },
    })
  })

  it('asks for nine tenths of the budget where the next one buys a hundredth more', () => {
    const runs = [0, 1, 2].map((budgetIndex) =>
      run({ budgetIndex, utilisations: [[0.8], [0.1], [0.1]][budgetIndex] }),
    )
    const found = named(targets([set({ runs })]), 'cold: least used where more money buys')
    // At the second budget the next one buys .005, and the third is the last.
    expect(found).toMatchObject([{ measured: 0.8, met: false, where: 'budget 1' }])
    expect(
      named(targets([set({ runs }, [0.7, 0.7, 0.7])]), 'cold: least used where more money buys'),
    ).toEqual([])
  })

  it('holds the first requests against the best single model, at budgets two to six', () => {
    const day = (reward: number) => ({
      budgetUsdPerRequest: 1,
      points: [100, 600, 1000].map((requests) => ({
        requests,
        policy: { ...SO_FAR, reward: requests === 600 ? 0 : reward },
        fixed: { ...SO_FAR, model: 'cheap' },
        mix: SO_FAR,
        beside: {},
      })),
    })
    const runs = [run({ firstDay: day(0.1) }), run({ budgetIndex: 1, firstDay: day(0.47) })]
    const [target] = named(targets([set({ runs })]), 'first 1000 requests against the best single model')
    expect(target.measured).toBeCloseTo(-0.03, 12)
    expect(target).toMatchObject({ met: false, where: 'budget 2' })
    const small = targets([set({ runs, rows: 800 })])
    const [first] = named(small, 'first 600 requests against the best single model')
    expect(first.measured).toBeCloseTo(-0.5, 12)
  })
})

describe('two models from nothing', () => {
  it('knows what a budget buys: the rest after the cheap model for all, at what the dear one costs more', () => {
    expect(shareBought(1)).toBe(0)
    // One extra cheap model's cost buys 1 / 49 of an upgrade.
    expect(shareBought(2)).toBeCloseTo(1 / 49, 12)
    expect(shareBought(50)).toBe(1)
    expect(shareBought(500)).toBe(1)
  })

  it('asks for the share in every seed at three budgets, on average at the smallest, and for the spend at all', () => {
    const at = (factor: number): TwoModelsRun => ({
      ...{ policy: 'dollar', answerTokens: 400, factor, shareBought: 0.1 },
      ...{ shares: [0.06, 0.1], utilisations: [0.9, 1.1] },
    })
    const all = targets([], [at(1.5), at(3), at(4), { ...at(3), policy: 'paper' }])
    expect(all.map(({ name, met }) => [name, met])).toEqual([
      ['dear share of what 1.5x buys, mean', true],
      ['spend over budget at 1.5x', true],
      ['dear share of what 3x buys, worst seed', false],
      ['spend over budget at 3x', true],
      ['spend over budget at 4x', true],
    ])
    expect(all[0].measured).toBeCloseTo(0.8, 12)
    expect(all[2].measured).toBeCloseTo(0.6, 12)
  })

  it('plays the same world for the same seeds, within what the budget can buy', async () => {
    const job = { policy: 'paper', answerTokens: 400, factor: 12, seeds: 1 } as const
    const played = await twoModels(job)
    expect(await twoModels(job)).toEqual(played)
    expect(played.utilisations[0]).toBeLessThan(1.1)
    const [share] = played.shares
    // What is spent is what the two shares cost, but for the lengths that chance drew.
    expect(played.utilisations[0]).toBeCloseTo((1 + 49 * share) / 12, 1)
  })
})

describe('losses', () => {
  const runs = [
    run({ rewards: [0.49, 0.49] }),
    run({ budgetIndex: 1, rewards: [0.68] }),
    run({ policy: 'paper', budgetIndex: 1, rewards: [0.72], utilisations: [1.02] }),
    run({ policy: 'thompson', budgetIndex: 1, rewards: [0.9], utilisations: [1.05] }),
  ]

  it('names who is most ahead within the budget', () => {
    const figures = set({ runs })
    const [first, second] = lossesOf(figures, 'dollar')
    expect(first).toMatchObject({ budgetIndex: 0, to: 'a mix of two fixed models' })
    expect(first.by).toBeCloseTo(0.01, 12)
    // Policy thompson spends too much to compete.
    expect(second).toMatchObject({ budgetIndex: 1, budgetUsdPerRequest: 2, to: 'policy `paper`' })
    expect(second.by).toBeCloseTo(0.04, 12)
  })

  it('names nobody who is ahead by chance, and no threshold router that spends too much', () => {
    const [at] = set({}).references
    const even = run({ rewards: [0.5 - LOSS_MIN / 2] })
    const references = [{ ...at, threshold: 0.9, thresholdUtilisation: 1.1 }]
    expect(lossesOf(set({ references, runs: [even] }), 'dollar')).toEqual([])
    const within = [{ ...at, threshold: 0.9, thresholdUtilisation: 1 }]
    expect(lossesOf(set({ references: within, runs: [even] }), 'dollar')).toMatchObject([
      { to: 'a threshold router' },
    ])
  })
})

describe('overspends', () => {
  it('are cells whose worst seed goes beyond the limit, the first budget included', () => {
    const runs = [
      run({ utilisations: [1, 1.3], utilisationsInAll: [0.9, 1.01] }),
      run({ budgetIndex: 1, utilisations: [1.04, 0.9] }),
      run({ policy: 'paper', budgetIndex: 1, utilisations: [3] }),
    ]
    const [only, ...none] = overspendsOf(set({ runs }), 'dollar')
    expect(only).toMatchObject({ budgetIndex: 0, budgetUsdPerRequest: 1, utilisationWorst: 1.3 })
    expect(only.utilisation).toBeCloseTo(1.15, 12)
    expect(only.inAll).toBeCloseTo(0.955, 12)
    expect(only.inAllWorst).toBe(1.01)
    expect(none).toEqual([])
  })

  it('have nothing of all requests where figures do not', () => {
    const [only] = overspendsOf(set({ runs: [run({ utilisations: [1.3] })] }), 'dollar')
    expect([only.inAll, only.inAllWorst]).toEqual([null, null])
  })
})

describe('a comparison with figures before', () => {
  const before = [run({ rewards: [0.5, 0.5, 0.5] }), run({ budgetIndex: 1, rewards: [0.6, 0.7, 0.8] })]
  const after = [
    run({ rewards: [0.6, 0.5] }),
    run({ budgetIndex: 1, rewards: [0.6, 0.8] }),
    run({ budgetIndex: 2 }),
  ]

  it('pairs seeds and budgets', () => {
    const gains = gainsOf(after, before)
    expect(gains).toHaveLength(2)
    expect(gains[0]).toBeCloseTo(0.05, 12)
    expect(gains[1]).toBeCloseTo(0.05, 12)
    expect(gainsOf(after, [])).toEqual([])
  })

  it('says what changed, set by set', () => {
    const of = (runs: readonly Run[]): Figures => ({ seeds: 2, sets: [set({ runs })], twoModels: [] })
    expect(againstText(of(after), of(before))).toContain(
      'a set, cold dollar: +0.0500 (+0.0500 to +0.0500, 2 seeds)',
    )
  })
})

describe('the page', () => {
  const day = {
    budgetUsdPerRequest: 2,
    points: [100, 1000].map((requests) => ({
      requests,
      policy: { reward: 0.64, utilisation: 0.5, utilisationWorst: 1 },
      fixed: { ...SO_FAR, reward: 0.6, model: 'cheap' },
      mix: { ...SO_FAR, reward: 0.65 },
      beside: {},
    })),
  }
  const starts = (['warm', 'cold'] as const).flatMap((start) =>
    [0, 1, 2].map((budgetIndex) =>
      run({
        ...{ start, budgetIndex, rewards: [[0.498], [0.69], [0.705]][budgetIndex] },
        utilisations: [[2], [0.9, 1.1], [0.8]][budgetIndex],
        firstDay: start === 'cold' ? day : null,
      }),
    ),
  )
  const figures: Figures = {
    seeds: 2,
    sets: [set({ runs: starts })],
    twoModels: [
      {
        ...{ policy: 'dollar', answerTokens: 5, factor: 3, shareBought: 2 / 49 },
        ...{ shares: [0.04, 0.02], utilisations: [0.9, 0.8] },
      },
    ],
  }
  const sections = sectionsOf(figures, ['dollar'])

  it('has the mean gap, the worst one, and what was used from the second budget on', () => {
    // Gaps -.002, -.01 and 0; means 1.0 and 0.8.
    const line = '| a set | 2 | right or wrong | -.0040 (-.0100) | 0 (0) | 0.900 (1.100) |'
    expect(sections.warm).toContain(line)
    expect(sections.cold).toContain(line)
  })

  it('has losses, the first day, two models, targets and each set', () => {
    expect(sections.losses).toContain('| a set | warm | $2000 | a mix of two fixed models | .0100 |')
    const first = '| a set | $2000 | 1,000 | 0.6000 (cheap) | 0.6500 | 0.6400 (0.50) |'
    expect(sections.overspends).toContain('| a set | warm | $2000 | 1.000 | 1.100 |  |  |')
    expect(sections['first-day']).toContain(first)
    expect(sections['two-models']).toContain('| `dollar` | 5 | 3x | 4.1 % | 3.0 % | 2.0 % | 0.850 |')
    expect(sections.targets).toContain(
      '| a set | warm: worst gap to bound | at least -0.008 | -0.0100 | budget 2 | **MISSED** |',
    )
    expect(sections.targets).toMatch(/^\d+ of \d+ met, 2 seeds\./)
    expect(sections.sets).toContain(
      '| $2000 | 0.7000 | 0.7000 | 0.7000 | 0.7000 (1.00) | 0.6900 (1.00) | 0.6900 (1.00) |',
    )
  })

  it('says so where nobody is ahead', () => {
    const ahead = [0, 1, 2].map((budgetIndex) => run({ budgetIndex, rewards: [1] }))
    expect(sectionsOf({ ...figures, sets: [set({ runs: ahead })] }, ['dollar']).losses).toBe(
      'Nobody is ahead by 0.005 anywhere.',
    )
  })

  it('draws a panel a set and a line a policy or budget, in both pictures', () => {
    for (const picture of [frontierPicture(figures), firstDayPicture(figures)]) {
      expect(picture).not.toMatch(/NaN|undefined|Infinity/)
      expect(picture.match(/class="name"/g)).toHaveLength(1)
    }
    // The bound, the threshold router, and the policy warm and cold: policy paper was not played.
    expect(frontierPicture(figures).match(/class="line"/g)).toHaveLength(4)
    // The second budget is the only one between the first and the last.
    expect(firstDayPicture(figures).match(/class="line"/g)).toHaveLength(1)
  })
})

describe('rows of the sensitivity on the sets', () => {
  it('has means over budgets, the highest spend, and the part of the share that was got, seed by seed', () => {
    const played = [
      { set: 'a', run: run({ rewards: [0.5, 0.7], utilisations: [0.9, 1] }) },
      { set: 'a', run: run({ budgetIndex: 1, rewards: [0.7, 0.7], utilisations: [1.1, 1] }) },
      { set: 'a', run: run({ start: 'warm', rewards: [0.8, 0.9], utilisations: [1, 1.2] }) },
    ]
    const two = [
      {
        policy: 'dollar',
        answerTokens: 5,
        factor: 3,
        shareBought: 0.1,
        shares: [0.05, 0.1],
        utilisations: [1, 1],
      },
      {
        policy: 'dollar',
        answerTokens: 5,
        factor: 12,
        shareBought: 0.2,
        shares: [0.2, 0.1],
        utilisations: [1, 1],
      },
    ]
    const rows = rowsOf(played, two, 2)
    expect(rows.map((row) => row['a cold'])).toEqual([0.6, 0.7])
    expect(rows.map((row) => row['a warm'])).toEqual([0.8, 0.9])
    expect(rows.map((row) => row.utilisationWorst)).toEqual([1.1, 1.2])
    expect(rows.map((row) => row.shareGot)).toEqual([0.75, 0.75])
  })
})
