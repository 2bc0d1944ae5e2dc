import {
  type CapOptions,
  DEFAULT_POLICY,
  type LatencyOptions,
  POLICY_NAMES,
  type QualityOptions,
} from '../../index.js'
import { either, list, object, optional, orNull, required, withDefault } from './compound-shapes.js'
import type { BudgetConfig, RoutingConfig, TenantConfig } from './config.js'
import { idInPath, integerIn, numberIn, oneOf, positive, text, yesOrNo } from './scalar-shapes.js'
import type { Shape } from './shape.js'
import { DAY_MS, milliseconds, TOKENS_MAX } from './words.js'

const cap: Shape<CapOptions> = object<CapOptions>({
  usd: required(numberIn(0, 1e12), 'dollars that may be spent in the period'),
  per: required(oneOf(['hour', 'day', 'week', 'month']), 'the period'),
  window: optional(
    oneOf(['calendar', 'rolling']),
    'from the start of a period to the next, or any such stretch of time',
  ),
  timeZone: optional(
    text(),
    'IANA name of the zone whose calendar counts, such as Europe/Berlin; default UTC',
  ),
  pacing: optional(oneOf(['forecast', 'even']), 'how its money is spread over the time that is left'),
})
export const caps = list(cap, 8)

const latency: Shape<LatencyOptions> = either(
  object<{ meanMs: number }>({ meanMs: required(positive(), 'most that requests may take on average, ms') }),
  object<{ ms: number; percentile: number }>({
    ms: required(positive(), 'most that a share of requests may take, ms'),
    percentile: required(numberIn(0, 1), 'that share, 0.95 say'),
  }),
  'meanMs alone, or ms and percentile, each above 0',
)

export const routing: Shape<RoutingConfig> = object<RoutingConfig>({
  policy: optional(oneOf(POLICY_NAMES), `default ${DEFAULT_POLICY}`),
  strict: optional(yesOrNo, 'refuse what no account can pay for, instead of giving it to the cheapest model'),
  reserve: optional(oneOf(['expected', 'worst-case']), 'what is set aside for a request'),
  latency: optional(orNull(latency), 'limit on the latency of all requests'),
  quality: optional(
    orNull(object<QualityOptions>({ meanReward: required(numberIn(0, 1), 'the floor, in [0, 1]') })),
    'floor under the mean reward: the least is spent that meets it',
  ),
  indifference: optional(numberIn(0, 1), 'reward that no dollar is paid for; default 0.001'),
  alpha: optional(numberIn(0, 1e6), 'weight of exploration; default 0.05'),
  gamma: optional(numberIn(0.5, 1), 'forgetting factor; default 0.9997'),
  lambda0: optional(numberIn(1e-6, 1e6), 'regularisation; default 1'),
  adaptationHorizon: optional(positive(), 'requests after which fresh evidence outweighs a prior'),
  forcedExploration: optional(
    integerIn(0, 1e6),
    'requests that a new model gets to be known, as long as it may be worth its price; default 20',
  ),
  epsilon: optional(numberIn(0, 0.5), 'share of requests left to chance, for evaluation; default 0'),
  seed: optional(integerIn(0, Number.MAX_SAFE_INTEGER), 'seeds ties and draws; default 0'),
  kernel: optional(oneOf(['auto', 'native', 'wasm', 'js']), 'default auto'),
  expectedTokens: optional(
    object<{ input: number; output: number }>({
      input: required(numberIn(0, TOKENS_MAX), 'tokens of a prompt'),
      output: required(numberIn(0, TOKENS_MAX), 'tokens of an answer'),
    }),
    'assumed for a request of unknown size; default 300 and 300',
  ),
  pendingCapacity: optional(
    integerIn(1, 1 << 24),
    'how many of the latest requests may still get feedback; default 65,536',
  ),
  pendingTtlMs: optional(
    milliseconds(1, 366 * DAY_MS),
    'after so long without a settlement a reservation becomes spend; default 24 h',
  ),
})

export const tenantBudget = object<{ usdPerRequest: number }>({
  usdPerRequest: required(positive(), 'ceiling of the mean spend of its requests'),
})

export const tenant: Shape<TenantConfig> = object<TenantConfig>({
  id: required(idInPath, 'what keys call it'),
  budget: withDefault(orNull(tenantBudget), null, 'null: none of its own'),
  caps: withDefault(caps, [], 'dollars that it may spend in a period'),
})

export const budget: Shape<BudgetConfig> = object<BudgetConfig>({
  usdPerRequest: required(orNull(positive()), 'ceiling of the mean spend per request; null: none'),
  burst: optional(numberIn(1, 1e9), "how many requests' worth of it may be saved up; default 50"),
})
