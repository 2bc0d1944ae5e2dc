import { isPerToken, perTokenText, USD_PER_MTOK_MIN } from '../../base/price-unit.js'
import type { ModelPrice, TierSpec, TokenPrices } from '../../index.js'
import { list, object, optional, required, ruled } from './compound-shapes.js'
import { integerIn, numberIn } from './scalar-shapes.js'
import type { Shape } from './shape.js'

const USD_PER_MTOK_MAX = 1e6
const TIERS_MAX = 16
const inRange = numberIn(0, USD_PER_MTOK_MAX)
const usd: Shape<number> = ruled(
  {
    schema: { ...inRange.schema, not: { exclusiveMinimum: 0, exclusiveMaximum: USD_PER_MTOK_MIN } },
    read: inRange.read,
  },
  (value) =>
    isPerToken(value)
      ? `expected USD per million tokens, of ${USD_PER_MTOK_MIN} at least or 0, got ${perTokenText(value)}`
      : null,
)

function price(what: string) {
  return optional(usd, `USD per million tokens ${what}`)
}

const KINDS = {
  inputUsdPerMTok: required(usd, 'USD per million tokens of the prompt'),
  outputUsdPerMTok: required(usd, 'USD per million tokens of the answer'),
  cachedInputUsdPerMTok: price('taken from a cache; default: those of the prompt'),
  reasoningUsdPerMTok: price('thought before the answer; default: those of the answer'),
  cacheWrite5mUsdPerMTok: price('written to a cache for five minutes; default: the dearest of input'),
  cacheWrite1hUsdPerMTok: price('written to a cache for an hour; default: the dearest of input'),
  audioInputUsdPerMTok: price('of sound that was sent; default: the dearest of input'),
  audioOutputUsdPerMTok: price('of sound in the answer; default: the dearest of output'),
  imageInputUsdPerMTok: price('of images that were sent; default: the dearest of input'),
  imageOutputUsdPerMTok: price('of images in the answer; default: the dearest of output'),
} as const satisfies Parameters<typeof object<TokenPrices>>[0]

const tier: Shape<TierSpec> = object<TierSpec>({
  aboveInputTokens: required(
    integerIn(1, 1e9),
    'for requests with more input tokens than this, cached included',
  ),
  ...KINDS,
})

/** Prices of a model, as `ModelSpec` of the library has them. */
export const prices: Shape<ModelPrice> = object<ModelPrice>({
  ...KINDS,
  tiers: optional(list(tier, TIERS_MAX), 'price lists of long requests, in rising order of aboveInputTokens'),
  batchDiscount: optional(share(), 'share that is taken off a batch request, below 1'),
  flexDiscount: optional(share(), 'share that is taken off a flex request, below 1'),
})

function share(): Shape<number> {
  const { schema, read } = numberIn(0, 0.999)
  return { schema, read }
}
