import {
  checkBoolean,
  checkEach,
  checkFunction,
  checkInteger,
  checkKeys,
  checkOneOf,
  checkRecord,
  checkString,
  checkStrings,
} from '../base/check.js'
import { expected } from '../base/errors.js'
import type { PlatformFetch, PlatformSignal } from '../base/platform.js'
import { checkModelPrice, type ModelSpec, PRICE_KEYS, type ResolvedModelPrice } from '../models/model.js'
import { PRICE_FORMATS, type PriceFormat } from './formats/formats.js'
import type { Lookup } from './inside.js'
import { PRICE_SERVICES, type PriceService } from './listed.js'
import { UNPRICED_TOKENS, type UnpricedTokens } from './priced-model.js'

/** What to take from a price list, and how. */
export interface ImportPricesOptions {
  /**
   * Ids of models here and what the list calls them: `{ large: 'openai/gpt-5' }`; or ids alone, where the list calls them so. In
   * models.dev's list a name is `provider/model`, or the model alone where one provider has it.
   */
  readonly models: Readonly<Record<string, string>> | readonly string[]
  /** Default: recognised from what the list has. */
  readonly format?: PriceFormat | undefined
  /** Models with the prices in force: differences are told, and a price that is 100 times another is asked about. Default: none. */
  readonly current?: readonly ModelSpec[] | undefined
  /** Ids of models whose prices are meant as they stand, however far off. Default: none. */
  readonly accept?: readonly string[] | undefined
  /**
   * Kinds of tokens that the list says a model has, at a price that is not there and is known to be above what is charged in its
   * place (audio, images that are made, cache writes of an hour), or that are counted here as a cheaper kind. `refuse`, the default: the model is
   * refused, as its bills could be too low. `dearest`: charged as the dearest of their side, or the kind that they count as is raised to them.
   */
  readonly unpriced?: UnpricedTokens | undefined
  /** Whose prices are taken: those of plain requests, the default, or of `batch`, `flex` or `priority` ones, where the list has them. */
  readonly service?: PriceService | undefined
  /** Whether `batchDiscount` and `flexDiscount` are taken from the list. Default false: such requests are charged in full. */
  readonly discounts?: boolean | undefined
  /** Models with problems are left out, and `problems` says why. Default false: then PricesError is thrown. */
  readonly partial?: boolean | undefined
  /** What errors and results call the source. Default: the path, or the address without its query. */
  readonly name?: string | undefined
  /** Default: that of the platform. */
  readonly fetch?: PlatformFetch | undefined
  /** The addresses of a name that another server leads to. Default: by Node's resolver where there is one; none with a `fetch` of your own. */
  readonly lookup?: ((name: string) => Promise<readonly string[]>) | undefined
  /** Reads a file. Default: Node's, or what takes its place. */
  readonly readFile?: ((path: string) => Promise<string>) | undefined
  /** How long a URL may take, ms, 1 to 600,000. Default 30,000. */
  readonly timeoutMs?: number | undefined
  /** Longest list, bytes, at most 268,435,456. Default 33,554,432 (32 MiB). */
  readonly bytesMax?: number | undefined
  /** Breaks off a read from a URL. */
  readonly signal?: PlatformSignal | undefined
  /** Milliseconds since 1970 UTC. Default Date.now. */
  readonly now?: (() => number) | undefined
}

const KEYS: readonly (keyof ImportPricesOptions)[] = [
  'models',
  'format',
  'current',
  'accept',
  'unpriced',
  'service',
  'discounts',
  'partial',
  'name',
  'fetch',
  'lookup',
  'readFile',
  'timeoutMs',
  'bytesMax',
  'signal',
  'now',
]
const MODELS_MAX = 10_000
const TIMEOUT_MS = 30_000
const BYTES = 32 * 1024 * 1024

export interface ImportSettings {
  readonly names: ReadonlyMap<string, string>
  readonly format: PriceFormat | undefined
  readonly current: ReadonlyMap<string, ResolvedModelPrice>
  readonly accept: ReadonlySet<string>
  readonly unpriced: UnpricedTokens
  readonly service: PriceService
  readonly discounts: boolean
  readonly partial: boolean
  readonly name: string | undefined
  readonly fetch: PlatformFetch
  readonly lookup: Lookup
  readonly readFile: ((path: string) => Promise<string>) | undefined
  readonly timeoutMs: number
  readonly bytesMax: number
  readonly signal: PlatformSignal | undefined
  readonly now: () => number
}

