import {
  areCurvePoints,
  CURVE_POINT_COST_MAX_USD,
  CURVE_POINT_NUMBERS,
  CURVE_POINTS_MAX,
} from '../../../events/curve-point.js'
import { SPENT_SHARE_MIN } from '../tuning.js'
import { BIN_COUNT, binOf, edgeOf, type Walk } from './price-bins.js'
import { toUnits, USD_UNITS, VALUE_UNITS } from './units.js'

const ROW_NUMBERS = 1 + CURVE_POINTS_MAX * CURVE_POINT_NUMBERS
/** Of a corner: its bin, by how much spend falls there, and value. Ahead of a row's: their end, free cost and value, least cost. */
const CORNER_NUMBERS = 3
const CORNERS_HEAD = 4
const CORNERS_NUMBERS = CORNERS_HEAD + (CURVE_POINTS_MAX - 1) * CORNER_NUMBERS

/**
 * What the latest requests would spend at any shadow price mu (reward per dollar), each going to the contender of
 * the highest value - mu cost. Per request that is a step function of mu, whose steps are the corners of the upper
 * envelope of its contenders. The sum over the window is kept as a histogram of steps over bins of mu: a request more
 * costs its few corners, and the price at which the window would spend no more than a target is found by walking from
 * where it was last.
 *
 * Bins are the leading bits of mu as a double, 32 an octave, so a price is met to 1/64 on average. Everything is
 * integer sums and + - * /: a fold to the same bits on every machine.
 *
 * Cost: O(contenders^2) <= 64 steps a request, its few corners again when it leaves; repricing or removing a model goes
 * through the whole window once, O(window x 64).
 */
export class DemandCurve {
  /** Requests the window holds at most. */
  readonly capacity: number
  /** Requests in the window. */
  count = 0
  /** Where the next request goes. */
  private next = 0
  private readonly rows: Float64Array
  /** What follows from each row, in units: taking it out computes nothing again. */
  private readonly corners: Float64Array
  /** By bin: by how much the window's spend falls, and its value, when mu rises past it. In units. */
  private readonly costSteps = new Float64Array(BIN_COUNT)
  private readonly valueSteps = new Float64Array(BIN_COUNT)
  /** Spend and value of the window at mu = 0, in units. */
  private freeCost = 0
  /** Spend of the window with every request on its cheapest contender, in units. */
  private leastCost = 0
  private freeValue = 0
  /** The steps of values are kept from the first question about values on: most routers never ask. */
  private keepsValues = false
  /** A walk's place: sums of the steps of all bins before it. No part of the state: it only saves time. */
  private readonly costWalk: Walk = { bin: 0, passed: 0 }
  private readonly steadyWalk: Walk = { bin: 0, passed: 0 }
  private readonly valueWalk: Walk = { bin: 0, passed: 0 }
  private readonly meanWalk: Walk = { bin: 0, passed: 0 }

  constructor(capacity: number) {
    this.capacity = capacity
    this.rows = new Float64Array(capacity * ROW_NUMBERS)
    this.corners = new Float64Array(capacity * CORNERS_NUMBERS)
  }

  /** Takes in a request by its contenders, CURVE_POINT_NUMBERS numbers each, at most CURVE_POINTS_MAX; the oldest leaves. */
  add(contenders: Float64Array): void {
    if (contenders.length === 0) return
    const row = this.next * ROW_NUMBERS
    if (this.count === this.capacity) this.shift(row, -1)
    else this.count++
    this.rows[row] = contenders.length / CURVE_POINT_NUMBERS
    for (let i = 0; i < contenders.length; i++) this.rows[row + 1 + i] = contenders[i]
    this.put(row)
    this.next = this.next + 1 === this.capacity ? 0 : this.next + 1
  }

  /** The model in a slot costs `factor` times as much from now on. */
  reprice(slot: number, factor: number): void {
    this.changeCosts(slot, (usd) => usd * factor)
  }

  /** The model in a slot cost nothing, and costs that much from now on. */
  setCost(slot: number, costUsd: number): void {
    this.changeCosts(slot, () => costUsd)
  }

  private changeCosts(slot: number, change: (usd: number) => number): void {
    this.edit((row) => {
      for (let i = 0, at = row + 1; i < this.rows[row]; i++, at += CURVE_POINT_NUMBERS) {
        if (this.rows[at] === slot)
          this.rows[at + 2] = Math.min(change(this.rows[at + 2]), CURVE_POINT_COST_MAX_USD)
      }
    })
  }

