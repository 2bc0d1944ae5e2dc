import { beforeAll, describe, expect, it } from 'vitest'
import { mulberry32 } from '../../src/base/random.js'
import { defaultEncoder } from '../../src/features/default-encoder.js'
import { ParetoBanditError } from '../../src/index.js'
import { dataFromText, type PlayData, simulatedData } from '../../web/playground/play/data.js'
import { Session } from '../../web/playground/play/session.js'
import type { ModelSetting, Setting } from '../../web/playground/play/setting.js'
import { TRACK_POINTS } from '../../web/playground/play/track.js'
import type { View } from '../../web/playground/play/view.js'

const encoder = defaultEncoder()
let data: PlayData

beforeAll(() => {
  data = simulatedData(encoder)
})

/** The usual setting with one model changed. */
function withModel(id: string, part: Partial<ModelSetting>, setting: Setting = data.usual): Setting {
  return {
    ...setting,
    models: setting.models.map((model) => (model.id === id ? { ...model, ...part } : model)),
  }
}

function shareOf(id: string, { models }: View): number {
  return models.find(({ setting }) => setting.id === id)?.recentShare ?? Number.NaN
}

describe('a session of the playground', () => {
  it('holds the budget, and shows what the router says of itself', async () => {
    const session = await Session.start(data, data.usual)
    session.play(5000)
    const view = session.view()
    const { stats } = view
    expect(view.requests).toBe(5000)
    expect(stats.requests).toBe(5000)
    expect(stats.policy).toBe('dollar')
    expect(view.paperStats.policy).toBe('paper')
    expect(stats.pacer.utilisation).toBeLessThanOrEqual(1.01)
    expect(stats.pacer.allowanceUsd).toBeCloseTo(5000 * data.usual.budgetUsdPerRequest, 9)
    expect(stats.models.reduce((sum, { spendUsd }) => sum + spendUsd, 0)).toBeCloseTo(stats.pacer.spendUsd, 9)
    expect(view.sinceChange.router.costUsd * 5000).toBeCloseTo(stats.pacer.spendUsd, 9)
    expect(view.models.reduce((sum, { recentShare }) => sum + recentShare, 0)).toBeCloseTo(1, 9)
    expect(view.best).toMatchObject({ id: 'condor-pro' })
    expect(view.best.costUsd).toBeGreaterThan(10 * stats.pacer.spendUsd)
  })

  it('knows what always asking the best model would have cost: its costs on the very prompts', async () => {
    const session = await Session.start(data, data.usual)
    session.play(2000)
    const random = mulberry32(data.usual.seed)
    const { models, size, costsUsd, rewards } = data.table
    const best = models.findIndex(({ id }) => id === 'condor-pro')
    const rows = Array.from({ length: 2000 }, () => Math.floor(random() * size) * models.length + best)
    const sum = (values: Float64Array) => rows.reduce((total, at) => total + values[at], 0)
    expect(session.view().best.costUsd).toBeCloseTo(sum(costsUsd), 9)
    expect(session.view().best.reward).toBeCloseTo(sum(rewards), 9)
  })

  it('plays the same from the same setting, and keeps a bounded number of points', async () => {
    const views = await Promise.all(
      [1, 2].map(async () => {
        const session = await Session.start(data, { ...data.usual, requestsPerSecond: 30 })
        session.play(3 * TRACK_POINTS)
        return session.view()
      }),
    )
    expect(views[1]).toEqual(views[0])
    expect(views[0].points).toHaveLength(TRACK_POINTS)
    expect(views[0].points.at(-1)?.request).toBe(3 * TRACK_POINTS)
  })

  it('tells the routers of a new price, and costs follow it', async () => {
    const session = await Session.start(data, data.usual)
    session.play(3000)
    const before = session.view()
    session.adopt(withModel('condor-pro', { priceFactor: 0.05 }))
    session.play(3000)
    const after = session.view()
    const priceIn = ({ stats }: View) => stats.models.find(({ id }) => id === 'condor-pro')?.outputUsdPerMTok
    expect([priceIn(before), priceIn(after)]).toEqual([10, 0.5])
    expect(shareOf('condor-pro', before)).toBeLessThan(0.1)
    expect(shareOf('condor-pro', after)).toBeGreaterThan(0.3)
    expect(after.stats.pacer.utilisation).toBeLessThanOrEqual(1.01)
    expect(after.notes.map(({ text }) => text)).toContain('condor-pro costs 5 % of what it did at first')
  })

  it('tells nobody of a broken model: the router notices, and takes its requests away', async () => {
    const session = await Session.start(data, data.usual)
    session.play(5000)
    const before = session.view()
    session.adopt(withModel('heron-large', { state: 'broken' }))
    session.play(3000)
    const after = session.view()
    expect(shareOf('heron-large', before)).toBeGreaterThan(0.3)
    expect(shareOf('heron-large', after)).toBeLessThan(0.1)
    const alarm = after.notes.find(({ who, request }) => who === 'router' && request >= 5000)
    expect(alarm?.text).toBe('alarm: the reward of heron-large went down')
  })

  it('takes a model in while it plays, out, and back', async () => {
    const added: ModelSetting = {
      id: '<script>alert(1)</script>',
      base: 'condor-pro',
      priceFactor: 0.05,
      qualityFactor: 1,
      state: 'in',
    }
    const wider: Setting = { ...data.usual, models: [...data.usual.models, added] }
    const session = await Session.start(data, data.usual)
    session.play(1000)
    session.adopt(wider)
    session.play(3000)
    expect(shareOf(added.id, session.view())).toBeGreaterThan(0.3)
    session.adopt(withModel(added.id, { state: 'out' }, wider))
    session.play(3000)
    expect(shareOf(added.id, session.view())).toBeLessThan(0.01)
    session.adopt(wider)
    session.play(3000)
    expect(shareOf(added.id, session.view())).toBeGreaterThan(0.3)
    expect(session.view().stats.models).toHaveLength(5)
  })

  it('spends no more after a cut of the budget than the budgets allowed', async () => {
    const session = await Session.start(data, data.usual)
    session.play(3000)
    session.adopt({ ...data.usual, budgetUsdPerRequest: 2e-4 })
    session.play(3000)
    const { stats, sinceChange } = session.view()
    expect(stats.pacer.usdPerRequest).toBe(2e-4)
    expect(sinceChange.requests).toBe(3000)
    expect(stats.pacer.utilisation).toBeLessThanOrEqual(1.01)
  })

  it('explains a typed prompt without a trace', async () => {
    const session = await Session.start(data, data.usual)
    session.play(500)
    const before = session.view()
    const { model, explanation } = await session.explain('Prove that 7 is prime.')
    expect(explanation.chosen).toBe(model)
    expect(explanation.models).toHaveLength(4)
    expect(session.view()).toEqual(before)
  })

  it('refuses a bad setting, and changes nothing', async () => {
    const session = await Session.start(data, data.usual)
    session.play(100)
    const before = session.view()
    expect(() => session.adopt({ ...data.usual, budgetUsdPerRequest: Number.NaN })).toThrow(ParetoBanditError)
    expect(() => session.adopt({ ...data.usual, models: data.usual.models.slice(1) })).toThrow(
      /keeps its models/,
    )
    expect(() => session.adopt(withModel('wren-8b', { qualityFactor: 0.5 }))).toThrow(/keeps its models/)
    expect(session.view()).toEqual(before)
    await expect(Session.start(data, { ...data.usual, seed: -1 })).rejects.toThrow(/seed/)
  })
})

