import { describe, expect, it } from 'vitest'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { expectCode, wrong } from '../support/errors.js'
import { digest, makeBench, X } from '../support/router.js'

const SONNET = {
  id: 'sonnet',
  inputUsdPerMTok: 3,
  outputUsdPerMTok: 15,
  cachedInputUsdPerMTok: 0.3,
  cacheWrite5mUsdPerMTok: 3.75,
  cacheWrite1hUsdPerMTok: 6,
  batchDiscount: 0.5,
  tiers: [
    { aboveInputTokens: 200_000, inputUsdPerMTok: 6, outputUsdPerMTok: 22.5, cachedInputUsdPerMTok: 0.6 },
  ],
}
const PLAIN = { id: 'plain', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }
const USAGE = {
  input_tokens: 520,
  cache_creation_input_tokens: 1000,
  cache_read_input_tokens: 1800,
  cache_creation: { ephemeral_5m_input_tokens: 100, ephemeral_1h_input_tokens: 900 },
  output_tokens: 180,
}
const USD = (520 * 3 + 1800 * 0.3 + 100 * 3.75 + 900 * 6 + 180 * 15) / 1e6

describe('settle with a usage', () => {
  it('charges each kind of tokens its price and keeps them in the event', async () => {
    const { router, log } = await makeBench({ models: [SONNET] })
    router.settle(router.route(X).id, { usage: USAGE })
    const tokens = { input: 520, cachedInput: 1800, cacheWrite5m: 100, cacheWrite1h: 900, output: 180 }
    expect(log.at(-1)).toMatchObject({ type: 'settled', tokens, usageFlags: null })
    expect(router.stats().pacer.spendUsd).toBeCloseTo(USD, 15)
    expect(router.stats().models[0]).toMatchObject({ unpricedTokens: 0, flaggedUsages: 0, ...SONNET })
  })

  it('charges what the same counts cost, and the cost where one is given', async () => {
    const { router, log } = await makeBench({ models: [SONNET] })
    const counts = {
      inputTokens: 3320,
      cachedInputTokens: 1800,
      cacheWrite5mTokens: 100,
      cacheWrite1hTokens: 900,
      outputTokens: 180,
    }
    router.settleMany([
      { id: router.route(X).id, usage: USAGE },
      { id: router.route(X).id, ...counts },
      { id: router.route(X).id, usage: USAGE, costUsd: 0.25 },
    ])
    const settled = log.filter((event) => event.type === 'settled')
    expect(settled.map(({ costUsd }) => costUsd)).toEqual([settled[0].costUsd, settled[0].costUsd, 0.25])
    expect(settled[1].tokens).toEqual(settled[0].tokens)
    expect(settled[2].tokens).toEqual(settled[0].tokens)
  })

  it('takes a discount that the settlement or the usage names, and the tier that the input reaches', async () => {
    const { router, log } = await makeBench({ models: [SONNET] })
    const usd = (settlement: object): number => {
      router.settle(router.route(X).id, settlement)
      const event = log.at(-1)
      return event?.type === 'settled' ? event.costUsd : Number.NaN
    }
    const full = usd({ usage: USAGE })
    expect(usd({ usage: USAGE, serviceTier: 'batch' })).toBe(full / 2)
    expect(usd({ usage: { ...USAGE, service_tier: 'batch' } })).toBe(full / 2)
    expect(usd({ usage: { ...USAGE, service_tier: 'batch' }, serviceTier: 'flex' })).toBe(full)
    const long = { ...USAGE, cache_read_input_tokens: 200_000 }
    // No price of a tier's cache writes: the dearest of the input side of that tier.
    expect(usd({ usage: long })).toBeCloseTo((520 * 6 + 1000 * 6 + 200_000 * 0.6 + 180 * 22.5) / 1e6, 12)
    expect(router.stats().models[0]).toMatchObject({ unpricedTokens: 1000, flaggedUsages: 1 })
  })

  it('is charged the prices of when the request was routed, also after a restart', async () => {
    const { router } = await makeBench({ models: [SONNET] })
    const { id } = router.route(X)
    router.reprice('sonnet', { inputUsdPerMTok: 1, outputUsdPerMTok: 1 })
    const { router: copy } = await makeBench({ models: [PLAIN] })
    copy.restore(router.snapshot())
    for (const each of [router, copy]) {
      each.settle(id, { usage: USAGE })
      expect(each.stats().pacer.spendUsd).toBeCloseTo(USD, 15)
    }
    expect(digest(copy)).toBe(digest(router))
  })

  it('comes back from a log', async () => {
    const store = memoryStore()
    const { router } = await makeBench({ models: [SONNET, PLAIN], store })
    router.settle(router.route(X, { candidates: ['sonnet'] }).id, { usage: USAGE })
    router.fail(router.route(X, { candidates: ['plain'] }).id, {
      usage: { ...USAGE, server_tool_use: { n: 1 } },
    })
    await router.close()
    const { router: again } = await makeBench({ models: undefined, store })
    expect(digest(again)).toBe(digest(router))
    expect(again.stats().models).toEqual(router.stats().models)
    await again.close()
  })
})

