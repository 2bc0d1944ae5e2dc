import { checkArray, checkInteger } from '../base/check.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import { readOnce, readOptions } from '../base/read-once.js'
import {
  BUCKETS_DEFAULT,
  COMPONENTS_DEFAULT,
  COMPONENTS_MAX,
  checkBuckets,
  checkMaxChars,
  MAX_CHARS_DEFAULT,
  type PcaModel,
} from './pca-model.js'
import { principalComponents, type SparseRows } from './principal-components.js'
import { tokenCounter } from './token-counter.js'

export { pcaFingerprint, pcaFromBytes, pcaToBytes } from './pca-codec.js'
export type { PcaModel } from './pca-model.js'

export interface FitPcaOptions {
  /** Entries of a context without its bias, 25 by default. */
  readonly components?: number | undefined
  /** Hash buckets, a power of two, 2048 by default. The file takes `buckets * (components + 1)` bytes. */
  readonly buckets?: number | undefined
  /** UTF-16 code units read of one prompt, 8192 by default: the `maxChars` of the encoder to be. */
  readonly maxChars?: number | undefined
  /** Of the random start, 1 by default. Another seed changes little: the last components, slightly. */
  readonly seed?: number | undefined
}

/** A component whose variance is under this share of the first one's is noise of the arithmetic. */
const VARIANCE_SHARE_MIN = 1e-9

/**
 * Fits the projection of `createHashingEncoder` on one's own prompts: a few thousand typical ones are plenty.
 * Without labels: only the prompts' wording counts. Whitening is exact on these prompts up to the 8-bit rounding
 * of the loadings: every component has mean 0 and variance 1, before cutting.
 * @param prompts more distinct ones than components
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION for bad arguments; DATA_INVALID if the prompts vary in fewer directions
 *   than there are components
 */
export function fitPca(given: readonly string[], options: FitPcaOptions = {}): PcaModel {
  const prompts = readOnce(given, 'prompts')
  const own = readOptions(options, ['components', 'buckets', 'maxChars', 'seed'])
  const components = checkInteger(own.components ?? COMPONENTS_DEFAULT, 1, COMPONENTS_MAX, 'components')
  const buckets = checkBuckets(own.buckets ?? BUCKETS_DEFAULT, 'buckets')
  if (components > buckets)
    throw expected('INVALID_ARGUMENT', 'components', `at most ${buckets} buckets`, components)
  const maxChars = checkMaxChars(own.maxChars ?? MAX_CHARS_DEFAULT, 'maxChars')
  const seed = checkInteger(own.seed ?? 1, 0, 0xffffffff, 'seed')
  checkPrompts(prompts, components + 1)
  const counts = countTokens(prompts, buckets, maxChars)
  const weights = inverseFrequencyWeights(counts)
  const matrix = weighted(counts, weights)
  const { variances, loadings } = principalComponents(matrix, components, seed)
  checkSpread(variances)
  const rows = quantize(loadings, components)
  return { buckets, components, weights, rows, ...whitening(matrix, rows, components) }
}

function checkPrompts(prompts: unknown, distinctMin: number): void {
  const distinct = new Set<string>()
  checkArray(prompts, 'prompts').forEach((prompt, i) => {
    if (typeof prompt !== 'string') throw expected('INVALID_ARGUMENT', `prompts[${i}]`, 'a string', prompt)
    distinct.add(prompt)
  })
  if (distinct.size < distinctMin) {
    throw expected('DATA_INVALID', 'prompts', `at least ${distinctMin} distinct prompts`, distinct.size)
  }
}

function checkSpread(variances: Float64Array): void {
  const least = variances[0] * VARIANCE_SHARE_MIN
  const found = variances.findIndex((variance) => !(variance > least))
  if (found < 0) return
  throw new ParetoBanditError(
    'DATA_INVALID',
    'prompts',
    `expected prompts that differ in at least ${variances.length} directions, got ${found}: bring more varied ` +
      'prompts or lower `components`',
  )
}

