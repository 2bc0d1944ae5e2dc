import { PRICE_FORMATS, PRICE_SERVICES, UNPRICED_TOKENS } from '../../prices/index.js'
import { mapped, object, orNull, recordOf, required, ruled, setOf, withDefault } from './compound-shapes.js'
import type { PricesConfig } from './config.js'
import { oneOf, text, textLike, yesOrNo } from './scalar-shapes.js'
import { priceSource } from './secret-shape.js'
import type { Shape } from './shape.js'
import { DAY_MS, HOUR_MS, MINUTE_MS, milliseconds } from './words.js'

/** As a file has it. */
interface FilePrices extends Omit<PricesConfig, 'refreshMs'> {
  readonly refresh: string
}

const UNITS: Readonly<Record<string, number>> = { s: 1000, m: MINUTE_MS, h: HOUR_MS, d: DAY_MS }
const MODEL_ID = '^[!-~]{1,200}$'

const filePrices: Shape<FilePrices> = object<FilePrices>({
  source: required(priceSource, 'a file, a URL, or $NAME of a URL with a token'),
  format: withDefault(orNull(oneOf(PRICE_FORMATS)), null, 'null: recognised'),
  refresh: withDefault(
    textLike('^[1-9][0-9]{0,3}[smhd]$', 'a number of seconds, minutes, hours or days such as 6h'),
    '6h',
    'how often it is read again: 30m, 6h, 1d',
  ),
  models: withDefault(
    orNull(
      ruled(recordOf(MODEL_ID, 'the id of a model', text(), 10_000), (names) =>
        Object.keys(names).length === 0 ? 'expected at least one model, or null for all' : null,
      ),
    ),
    null,
    'ids of models and what the list calls them; null: all, by what their upstreams call them',
  ),
  service: withDefault(oneOf(PRICE_SERVICES), 'standard', 'whose prices are taken'),
  unpriced: withDefault(
    oneOf(UNPRICED_TOKENS),
    'refuse',
    'kinds of tokens that a model has and the list does not price; refuse: the model keeps its prices',
  ),
  discounts: withDefault(yesOrNo, false, 'whether discounts of batch and flex requests are taken'),
  accept: withDefault(
    setOf(textLike(MODEL_ID, 'the id of a model'), 10_000),
    [],
    'models whose prices in the list are meant, however far off',
  ),
  timeoutMs: withDefault(milliseconds(1, 10 * MINUTE_MS), 30_000, 'how long a read of a URL may take'),
})

/** A public price list. */
export const priceList: Shape<PricesConfig> = mapped(filePrices, ({ refresh, ...others }) =>
  Object.freeze({ ...others, refreshMs: Number(refresh.slice(0, -1)) * UNITS[refresh.slice(-1)] }),
)
