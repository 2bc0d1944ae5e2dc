import type { Json } from '../../base/json.js'
import type { ModelPrice, ServiceTier } from '../../index.js'
import type { Counter, MetricsRegistry } from '../metrics/registry.js'
import { costIn, countsInput, unknownTokensOf, withInput, withOutput } from '../protocols/usage.js'
import type { CallBill, Ledger, Try } from './ledger.js'
import type { Meter } from './meter.js'

/** Ways to be served that have a discount; the usage of messages says them itself. */
const SOLD_FOR_LESS: readonly ServiceTier[] = ['batch', 'flex']

/** So much of a name that an upstream has given is a label. */
const KIND_CHARS_MAX = 60

export interface MeasuredBill {
  readonly bill: CallBill
  /** False: no usage of prompt and whole answer came, and it is the greater of what was seen and what was reserved. */
  readonly isMeasured: boolean
}

export type UnknownTokensCounter = Counter<'model' | 'kind'>

export function unknownTokens(metrics: MetricsRegistry): UnknownTokensCounter {
  return metrics.counter(
    'paretobandit_unknown_tokens_total',
    'Tokens of kinds that nobody here knows, charged at the dearest that could apply',
    ['model', 'kind'],
  )
}

/** Bills of calls that brought something. */
export class Billing {
  private readonly ledger: Ledger
  private readonly unknown: UnknownTokensCounter

  constructor(ledger: Ledger, unknown: UnknownTokensCounter) {
    this.ledger = ledger
    this.unknown = unknown
  }

  /**
   * @param inputTokens that this model read of the request, as estimated
   * @param isDearer whether it has what may cost more than its tokens: what the provider says of the cost counts then, if it is more
   * @param isCutOff whether its upstream may have gone on with an answer of which no more came: a usage then counts the beginning
   */
  billOf(call: Try, meter: Meter, inputTokens: number, isDearer: boolean, isCutOff = false): MeasuredBill {
    const { usage } = meter
    if (usage !== null && meter.isCounted && countsInput(usage) && !isCutOff) {
      const serviceTier = SOLD_FOR_LESS.find((tier) => tier === meter.serviceTier)
      const served = serviceTier === undefined ? {} : { serviceTier }
      const bill = { ...this.billOfUsage(call, usage, served), ...served }
      return { bill: isDearer ? this.atLeastSaid(call, bill, usage) : bill, isMeasured: true }
    }
    const leastUsd = this.leastUsd(call, meter, inputTokens)
    const saidUsd = isDearer && usage !== null ? costIn(usage) : 0
    return { bill: { costUsd: Math.max(leastUsd, saidUsd) }, isMeasured: false }
  }

  /** Of a usage: what it counts, and what it counts of kinds that nobody knows at the dearest that could apply. */
  private billOfUsage(call: Try, usage: Json, served: Pick<CallBill, 'serviceTier'>): CallBill {
    const unknown = unknownTokensOf(usage)
    if (unknown.length === 0) return { usage }
    const { model } = call
    const { costUsd } = this.ledger.quote(call, { usage, ...served })
    let moreUsd = 0
    for (const { name, side, isWithin, count } of unknown) {
      this.unknown.add(count, { model: model.id, kind: name.slice(0, KIND_CHARS_MAX) })
      const { plain, dearest } = pricesOfSide(model.prices, side)
      moreUsd += (count * (isWithin ? dearest - plain : dearest)) / 1e6
    }
    return { usage, costUsd: (costUsd ?? 0) + moreUsd }
  }

  private atLeastSaid(call: Try, bill: CallBill, usage: Json): CallBill {
    const saidUsd = costIn(usage)
    const costUsd = this.ledger.quote(call, bill).costUsd ?? 0
    return saidUsd > costUsd ? { ...bill, costUsd: saidUsd } : bill
  }

  /** Without a usage, or with one of a beginning, or one in words that no upstream of the protocol has: never less than the reservation. */
  private leastUsd(call: Try, { usage, leastOutputTokens }: Meter, inputTokens: number): number {
    const bill: CallBill =
      usage === null
        ? { inputTokens, outputTokens: leastOutputTokens }
        : { usage: withOutput(countsInput(usage) ? usage : withInput(usage, inputTokens), leastOutputTokens) }
    // Kinds that nobody knows are at the dearest here too.
    const bills = usage === null ? [bill] : [bill, this.billOfUsage(call, usage, {})]
    const quotedUsd = bills.map((each) => this.ledger.quote(call, each).costUsd ?? 0)
    return Math.max(call.decision.reservedUsd, ...quotedUsd)
  }
}

const INPUT = /^(input|cachedInput|cacheWrite\w+|audioInput|imageInput)UsdPerMTok$/
const OUTPUT = /^(output|reasoning|audioOutput|imageOutput)UsdPerMTok$/

/** The price of a side, and the dearest of any kind on it, in whatever tier. */
function pricesOfSide(prices: ModelPrice | null, side: 'input' | 'output') {
  if (prices === null) return { plain: 0, dearest: 0 }
  const names = side === 'input' ? INPUT : OUTPUT
  const lists: readonly object[] = [prices, ...(prices.tiers ?? [])]
  const all = lists.flatMap((list) =>
    Object.entries(list).flatMap(([name, usd]) => (names.test(name) && typeof usd === 'number' ? [usd] : [])),
  )
  const plain = side === 'input' ? prices.inputUsdPerMTok : prices.outputUsdPerMTok
  return { plain, dearest: Math.max(plain, ...all) }
}