/** Raw counts of every prompt; `values` are the counts. */
function countTokens(prompts: readonly string[], buckets: number, maxChars: number): SparseRows {
  const starts = new Int32Array(prompts.length + 1)
  let columns = new Int32Array(1024)
  let values = new Float32Array(1024)
  let used = 0
  prompts.forEach((prompt, row) => {
    const bucketCount = tokenCounter.count(prompt, buckets, maxChars)
    if (used + bucketCount > columns.length) {
      columns = grown(columns, used + bucketCount, Int32Array)
      values = grown(values, used + bucketCount, Float32Array)
    }
    for (let i = 0; i < bucketCount; i++) {
      columns[used] = tokenCounter.buckets[i]
      values[used++] = tokenCounter.counts[i]
    }
    starts[row + 1] = used
  })
  return {
    rowCount: prompts.length,
    columnCount: buckets,
    starts,
    columns: columns.subarray(0, used),
    values: values.subarray(0, used),
  }
}

function grown<T extends Int32Array | Float32Array>(
  old: T,
  least: number,
  make: new (length: number) => T,
): T {
  const larger = new make(Math.max(2 * old.length, least))
  larger.set(old)
  return larger
}

/**
 * sqrt(ln((n + 1) / (df + 1))) scaled to 0..255. The plain inverse document frequency lets rare words drown the
 * wording that a kind of task shares; its root routed better, as did sqrt(count) against 1 + ln(count).
 */
function inverseFrequencyWeights({ rowCount, columnCount, columns }: SparseRows): Uint8Array {
  const frequencies = new Int32Array(columnCount)
  for (const column of columns) frequencies[column]++
  const weights = Float64Array.from(frequencies, (df) => Math.sqrt(Math.log((rowCount + 1) / (df + 1))))
  const largest = weights.reduce((a, b) => Math.max(a, b), 0)
  return Uint8Array.from(weights, (weight) => (largest === 0 ? 0 : Math.round((255 * weight) / largest)))
}

/** weights[k] sqrt(count), every row scaled to length 1 (0 stays 0). */
function weighted(counts: SparseRows, weights: Uint8Array): SparseRows {
  const { rowCount, starts, columns } = counts
  const values = counts.values.map((count, e) => weights[columns[e]] * Math.sqrt(count))
  for (let row = 0; row < rowCount; row++) {
    let squares = 0
    for (let e = starts[row]; e < starts[row + 1]; e++) squares += values[e] * values[e]
    const scale = squares === 0 ? 0 : 1 / Math.sqrt(squares)
    for (let e = starts[row]; e < starts[row + 1]; e++) values[e] *= scale
  }
  return { ...counts, values }
}

/** Eight bits per loading, each component scaled to its own largest one. */
function quantize(loadings: Float64Array, components: number): Int8Array {
  const largest = new Float64Array(components)
  loadings.forEach((loading, at) => {
    const c = at % components
    largest[c] = Math.max(largest[c], Math.abs(loading))
  })
  return Int8Array.from(loadings, (loading, at) => Math.round((127 * loading) / largest[at % components]))
}

/** Mean and variance of the sums over the rounded loadings, so that rounding does not spoil the whitening. */
function whitening(
  { rowCount, starts, columns, values }: SparseRows,
  rows: Int8Array,
  components: number,
): { scales: Float32Array; offsets: Float32Array } {
  const sums = new Float64Array(rowCount * components)
  const mean = new Float64Array(components)
  for (let row = 0; row < rowCount; row++) {
    for (let e = starts[row]; e < starts[row + 1]; e++) {
      const start = columns[e] * components
      for (let c = 0; c < components; c++) sums[row * components + c] += values[e] * rows[start + c]
    }
    for (let c = 0; c < components; c++) mean[c] += sums[row * components + c] / rowCount
  }
  const variance = new Float64Array(components)
  sums.forEach((sum, at) => {
    const c = at % components
    variance[c] += (sum - mean[c]) ** 2 / rowCount
  })
  return {
    scales: Float32Array.from(variance, (entry) => 1 / Math.sqrt(entry)),
    offsets: Float32Array.from(mean, (entry, c) => -entry / Math.sqrt(variance[c])),
  }
}
