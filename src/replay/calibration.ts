import type { RunRecord } from './play.js'

/** Predicted and realised dollars of some requests. */
export interface CalibrationPoint {
  readonly requests: number
  /** Mean cost expected when they were routed, USD per request. */
  readonly predictedUsd: number
  /** Mean cost realised, USD per request. */
  readonly realisedUsd: number
  /** Realised over predicted: 1 is calibrated, above 1 too cheaply predicted. Null where nothing was predicted. */
  readonly ratio: number | null
}

/** How well the dollars of one model were predicted; over all budgets, phases and seeds of a replay. */
export interface Calibration extends CalibrationPoint {
  /** Null for all models together. */
  readonly model: string | null
  /** Tenths of the requests by what was predicted, least first; fewer where many predictions are equal. */
  readonly deciles: readonly CalibrationPoint[]
}

interface Bin {
  requests: number
  predictedUsd: number
  realisedUsd: number
}

/** Bins of a hundredth of a decade (2.3 %) keep memory bounded whatever the number of seeds. */
const BINS_PER_DECADE = 100

/** Collects what was predicted and what came of it. */
export class CostCalibration {
  /** Bins by rounded logarithm of the prediction, one map a model. */
  private readonly bins: readonly Map<number, Bin>[]

  constructor(private readonly modelIds: readonly string[]) {
    this.bins = modelIds.map(() => new Map())
  }

  /** Takes the measured requests of a run. */
  add(record: RunRecord): void {
    for (let i = 0; i < record.length; i++) {
      const predictedUsd = record.expectedCostsUsd[i]
      const key = Math.round(BINS_PER_DECADE * Math.log10(predictedUsd))
      merge(this.bins[record.models[i]], key, { requests: 1, predictedUsd, realisedUsd: record.costsUsd[i] })
    }
  }

  /** All models together, then each that got a request. */
  curves(): Calibration[] {
    const all = new Map<number, Bin>()
    for (const bins of this.bins) for (const [key, bin] of bins) merge(all, key, bin)
    const models = this.modelIds.map((model, m) => ({ model, bins: this.bins[m] }))
    return [{ model: null, bins: all }, ...models.filter(({ bins }) => bins.size > 0)].map(
      ({ model, bins }) => ({ model, ...pointOf(total([...bins.values()])), deciles: deciles(bins) }),
    )
  }
}

function deciles(bins: ReadonlyMap<number, Bin>): CalibrationPoint[] {
  const sorted = [...bins].sort(([a], [b]) => a - b).map(([, bin]) => bin)
  const { requests } = total(sorted)
  const points: CalibrationPoint[] = []
  let open: Bin[] = []
  let passed = 0
  let tenth = 1
  for (const bin of sorted) {
    open.push(bin)
    passed += bin.requests
    if (passed < (tenth * requests) / 10) continue
    points.push(pointOf(total(open)))
    open = []
    while (passed >= (tenth * requests) / 10) tenth++
  }
  return points
}

function merge(bins: Map<number, Bin>, key: number, more: Bin): void {
  const bin = bins.get(key)
  if (bin === undefined) {
    bins.set(key, { ...more })
    return
  }
  bin.requests += more.requests
  bin.predictedUsd += more.predictedUsd
  bin.realisedUsd += more.realisedUsd
}

function total(bins: readonly Bin[]): Bin {
  const sum = { requests: 0, predictedUsd: 0, realisedUsd: 0 }
  for (const bin of bins) {
    sum.requests += bin.requests
    sum.predictedUsd += bin.predictedUsd
    sum.realisedUsd += bin.realisedUsd
  }
  return sum
}

function pointOf({ requests, predictedUsd, realisedUsd }: Bin): CalibrationPoint {
  return {
    requests,
    predictedUsd: predictedUsd / requests,
    realisedUsd: realisedUsd / requests,
    ratio: predictedUsd > 0 ? realisedUsd / predictedUsd : null,
  }
}
