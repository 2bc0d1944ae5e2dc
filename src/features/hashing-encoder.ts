import { checkString } from '../base/check.js'
import { expected } from '../base/errors.js'
import { readOptions } from '../base/read-once.js'
import type { Encoder } from './encoder.js'
import { checkRoom } from './encoder-output.js'
import { PackedLoadings, sparseVector, VALUE_SUM_MAX } from './packed-loadings.js'
import { pcaFingerprint } from './pca-codec.js'
import {
  checkMaxChars,
  checkPcaModel,
  clampComponent,
  MAX_CHARS_DEFAULT,
  type PcaModel,
} from './pca-model.js'
import { tokenCounter } from './token-counter.js'

export interface HashingEncoderOptions {
  /** From `fitPca` or `pcaFromBytes`; `defaultEncoder` brings the shipped one. */
  readonly pca: PcaModel
  /** Default: `hashing-` and fingerprints of what decides the context space. */
  readonly name?: string | undefined
  /**
   * UTF-16 code units read of one prompt, 8192 by default: of a longer one the first three quarters of them and
   * the last quarter. This bounds the time of a call whatever the prompt.
   */
  readonly maxChars?: number | undefined
}

/**
 * The default kind of encoder: hashed words, word pairs and symbols, projected on the whitened principal
 * components of a set of prompts. A context has `pca.components + 1` entries, the last a bias of 1; the others
 * are cut to [-8, 8]. Any string gives a finite context: lone surrogates, no words, megabytes.
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION, DIMENSION_MISMATCH for bad options
 */
export function createHashingEncoder(options: HashingEncoderOptions): Encoder {
  const given = readOptions(options, ['pca', 'name', 'maxChars'])
  const pca = checkPcaModel(given.pca, 'pca')
  const maxChars = checkMaxChars(given.maxChars ?? MAX_CHARS_DEFAULT, 'maxChars')
  const name =
    given.name === undefined
      ? `hashing-${pca.components}-${pcaFingerprint(pca)}-${maxChars}`
      : checkString(given.name, 'name')
  return new HashingEncoder(pca, name, maxChars)
}

class HashingEncoder implements Encoder {
  readonly name: string
  readonly dimension: number
  readonly #maxChars: number
  readonly #loadings: PackedLoadings
  readonly #scales: Float64Array
  readonly #offsets: Float64Array
  /** By bucket. */
  readonly #weights: Float64Array
  readonly #sums: Float64Array

  constructor(pca: PcaModel, name: string, maxChars: number) {
    this.name = name
    this.dimension = pca.components + 1
    this.#maxChars = maxChars
    this.#loadings = new PackedLoadings(pca.rows, pca.components)
    this.#scales = Float64Array.from(pca.scales)
    this.#offsets = Float64Array.from(pca.offsets)
    this.#weights = Float64Array.from(pca.weights)
    this.#sums = new Float64Array(pca.components)
  }

  encodeInto(text: string, out: Float64Array, offset: number): void {
    if (typeof text !== 'string') throw expected('INVALID_ARGUMENT', 'text', 'a string', text)
    const components = this.#sums.length
    checkRoom(out, offset, components + 1)
    const bucketCount = tokenCounter.count(text, this.#weights.length, this.#maxChars)
    const unit = weigh(this.#weights, bucketCount)
    this.#loadings.multiply(bucketCount, this.#sums)
    for (let c = 0; c < components; c++) {
      out[offset + c] = clampComponent(this.#offsets[c] + this.#scales[c] * this.#sums[c] * unit)
    }
    out[offset + components] = 1
  }
}

/** One for all encoders and a closure, for the reasons that `tokenCounter` is. */
const weigh = createWeigh()

function createWeigh() {
  const { buckets, counts } = tokenCounter
  const { rowIndexes, values } = sparseVector

  /**
   * From `tokenCounter` to `sparseVector`: weights[k] sqrt(count), rounded to integers that sum to at most
   * VALUE_SUM_MAX.
   * @returns 1 / |values|, or 0 where there is no token of weight
   */
  return (weights: Float64Array, bucketCount: number): number => {
    let sum = 0
    for (let i = 0; i < bucketCount; i++) {
      const bucket = buckets[i]
      const value = weights[bucket] * Math.sqrt(counts[i])
      rowIndexes[i] = bucket
      values[i] = value
      sum += value
    }
    // Rounding adds at most 1/2 to each.
    const scale = sum === 0 ? 0 : (VALUE_SUM_MAX - bucketCount) / sum
    let squares = 0
    for (let i = 0; i < bucketCount; i++) {
      const value = Math.floor(values[i] * scale + 0.5)
      values[i] = value
      squares += value * value
    }
    return squares === 0 ? 0 : 1 / Math.sqrt(squares)
  }
}
