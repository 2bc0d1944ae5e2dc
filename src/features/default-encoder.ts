/**
 * The encoder that comes with the package. Its artifact is a module of its own, imported from here alone:
 * a bundle that passes vectors or another encoder does not carry it.
 */

import { readOptions } from '../base/read-once.js'
import { DEFAULT_PCA_BASE64 } from './default-pca.generated.js'
import type { Encoder } from './encoder.js'
import { createHashingEncoder } from './hashing-encoder.js'
import { pcaFromBytes } from './pca-codec.js'
import type { PcaModel } from './pca-model.js'

export interface DefaultEncoderOptions {
  /** Identifies the context space; that of the shipped encoder by default. */
  readonly name?: string | undefined
  /** UTF-16 code units read of one prompt, 8192 by default. */
  readonly maxChars?: number | undefined
}

let decoded: PcaModel | undefined

/** The shipped PCA: 25 components fitted on the prompts of nine public benchmarks. Decoded once. */
export function defaultPca(): PcaModel {
  decoded ??= pcaFromBytes(Uint8Array.from(atob(DEFAULT_PCA_BASE64), (character) => character.charCodeAt(0)))
  return decoded
}

/**
 * The hashing encoder with the shipped PCA: contexts of 26 numbers. Each call makes one with its own scratch.
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION for bad options
 */
export function defaultEncoder(options: DefaultEncoderOptions = {}): Encoder {
  const { name, maxChars } = readOptions(options, ['name', 'maxChars'])
  return createHashingEncoder({ name, maxChars, pca: defaultPca() })
}
