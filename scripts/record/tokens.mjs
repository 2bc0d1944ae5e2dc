// Short recordings of each policy, of what bills can say: every kind of tokens, the shapes of providers' usages, what can
// be wrong with them, tiers and discounts.
import { World } from './world.mjs'

const MODELS = [
  { id: 'plain', inputUsdPerMTok: 0.2, outputUsdPerMTok: 0.6, flexDiscount: 0.25 },
  {
    id: 'cached',
    inputUsdPerMTok: 3,
    outputUsdPerMTok: 15,
    cachedInputUsdPerMTok: 0.3,
    cacheWrite5mUsdPerMTok: 3.75,
    cacheWrite1hUsdPerMTok: 6,
    batchDiscount: 0.5,
    tiers: [
      { aboveInputTokens: 2000, inputUsdPerMTok: 6, outputUsdPerMTok: 22.5, cachedInputUsdPerMTok: 0.6 },
      { aboveInputTokens: 20_000, inputUsdPerMTok: 7, outputUsdPerMTok: 25, audioInputUsdPerMTok: 40 },
    ],
  },
  {
    id: 'sees-and-hears',
    inputUsdPerMTok: 0.5,
    outputUsdPerMTok: 2,
    reasoningUsdPerMTok: 3,
    audioInputUsdPerMTok: 4,
    audioOutputUsdPerMTok: 8,
    imageInputUsdPerMTok: 1,
    imageOutputUsdPerMTok: 30,
    batchDiscount: 0.4,
    flexDiscount: 0.1,
  },
]
const NEWCOMER = { ...MODELS[1], id: 'newcomer' }

/** Bills of a call by the number of tokens on each side. */
const BILLS = [
  (input, output) => ({
    inputTokens: input,
    outputTokens: output,
    cachedInputTokens: input >> 2,
    cacheWrite5mTokens: input >> 3,
    cacheWrite1hTokens: input >> 4,
    audioInputTokens: input >> 4,
    imageInputTokens: input >> 5,
    reasoningTokens: output >> 2,
    audioOutputTokens: output >> 3,
    imageOutputTokens: output >> 4,
    serviceTier: 'batch',
  }),
  (input, output) => ({
    usage: {
      prompt_tokens: input,
      completion_tokens: output,
      total_tokens: input + output,
      prompt_tokens_details: { cached_tokens: input >> 1, audio_tokens: input >> 3 },
      completion_tokens_details: { reasoning_tokens: output >> 2, audio_tokens: output >> 3 },
      service_tier: 'flex',
    },
  }),
  // A part above its whole, and a total that is more than both sides.
  (input, output) => ({
    usage: {
      prompt_tokens: input,
      completion_tokens: output,
      total_tokens: 2 * input + 2 * output,
      prompt_tokens_details: { cached_tokens: input + 10 },
    },
  }),
  // Parts that are together more than their whole.
  (input, output) => ({
    usage: {
      input_tokens: input,
      output_tokens: output,
      input_tokens_details: { cached_tokens: input - 5, image_tokens: input >> 1 },
      output_tokens_details: { image_tokens: output >> 1 },
    },
    serviceTier: 'flex',
  }),
  (input, output) => ({
    usage: {
      input_tokens: input,
      output_tokens: output,
      cache_read_input_tokens: 3 * input,
      cache_creation_input_tokens: input,
      cache_creation: { ephemeral_5m_input_tokens: input >> 1, ephemeral_1h_input_tokens: input >> 2 },
      server_tool_use: { web_search_requests: 1 },
      service_tier: 'batch',
    },
  }),
  (input, output) => ({
    usage: {
      promptTokenCount: input,
      cachedContentTokenCount: input >> 2,
      candidatesTokenCount: output,
      thoughtsTokenCount: output >> 1,
      totalTokenCount: input + output + (output >> 1),
      promptTokensDetails: [
        { modality: 'IMAGE', tokenCount: input >> 2 },
        { modality: 'AUDIO', tokenCount: input >> 3 },
      ],
    },
  }),
  (input, output) => ({
    usage: { inputTokens: input, outputTokens: output, cacheReadInputTokens: 9 * input, totalTokens: 0 },
  }),
  // The provider's own usage beside a library's, with fewer tokens.
  (input, output) => ({
    usage: { inputTokens: input, outputTokens: output, raw: { input_tokens: input >> 1 } },
  }),
  (input, output) => ({ inputTokens: 30 * input, outputTokens: output }),
  (input) => ({ costUsd: input / 1e6 }),
  // No cost of tokens that have one.
  (input, output) => ({ costUsd: 0, inputTokens: input, outputTokens: output }),
]
/** What `correct` refuses and a settlement does not. */
const WRONG_BILLS = [
  // Bills that tell too little: one side, none.
  (input) => ({ inputTokens: input, outputTokens: null }),
  () => ({ costUsd: null }),
  (input, output) => ({ inputTokens: -input, outputTokens: output, serviceTier: 'gold' }),
  (input, output) => ({ usage: { input_tokens: input, output_tokens: output }, inputTokens: input }),
]
const ALL_BILLS = [...BILLS, ...WRONG_BILLS]

