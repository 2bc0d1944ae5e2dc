import { describe, expect, it } from 'vitest'
import { renderStats } from '../../../src/cli/stats.js'
import { createRouter } from '../../../src/index.js'
import { expectCode } from '../../support/errors.js'

const MODELS = [
  { id: 'small', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.4 },
  { id: 'large', inputUsdPerMTok: 5, outputUsdPerMTok: 15 },
]

describe('words for people who mind money', () => {
  it('a refusal has dollars as people write them, the same for requests of the same cost', async () => {
    const router = await createRouter({ models: MODELS, caps: [{ usd: 0, per: 'hour' }] })
    const [one, other] = ['What is the plan?', 'Who has the keys?'].map((prompt) =>
      expectCode(() => router.route(prompt, { expectedOutputTokens: 251 }), 'BUDGET_EXHAUSTED'),
    )
    expect(one.message).toMatch(/^caps: the cheapest model may cost \$0\.000\d{3}, a cap leaves \$0$/)
    expect(other.message).toBe(one.message)
    const strict = await createRouter({
      models: MODELS,
      budget: { usdPerRequest: 1e-7, burst: 1 },
      strict: true,
    })
    expect(expectCode(() => strict.route('x'), 'BUDGET_EXHAUSTED').message).toMatch(
      /^budget: the cheapest model may cost \$0\.\d+, the account has \$[\d.]+ for it$/,
    )
  })

  it('a model that is out of reach says how many requests ago its latest one was', async () => {
    const router = await createRouter({ models: MODELS })
    for (const model of ['large', 'small'])
      router.settle(router.route('x', { candidates: [model] }).id, { costUsd: 0.001 })
    router.setCaps([{ usd: 0, per: 'day' }])
    const [small, large] = router.stats().models.map(({ standing }) => standing.why)
    expect(small).toMatch(/^it had the latest request: /)
    expect(large).toMatch(/^its latest was 1 request ago: /)
  })

  it('one try is said as one', async () => {
    const router = await createRouter({ models: MODELS, budget: { usdPerRequest: 0.001 } })
    router.fail(router.route('x', { candidates: ['small'] }).id, { retryAfterMs: 1000 })
    router.addModel({ ...MODELS[1], id: 'new' }, { forcedExploration: 1 })
    const [small, , fresh] = router.stats().models.map(({ standing }) => standing.why)
    expect(small).toMatch(/^its provider asked for a pause, or a failure began one: 1 try failed, /)
    expect(fresh).toMatch(/^it was never tried: 1 try is to come, /)
  })

  it('the table of stats says what of a model has changed', async () => {
    const router = await createRouter({ models: MODELS })
    const stats = router.stats()
    const [small, large] = stats.models
    const models = [
      { ...small, forcedRemaining: 0, latencyAlarms: 4 },
      { ...large, forcedRemaining: 0, rewardAlarms: 1, costAlarms: 2 },
    ]
    const text = renderStats({ ...stats, models })
    expect(text).toMatch(/small .*latency has changed 4 times/)
    expect(text).toMatch(/large .*reward has changed once; cost has changed 2 times/)
  })
})
