import { answerSchema, maxTokensOf, PIECE_CHARACTERS } from '../simulated/answer.js'
import type { JsonRecord } from '../simulated/json.js'
import type { PartialPlan, Script } from '../simulated/plan.js'
import type { UpstreamPrices } from '../simulated/prices.js'
import { Random } from '../simulated/random.js'
import { startUpstream, type Upstream } from '../simulated/upstream.js'
import { DEMO_MODELS, type DemoModel, PROVIDERS, type World } from './world.js'

/** The gateway's own key at the simulated providers. */
export const PROVIDER_KEY = 'sk-simulated-0123456789'
/** Of streams, those that break with an error after some of the answer. */
const BROKEN_STREAMS_SHARE = 0.01

/** What all of them say: what matters is what it costs, and what somebody thinks of it. */
const ANSWER =
  'This is a simulated answer. It is as good as its model is at the topic, and as long as it costs.'

export interface Provider {
  readonly id: string
  readonly protocol: string
  readonly upstream: Upstream
}

/** A server for each provider, that asks the world for prices. */
export async function startProviders(world: World, seed: number): Promise<readonly Provider[]> {
  const started: Provider[] = []
  for (const [i, { id, protocol }] of PROVIDERS.entries()) {
    const models = DEMO_MODELS.filter(({ provider }) => provider === id)
    const upstream = await startUpstream({
      apiKey: PROVIDER_KEY,
      prices: pricesNow(world, models),
      script: scriptOf(models, new Random(seed + i)),
    })
    started.push({ id, protocol, upstream })
  }
  return started
}

/** Prices as they are when somebody looks. */
function pricesNow(world: World, models: readonly DemoModel[]): Readonly<Record<string, UpstreamPrices>> {
  const prices: Record<string, UpstreamPrices> = {}
  for (const model of models)
    Object.defineProperty(prices, model.id, { enumerable: true, get: () => world.prices(model) })
  return prices
}

function scriptOf(models: readonly DemoModel[], random: Random): Script {
  const calls = new Map<string, { second: number; count: number }>()
  return ({ model: id, isStreamed, body }) => {
    const model = models.find((each) => each.id === id)
    if (model === undefined) return {}
    const second = Math.floor(Date.now() / 1000)
    const last = calls.get(id)
    const count = last?.second === second ? last.count + 1 : 1
    calls.set(id, { second, count })
    if (count > model.callsPerSecondMax) {
      const ms = 1000 * (second + 1) - Date.now()
      return { fault: { kind: 'status', status: 429, retryAfter: { form: 'ms', ms: Math.max(1, ms) } } }
    }
    return { ...planOf(model, isStreamed, random), ...answerTo(model, body, random) }
  }
}

function planOf(model: DemoModel, isStreamed: boolean, random: Random): PartialPlan {
  if (random.next() < model.failureShare)
    return { fault: { kind: 'status', status: random.next() < 0.5 ? 500 : 503 } }
  const { firstTokenMs, betweenTokensMs } = model
  const isBroken = isStreamed && random.next() < BROKEN_STREAMS_SHARE
  return {
    delays: { firstTokenMs: firstTokenMs * (0.5 + random.next()), betweenTokensMs },
    ...(isBroken ? { fault: { kind: 'error-event', afterPieces: 5 } } : {}),
  }
}

/** In the form that was asked for, and no longer than that: an application tries itself on this. */
function answerTo({ outputTokens }: DemoModel, body: JsonRecord, random: Random): PartialPlan {
  const wanted = outputTokens + random.below(outputTokens)
  const limit = maxTokensOf(body) ?? Infinity
  if (answerSchema(body) !== null) return limit < wanted ? {} : { tokens: { output: wanted } }
  if (limit >= wanted) return { text: ANSWER, tokens: { output: wanted } }
  const text = [...ANSWER].slice(0, PIECE_CHARACTERS * limit).join('')
  return { text, tokens: { output: limit }, ending: 'length' }
}
