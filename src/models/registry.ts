import { AVAILABILITY_NUMBERS, type Availability } from './availability.js'
import { type LatestOutcomes, noOutcomes } from './latest-outcomes.js'
import { blendedUsdPerKTok, priceOf, type ResolvedModelPrice, type ResolvedModelSpec } from './model.js'
import { type PriceList, priceListOf } from './price-list.js'
import { emptyMix, type TokenMix } from './token-mix.js'
import { TRY_NUMBERS, type Tries } from './tries.js'

const NOBODY: readonly Switch[] = Object.freeze([])

/** Who takes models out: an operator, by command, or options, files and configs that leave them out. */
export const SWITCHES = ['operator', 'options'] as const
export type Switch = (typeof SWITCHES)[number]

/** One registered model: its price, its slot in the arena, and what has been counted of it. */
export class Model implements Availability, Tries {
  readonly id: string
  readonly slot: number
  /** Tells this registration from an earlier one of the same slot. */
  readonly incarnation: number
  /** Its prices now. */
  prices: PriceList
  blendedUsdPerKTok: number
  /** Who has taken it out; nobody: it is enabled. */
  disabledBy: readonly Switch[] = NOBODY
  requests = 0
  settled = 0
  /** Of those, what none of the models that had rewards could take, while this one had none. */
  settledAlone = 0
  /** Of the forced explorations that were done, those of such requests that have no reward. */
  forcedAlone = 0
  failed = 0
  expired = 0
  rewarded = 0
  spendUsd = 0
  settledCostUsd = 0
  rewardSum = 0
  latencyCount = 0
  latencySumMs = 0
  forcedRemaining: number
  forcedDone = 0
  /** Decayed sums of realised and of list-price dollars over settled requests: their ratio corrects the list price. */
  realisedUsd = 0
  assumedUsd = 0
  predictedUsd = 0
  tokenMix: TokenMix = emptyMix()
  /** Its prices have changed, and what was learned of its costs with them: bills of prices before teach nothing of those now. */
  isRescaled = false
  /** Decayed sum and count of what it cost while its list price was 0. */
  freeUsd = 0
  freeSettled = 0
  /** As in Tries. */
  costTries = 0
  latencyTries = 0
  costHopes = 0
  latencyHopes = 0
  costLimitUsd = 0
  latencyLimitMs = 0
  triedAt = 0
  triedRequest = 0
  routedAt = 0
  recentLatencyMs = 0
  recentLatencies = 0
  usualCostRatio = 0
  usualFreeUsd = 0
  latest: LatestOutcomes = noOutcomes()
  /** Alarms so far. */
  rewardAlarms = 0
  costAlarms = 0
  latencyAlarms = 0
  /** Tokens charged at the dearest price of their side because their kind has none. */
  unpricedTokens = 0
  /** Settlements and failures with such tokens, or with a usage that contradicted itself. */
  flaggedUsages = 0
  cancelled = 0
  /** Bills that came when a request took no settlement any more, corrections among them. */
  lateBills = 0
  /** Bills far beyond what their requests could cost. */
  implausibleBills = 0
  /** Those of them that another bill has taken the place of. */
  correctedBills = 0
  failureLatencyCount = 0
  failureLatencySumMs = 0
  failureShare = 0
  failuresInRow = 0
  trips = 0
  trippedAfter = 0
  rowFrom = 0
  rowRequests = 0
  overtaken = 0
  callsUp = 0
  answersNeeded = 0
  answersInRow = 0
  pausedUntil = 0
  pausedUntilRequests = 0
  retryAt = 0
  outages = 0

  get enabled(): boolean {
    return this.disabledBy.length === 0
  }

  constructor(id: string, prices: PriceList, slot: number, incarnation: number, forcedExploration: number) {
    this.id = id
    this.slot = slot
    this.incarnation = incarnation
    this.prices = prices
    this.blendedUsdPerKTok = blendedUsdPerKTok(prices.price)
    this.forcedRemaining = forcedExploration
  }

  /** Whether a bill of a request that was routed at those prices says what requests cost now. */
  learnsAt(prices: PriceList): boolean {
    return !this.isRescaled || prices.text === this.prices.text
  }
}

/** The counters of a model, in the order a snapshot keeps them. */
export const MODEL_NUMBERS = [
  'requests',
  'settled',
  'failed',
  'expired',
  'rewarded',
  'spendUsd',
  'settledCostUsd',
  'rewardSum',
  'latencyCount',
  'latencySumMs',
  'forcedRemaining',
  'forcedDone',
  'realisedUsd',
  'assumedUsd',
  'predictedUsd',
  'rewardAlarms',
  'costAlarms',
  'latencyAlarms',
  'unpricedTokens',
  'flaggedUsages',
  'cancelled',
  'lateBills',
  'implausibleBills',
  'failureLatencyCount',
  'failureLatencySumMs',
  ...AVAILABILITY_NUMBERS,
  'freeUsd',
  'freeSettled',
  ...TRY_NUMBERS,
  'settledAlone',
  'forcedAlone',
] as const satisfies readonly (keyof Model)[]

/**
 * Models in the order they were added, each in a slot of its own; slots of removed models are taken again.
 *
 * Adding and repricing one after another are O(1) each: what a removal, an enabling or a cheaper dearest model leaves
 * behind is worked out when it is next read, once for all changes until then.
 */