  /** The values of all are others from now on. */
  changeValues(change: (value: number) => number): void {
    this.edit((row) => {
      for (let i = 0, at = row + 2; i < this.rows[row]; i++, at += CURVE_POINT_NUMBERS)
        this.rows[at] = change(this.rows[at])
    })
  }

  /** Slots of the models that were contenders of any request of the window. O(window) */
  slots(): ReadonlySet<number> {
    const slots = new Set<number>()
    for (let i = 0; i < this.count; i++) {
      const row = i * ROW_NUMBERS
      for (let k = 0; k < this.rows[row]; k++) slots.add(this.rows[row + 1 + k * CURVE_POINT_NUMBERS])
    }
    return slots
  }

  /** The model in a slot can no longer be chosen. */
  forget(slot: number): void {
    this.edit((row) => {
      let kept = 0
      for (let i = 0; i < this.rows[row]; i++) {
        const from = row + 1 + i * CURVE_POINT_NUMBERS
        if (this.rows[from] === slot) continue
        this.rows.copyWithin(row + 1 + kept * CURVE_POINT_NUMBERS, from, from + CURVE_POINT_NUMBERS)
        kept++
      }
      this.rows[row] = kept
    })
  }

  /** Forgets all but the latest `count` requests. */
  keepLatest(count: number): void {
    const kept = Math.min(count, this.count)
    const rows = Array.from({ length: kept }, (_, i) => {
      const row = ((this.next - kept + i + this.capacity) % this.capacity) * ROW_NUMBERS
      return this.rows.slice(row, row + ROW_NUMBERS)
    })
    for (let i = 0; i < this.count; i++) this.shift(i * ROW_NUMBERS, -1)
    this.count = this.next = 0
    for (const row of rows) this.add(row.subarray(1, 1 + row[0] * CURVE_POINT_NUMBERS))
  }

  /** Mean cost of a request of the window at shadow price 0, USD; 0 for an empty window. */
  get freeCostUsd(): number {
    return this.count === 0 ? 0 : this.freeCost / USD_UNITS / this.count
  }

  /** Mean cost of a request of the window on its cheapest contender, USD; 0 for an empty window. */
  get leastCostUsd(): number {
    return this.count === 0 ? 0 : this.leastCost / USD_UNITS / this.count
  }

  /** Mean value of a request of the window at shadow price 0; 0 for an empty window. */
  get freeValueMean(): number {
    return this.count === 0 ? 0 : this.freeValue / VALUE_UNITS / this.count
  }

  /**
   * The least shadow price at which the window's requests would cost at most `targetUsd` on average; 0 when they do so
   * for nothing. Where even the cheapest of each cost more: the least at which each goes to its cheapest, but for the slack.
   * @param generous the lower end of that price's bin instead where less than 80 % of the target would be spent: many
   *   requests change their minds at one price, and the target is met by going back and forth between its two sides
   * @param slack share of what the cheapest of each cost that is not saved: nothing below that and this is aimed at
   */
  priceOfSpend(targetUsd: number, generous = false, slack = 0): number {
    return this.priceAlong(this.costWalk, targetUsd, generous, slack)
  }

  /**
   * The same, of the pace of a budget, which hardly changes: its walk is one of its own, so that neither goes back and forth between the two
   * prices of a request.
   */
  steadyPriceOfSpend(targetUsd: number, slack: number): number {
    return this.priceAlong(this.steadyWalk, targetUsd, false, slack)
  }

  private priceAlong(walk: Walk, targetUsd: number, generous: boolean, slack: number): number {
    const units = Math.max(targetUsd * USD_UNITS * this.count, this.leastCost * (1 + slack))
    if (this.freeCost <= units) return 0
    const { costSteps, freeCost } = this
    while (walk.bin > 0 && freeCost - walk.passed <= units) walk.passed -= costSteps[--walk.bin]
    while (walk.bin < BIN_COUNT && freeCost - walk.passed > units) walk.passed += costSteps[walk.bin++]
    const left = freeCost - walk.passed
    return edgeOf(generous && left < SPENT_SHARE_MIN * units ? Math.max(0, walk.bin - 1) : walk.bin)
  }

