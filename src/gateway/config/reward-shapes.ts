import { type MetricScale, REWARD_SOURCES } from '../../rewards/index.js'
import { allDefaults, list, object, orNull, required, withDefault } from './compound-shapes.js'
import type { JudgeConfig, LinksConfig, RewardsConfig, ValidatorsConfig } from './reward-config.js'
import { numberIn, oneOf, positive, text, yesOrNo } from './scalar-shapes.js'
import { secret } from './secret-shape.js'
import type { Shape } from './shape.js'
import { baseUrl } from './upstream-shape.js'
import { DAY_MS, HOUR_MS, MINUTE_MS, milliseconds } from './words.js'

const LINK_SECRET_LENGTH_MIN = 32
const RUBRIC_CHARS_MAX = 2000
const weight = numberIn(0, 1000)
const judge: Shape<JudgeConfig> = object<JudgeConfig>({
  model: required(text(), 'the id of the model that grades'),
  share: withDefault(numberIn(1e-6, 1), 0.02, 'share of answers that are graded'),
  capUsdPerDay: required(positive(), 'what grading may cost a day'),
  rubric: withDefault(
    orNull(text(RUBRIC_CHARS_MAX)),
    null,
    'what makes an answer good; null: that it is right, complete, and what was asked for',
  ),
  calibrate: withDefault(yesOrNo, true, 'whether its scores are put on the scale of thumbs'),
})
const links: Shape<LinksConfig> = object<LinksConfig>({
  secret: required(secret({ lengthMin: LINK_SECRET_LENGTH_MIN }), '$NAME of what signs links'),
  ttlMs: withDefault(milliseconds(1000, 366 * DAY_MS), 30 * DAY_MS, 'how long a link is good for'),
  baseUrl: withDefault(
    orNull(baseUrl),
    null,
    'how people reach this gateway, such as https://llm.example.com; null: as the request that asks for links came',
  ),
})
const metric: Shape<MetricScale> = object<MetricScale>({
  name: required(text(), 'as clients call it'),
  worst: required(numberIn(-1e12, 1e12), 'the value that counts 0'),
  best: required(numberIn(-1e12, 1e12), 'the value that counts 1; it may be the lesser'),
  source: withDefault(oneOf(REWARD_SOURCES), 'client', 'whose weight it has'),
})
export const rewards: Shape<RewardsConfig> = object<RewardsConfig>({
  windowMs: withDefault(milliseconds(0), MINUTE_MS, 'rewards of one request within so long are combined'),
  weights: allDefaults(
    object<RewardsConfig['weights']>({
      validator: withDefault(weight, 0.2, 'of JSON schemas, empty and refused answers'),
      client: withDefault(weight, 1, 'of feedback by the API'),
      person: withDefault(weight, 2, 'of thumbs'),
      judge: withDefault(weight, 0.5, 'of the model that grades'),
    }),
    'what a reward of each source weighs',
  ),
  metrics: withDefault(list(metric, 1000), [], 'scales of what clients send; others have [0, 1]'),
  validators: allDefaults(
    object<ValidatorsConfig>({
      enabled: withDefault(yesOrNo, true, 'whether answers are checked'),
      repeatMs: withDefault(
        milliseconds(0, HOUR_MS),
        MINUTE_MS,
        'who asks the same again so soon was not served',
      ),
      waitMs: withDefault(
        milliseconds(0, DAY_MS),
        HOUR_MS,
        'so long what they say waits for others to say more',
      ),
    }),
    'JSON where it was asked for, arguments that fit their tools, empty answers',
  ),
  judge: withDefault(orNull(judge), null, 'a model that grades a share of answers'),
  links: withDefault(orNull(links), null, 'signed thumb links'),
})
