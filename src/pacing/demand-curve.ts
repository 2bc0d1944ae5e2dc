import { areContenders, CONTENDER_COST_MAX_USD, CONTENDER_NUMBERS, CONTENDERS_MAX } from './contender.js'

const ROW_NUMBERS = 1 + CONTENDERS_MAX * CONTENDER_NUMBERS
/** Sums are kept in whole units, so that taking out what was put in leaves nothing behind. */
const USD_UNITS = 2 ** 34
const VALUE_UNITS = 2 ** 23

/** Bins of the shadow price (reward per dollar): 32 an octave, from 2^-20 to 2^39. */
const BINS_PER_OCTAVE = 32
const OCTAVE_LOW = -20
const OCTAVES = 59
const BIN_COUNT = BINS_PER_OCTAVE * OCTAVES
/** Bits of the upper half of a double that are below its exponent and the top 5 of its mantissa. */
const BIN_SHIFT = 15
const FIRST_BIN = (1023 + OCTAVE_LOW) * BINS_PER_OCTAVE

/** Less than this share of a target is not spending it. */
const SPENT_MIN = 0.8

const BITS = new Float64Array(1)
const HIGH = new Uint32Array(BITS.buffer)
/** Where a double's upper half is: the second word on little-endian machines. */
const UPPER = new Uint8Array(new Uint32Array([1]).buffer)[0] === 1 ? 1 : 0

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
 * Cost: O(contenders^2) <= 64 steps a request, twice (in and out); repricing or removing a model goes through the whole
 * window once, O(window x 64).
 */
export class DemandCurve {
  /** Requests the window holds at most. */
  readonly capacity: number
  /** Requests in the window. */
  count = 0
  /** Where the next request goes. */
  private next = 0
  private readonly rows: Float64Array
  /** By bin: by how much the window's spend falls, and its value, when mu rises past it. In units. */
  private readonly costSteps = new Float64Array(BIN_COUNT)
  private readonly valueSteps = new Float64Array(BIN_COUNT)
  /** Spend and value of the window at mu = 0, in units. */
  private freeCost = 0
  /** Spend of the window with every request on its cheapest contender, in units. */
  private leastCost = 0
  private freeValue = 0
  /** A walk's place: sums of the steps of all bins before it. No part of the state: it only saves time. */
  private readonly costWalk: Walk = { bin: 0, passed: 0 }
  private readonly valueWalk: Walk = { bin: 0, passed: 0 }
  private readonly meanWalk: Walk = { bin: 0, passed: 0 }

  constructor(capacity: number) {
    this.capacity = capacity
    this.rows = new Float64Array(capacity * ROW_NUMBERS)
  }

  /** Takes in a request by its contenders, CONTENDER_NUMBERS numbers each, at most CONTENDERS_MAX; the oldest leaves. */
  add(contenders: Float64Array): void {
    if (contenders.length === 0) return
    const row = this.next * ROW_NUMBERS
    if (this.count === this.capacity) this.step(row, -1)
    else this.count++
    this.rows[row] = contenders.length / CONTENDER_NUMBERS
    for (let i = 0; i < contenders.length; i++) this.rows[row + 1 + i] = contenders[i]
    this.step(row, 1)
    this.next = this.next + 1 === this.capacity ? 0 : this.next + 1
  }

  /** The model in a slot costs `factor` times as much from now on. */
  reprice(slot: number, factor: number): void {
    this.edit((row) => {
      for (let i = 0, at = row + 1; i < this.rows[row]; i++, at += CONTENDER_NUMBERS) {
        if (this.rows[at] === slot)
          this.rows[at + 2] = Math.min(this.rows[at + 2] * factor, CONTENDER_COST_MAX_USD)
      }
    })
  }