/** @throws INVALID_ARGUMENT, UNKNOWN_OPTION naming the option */
export function checkOptions(value: unknown): ImportSettings {
  const record = checkRecord(value, 'options')
  checkKeys(record, KEYS, '')
  const names = checkNames(record.models)
  const accept = new Set(record.accept === undefined ? [] : checkStrings(record.accept, 'accept'))
  for (const id of accept)
    if (!names.has(id))
      throw expected('INVALID_ARGUMENT', 'accept', `ids of models (${[...names.keys()].join(', ')})`, id)
  return {
    names,
    format: record.format === undefined ? undefined : checkOneOf(record.format, PRICE_FORMATS, 'format'),
    current: record.current === undefined ? new Map() : checkCurrent(record.current),
    accept,
    unpriced:
      record.unpriced === undefined ? 'refuse' : checkOneOf(record.unpriced, UNPRICED_TOKENS, 'unpriced'),
    service:
      record.service === undefined ? 'standard' : checkOneOf(record.service, PRICE_SERVICES, 'service'),
    discounts: record.discounts === undefined ? false : checkBoolean(record.discounts, 'discounts'),
    partial: record.partial === undefined ? false : checkBoolean(record.partial, 'partial'),
    name: record.name === undefined ? undefined : checkString(record.name, 'name'),
    fetch:
      record.fetch === undefined
        ? (...args) => globalThis.fetch(...args)
        : checkFunction<typeof globalThis.fetch>(record.fetch, 'fetch'),
    lookup:
      record.lookup === undefined ? lookupOf(record.fetch) : checkFunction<Lookup>(record.lookup, 'lookup'),
    readFile:
      record.readFile === undefined
        ? undefined
        : checkFunction<(path: string) => Promise<string>>(record.readFile, 'readFile'),
    timeoutMs:
      record.timeoutMs === undefined ? TIMEOUT_MS : checkInteger(record.timeoutMs, 1, 600_000, 'timeoutMs'),
    bytesMax: record.bytesMax === undefined ? BYTES : checkInteger(record.bytesMax, 1, 2 ** 28, 'bytesMax'),
    signal: checkSignal(record.signal),
    now: record.now === undefined ? Date.now : checkFunction<() => number>(record.now, 'now'),
  }
}

/** A `fetch` that was given may reach other names than this machine's resolver knows. */
function lookupOf(fetch: unknown): Lookup {
  if (fetch !== undefined) return async () => []
  return async (name) => (await import('./lookup-name.js')).lookupName(name)
}

function checkNames(value: unknown): Map<string, string> {
  const pairs: [string, string][] = Array.isArray(value)
    ? checkStrings(value, 'models').map((id) => [id, id])
    : Object.entries(checkRecord(value, 'models')).map(([id, name]) => [
        checkString(id, 'models'),
        checkString(name, `models.${id}`),
      ])
  if (pairs.length === 0 || pairs.length > MODELS_MAX)
    throw expected('INVALID_ARGUMENT', 'models', `1 to ${MODELS_MAX} models`, pairs.length)
  return new Map(pairs)
}

/** Models may say more than their prices, as those of `stats()` do. */
function checkCurrent(value: unknown): Map<string, ResolvedModelPrice> {
  return new Map(
    checkEach(value, 'current', (entry, i) => {
      const record = checkRecord(entry, `current[${i}]`)
      const prices = Object.fromEntries(PRICE_KEYS.map((key) => [key, record[key]]))
      return [checkString(record.id, `current[${i}].id`), checkModelPrice(prices, `current[${i}]`)] as const
    }),
  )
}

function checkSignal(value: unknown): AbortSignal | undefined {
  if (value === undefined || value instanceof AbortSignal) return value
  throw expected('INVALID_ARGUMENT', 'signal', 'an AbortSignal', value)
}