describe('fail with a usage', () => {
  it('charges what was billed all the same', async () => {
    const { router, log } = await makeBench({ models: [SONNET] })
    router.fail(router.route(X).id, { usage: USAGE })
    expect(log.at(-1)).toMatchObject({ type: 'failed', tokens: { input: 520, output: 180 } })
    expect(router.stats().pacer.spendUsd).toBeCloseTo(USD, 15)
    router.fail(router.route(X).id, { inputTokens: 1e6, outputTokens: 0 })
    router.fail(router.route(X).id)
    expect(log.at(-1)).toMatchObject({ costUsd: 0, tokens: null, usageFlags: null })
    expect(router.stats().pacer.spendUsd).toBeCloseTo(USD + 6, 12)
  })
})

describe('what the operator should look into', () => {
  it('are tokens without a price, by model', async () => {
    const { router } = await makeBench({ models: [PLAIN] })
    router.settle(router.route(X).id, { inputTokens: 100, audioInputTokens: 60, outputTokens: 5 })
    router.fail(router.route(X).id, { inputTokens: 100, imageInputTokens: 7, outputTokens: 5 })
    router.settle(router.route(X).id, {
      inputTokens: 100,
      cachedInputTokens: 60,
      outputTokens: 5,
      reasoningTokens: 5,
    })
    expect(router.stats().models[0]).toMatchObject({ unpricedTokens: 67, flaggedUsages: 2 })
  })

  it('are usages that contradict themselves', async () => {
    const { router, log } = await makeBench({ models: [PLAIN] })
    router.settle(router.route(X).id, {
      usage: { promptTokenCount: 5, candidatesTokenCount: 5, totalTokenCount: 12 },
    })
    expect(log.at(-1)).toMatchObject({ usageFlags: ['total-above-sides'], tokens: { input: 5, output: 7 } })
    expect(router.stats().models[0]).toMatchObject({ unpricedTokens: 0, flaggedUsages: 1 })
  })
})

describe('a usage that no provider has', () => {
  it.each<[string, object]>([
    ['empty', {}],
    ['of other fields', { tokens_in: 5, tokens_out: 7 }],
    ['of an SDK that is not known', { usage: { prompt_tokens: 5 } }],
  ])('books the reservation, and is flagged: %s', async (_, usage) => {
    const { router, log } = await makeBench({ models: [PLAIN] })
    const { id, reservedUsd } = router.route(X)
    router.settle(id, { usage })
    expect(log.at(-1)).toMatchObject({
      costUsd: reservedUsd,
      tokens: null,
      usageFlags: ['count-missing', 'cost-missing'],
    })
    router.settle(router.route(X).id, { usage, costUsd: 0.025 })
    expect(log.at(-1)).toMatchObject({ costUsd: 0.025, usageFlags: ['count-missing'] })
    router.fail(router.route(X).id, { usage })
    expect(log.at(-1)).toMatchObject({ type: 'failed', costUsd: 0, usageFlags: ['count-missing'] })
    router.cancel(router.route(X).id, { usage })
    const late = router.route(X).id
    router.fail(late)
    router.settle(late, { usage })
    expect(log.at(-1)).toMatchObject({ type: 'billed', costUsd: 0 })
    expect(router.stats().models[0].flaggedUsages).toBe(5)
  })
})

describe('a bill that corrects another is refused where it', () => {
  it.each<[string, object, string, string]>([
    ['has a usage and counts', { usage: USAGE, inputTokens: 1, outputTokens: 1 }, 'bill.usage', 'counts'],
    ['has a usage and one count', { usage: USAGE, inputTokens: 1 }, 'bill.usage', 'got inputTokens as'],
    ['has a usage and a part', { usage: USAGE, cachedInputTokens: 1 }, 'bill.usage', 'cachedInputTokens'],
    ['has a usage that is no object', { usage: 1 }, 'bill.usage', 'an object'],
    ['has a wrong count', { usage: { prompt_tokens: '1' } }, 'bill.usage.prompt_tokens', 'got "1"'],
    ['is no amount', { costUsd: Number.NaN }, 'bill.costUsd', 'got NaN'],
    ['is null', { costUsd: null }, 'bill', 'got none'],
    ['is not there', { costUsd: undefined }, 'bill', 'got none'],
    ['has a usage that is null', { usage: null }, 'bill', 'got none'],
    ['has a usage without counts', { usage: {} }, 'bill', 'got none'],
    ['has null counts', { inputTokens: null, outputTokens: null }, 'bill', 'got none'],
    ['has the input alone', { inputTokens: 10 }, 'bill', 'the tokens of one side alone'],
    ['has the output alone', { outputTokens: 10, inputTokens: null }, 'bill', 'the tokens of one side alone'],
    ['was served otherwise', { usage: USAGE, serviceTier: 'bach' }, 'bill.serviceTier', "'batch'"],
  ])('%s', async (_, settlement, field, says) => {
    const { router } = await makeBench({ models: [PLAIN] })
    const { id } = router.route(X)
    const before = digest(router)
    const error = expectCode(() => router.correct(id, wrong(settlement)), 'INVALID_ARGUMENT', field)
    expect(error.message).toContain(says)
    expect(digest(router)).toBe(before)
  })

  it('misspells a kind is told the nearest one', async () => {
    const { router } = await makeBench({ models: [PLAIN] })
    const { id } = router.route(X)
    const { message } = expectCode(
      () => router.settle(id, wrong({ inputTokens: 1, outputTokens: 1, cacheWrite5mToken: 1 })),
      'UNKNOWN_OPTION',
    )
    expect(message).toContain("'cacheWrite5mTokens'")
  })
})