  /** The model in a slot can no longer be chosen. */
  forget(slot: number): void {
    this.edit((row) => {
      let kept = 0
      for (let i = 0; i < this.rows[row]; i++) {
        const from = row + 1 + i * CONTENDER_NUMBERS
        if (this.rows[from] === slot) continue
        this.rows.copyWithin(row + 1 + kept * CONTENDER_NUMBERS, from, from + CONTENDER_NUMBERS)
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
    for (let i = 0; i < this.count; i++) this.step(i * ROW_NUMBERS, -1)
    this.count = this.next = 0
    for (const row of rows) this.add(row.subarray(1, 1 + row[0] * CONTENDER_NUMBERS))
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
   * for nothing. Where even the cheapest of each cost more: the least at which each goes to its cheapest.
   * @param generous the lower end of that price's bin instead where less than 80 % of the target would be spent: many
   *   requests change their minds at one price, and the target is met by going back and forth between its two sides
   */
  priceOfSpend(targetUsd: number, generous = false): number {
    // Below what the cheapest of each cost there is nothing to aim at.
    const units = Math.max(targetUsd * USD_UNITS * this.count, this.leastCost)
    if (this.freeCost <= units) return 0
    const { costSteps, costWalk, freeCost } = this
    while (costWalk.bin > 0 && freeCost - costWalk.passed <= units)
      costWalk.passed -= costSteps[--costWalk.bin]
    while (costWalk.bin < BIN_COUNT && freeCost - costWalk.passed > units)
      costWalk.passed += costSteps[costWalk.bin++]
    const left = freeCost - costWalk.passed
    return edgeOf(generous && left < SPENT_MIN * units ? Math.max(0, costWalk.bin - 1) : costWalk.bin)
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

  /** The window's numbers: count, next place, and the rows. */
  save(): Float64Array {
    const numbers = new Float64Array(2 + this.count * ROW_NUMBERS)
    numbers[0] = this.count
    numbers[1] = this.next
    numbers.set(this.rows.subarray(0, this.count * ROW_NUMBERS), 2)
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
      if (!Number.isInteger(contenders) || contenders < 0 || contenders > CONTENDERS_MAX) return false
      const end = row + 1 + contenders * CONTENDER_NUMBERS
      if (!areContenders(numbers.subarray(row + 1, end), (slot) => slots.has(slot))) return false
    }
    return true
  }

  /** Takes what `save` gave, which `accepts` has checked, into this empty curve. */
  load(numbers: Float64Array): void {
    this.count = numbers[0]
    this.next = numbers[1]
    this.rows.set(numbers.subarray(2))
    for (let i = 0; i < this.count; i++) this.step(i * ROW_NUMBERS, 1)
  }

  /** Changes every row of the window, and the steps that follow from it. */
  private edit(change: (row: number) => void): void {
    for (let i = 0; i < this.count; i++) {
      const row = i * ROW_NUMBERS
      this.step(row, -1)
      change(row)
      this.step(row, 1)
    }
  }

  /** Adds (sign 1) or takes out (-1) the steps of a row: the corners of its contenders' envelope, from mu = 0 up. */
  private step(row: number, sign: 1 | -1): void {
    const { rows } = this
    const end = row + 1 + rows[row] * CONTENDER_NUMBERS
    let value = Number.NEGATIVE_INFINITY
    let cost = 0
    for (let at = row + 1; at < end; at += CONTENDER_NUMBERS) {
      const v = rows[at + 1]
      if (v > value || (v === value && rows[at + 2] < cost)) {
        value = v
        cost = rows[at + 2]
      }
    }
    if (value === Number.NEGATIVE_INFINITY) return
    let costUnits = toUnits(cost, USD_UNITS)
    let valueUnits = toUnits(value, VALUE_UNITS)
    this.freeCost += sign * costUnits
    this.freeValue += sign * valueUnits
    let price = 0
    for (;;) {
      let nextPrice = Number.POSITIVE_INFINITY
      let nextValue = 0
      let nextCost = 0
      for (let at = row + 1; at < end; at += CONTENDER_NUMBERS) {
        const c = rows[at + 2]
        if (c >= cost) continue
        const v = rows[at + 1]
        const corner = (value - v) / (cost - c)
        if (corner < nextPrice || (corner === nextPrice && c < nextCost)) {
          nextPrice = corner
          nextValue = v
          nextCost = c
        }
      }
      if (nextPrice === Number.POSITIVE_INFINITY) {
        this.leastCost += sign * costUnits
        return
      }
      price = Math.max(price, nextPrice)
      const bin = binOf(price)
      const nextCostUnits = toUnits(nextCost, USD_UNITS)
      const nextValueUnits = toUnits(nextValue, VALUE_UNITS)
      const costStep = sign * (costUnits - nextCostUnits)
      const valueStep = sign * (valueUnits - nextValueUnits)
      this.costSteps[bin] += costStep
      this.valueSteps[bin] += valueStep
      if (bin < this.costWalk.bin) this.costWalk.passed += costStep
      if (bin < this.meanWalk.bin) this.meanWalk.passed += costStep
      if (bin < this.valueWalk.bin) this.valueWalk.passed += valueStep
      value = nextValue
      cost = nextCost
      costUnits = nextCostUnits
      valueUnits = nextValueUnits
    }
  }
}

interface Walk {
  bin: number
  passed: number
}

function toUnits(amount: number, units: number): number {
  return Math.round(amount * units)
}

/** The bin of a shadow price: the leading bits of its double, a logarithm in straight pieces. */
function binOf(price: number): number {
  BITS[0] = price
  const bin = (HIGH[UPPER] >>> BIN_SHIFT) - FIRST_BIN
  return Math.min(Math.max(bin, 0), BIN_COUNT - 1)
}

/** The shadow price at the upper edge of the bins before `bin`. */
function edgeOf(bin: number): number {
  HIGH[1 - UPPER] = 0
  HIGH[UPPER] = (bin + FIRST_BIN) << BIN_SHIFT
  return BITS[0]
}
