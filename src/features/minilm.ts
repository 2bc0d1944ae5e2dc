/**
 * Sentence embeddings by a small transformer, through the optional package `@huggingface/transformers`. It is
 * loaded at the first call, so that nobody pays for it who does not use it.
 */

import { CONTEXT_ENTRY_MAX, checkRecord, checkString, isVector } from '../base/check.js'
import { crc32 } from '../base/checksum.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import { readOptions } from '../base/read-once.js'
import type { AsyncEncoder } from './encoder.js'
import { checkText, encoderFailed } from './encoder-output.js'
import { checkMaxChars, MAX_CHARS_DEFAULT } from './pca-model.js'
import { checkProjection, type Projection, projectInto } from './projection.js'

export { type FitProjectionOptions, fitProjection, type Projection } from './projection.js'

const PACKAGE = '@huggingface/transformers'
const MODEL_DEFAULT = 'Xenova/all-MiniLM-L6-v2'
const EMBEDDING_DIMENSION = 384

/** What is used of a feature-extraction pipeline. */
export type FeatureExtractor = (
  text: string,
  options: { pooling: 'mean'; normalize: boolean },
) => Promise<{ readonly data: ArrayLike<unknown>; readonly dims: readonly number[] }>

/** What is used of `@huggingface/transformers`. */
export interface TransformersModule {
  /** Loads a model for feature extraction. */
  pipeline(
    task: 'feature-extraction',
    model: string,
    options: { dtype: string; device?: string; revision?: string },
  ): Promise<FeatureExtractor>
}

export interface MiniLmOptions {
  /** A sentence model of 384 dimensions, `Xenova/all-MiniLM-L6-v2` by default. */
  readonly model?: string | undefined
  /** Precision of the weights, `q8` by default: 23 MB to download where `fp32` has 90. */
  readonly dtype?: string | undefined
  /** Where it runs, for example `cpu`, `wasm`, `webgpu`; by default what the package chooses. */
  readonly device?: string | undefined
  /** Commit or tag of the model; pin it for contexts that never change. */
  readonly revision?: string | undefined
  /** From `fitProjection` on embeddings of one's own prompts: contexts of `components + 1` instead of 385. */
  readonly projection?: Projection | undefined
  /** Default: what decides the context space. */
  readonly name?: string | undefined
  /** UTF-16 code units passed on, 8192 by default. The model itself reads 256 to 512 tokens. */
  readonly maxChars?: number | undefined
  /** Brings the package, for example configured through its `env`. Default: a dynamic import. */
  readonly load?: (() => Promise<TransformersModule>) | undefined
}

const OPTION_NAMES = [
  'model',
  'dtype',
  'device',
  'revision',
  'projection',
  'name',
  'maxChars',
  'load',
] as const

/**
 * An asynchronous encoder over MiniLM: mean pooling, unit length, 384 numbers and a bias, or the components of a
 * projection and a bias. The model is loaded once, by the first call; after a failure the next call tries again.
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION, DIMENSION_MISMATCH for bad options. `encode` rejects with
 *   MISSING_DEPENDENCY if the package is not installed, ENCODER_FAILED if it fails, DIMENSION_MISMATCH if the
 *   model's embeddings are not of 384 numbers.
 */
export function createMiniLmEncoder(options: MiniLmOptions = {}): AsyncEncoder {
  const given = readOptions(options, OPTION_NAMES)
  const { load, device, revision } = given
  const model = checkString(given.model ?? MODEL_DEFAULT, 'model')
  const dtype = checkString(given.dtype ?? 'q8', 'dtype')
  if (device !== undefined) checkString(device, 'device')
  if (revision !== undefined) checkString(revision, 'revision')
  if (load !== undefined && typeof load !== 'function')
    throw expected('INVALID_ARGUMENT', 'load', 'a function', load)
  const maxChars = checkMaxChars(given.maxChars ?? MAX_CHARS_DEFAULT, 'maxChars')
  const projection = checkOptionalProjection(given.projection)
  const space = `minilm-${model}${revision === undefined ? '' : `@${revision}`}-${dtype}-${spaceOf(projection)}`
  const name = given.name === undefined ? space : checkString(given.name, 'name')
  const dimension = (projection?.components ?? EMBEDDING_DIMENSION) + 1
  const extractor = once(() =>
    openPipeline(name, load ?? importTransformers, model, {
      dtype,
      ...(device === undefined ? {} : { device }),
      ...(revision === undefined ? {} : { revision }),
    }),
  )
  return {
    name,
    dimension,
    async encode(text) {
      const input = checkText(text).slice(0, maxChars)
      const extract = await extractor()
      const vector = await embed(name, extract, input)
      const context = new Float64Array(dimension)
      if (projection === undefined) context.set(vector)
      else projectInto(projection, vector, context, 0)
      context[dimension - 1] = 1
      return context
    },
  }
}

