import type { AccountStats, Router } from '../../index.js'
import type { StoreWatch } from '../completions/store-watch.js'
import type { RateLimits } from '../keys/rate-limits.js'
import type { MetricsRegistry } from './registry.js'

/** Tenants that are told one by one; the rest is in the account of all. */
const TENANTS_MAX = 1000
/** The account of all together. */
const ALL = ''

type AccountRow = readonly [tenant: string, account: AccountStats]

/** What the engine knows, read at each scrape: money as the ledger has it, models, the log. */
export function engineMetrics(
  registry: MetricsRegistry,
  router: Router<string>,
  rates: RateLimits,
  store: Pick<StoreWatch, 'failure'> = { failure: null },
): void {
  const stats = oncePerScrape(() => router.stats())
  const accounts = oncePerScrape((): AccountRow[] => {
    const { account } = stats()
    const tenants = router.tenants().slice(0, TENANTS_MAX)
    return [
      ...(account === null ? [] : [[ALL, account] as const]),
      ...tenants.map((id) => [id, router.tenantStats(id)] as const),
    ]
  })
  const ofAccounts = (
    name: string,
    help: string,
    value: (account: AccountStats) => number | null,
    type?: 'counter',
  ) =>
    registry.gauge(
      name,
      help,
      ['tenant'],
      function* () {
        for (const [tenant, account] of accounts()) {
          const read = value(account)
          if (read !== null) yield [{ tenant }, read] as const
        }
      },
      type,
    )
  ofAccounts('paretobandit_spend_usd', 'Dollars spent, less what corrections took back', (a) => a.spendUsd)
  ofAccounts('paretobandit_reserved_usd', 'Dollars set aside for requests under way', (a) => a.reservedUsd)
  ofAccounts('paretobandit_budget_usd_per_request', 'Ceiling of the mean spend', (a) => a.usdPerRequest)
  ofAccounts('paretobandit_credit_usd', 'What is saved up; negative: overdrawn', (a) => a.creditUsd)
  ofAccounts(
    'paretobandit_shadow_price',
    'Reward that a budget of dollars must buy now',
    (a) => a.shadowPrice,
  )
  ofAccounts('paretobandit_refused_total', 'Requests refused for money', (a) => a.refused, 'counter')
  for (const [name, help, field] of [
    ['paretobandit_cap_usd', 'Dollars that a cap allows in its period', 'usd'],
    ['paretobandit_cap_spent_usd', 'Dollars spent in the period of a cap', 'spentUsd'],
    ['paretobandit_cap_reserved_usd', 'Dollars set aside in the period of a cap', 'reservedUsd'],
    ['paretobandit_cap_available_usd', 'Dollars that a cap leaves', 'availableUsd'],
  ] as const) {
    registry.gauge(name, help, ['tenant', 'per', 'window'], function* () {
      for (const [tenant, { caps }] of accounts())
        for (const cap of caps) yield [{ tenant, per: cap.per, window: cap.window }, cap[field]] as const
    })
  }
  for (const [name, help, value] of [
    ['paretobandit_model_available', 'Whether a model answers', (m) => Number(m.isAvailable)],
    ['paretobandit_model_enabled', 'Whether requests may go to a model', (m) => Number(m.enabled)],
    ['paretobandit_model_mean_reward', 'Mean reward of a model', (m) => m.meanReward],
    ['paretobandit_model_mean_cost_usd', 'Mean cost of a settled request', (m) => m.meanCostUsd],
    ['paretobandit_model_unpriced_tokens', 'Tokens of kinds without a price', (m) => m.unpricedTokens],
    [
      'paretobandit_model_suspect_bills',
      'Bills beyond the plausible that nobody has corrected',
      (m) => m.implausibleBills - m.correctedBills,
    ],
    ['paretobandit_model_flagged_usages', 'Bills that contradicted themselves', (m) => m.flaggedUsages],
  ] as const satisfies readonly ModelRow[]) {
    registry.gauge(name, help, ['model'], function* () {
      for (const model of stats().models) {
        const read = value(model)
        if (read !== null) yield [{ model: model.id }, read] as const
      }
    })
  }
  registry.gauge('paretobandit_streams', 'Requests under way', [], () => [[{}, rates.streamCount]])
  registry.gauge('paretobandit_unsettled_requests', 'Requests that wait for their bill', [], () => [
    [{}, stats().pending.unsettled],
  ])
  registry.gauge(
    'paretobandit_journal_waiting_events',
    'Events that the store has not taken yet',
    [],
    function* () {
      const { journal } = stats()
      if (journal !== null) yield [{}, journal.waiting] as const
    },
  )
  registry.gauge('paretobandit_store_failing', '1 while the store takes no events', [], function* () {
    const { journal } = stats()
    if (journal !== null) yield [{}, Number((journal.failure ?? store.failure) !== null)] as const
  })
}

/** What many instruments of one scrape read: a scrape is one run without a break. */
function oncePerScrape<T>(read: () => T): () => T {
  let held: { readonly value: T } | null = null
  return () => {
    if (held === null) {
      held = { value: read() }
      queueMicrotask(() => {
        held = null
      })
    }
    return held.value
  }
}

type ModelRow = readonly [
  name: string,
  help: string,
  value: (model: ReturnType<Router<string>['stats']>['models'][number]) => number | null,
]
