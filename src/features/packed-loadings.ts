import { BUCKETS_MAX } from './pca-model.js'

/**
 * Sums of weighted rows of small integers, two components to a double.
 *
 * With rows r, s of two components and integer values v, sum v (r + 2^26 s) = sum v r + 2^26 sum v s: one
 * multiply-add serves both, and they are told apart at the end as long as |sum v r| < 2^25 and the whole stays
 * under 2^53. |r| <= 128 and sum v <= 2^18 - 1 keep it so. This halves the encoder's dominant cost, and sums of
 * integers are exact: the same bits on every machine, in whatever order.
 */

/** Largest sum of `values` for which the two lanes stay apart. */
export const VALUE_SUM_MAX = 2 ** 18 - 1

const LANE = 2 ** 26
/** Doubles summed side by side in registers; 25 components are 13 doubles, in 2 blocks. */
const BLOCK = 7

export class PackedLoadings {
  readonly #packed: Float64Array
  /** Doubles per row, a multiple of BLOCK. */
  readonly #stride: number
  readonly #sums: Float64Array

  /** @param rows entry `row * components + component` */
  constructor(rows: Int8Array, components: number) {
    const rowCount = rows.length / components
    this.#stride = Math.ceil(components / (2 * BLOCK)) * BLOCK
    this.#packed = new Float64Array(rowCount * this.#stride)
    this.#sums = new Float64Array(this.#stride)
    for (let row = 0; row < rowCount; row++) {
      for (let c = 0; c < components; c++) {
        this.#packed[row * this.#stride + (c >> 1)] += rows[row * components + c] * (c % 2 === 0 ? 1 : LANE)
      }
    }
  }

  /**
   * out[c] = sum over i < count of values[i] * rows[rowIndexes[i], c], of the arrays of `sparseVector`
   * @param count entries of `sparseVector`, with values that are integers >= 0 and sum to at most VALUE_SUM_MAX
   */
  multiply(count: number, out: Float64Array): void {
    const sums = this.#sums
    for (let start = 0; start < this.#stride; start += BLOCK) {
      sparseVector.sumBlock(this.#packed, this.#stride, start, count, sums)
    }
    for (let c = 0; c < out.length; c += 2) {
      const both = sums[c >> 1]
      const second = Math.floor(both / LANE + 0.5)
      out[c] = both - second * LANE
      if (c + 1 < out.length) out[c + 1] = second
    }
  }
}

/** What is multiplied. One for all and a closure, for the reasons that `tokenCounter` is. */
export const sparseVector = createSparseVector()

function createSparseVector() {
  const rowIndexes = new Int32Array(BUCKETS_MAX)
  const values = new Float64Array(BUCKETS_MAX)

  function sumBlock(
    packed: Float64Array,
    stride: number,
    start: number,
    count: number,
    sums: Float64Array,
  ): void {
    let s0 = 0
    let s1 = 0
    let s2 = 0
    let s3 = 0
    let s4 = 0
    let s5 = 0
    let s6 = 0
    for (let i = 0; i < count; i++) {
      const value = values[i]
      const at = rowIndexes[i] * stride + start
      s0 += value * packed[at]
      s1 += value * packed[at + 1]
      s2 += value * packed[at + 2]
      s3 += value * packed[at + 3]
      s4 += value * packed[at + 4]
      s5 += value * packed[at + 5]
      s6 += value * packed[at + 6]
    }
    sums[start] = s0
    sums[start + 1] = s1
    sums[start + 2] = s2
    sums[start + 3] = s3
    sums[start + 4] = s4
    sums[start + 5] = s5
    sums[start + 6] = s6
  }

  return { rowIndexes, values, sumBlock }
}