function checkOptionalProjection(value: unknown): Projection | undefined {
  if (value === undefined) return undefined
  const projection = checkProjection(value, 'projection')
  if (projection.inputDimension !== EMBEDDING_DIMENSION) {
    throw expected(
      'DIMENSION_MISMATCH',
      'projection.inputDimension',
      EMBEDDING_DIMENSION.toString(),
      projection.inputDimension,
    )
  }
  return projection
}

function spaceOf(projection: Projection | undefined): string {
  if (projection === undefined) return EMBEDDING_DIMENSION.toString()
  const numbers = Float64Array.from([...projection.matrix.flat(), ...projection.offsets])
  const fingerprint = crc32(new Uint8Array(numbers.buffer)).toString(16).padStart(8, '0')
  return `${projection.components}-${fingerprint}`
}

/** Calls `make` at the first call and shares its result; a failure is forgotten, so that it can be retried. */
function once<T>(make: () => Promise<T>): () => Promise<T> {
  let made: Promise<T> | undefined
  return () => {
    made ??= make().catch((cause: unknown) => {
      made = undefined
      throw cause
    })
    return made
  }
}

async function openPipeline(
  name: string,
  load: () => Promise<TransformersModule>,
  model: string,
  options: { dtype: string; device?: string; revision?: string },
): Promise<FeatureExtractor> {
  try {
    const transformers = await load()
    return await transformers.pipeline('feature-extraction', model, options)
  } catch (cause) {
    throw encoderFailed(name, cause)
  }
}

async function importTransformers(): Promise<TransformersModule> {
  // Through a variable: bundlers and the type checker must not look for a package that may be absent.
  const specifier: string = PACKAGE
  try {
    return await import(/* @vite-ignore */ /* webpackIgnore: true */ specifier)
  } catch (cause) {
    if (!isNotFound(cause)) throw cause
    throw new ParetoBanditError(
      'MISSING_DEPENDENCY',
      PACKAGE,
      `expected the package to be installed: npm install ${PACKAGE}`,
      { cause },
    )
  }
}

/** Node gives a code; browsers and bundlers give only words that contain the specifier. */
function isNotFound(cause: unknown): boolean {
  if (!(cause instanceof Error)) return false
  const code = 'code' in cause ? cause.code : undefined
  return cause.message.includes(PACKAGE) && (code === undefined || code === 'ERR_MODULE_NOT_FOUND')
}

async function embed(name: string, extract: FeatureExtractor, text: string): Promise<ArrayLike<number>> {
  let output: unknown
  try {
    output = await extract(text, { pooling: 'mean', normalize: true })
  } catch (cause) {
    throw encoderFailed(name, cause)
  }
  const field = `encoder ${name}`
  const { data } = checkRecord(output, field)
  if (!isVector(data)) throw expected('ENCODER_FAILED', field, 'a tensor of numbers', data)
  if (data.length !== EMBEDDING_DIMENSION) {
    throw expected('DIMENSION_MISMATCH', field, `${EMBEDDING_DIMENSION} numbers`, data.length)
  }
  for (let i = 0; i < data.length; i++) {
    if (!(Math.abs(data[i]) <= CONTEXT_ENTRY_MAX)) {
      throw expected('ENCODER_FAILED', `${field}[${i}]`, 'a finite number', data[i])
    }
  }
  return data
}
