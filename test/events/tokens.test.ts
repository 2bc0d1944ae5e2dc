import { describe, expect, it } from 'vitest'
import type { SettledEvent } from '../../src/events/events.js'
import { expectCode, wrong } from '../support/errors.js'
import { makeBench, X } from '../support/router.js'

async function settledWith(
  settlement: Parameters<Awaited<ReturnType<typeof makeBench>>['router']['settle']>[1],
) {
  const { router, log } = await makeBench()
  router.settle(router.route(X).id, settlement)
  const event = log.find((each): each is SettledEvent => each.type === 'settled')
  return event?.tokens
}

describe('the tokens of a settlement', () => {
  it('are kept by kind, none in two of them', async () => {
    const parts = { inputTokens: 100, cachedInputTokens: 40, outputTokens: 30, reasoningTokens: 10 }
    const kinds = { input: 60, cachedInput: 40, output: 20, reasoning: 10 }
    expect(await settledWith(parts)).toEqual(kinds)
    expect(await settledWith({ ...parts, costUsd: 1 })).toEqual(kinds)
  })

  it('are left out where there are none of a kind, and null where nobody said', async () => {
    expect(await settledWith({ inputTokens: 7, outputTokens: 0 })).toEqual({ input: 7 })
    expect(await settledWith({ inputTokens: 7, cachedInputTokens: 7, outputTokens: 2 })).toEqual({
      cachedInput: 7,
      output: 2,
    })
    expect(await settledWith({ inputTokens: 0, outputTokens: 0 })).toEqual({})
    expect(await settledWith({ costUsd: 1 })).toBeNull()
  })

  it('are checked in an event from outside, and null in one of an older release', async () => {
    const { router, log } = await makeBench()
    const { id, model } = router.route(X)
    const event = {
      type: 'settled',
      at: 0,
      id,
      model,
      costUsd: 0.001,
      latencyMs: null,
      logCostRatio: 0,
      logLatency: null,
    }
    const refused: [unknown, string][] = [
      [{ input: -1 }, 'event.tokens.input'],
      [{ input: '1' }, 'event.tokens.input'],
      [{ input: Number.POSITIVE_INFINITY }, 'event.tokens.input'],
      [{ 'in put': 1 }, 'event.tokens'],
      [[1], 'event.tokens'],
      [1, 'event.tokens'],
    ]
    for (const [tokens, field] of refused)
      expectCode(() => router.apply(wrong({ ...event, tokens })), 'INVALID_ARGUMENT', field)
    const tokens = { input: 1 }
    router.apply(wrong({ ...event, tokens }))
    tokens.input = 9
    expect(log.at(-1)).toMatchObject({ type: 'settled', tokens: { input: 1 } })
    const failure = router.route(X)
    router.apply(wrong({ type: 'failed', at: 0, id: failure.id, model: failure.model, costUsd: 0 }))
    expect(log.at(-1)).toMatchObject({ type: 'failed', tokens: null })
  })
})
