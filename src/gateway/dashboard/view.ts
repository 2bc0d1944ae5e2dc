import type { Router, RouterStats } from '../../index.js'
import type { Collector } from './collector.js'
import type { Estimates } from './estimates.js'
import type { Explanations } from './explanations.js'
import { type KeptDecision, rowOf } from './latest.js'
import type { Cursor, DashboardData, ExplainedDecision, ModelFigures, Promised, WhatIf } from './shape.js'

/** Tenants that are shown, and of how many they are chosen: a page reads them every second. */
const TENANTS_MAX = 200
const TENANTS_READ_MAX = 2000
/** Latencies with fewer than this have no percentiles. */
const LATENCIES_MIN = 5

export const NOTHING_SEEN: Cursor = { epoch: -1, changes: 0, marks: 0, estimates: 0 }

/** What a page is made of, of a gateway or of a log. */
export interface Dashboard {
  /** All, or what has changed since `cursor`. */
  data(cursor: Cursor): DashboardData
  /** Null: the decision is not held any more. */
  explain(id: string): Promise<ExplainedDecision | null>
  /** @param usdPerRequest > 0. @returns null: too few decisions are explained */
  whatIf(usdPerRequest: number): WhatIf | null
  /** Somebody looks at it. */
  watched(): void
}

/** What the page shows, and where it comes from. */
export interface DashboardSource
  extends Pick<DashboardData, 'kind' | 'name' | 'at' | 'canChange' | 'historyNote' | 'problem' | 'traffic'> {
  readonly epoch: number
  readonly router: Router<string>
  readonly collector: Collector
  readonly estimates: Estimates
  /** Whether requests are refused for the budget; null: not known. */
  readonly strict: boolean | null
}

export function dataOf(source: DashboardSource, cursor: Cursor): DashboardData {
  const { kind, name, at, canChange, historyNote, problem, traffic, epoch, router, collector, estimates } =
    source
  const isUpdate = cursor.epoch === epoch
  const seen = isUpdate ? cursor : NOTHING_SEEN
  const stats = router.stats()
  const { spendUsd, allowanceUsd } = stats.account ?? stats.pacer
  const shift = {
    spendUsd: spendUsd - collector.spendUsd,
    allowanceUsd: allowanceUsd - collector.allowanceUsd,
  }
  const latest = collector.latest.all()
  const { span, savings } = estimates.read()
  return {
    kind,
    name,
    at,
    canChange,
    isUpdate,
    cursor: { epoch, changes: collector.changes, marks: collector.lastMark, estimates: estimates.number },
    historySince: collector.since,
    historyNote,
    problem,
    stats,
    tenants: shownTenants(router),
    promised: promisedOf(source, allowanceUsd, stats),
    figures: figuresOf(stats, collector, latest),
    // A log ends with its latest event.
    history: collector.rings.map((ring) => ring.read(seen.changes, shift, kind === 'log' ? undefined : at)),
    marks: collector.marksSince(seen.marks),
    decisions: latest.filter(({ changed }) => changed > seen.changes).map(rowOf),
    estimatedFrom: span,
    savings,
    traffic,
  }
}

/** In their order; of many those that were refused most and, where that is equal, have spent most. */
export function shownTenants(router: Pick<Router, 'tenants' | 'tenantStats'>): DashboardData['tenants'] {
  const read = router
    .tenants()
    .slice(0, TENANTS_READ_MAX)
    .map((id) => ({ id, ...router.tenantStats(id) }))
  if (read.length <= TENANTS_MAX) return read
  return read.sort((a, b) => b.refused - a.refused || b.spendUsd - a.spendUsd).slice(0, TENANTS_MAX)
}

function promisedOf(
  { strict, collector }: DashboardSource,
  allowanceUsd: number,
  { account, pacer: { usdPerRequest } }: RouterStats,
): Promised {
  const burst = account?.burst ?? null
  const largestUsd = Math.max(collector.largestCeilingUsd, usdPerRequest ?? 0)
  const { creditedUsd } = collector
  const savedUsdMax = burst === null ? null : burst * largestUsd
  const boundUsd =
    usdPerRequest === null || savedUsdMax === null ? null : allowanceUsd + savedUsdMax + creditedUsd
  return { strict, burst, creditedUsd, boundUsd }
}

/** One pass over the decisions: there may be thousands of models. */
function figuresOf(
  { models }: RouterStats,
  collector: Collector,
  latest: readonly KeptDecision[],
): ModelFigures[] {
  const byModel = new Map<string, number[]>()
  for (const { event, latencyMs } of latest) {
    if (latencyMs === null) continue
    const own = byModel.get(event.model)
    if (own === undefined) byModel.set(event.model, [latencyMs])
    else own.push(latencyMs)
  }
  return models.map(({ id }) => modelFigures(id, collector, byModel.get(id) ?? []))
}

function modelFigures(model: string, collector: Collector, latencies: number[]): ModelFigures {
  const { count, estimate } = collector.rewardsOf(model)
  latencies.sort((a, b) => a - b)
  const at = (share: number) =>
    latencies.length < LATENCIES_MIN ? null : latencies[Math.ceil(share * latencies.length) - 1]
  return {
    model,
    reward: estimate,
    rewards: count,
    latencyP50Ms: at(0.5),
    latencyP95Ms: at(0.95),
    latencies: latencies.length,
  }
}

export function explainedOf(
  id: string,
  collector: Collector,
  explanations: Explanations,
): ExplainedDecision | null {
  const decision = collector.latest.decision(id)
  const kept = explanations.of(id, decision?.event.at ?? null)
  if (kept === null) return null
  return { ...kept, row: decision === null ? null : rowOf(decision) }
}