describe('data of one’s own', () => {
  const line = (i: number, features?: number[]) =>
    JSON.stringify({
      id: `row-${i}`,
      prompt: `question ${i}`,
      ...(features === undefined ? {} : { features }),
      outcomes: {
        cheap: { reward: 0.5 + (i % 5) / 10, costUsd: 1e-4 },
        dear: { reward: 0.9, costUsd: 1e-2 },
      },
    })
  const lines = (features?: (i: number) => number[]) =>
    Array.from({ length: 60 }, (_, i) => line(i, features?.(i))).join('\n')

  it('is played with prices made from its costs', async () => {
    const own = dataFromText(lines(), 'mine.jsonl', encoder)
    expect(own).toMatchObject({ name: 'mine.jsonl', simulated: false, takesPrompts: true })
    expect(own.usual.budgetUsdPerRequest).toBeCloseTo(1e-3, 9)
    const session = await Session.start(own, own.usual)
    session.play(1000)
    const { stats } = session.view()
    expect(stats.models.map(({ id }) => id)).toEqual(['cheap', 'dear'])
    expect(stats.pacer.utilisation).toBeLessThanOrEqual(1.05)
  })

  it('keeps its own features, and then takes no typed prompts', async () => {
    const own = dataFromText(
      lines((i) => [i / 60, 1]),
      'mine.jsonl',
      encoder,
    )
    expect(own.takesPrompts).toBe(false)
    const session = await Session.start(own, own.usual)
    session.play(100)
    expect(session.view().stats.dimension).toBe(2)
    await expect(session.explain('hello')).rejects.toThrow(ParetoBanditError)
  })

  it.each([
    ['tiny', 1e-11, 1e-9],
    ['huge', 5000, 1000],
  ])('has a budget that can be set where costs are %s', async (_, costUsd, budgetUsd) => {
    const outcomes = { a: { reward: 0.5, costUsd }, b: { reward: 0.7, costUsd: 2 * costUsd } }
    const row = (id: number) => JSON.stringify({ id: `p${id}`, prompt: 'hello', outcomes })
    const own = dataFromText([row(1), row(2)].join('\n'), 'mine.jsonl', encoder)
    expect(own.usual.budgetUsdPerRequest).toBe(budgetUsd)
    const session = await Session.start(own, own.usual)
    session.play(10)
    expect(session.view().requests).toBe(10)
  })

  it('is refused with the line and what was expected', () => {
    expect(() => dataFromText(`${line(1)}\n{"id": 3}`, 'mine.jsonl', encoder)).toThrow(
      /mine\.jsonl:2: id: expected/,
    )
    expect(() => dataFromText('', 'mine.jsonl', encoder)).toThrow(/got an empty file/)
    const many = {
      id: 'x',
      prompt: '',
      outcomes: Object.fromEntries(
        Array.from({ length: 17 }, (_, i) => [`m${i}`, { reward: 1, costUsd: 1 }]),
      ),
    }
    expect(() => dataFromText(JSON.stringify(many), 'mine.jsonl', encoder)).toThrow(/1 to 16 models, got 17/)
  })
})