  /**
   * As `priceOfSpend`, but for a share of requests the lower end of that price's bin: the share at which the target is spent on average.
   * @param targetUsd mean cost of a request
   * @param place where this request stands in [0, 1), where requests are to lie evenly: those below the share get the lower price
   * @returns reward per USD
   */
  mixedPriceOfSpend(targetUsd: number, place: number): number {
    const price = this.priceOfSpend(targetUsd)
    const { costSteps, costWalk, freeCost } = this
    if (price === 0 || costWalk.bin === 0) return price
    const lackingUnits = targetUsd * USD_UNITS * this.count - (freeCost - costWalk.passed)
    return lackingUnits > place * costSteps[costWalk.bin - 1] ? edgeOf(costWalk.bin - 1) : price
  }

  /** Mean cost of the window's requests at a shadow price that `priceOfSpend` gave, USD. */
  spendAtUsd(price: number): number {
    if (this.count === 0) return 0
    const { costSteps, meanWalk } = this
    const bin = price === 0 ? 0 : binOf(price)
    while (meanWalk.bin > bin) meanWalk.passed -= costSteps[--meanWalk.bin]
    while (meanWalk.bin < bin) meanWalk.passed += costSteps[meanWalk.bin++]
    return Math.max(0, (this.freeCost - meanWalk.passed) / USD_UNITS / this.count)
  }

  /**
   * The highest shadow price at which the window's requests would still be worth `target` on average; 0 when even at
   * no price they are not. Infinity: the cheapest of each are worth that much.
   * @param slack the upper end of the bin where they would be worth more than `target` + `slack`: many requests change
   *   their minds at one price, and the target is met by going back and forth between its two sides
   */
  priceOfValue(target: number, slack = Number.POSITIVE_INFINITY): number {
    if (!this.keepsValues) this.keepValues()
    const spare = this.freeValue - target * VALUE_UNITS * this.count
    if (spare < 0) return 0
    const { valueSteps, valueWalk } = this
    while (valueWalk.bin > 0 && valueWalk.passed > spare) valueWalk.passed -= valueSteps[--valueWalk.bin]
    while (valueWalk.bin < BIN_COUNT && valueWalk.passed + valueSteps[valueWalk.bin] <= spare)
      valueWalk.passed += valueSteps[valueWalk.bin++]
    if (valueWalk.bin === BIN_COUNT) return Number.POSITIVE_INFINITY
    const tooGood = spare - valueWalk.passed > slack * VALUE_UNITS * this.count
    return edgeOf(tooGood ? valueWalk.bin + 1 : valueWalk.bin)
  }

  /** The window's numbers: count, next place, and the rows; what earlier rows have left behind their contenders is no part of them. */
  save(): Float64Array {
    const numbers = new Float64Array(2 + this.count * ROW_NUMBERS)
    numbers[0] = this.count
    numbers[1] = this.next
    for (let row = 0; row < this.count * ROW_NUMBERS; row += ROW_NUMBERS) {
      const end = row + 1 + this.rows[row] * CURVE_POINT_NUMBERS
      numbers.set(this.rows.subarray(row, end), 2 + row)
    }
    return numbers
  }

  /** Whether numbers that claim to come from `save` can be taken in, with these slots known. */
  accepts(numbers: Float64Array, slots: ReadonlySet<number>): boolean {
    const [count, next] = numbers
    if (!Number.isInteger(count) || count < 0 || count > this.capacity) return false
    if (numbers.length !== 2 + count * ROW_NUMBERS) return false
    if (next !== (count < this.capacity ? count : next) || !Number.isInteger(next)) return false
    if (next < 0 || next >= this.capacity + (count < this.capacity ? 1 : 0)) return false
    for (let row = 2; row < numbers.length; row += ROW_NUMBERS) {
      const contenders = numbers[row]
      if (!Number.isInteger(contenders) || contenders < 0 || contenders > CURVE_POINTS_MAX) return false
      const end = row + 1 + contenders * CURVE_POINT_NUMBERS
      if (!areCurvePoints(numbers.subarray(row + 1, end), (slot) => slots.has(slot))) return false
    }
    return true
  }

