import type { PriceRefresh } from '../prices/price-refresh.js'
import type { MetricsRegistry } from './registry.js'

/** How old prices are that a list gives, and how many of them could not be taken. */
export function priceMetrics(
  registry: MetricsRegistry,
  refresh: Pick<PriceRefresh, 'readAt' | 'problemCount'>,
): void {
  registry.gauge(
    'paretobandit_prices_read_timestamp_seconds',
    'When the price list was last read, seconds since 1970 UTC',
    [],
    function* () {
      if (refresh.readAt !== null) yield [{}, refresh.readAt / 1000] as const
    },
  )
  registry.gauge(
    'paretobandit_prices_refused',
    'Models whose prices in the list cannot be taken, and the list where it cannot be read',
    [],
    () => [[{}, refresh.problemCount]],
  )
}
