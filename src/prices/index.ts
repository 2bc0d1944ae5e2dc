/** Prices from public lists, in the form that routers take. Nothing is read before `importPrices` is called. */

export type { PlatformFetch, PlatformSignal, PlatformUrl } from '../base/platform.js'
export type { PriceDifference } from './difference.js'
export { PRICE_FORMATS, type PriceFormat } from './formats/formats.js'
export { type ImportedPrices, importPrices } from './import-prices.js'
export { PRICE_SERVICES, type PriceService } from './listed.js'
export type { ImportPricesOptions } from './options.js'
export { UNPRICED_TOKENS, type UnpricedTokens } from './priced-model.js'
export { type PriceNote, type PriceProblem, PricesError } from './problem.js'
export type { PriceSource } from './read-source.js'