/** A world of such bills, for failures, calls that are broken off, and bills that come late or twice too. */
class BilledWorld extends World {
  bills = 0

  settlement(bills = ALL_BILLS) {
    const input = 100 + Math.floor(this.random() * 900)
    const output = 40 + Math.floor(this.random() * 400)
    const bill = bills[this.bills++ % bills.length](input, output)
    return this.bills % 3 === 0 ? bill : { ...bill, latencyMs: 200 + Math.floor(this.random() * 2000) }
  }

  feedback(router, decision, limits) {
    const kind = this.random()
    if (kind > 0.2) super.feedback(router, decision, limits)
    else if (kind > 0.08) router.cancel(decision.id, kind > 0.12 ? this.settlement() : undefined)
    else
      router.fail(decision.id, {
        ...this.settlement(),
        ...(kind > 0.02 ? {} : { retryAfterMs: kind > 0.01 ? 20_000 : 4e6 }),
      })
    // What was known of one of the latest requests was wrong.
    const earlier = this.routed.at(-4)
    if (earlier !== undefined && this.random() < 0.1) router.correct(earlier.id, this.settlement(BILLS))
  }
}

/** @returns for each policy what makes its recording */
export function tokenRecordings() {
  return [
    () =>
      recording('dollar', 61, [-0.5, 1.5], {
        caps: [{ usd: 5, per: 'day', timeZone: 'Europe/Berlin' }],
        tenants: [{ id: 'acme', budget: { usdPerRequest: 0.004 } }],
        latency: { meanMs: 1500 },
        quality: { meanReward: 0.4 },
      }),
    () => recording('paper', 62, [0, 1], {}),
    () => recording('thompson', 63, [0, 2], {}),
  ]
}

function recording(policy, seed, rewardRange, beginning) {
  const world = new BilledWorld(seed, Date.UTC(2026, 9, 24, 20), 4)
  const limits = { low: rewardRange[0], high: rewardRange[1] }
  const tenants = policy === 'dollar' ? ['acme'] : []
  const optionsOf = (i) =>
    [
      {},
      tenants.length > 0 ? { tenant: 'acme' } : {},
      { candidates: ['plain', 'cached'] },
      { inputTokens: 3000 },
      { exploit: true },
      { maxCostUsd: 0.01 },
    ][i % 6]
  return {
    name: `tokens-${policy}`,
    about: `Policy ${policy} at d = 4: tokens of every kind, usages of providers, tiers, discounts.`,
    options: {
      policy,
      name: 'tokens',
      dimension: 4,
      budget: { usdPerRequest: 0.006 },
      rewardRange,
      pendingCapacity: 16,
      pendingTtlMs: 3_600_000,
      epsilon: 0.1,
      seed,
      kernel: 'js',
    },
    stream: null,
    snapshotEvents: 40,
    // Its log without snapshots holds the same events.
    isBrief: true,
    tenants,
    world,
    limits,
    optionsOf,
    play: async (reopen, mark) => {
      const router = await reopen({ models: MODELS, ...beginning })
      for (const [i, { id }] of MODELS.entries()) world.biases.set(id, 0.3 + 0.2 * i)
      const traffic = async (count) => {
        for (let i = 0; i < count; i++) {
          world.advance(10_000 + Math.floor(world.random() * 60_000))
          const decision = world.route(router, optionsOf(i))
          if (decision !== null) world.feedback(router, decision, limits)
          if (i % 10 === 9) await router.flush()
        }
      }
      await traffic(24)
      router.addModel(NEWCOMER, { forcedExploration: 2 })
      router.reprice('plain', { ...priceOf(MODELS[2]), tiers: MODELS[1].tiers })
      router.setBudget({ usdPerRequest: 0.004 })
      if (policy === 'dollar') {
        router.adjustAccount(0.01)
        router.adjustAccount(-0.002, { tenant: 'acme' })
      }
      await traffic(24)
      mark('end')
      await router.close()
    },
  }
}

function priceOf({ id: _, ...price }) {
  return price
}
