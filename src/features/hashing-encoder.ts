import { checkKeys, checkRecord, checkString } from '../check.js'
import { expected } from '../errors.js'
import type { Encoder } from './encoder.js'
import { pcaFingerprint } from './pca-codec.js'
import { COMPONENT_MAX, checkMaxChars, checkPcaModel, MAX_CHARS_DEFAULT, type PcaModel } from './pca-model.js'
import { TokenCounter } from './token-counter.js'

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
  const record = checkRecord(options, 'options')
  checkKeys(record, ['pca', 'name', 'maxChars'], '')
  const pca = checkPcaModel(options.pca, 'pca')
  const maxChars = checkMaxChars(options.maxChars ?? MAX_CHARS_DEFAULT, 'maxChars')
  const name =
    options.name === undefined
      ? `hashing-${pca.components}-${pcaFingerprint(pca)}-${maxChars}`
      : checkString(options.name, 'name')
  return new HashingEncoder(pca, name, maxChars)
}

class HashingEncoder implements Encoder {
  readonly name: string
  readonly dimension: number
  readonly #counter: TokenCounter
  readonly #weights: Float64Array
  readonly #rows: Float32Array
  readonly #scales: Float64Array
  readonly #offsets: Float64Array
  readonly #sums: Float64Array

  constructor(pca: PcaModel, name: string, maxChars: number) {
    this.name = name
    this.dimension = pca.components + 1
    this.#counter = new TokenCounter(pca.buckets, maxChars)
    this.#weights = Float64Array.from(pca.weights)
    this.#rows = Float32Array.from(pca.rows)
    this.#scales = Float64Array.from(pca.scales)
    this.#offsets = Float64Array.from(pca.offsets)
    this.#sums = new Float64Array(pca.components)
  }

  encodeInto(text: string, out: Float64Array, offset: number): void {
    if (typeof text !== 'string') throw expected('INVALID_ARGUMENT', 'text', 'a string', text)
    const components = this.#sums.length
    if (!(offset >= 0 && offset + components < out.length)) {
      throw expected(
        'DIMENSION_MISMATCH',
        'out',
        `room for ${components + 1} numbers at ${offset}`,
        out.length,
      )
    }
    this.#counter.count(text)
    const norm = this.#project()
    for (let c = 0; c < components; c++) {
      const component = this.#offsets[c] + this.#scales[c] * this.#sums[c] * norm
      out[offset + c] =
        component > COMPONENT_MAX ? COMPONENT_MAX : component < -COMPONENT_MAX ? -COMPONENT_MAX : component
    }
    out[offset + components] = 1
  }

  /** Sums the weighted rows of the buckets hit; returns 1/|f|, or 0 where no known token was. */
  #project(): number {
    const { counts, touched, touchedCount } = this.#counter
    const sums = this.#sums
    const rows = this.#rows
    const weights = this.#weights
    const components = sums.length
    sums.fill(0)
    let squares = 0
    for (let i = 0; i < touchedCount; i++) {
      const bucket = touched[i]
      const weight = weights[bucket]
      if (weight === 0) continue
      const count = counts[bucket]
      squares += weight * weight * count
      const value = weight * Math.sqrt(count)
      const start = bucket * components
      for (let c = 0; c < components; c++) sums[c] += value * rows[start + c]
    }
    return squares === 0 ? 0 : 1 / Math.sqrt(squares)
  }
}
