import { blendedUsdPerKTok, type ModelPrice, type ModelSpec } from './model.js'

/** One registered model: its price, its slot in the arena, and what has been counted of it. */
export class Model {
  readonly id: string
  readonly slot: number
  /** Tells this registration from an earlier one of the same slot. */
  readonly incarnation: number
  inputUsdPerMTok: number
  outputUsdPerMTok: number
  blendedUsdPerKTok: number
  enabled = true
  requests = 0
  settled = 0
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

  constructor(spec: ModelSpec, slot: number, incarnation: number, forcedExploration: number) {
    this.id = spec.id
    this.slot = slot
    this.incarnation = incarnation
    this.inputUsdPerMTok = spec.inputUsdPerMTok
    this.outputUsdPerMTok = spec.outputUsdPerMTok
    this.blendedUsdPerKTok = blendedUsdPerKTok(spec)
    this.forcedRemaining = forcedExploration
  }
}

/** The counters of a model, in the order a snapshot keeps them. */
export const MODEL_NUMBERS = [
  'inputUsdPerMTok',
  'outputUsdPerMTok',
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
] as const satisfies readonly (keyof Model)[]

/** Models in the order they were added, each in a slot of its own; slots of removed models are taken again. */
export class Registry {
  private readonly byId = new Map<string, Model>()
  private readonly bySlot: (Model | null)[] = []
  /** Registrations so far, removed ones included. */
  incarnations = 0
  /** Enabled models in the order they were added. Rebuilt on change, so a request reads it as it is. */
  enabled: readonly Model[] = []
  /** Highest blended price among the enabled, USD per 1,000 tokens. */
  dearestUsdPerKTok = 0
  /** Enabled models that still have forced explorations to come. */
  exploring = 0

  get models(): IterableIterator<Model> {
    return this.byId.values()
  }

  get(id: string): Model | undefined {
    return this.byId.get(id)
  }

  /** The model in a slot if it is still the registration `incarnation`. */
  at(slot: number, incarnation: number): Model | undefined {
    const model = this.bySlot[slot]
    return model?.incarnation === incarnation ? model : undefined
  }

  /** The slot that the next model gets: the lowest free one. */
  nextSlot(): number {
    const free = this.bySlot.indexOf(null)
    return free < 0 ? this.bySlot.length : free
  }

  add(spec: ModelSpec, forcedExploration: number): Model {
    return this.insert(new Model(spec, this.nextSlot(), ++this.incarnations, forcedExploration))
  }

  /** Puts a model where a snapshot says it was. */
  insert(model: Model): Model {
    while (this.bySlot.length <= model.slot) this.bySlot.push(null)
    this.bySlot[model.slot] = model
    this.byId.set(model.id, model)
    this.refresh()
    return model
  }

  remove(model: Model): void {
    this.bySlot[model.slot] = null
    this.byId.delete(model.id)
    this.refresh()
  }

  setEnabled(model: Model, enabled: boolean): void {
    model.enabled = enabled
    this.refresh()
  }

  reprice(model: Model, price: ModelPrice): void {
    model.inputUsdPerMTok = price.inputUsdPerMTok
    model.outputUsdPerMTok = price.outputUsdPerMTok
    model.blendedUsdPerKTok = blendedUsdPerKTok(price)
    this.refresh()
  }

  /** One forced exploration of a newcomer was done. */
  countForced(model: Model): void {
    model.forcedDone++
    if (model.forcedRemaining > 0 && --model.forcedRemaining === 0) this.refresh()
  }

  private refresh(): void {
    const enabled: Model[] = []
    let dearest = 0
    let exploring = 0
    for (const model of this.byId.values()) {
      if (!model.enabled) continue
      enabled.push(model)
      dearest = Math.max(dearest, model.blendedUsdPerKTok)
      if (model.forcedRemaining > 0) exploring++
    }
    this.enabled = enabled
    this.dearestUsdPerKTok = dearest
    this.exploring = exploring
  }
}
