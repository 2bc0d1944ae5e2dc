import { checkInteger, checkRecord, isBytes } from '../base/check.js'
import { expected } from '../base/errors.js'
import { reading } from '../base/read-once.js'

/** Components of a PCA, bias not counted. */
export const COMPONENTS_DEFAULT = 25
export const COMPONENTS_MAX = 256
export const BUCKETS_DEFAULT = 2048
export const BUCKETS_MAX = 65536
/** UTF-16 code units read of one prompt. */
export const MAX_CHARS_DEFAULT = 8192
const MAX_CHARS_MAX = 1 << 20

/** Whitened components are cut here: an odd prompt must not dominate x xᵀ. */
export const COMPONENT_MAX = 8

export function clampComponent(value: number): number {
  return Math.max(-COMPONENT_MAX, Math.min(COMPONENT_MAX, value))
}

/**
 * A whitening PCA of hashed token counts. For counts t of the buckets k of one prompt,
 *
 *     f_k = weights[k] sqrt(t_k),   g = f / |f|,   component_c = offsets[c] + scales[c] sum_k rows[k, c] g_k
 *
 * On the prompts it was fitted on, every component has mean 0 and variance 1.
 */
export interface PcaModel {
  /** Number of hash buckets, a power of two. */
  readonly buckets: number
  /** Numbers that a prompt becomes. */
  readonly components: number
  /** Per bucket: square root of its inverse document frequency, in units that the norm cancels. */
  readonly weights: Uint8Array
  /** Loadings, `buckets` rows of `components`. */
  readonly rows: Int8Array
  /** Per component: what turns the sum over loadings into unit variance. */
  readonly scales: Float32Array
  /** Per component: minus the mean of the scaled sum. */
  readonly offsets: Float32Array
}

export function checkBuckets(value: unknown, field: string): number {
  const buckets = checkInteger(value, 64, BUCKETS_MAX, field)
  if ((buckets & (buckets - 1)) !== 0) throw expected('INVALID_ARGUMENT', field, 'a power of two', value)
  return buckets
}

export function checkMaxChars(value: unknown, field: string): number {
  return checkInteger(value, 64, MAX_CHARS_MAX, field)
}

/** @throws INVALID_ARGUMENT or DIMENSION_MISMATCH naming the part that is not as described above */
export function checkPcaModel(value: unknown, field: string): PcaModel {
  return reading(field, () => readPcaModel(checkRecord(value, field), field))
}

function readPcaModel(record: Record<string, unknown>, field: string): PcaModel {
  const buckets = checkBuckets(record.buckets, `${field}.buckets`)
  const components = checkInteger(record.components, 1, COMPONENTS_MAX, `${field}.components`)
  const { weights, rows, scales, offsets } = record
  if (!isBytes(weights)) throw expected('INVALID_ARGUMENT', `${field}.weights`, 'a Uint8Array', weights)
  if (!ArrayBuffer.isView(rows) || !(rows instanceof Int8Array))
    throw expected('INVALID_ARGUMENT', `${field}.rows`, 'an Int8Array', rows)
  checkLength(weights, buckets, `${field}.weights`)
  checkLength(rows, buckets * components, `${field}.rows`)
  return {
    buckets,
    components,
    weights,
    rows,
    scales: checkFloats(scales, components, `${field}.scales`),
    offsets: checkFloats(offsets, components, `${field}.offsets`),
  }
}

function checkFloats(value: unknown, length: number, field: string): Float32Array {
  if (!(value instanceof Float32Array)) throw expected('INVALID_ARGUMENT', field, 'a Float32Array', value)
  checkLength(value, length, field)
  value.forEach((entry, i) => {
    if (!Number.isFinite(entry))
      throw expected('INVALID_ARGUMENT', `${field}[${i}]`, 'a finite number', entry)
  })
  return value
}

function checkLength(value: ArrayLike<unknown>, length: number, field: string): void {
  if (value.length !== length) {
    throw expected('DIMENSION_MISMATCH', field, `${length} entries`, value.length)
  }
}
