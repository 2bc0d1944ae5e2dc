import { freeRecordOf } from '../../models/cost-estimate.js'
import { blendedUsdPerKTok, checkModelPrice, type ResolvedModelPrice } from '../../models/model.js'
import { MODEL_NUMBERS } from '../../models/registry.js'
import { recentOfAll } from '../../models/tries.js'
import { AT, PRICES, SLOT } from '../pending/request-row.js'
import { invalidSnapshot } from './invalid-snapshot.js'

/** Up to version 4 a model had its four prices as numbers, and so had each waiting request, of when it was routed. */
const PRICE_NAMES_4 = [
  'inputUsdPerMTok',
  'outputUsdPerMTok',
  'cachedInputUsdPerMTok',
  'reasoningUsdPerMTok',
] as const
/** Slot and registration stand before a model's prices, and its counters behind them. */
const MODEL_PRICES = 2
const MODEL_COUNTERS_4 = 18
/** What has been counted since: the last of MODEL_NUMBERS. */
const MODEL_COUNTERS_ADDED = MODEL_NUMBERS.length - MODEL_COUNTERS_4

/** Numbers that each model has beside its arm, before and after. */
export const MODEL_NUMBERS_4 = MODEL_PRICES + PRICE_NAMES_4.length + MODEL_COUNTERS_4
const MODEL_CHANGE = 1 + MODEL_COUNTERS_ADDED - PRICE_NAMES_4.length
/** Columns by which a row is shorter whose prices are a place in a list. */
export const COLUMNS_SAVED = PRICE_NAMES_4.length - 1

interface PricedLayout {
  /** Where the numbers of models begin. */
  readonly start: number
  readonly models: number
  /** Numbers of one model and its arm. */
  readonly modelNumbers: number
  readonly requests: number
  /** Numbers of one request: its sequence number, its row. */
  readonly requestNumbers: number
}

/**
 * Puts places in a list of prices where a snapshot older than version 5 has four prices each.
 * @param layout as the numbers are; they add up
 * @throws SNAPSHOT_INVALID for a price that is not valid
 */
export function migratePrices(
  written: Float64Array,
  layout: PricedLayout,
): { readonly numbers: Float64Array; readonly prices: readonly ResolvedModelPrice[] } {
  const { start, models, modelNumbers, requests, requestNumbers } = layout
  const length = written.length + models * MODEL_CHANGE - requests * COLUMNS_SAVED
  const numbers = new Float64Array(length)
  const prices: ResolvedModelPrice[] = []
  const places = new Map<string, number>()
  const placeOf = (at: number): number => {
    const price = readPrice(written.subarray(at, at + PRICE_NAMES_4.length))
    const text = JSON.stringify(price)
    const place = places.get(text) ?? prices.push(price) - 1
    places.set(text, place)
    return place
  }
  let to = 0
  const copy = (from: number, end: number): void => {
    numbers.set(written.subarray(from, end), to)
    to += end - from
  }
  copy(0, start)
  let from = start
  const routedAt = new Map<number, number>()
  for (let i = 0; i < models; i++, from += modelNumbers) {
    copy(from, from + MODEL_PRICES)
    numbers[to++] = placeOf(from + MODEL_PRICES)
    copy(from + MODEL_PRICES + PRICE_NAMES_4.length, from + MODEL_NUMBERS_4)
    to += MODEL_COUNTERS_ADDED
    const counters = to - MODEL_NUMBERS.length
    routedAt.set(written[from], counters + MODEL_NUMBERS.indexOf('routedAt'))
    deriveCounters(numbers.subarray(counters, to), prices[numbers[counters - 1]])
    copy(from + MODEL_NUMBERS_4, from + modelNumbers)
  }
  for (let i = 0; i < requests; i++, from += requestNumbers) {
    const at = from + 1 + PRICES
    const latest = routedAt.get(written[from + 1 + SLOT])
    if (latest !== undefined) numbers[latest] = Math.max(numbers[latest], written[from + 1 + AT])
    copy(from, at)
    numbers[to++] = placeOf(at)
    copy(at + PRICE_NAMES_4.length, from + requestNumbers)
  }
  copy(from, written.length)
  return { numbers, prices }
}

/** What follows from the older counters for those that were added. */
function deriveCounters(counters: Float64Array, price: ResolvedModelPrice): void {
  const read = (name: (typeof MODEL_NUMBERS)[number]): number => counters[MODEL_NUMBERS.indexOf(name)]
  const write = (name: (typeof MODEL_NUMBERS)[number], value: number): void => {
    counters[MODEL_NUMBERS.indexOf(name)] = value
  }
  const [recentMs, recent] = recentOfAll(read('latencySumMs'), read('latencyCount'))
  write('recentLatencyMs', recentMs)
  write('recentLatencies', recent)
  const settled = read('settled')
  if (blendedUsdPerKTok(price) > 0 || !(settled > 0)) return
  const { freeUsd, freeSettled } = freeRecordOf(read('settledCostUsd') / settled, settled)
  write('freeUsd', freeUsd)
  write('freeSettled', freeSettled)
}

function readPrice(values: Float64Array): ResolvedModelPrice {
  try {
    return checkModelPrice(Object.fromEntries(PRICE_NAMES_4.map((name, i) => [name, values[i]])), 'price')
  } catch {
    throw invalidSnapshot('a price is not valid')
  }
}