export class Registry {
  private readonly byId = new Map<string, Model>()
  private readonly bySlot: (Model | undefined)[] = []
  /** No slot before this one is free. */
  private lowestFree = 0
  /** Registrations so far, removed ones included. */
  incarnations = 0
  /** Goes up whenever the enabled models, their order or any of their prices may have changed. */
  version = 0
  /** Models that do not answer. */
  down = 0
  /** Models that are removed once none of their requests is in flight, and up to which request none is. */
  readonly draining = new Map<Model, number>()
  private list: Model[] = []
  private dearest = 0
  private newcomers = 0
  /** The three above are out of date. */
  private stale = false

  get models(): IterableIterator<Model> {
    return this.byId.values()
  }

  /** Enabled models in the order they were added. Good until `version` changes. */
  get enabled(): readonly Model[] {
    return this.fresh().list
  }

  /** Highest blended price among the enabled, USD per 1,000 tokens. */
  get dearestUsdPerKTok(): number {
    return this.fresh().dearest
  }

  /** Enabled models that still have forced explorations to come. */
  get exploring(): number {
    return this.fresh().newcomers
  }

  get(id: string): Model | undefined {
    return this.byId.get(id)
  }

  /** The model in a slot if it is still the registration `incarnation`. */
  at(slot: number, incarnation: number): Model | undefined {
    const model = this.bySlot[slot]
    return model?.incarnation === incarnation ? model : undefined
  }

  /** The model in a slot now. */
  atSlot(slot: number): Model | undefined {
    return this.bySlot[slot]
  }

  /** The slot that the next model gets: the lowest free one. */
  nextSlot(): number {
    // A removal sets this back at most to the start, so the walk costs no more than removals and additions do.
    while (this.bySlot[this.lowestFree] !== undefined) this.lowestFree++
    return this.lowestFree
  }

  add(spec: ResolvedModelSpec, forcedExploration: number): Model {
    const prices = priceListOf(priceOf(spec))
    return this.insert(new Model(spec.id, prices, this.nextSlot(), ++this.incarnations, forcedExploration))
  }

  /** Puts a model where a snapshot says it was. */
  insert(model: Model): Model {
    while (this.bySlot.length <= model.slot) this.bySlot.push(undefined)
    this.bySlot[model.slot] = model
    this.byId.set(model.id, model)
    if (model.trips > 0) this.down++
    this.version++
    this.count(model)
    return model
  }

  remove(model: Model): void {
    this.bySlot[model.slot] = undefined
    this.lowestFree = Math.min(this.lowestFree, model.slot)
    this.byId.delete(model.id)
    if (model.trips > 0) this.down--
    this.draining.delete(model)
    this.outdate()
  }

  disable(model: Model, by: Switch): void {
    model.disabledBy = SWITCHES.filter((each) => each === by || model.disabledBy.includes(each))
    this.outdate()
  }

  /** An operator puts back what anybody has taken out; options what they have themselves. */
  enable(model: Model, by: Switch): void {
    model.disabledBy = by === 'operator' ? NOBODY : model.disabledBy.filter((each) => each !== by)
    if (model.enabled) this.draining.delete(model)
    this.outdate()
  }

  reprice(model: Model, price: ResolvedModelPrice): void {
    const before = model.blendedUsdPerKTok
    model.prices = priceListOf(priceOf(price))
    model.blendedUsdPerKTok = blendedUsdPerKTok(price)
    // What it cost at another price says nothing of what it costs at none.
    if (before > 0) model.freeUsd = model.freeSettled = model.usualFreeUsd = 0
    // Bills at another price say nothing of how many are beyond a limit now.
    model.latest.billsUsd.length = 0
    this.version++
    if (!model.enabled) return
    if (model.blendedUsdPerKTok >= this.dearest) this.dearest = model.blendedUsdPerKTok
    else if (before >= this.dearest) this.stale = true
  }

  /** One forced exploration of a newcomer was done. */
  countForced(model: Model): void {
    model.forcedDone++
    if (model.forcedRemaining > 0 && --model.forcedRemaining === 0 && model.enabled) this.newcomers--
  }

  /** Forced explorations for which there was no other model, and that nobody has rated, are to come again. */
  repeatForcedAlone(model: Model): void {
    const { forcedAlone } = model
    if (forcedAlone > 0 && model.forcedRemaining === 0 && model.enabled) this.newcomers++
    model.forcedDone -= forcedAlone
    model.forcedRemaining += forcedAlone
    model.forcedAlone = 0
  }

  private outdate(): void {
    this.version++
    this.stale = true
  }

  private fresh(): this {
    if (this.stale) {
      // A new list: who still walks the old one is not disturbed.
      this.list = []
      this.dearest = this.newcomers = 0
      this.stale = false
      for (const model of this.byId.values()) this.count(model)
    }
    return this
  }

  /** Takes a model in behind those that are there, if it is enabled. */
  private count(model: Model): void {
    if (!model.enabled) return
    this.list.push(model)
    this.dearest = Math.max(this.dearest, model.blendedUsdPerKTok)
    if (model.forcedRemaining > 0) this.newcomers++
  }
}