  /** Takes what `save` gave, which `accepts` has checked, into this empty curve. */
  load(numbers: Float64Array): void {
    this.count = numbers[0]
    this.next = numbers[1]
    this.rows.set(numbers.subarray(2))
    for (let i = 0; i < this.count; i++) this.put(i * ROW_NUMBERS)
  }

  /** Changes every row of the window, and the steps that follow from it. */
  private edit(change: (row: number) => void): void {
    for (let i = 0; i < this.count; i++) {
      const row = i * ROW_NUMBERS
      this.shift(row, -1)
      change(row)
      this.put(row)
    }
  }

  /** Finds the corners of a row's envelope, from mu = 0 up, and adds its steps. */
  private put(row: number): void {
    const { rows, corners } = this
    const end = row + 1 + rows[row] * CURVE_POINT_NUMBERS
    const start = (row / ROW_NUMBERS) * CORNERS_NUMBERS
    let value = Number.NEGATIVE_INFINITY
    let cost = 0
    for (let at = row + 1; at < end; at += CURVE_POINT_NUMBERS) {
      const v = rows[at + 1]
      if (v > value || (v === value && rows[at + 2] < cost)) {
        value = v
        cost = rows[at + 2]
      }
    }
    if (value === Number.NEGATIVE_INFINITY) value = 0
    let costUnits = toUnits(cost, USD_UNITS)
    let valueUnits = toUnits(value, VALUE_UNITS)
    corners[start + 1] = costUnits
    corners[start + 2] = valueUnits
    let price = 0
    let corner = start + CORNERS_HEAD
    for (;;) {
      let nextPrice = Number.POSITIVE_INFINITY
      let nextValue = 0
      let nextCost = 0
      for (let at = row + 1; at < end; at += CURVE_POINT_NUMBERS) {
        const c = rows[at + 2]
        if (c >= cost) continue
        const v = rows[at + 1]
        const crossing = (value - v) / (cost - c)
        if (crossing < nextPrice || (crossing === nextPrice && c < nextCost)) {
          nextPrice = crossing
          nextValue = v
          nextCost = c
        }
      }
      if (nextPrice === Number.POSITIVE_INFINITY) break
      price = Math.max(price, nextPrice)
      const nextCostUnits = toUnits(nextCost, USD_UNITS)
      const nextValueUnits = toUnits(nextValue, VALUE_UNITS)
      corners[corner] = binOf(price)
      corners[corner + 1] = costUnits - nextCostUnits
      corners[corner + 2] = valueUnits - nextValueUnits
      corner += CORNER_NUMBERS
      value = nextValue
      cost = nextCost
      costUnits = nextCostUnits
      valueUnits = nextValueUnits
    }
    corners[start] = corner
    corners[start + 3] = costUnits
    this.shift(row, 1)
  }

  /** Adds (sign 1) or takes out (-1) the steps of a row whose corners are known. */
  private shift(row: number, sign: 1 | -1): void {
    const { corners, costSteps, costWalk, steadyWalk, meanWalk } = this
    const start = (row / ROW_NUMBERS) * CORNERS_NUMBERS
    this.freeCost += sign * corners[start + 1]
    this.freeValue += sign * corners[start + 2]
    this.leastCost += sign * corners[start + 3]
    const end = corners[start]
    for (let at = start + CORNERS_HEAD; at < end; at += CORNER_NUMBERS) {
      const bin = corners[at]
      const step = sign * corners[at + 1]
      costSteps[bin] += step
      if (bin < costWalk.bin) costWalk.passed += step
      if (bin < steadyWalk.bin) steadyWalk.passed += step
      if (bin < meanWalk.bin) meanWalk.passed += step
    }
    if (this.keepsValues) this.shiftValues(row, sign)
  }

  private shiftValues(row: number, sign: 1 | -1): void {
    const { corners, valueSteps, valueWalk } = this
    const start = (row / ROW_NUMBERS) * CORNERS_NUMBERS
    for (let at = start + CORNERS_HEAD; at < corners[start]; at += CORNER_NUMBERS) {
      const bin = corners[at]
      const step = sign * corners[at + 2]
      valueSteps[bin] += step
      if (bin < valueWalk.bin) valueWalk.passed += step
    }
  }

  private keepValues(): void {
    this.keepsValues = true
    for (let i = 0; i < this.count; i++) this.shiftValues(i * ROW_NUMBERS, 1)
  }
}
