import type { After } from '../../base/after.js'
import { messageOf } from '../../base/errors.js'
import type { ModelSpec, Router } from '../../index.js'
import { type ImportedPrices, importPrices, type PriceDifference } from '../../prices/index.js'
import type { PricesConfig } from '../config/config.js'
import type { LiveConfig } from '../config/live-config.js'
import type { WriteLine } from '../logs/request-log.js'

export interface PriceRefreshOptions {
  readonly live: LiveConfig
  readonly router: Router<string>
  readonly write: WriteLine
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number
  readonly after: After
  readonly fetch: typeof globalThis.fetch | undefined
}

/** What is wrong with the list itself, beside its models. */
const LIST = ''

/**
 * Keeps prices as a list has them: reads it, and has the router take each price that is another. A price is taken as a whole or not
 * at all: where the list cannot be read, or has something doubtful, the old price stays in force and a line of the log says why.
 */
export class PriceRefresh {
  private readonly options: PriceRefreshOptions
  /** By model: what was said of it last, so that the same is not said at each read. */
  private readonly problems = new Map<string, string>()
  private cancel: (() => void) | null = null
  private running: Promise<void> | null = null
  private reading: AbortController | null = null
  private read: PricesConfig | null = null
  private lastReadAt: number | null = null
  private isClosed = false

  constructor(options: PriceRefreshOptions) {
    this.options = options
  }

  /** When the list was last read, ms since 1970 UTC; null: not yet. */
  get readAt(): number | null {
    return this.lastReadAt
  }

  /** Models whose prices could not be taken at the last read, and the list itself. */
  get problemCount(): number {
    return this.problems.size
  }

  /** To be called at the start, and when the config has changed: reads the list at once, and from then on at its interval. */
  begin(): void {
    this.cancel?.()
    this.cancel = null
    if (this.isClosed) return
    const { prices } = this.options.live.current
    if (prices !== this.read) {
      // The answer to the old question is no longer wanted.
      this.reading?.abort()
      this.problems.clear()
      this.lastReadAt = null
    }
    if (prices !== null) void this.refresh()
  }

  /** Reads the list now. Resolves whatever comes of it, when prices that are others are in force here. */
  async refresh(): Promise<void> {
    while (this.running !== null && this.read !== this.options.live.current.prices) await this.running
    this.running ??= this.once().finally(() => {
      this.running = null
      this.plan()
    })
    return this.running
  }

  /** Nothing is read or changed any more when it resolves. */
  async close(): Promise<void> {
    this.isClosed = true
    this.cancel?.()
    this.reading?.abort()
    await this.running
  }

  private plan(): void {
    const { live, after } = this.options
    const { prices } = live.current
    this.cancel?.()
    this.cancel = null
    if (prices === null || this.isClosed) return
    this.cancel = after(prices.refreshMs, () => void this.refresh())
  }

  private async once(): Promise<void> {
    const { live, now, fetch } = this.options
    const { prices, models } = live.current
    this.read = prices
    if (prices === null || this.isClosed) return
    // A models file has our ids; where its format is not given, they are looked up after the names.
    const names =
      prices.models ??
      Object.fromEntries(
        models.map(({ id, upstreamModel }) => [id, prices.format === 'paretobandit' ? id : upstreamModel]),
      )
    const reading = new AbortController()
    this.reading = reading
    const { source, format, accept, service, unpriced, discounts, timeoutMs } = prices
    try {
      const result = await importPrices(source.reveal(), {
        models: names,
        current: models.flatMap((model) =>
          model.prices === null ? [] : [{ id: model.id, ...model.prices }],
        ),
        name: source.source,
        partial: true,
        accept,
        service,
        unpriced,
        discounts,
        timeoutMs,
        signal: reading.signal,
        now,
        ...(format === null ? {} : { format }),
        ...(fetch === undefined ? {} : { fetch }),
      })
      if (this.isClosed || live.current.prices !== prices) return
      this.lastReadAt = result.readAt
      this.solved(LIST)
      this.take(result)
    } catch (error) {
      if (this.isClosed || live.current.prices !== prices) return
      this.alarm(LIST, messageOf(error), { source: source.source })
    } finally {
      this.reading = null
    }
  }

  private take({ models, differences, problems, notes, source, format, readAt }: ImportedPrices): void {
    const about = { source, format, readAt: new Date(readAt).toISOString() }
    const registered = new Set(this.options.router.stats().models.map(({ id }) => id))
    for (const model of models) {
      const changes = differences.filter((difference) => difference.model === model.id)
      if (changes.length === 0) this.solved(model.id)
      // One that is disabled in the file is not in the router: it gets its price when it is there.
      else if (registered.has(model.id))
        this.reprice(model, changes, {
          ...about,
          notes: notes.filter((note) => note.model === model.id).map(({ message }) => message),
        })
    }
    const refused = new Map<string, string[]>()
    for (const { model, message } of problems) refused.set(model, [...(refused.get(model) ?? []), message])
    for (const [model, messages] of refused) this.alarm(model, messages.join('; '), { model, ...about })
  }

  private reprice(
    { id, ...price }: ModelSpec,
    changes: readonly PriceDifference[],
    about: Readonly<Record<string, unknown>>,
  ): void {
    const { router, write } = this.options
    try {
      router.reprice(id, price)
    } catch (error) {
      this.alarm(id, messageOf(error), { model: id, ...about })
      return
    }
    this.solved(id)
    const shown = changes.map(({ price: name, aboveInputTokens, before, after }) => ({
      price: name,
      ...(aboveInputTokens === null ? {} : { aboveInputTokens }),
      before,
      after,
    }))
    write('info', { model: id, changes: shown, ...about }, 'prices: a model has those of the list')
  }

  private alarm(model: string, why: string, fields: Readonly<Record<string, unknown>>): void {
    if (this.problems.get(model) === why) return
    this.problems.set(model, why)
    const message =
      model === LIST
        ? 'prices: the list cannot be read: the old prices stay in force'
        : 'prices: what the list has for a model cannot be taken: its old prices stay in force'
    this.options.write('error', { ...fields, why }, message)
  }

  private solved(model: string): void {
    if (!this.problems.delete(model)) return
    const fields = model === LIST ? {} : { model }
    this.options.write(
      'info',
      fields,
      model === LIST ? 'prices: the list can be read again' : 'prices: a model has a price in the list again',
    )
  }
}
