import { expected, ParetoBanditError } from '../base/errors.js'
import { reading } from '../base/read-once.js'
import { checkModelPrice, type ModelSpec, type ResolvedModelPrice } from '../models/model.js'
import { differencesOf, type PriceDifference } from './difference.js'
import { FORMATS, formatOf, type PriceFormat } from './formats/formats.js'
import type { Listing } from './listed.js'
import { Names } from './nearest-names.js'
import { checkOptions, type ImportPricesOptions, type ImportSettings } from './options.js'
import { Neighbours } from './plausible.js'
import { pricedModel } from './priced-model.js'
import { type PriceNote, type PriceProblem, PricesError } from './problem.js'
import { type PriceSource, type ReadList, readSource } from './read-source.js'

/** Prices of a list, in the form that routers take. */
export interface ImportedPrices {
  /** Ready for `createRouter({ models })`, `addModel` and `reprice`; in the order of `models` in the options. */
  readonly models: readonly ModelSpec[]
  /** Against `current`; of a model that is not in it all prices are new. */
  readonly differences: readonly PriceDifference[]
  /** What was not imported as it stands: charges beside tokens, tiers that are not whole, kinds charged as others. */
  readonly notes: readonly PriceNote[]
  /** Empty unless `partial` is on. */
  readonly problems: readonly PriceProblem[]
  /** Where the list was read: a path, or an address but for what may be secret. */
  readonly source: string
  /** Of the list, found from its content or as it was given. */
  readonly format: PriceFormat
  /** When, in milliseconds since 1970 UTC. Prices are as old as that, or older. */
  readonly readAt: number
}

/**
 * Prices of models from a public price list: LiteLLM's `model_prices_and_context_window.json`, models.dev's `api.json`, OpenRouter's
 * `/models`, or a models file. All of it is checked, and nothing is guessed: what cannot be charged is named in `notes`, what is no price
 * or far off what is to be expected is refused.
 * @param source a path, a URL (https, or http on localhost), or the list as `JSON.parse` gives it
 * @throws (the promise is rejected with) INVALID_ARGUMENT, UNKNOWN_OPTION; PRICES_UNREADABLE for a source that cannot be read;
 *   PRICES_INVALID for one in no known format; PricesError, of code PRICES_MISSING, PRICES_INVALID or PRICES_IMPLAUSIBLE, with all that is wrong with the models
 */
export async function importPrices(
  source: PriceSource,
  options: ImportPricesOptions,
): Promise<ImportedPrices> {
  if (typeof source !== 'string' && (typeof source !== 'object' || source === null))
    throw expected('INVALID_ARGUMENT', 'source', 'a path, a URL or a list', source)
  const settings = reading('options', () => checkOptions(options))
  const list = await readSource(source, settings)
  return reading('source', () => importList(list, settings))
}

/** The same of a list that has been read. @throws as `importPrices` */
export function importList({ value, name }: ReadList, settings: ImportSettings): ImportedPrices {
  const readAt = settings.now()
  const format = formatOf(value, name, settings.format)
  const reading = new Reading(value, format, settings)
  for (const [id, listName] of settings.names) reading.take(id, listName)
  const { models, differences, notes, problems } = reading
  if (problems.length > 0 && !settings.partial) throw new PricesError(name, problems)
  return { models, differences, notes, problems, source: name, format, readAt }
}

/** One list being read. */
class Reading {
  readonly models: ModelSpec[] = []
  readonly differences: PriceDifference[] = []
  readonly notes: PriceNote[] = []
  readonly problems: PriceProblem[] = []
  private readonly listing: Listing
  private readonly settings: ImportSettings
  private readonly neighbours: Neighbours
  private readonly names: Names
  /** A models file, whose names are ids. */
  private readonly isOurs: boolean
  private readonly otherName: (given: string) => string | undefined

  constructor(value: unknown, format: PriceFormat, settings: ImportSettings) {
    const listFormat = FORMATS[format]
    this.listing = listFormat.read(value)
    this.settings = settings
    this.neighbours = new Neighbours(this.listing)
    this.names = new Names(this.listing.keys())
    this.isOurs = format === 'paretobandit'
    this.otherName = (given) => listFormat.nameOf?.(value, given)
  }

  take(model: string, given: string): void {
    const refuse = (code: PriceProblem['code'], message: string) =>
      void this.problems.push({ code, model, name: given, message })
    const name = this.nameOf(given, model)
    const listed = name === undefined ? undefined : this.listing.get(name)
    if (name === undefined || listed === undefined) {
      refuse('PRICES_MISSING', this.missing(given))
      return
    }
    const before = this.settings.current.get(model) ?? null
    const { price, problems, notes } = pricedModel(listed, before, this.settings)
    for (const { code, message } of problems) refuse(code, message)
    if (price === null) return
    const resolved = this.resolved(price, refuse)
    if (resolved === null) return
    const questions = this.neighbours.questions(name, resolved, before)
    const isAccepted = this.settings.accept.has(model)
    if (!isAccepted) for (const { message } of questions) refuse('PRICES_IMPLAUSIBLE', message)
    if (!isAccepted && questions.length > 0) return
    if (name !== given) this.notes.push({ model, message: `it is ${name} in the list` })
    for (const { message } of questions) this.notes.push({ model, message: `accepted: ${message}` })
    for (const message of notes) this.notes.push({ model, message })
    this.models.push({ id: model, ...price })
    this.differences.push(...differencesOf(model, before, resolved))
  }

  /** A name of the list, or the last part of one that no other has; in a models file also the id. */
  private nameOf(given: string, model: string): string | undefined {
    if (this.listing.has(given)) return given
    if (this.isOurs && this.listing.has(model)) return model
    const other = this.otherName(given)
    if (other !== undefined && this.listing.has(other)) return other
    const found = this.names.endingIn(given)
    return found.length === 1 ? found[0] : undefined
  }

  private missing(given: string): string {
    const several = this.names.endingIn(given)
    if (several.length > 1) return `the list has several: ${several.slice(0, 5).join(', ')}: say which`
    const near = this.names.nearest(given)
    return `the list has no such name${near.length === 0 ? '' : `; near are ${near.join(', ')}`}`
  }

  /** As the engine keeps it. */
  private resolved(
    price: object,
    refuse: (code: PriceProblem['code'], message: string) => void,
  ): ResolvedModelPrice | null {
    try {
      return checkModelPrice(price, 'prices')
    } catch (error) {
      if (!(error instanceof ParetoBanditError)) throw error
      refuse('PRICES_INVALID', error.message)
      return null
    }
  }
}
