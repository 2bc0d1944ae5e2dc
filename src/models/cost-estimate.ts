import {
  BILL_LIST_RATIO_MAX,
  BILL_MEAN_RATIO_MAX,
  BILL_MISTAKE_COUNTED,
  BILL_REVISED_SHARE,
  COST_KEPT,
  COST_MEMORY_REQUESTS,
  LIST_PRICE_RATIO_MAX,
} from './tuning.js'

/** What a model costs whose list price is 0: decayed sums. */
export interface FreeRecord {
  freeUsd: number
  freeSettled: number
}

/** One settled request of a model without a list price: a price of 0 can be scaled by nothing. */
export function recordFreeCost(record: FreeRecord, costUsd: number): void {
  record.freeUsd = COST_KEPT * record.freeUsd + costUsd
  record.freeSettled = COST_KEPT * record.freeSettled + 1
}

/** The record of a model that has cost `meanUsd` on average over that number of requests. */
export function freeRecordOf(meanUsd: number, settled: number): FreeRecord {
  const freeSettled = Math.min(settled, COST_MEMORY_REQUESTS)
  return { freeUsd: meanUsd * freeSettled, freeSettled }
}

/** Expected dollars of a request of such a model: the mean of what it has cost. */
export function freeCostUsd({ freeUsd, freeSettled }: FreeRecord): number {
  return freeSettled === 0 ? 0 : freeUsd / freeSettled
}

/** Decayed sums over a model's settled requests. */
export interface CostRecord {
  realisedUsd: number
  assumedUsd: number
  /** What the prompts said, before correction. */
  predictedUsd: number
}

/**
 * One settled request: what it cost, and what the list price said of the tokens that were assumed.
 * @param predictedUsd 0: nothing that still counts, so the bill is as predicted
 */
export function recordCost(
  record: CostRecord,
  costUsd: number,
  listCostUsd: number,
  predictedUsd: number,
  isMistake = false,
): void {
  if (record.assumedUsd <= 0) {
    // The list price counts as one observation: a single free call must not make a model look free.
    record.realisedUsd = listCostUsd
    record.assumedUsd = listCostUsd
    record.predictedUsd = listCostUsd
  }
  const countedUsd = isMistake
    ? BILL_MISTAKE_COUNTED * Math.max(listCostUsd, expectedCostUsd(record, listCostUsd))
    : costUsd
  record.realisedUsd = COST_KEPT * record.realisedUsd + countedUsd
  record.assumedUsd = COST_KEPT * record.assumedUsd + listCostUsd
  record.predictedUsd = COST_KEPT * record.predictedUsd + (predictedUsd === 0 ? countedUsd : predictedUsd)
}

/**
 * Expected dollars of a request: its cost at list price times how recent realised costs compare to the list price.
 * The price is a factor, so a reprice acts at once; before the first settlement it speaks alone.
 */
export function expectedCostUsd(record: CostRecord, listCostUsd: number): number {
  if (record.assumedUsd <= 0) return listCostUsd
  return listCostUsd * Math.min(record.realisedUsd / record.assumedUsd, LIST_PRICE_RATIO_MAX)
}

/** Ends of ln(cost / list cost): a bill is between 1/148 and 55 times its list price, as far as it is learned from. */
export const LOG_RATIO_MIN = -5
export const LOG_RATIO_MAX = 4

/** What a model's settled requests have cost. */
interface Bills {
  readonly settled: number
  readonly settledCostUsd: number
}

/** Whether a bill is beyond what its request can have cost; of a list cost of 0 nobody knows. */
export function isImplausible(
  costUsd: number,
  listCostUsd: number,
  { settled, settledCostUsd }: Bills,
): boolean {
  if (listCostUsd === 0 || costUsd <= BILL_LIST_RATIO_MAX * listCostUsd) return false
  return settled === 0 || costUsd * settled > BILL_MEAN_RATIO_MAX * settledCostUsd
}

/** The most that a bill may be without being implausible; of a list cost of 0, what the bills before say alone. */
export function plausibleUsd(listCostUsd: number, { settled, settledCostUsd }: Bills): number {
  const meanUsd = settled === 0 ? 0 : settledCostUsd / settled
  return Math.max(BILL_LIST_RATIO_MAX * listCostUsd, BILL_MEAN_RATIO_MAX * meanUsd)
}

/** The bills of a model without one of them. */
export function withoutBill({ settled, settledCostUsd }: Bills, costUsd: number): Bills {
  return { settled: Math.max(0, settled - 1), settledCostUsd: Math.max(0, settledCostUsd - costUsd) }
}

/**
 * Another bill takes the place of a settled one, where it moves the sums little: how much of the old one has decayed is not
 * known. @returns whether it did
 */
export function reviseCost(record: CostRecord & FreeRecord, differenceUsd: number): boolean {
  if (Math.abs(differenceUsd) <= BILL_REVISED_SHARE * record.realisedUsd) {
    record.realisedUsd += differenceUsd
    return true
  }
  if (Math.abs(differenceUsd) > BILL_REVISED_SHARE * record.freeUsd) return false
  record.freeUsd += differenceUsd
  return true
}

/** A bill takes the place of one that was counted as a mistake: what that counted for is taken out as the latest. */
export function replaceMistake(record: CostRecord, costUsd: number, listCostUsd: number): void {
  const assumedUsd = (record.assumedUsd - listCostUsd) / COST_KEPT
  if (assumedUsd <= 0) return
  const expectedUsd = record.realisedUsd / (COST_KEPT * assumedUsd + BILL_MISTAKE_COUNTED * listCostUsd)
  const countedUsd = BILL_MISTAKE_COUNTED * listCostUsd * Math.max(1, expectedUsd)
  record.realisedUsd = Math.max(0, record.realisedUsd - countedUsd) + costUsd
}

/** Whether a bill taught the cost head as a mistake: there all beyond its end are taught the end else. */
export function wasTaughtAsMistake(costUsd: number, listCostUsd: number, taughtLogRatio: number): boolean {
  return listCostUsd > 0 && costUsd > BILL_LIST_RATIO_MAX * listCostUsd && taughtLogRatio < LOG_RATIO_MAX
}

/** What the cost head learns of a bill that is a mistake. */
export const MISTAKE_LOG_RATIO = Math.log(BILL_MISTAKE_COUNTED)

/** ln(cost / list cost), what the cost head learns; 0 where the list price is 0. */
export function logCostRatio(costUsd: number, listCostUsd: number): number {
  if (listCostUsd === 0) return 0
  return Math.min(Math.max(Math.log(costUsd / listCostUsd), LOG_RATIO_MIN), LOG_RATIO_MAX)
}
