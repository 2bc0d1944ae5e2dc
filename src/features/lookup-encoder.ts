import {
  checkBoolean,
  checkRecord,
  checkString,
  checkVector,
  copyContext,
  DIMENSION_MAX,
} from '../base/check.js'
import { expected, expectedGot, ParetoBanditError, show } from '../base/errors.js'
import { reading, readOptions } from '../base/read-once.js'
import type { Encoder } from './encoder.js'
import { checkRoom, checkText } from './encoder-output.js'

export interface LookupEncoderOptions {
  /** Text to its vector. All vectors have one length. */
  readonly vectors: ReadonlyMap<string, ArrayLike<number>> | Readonly<Record<string, ArrayLike<number>>>
  /** Identifies the context space; default `lookup-` and the dimension. Name the origin of the vectors. */
  readonly name?: string | undefined
  /** Whether a 1 is appended to every vector, true by default: pass false for vectors that end in one. */
  readonly bias?: boolean | undefined
}

/**
 * An encoder over precomputed vectors, for replays and tests. The vectors are checked and copied here.
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION, DIMENSION_MISMATCH for bad options, naming the text of a bad vector.
 *   The encoder throws ENCODER_FAILED for a text that has none.
 */
export function lookupEncoder(options: LookupEncoderOptions): Encoder {
  const given = readOptions(options, ['vectors', 'name', 'bias'])
  const bias = checkBoolean(given.bias ?? true, 'bias')
  const entries = reading('vectors', () => listEntries(given.vectors))
  const length = entries[0][1].length
  if (length < 1 || length >= DIMENSION_MAX) {
    throw expected('DIMENSION_MISMATCH', 'vectors', `vectors of 1 to ${DIMENSION_MAX - 1} numbers`, length)
  }
  const dimension = length + (bias ? 1 : 0)
  const name = given.name === undefined ? `lookup-${dimension}` : checkString(given.name, 'name')
  const contexts = new Float64Array(entries.length * dimension)
  const starts = new Map<string, number>()
  entries.forEach(([text, vector], i) => {
    const field = `vectors[${show(text)}]`
    reading(field, () => copyContext(vector, length, contexts, i * dimension, field))
    if (bias) contexts[i * dimension + length] = 1
    starts.set(text, i * dimension)
  })
  return {
    name,
    dimension,
    encodeInto(text, out, offset) {
      const start = starts.get(checkText(text))
      if (start === undefined) {
        throw new ParetoBanditError(
          'ENCODER_FAILED',
          `encoder ${name}`,
          `has no vector for the text ${show(text)}`,
        )
      }
      checkRoom(out, offset, dimension)
      for (let i = 0; i < dimension; i++) out[offset + i] = contexts[start + i]
    },
  }
}

function listEntries(vectors: unknown): [string, ArrayLike<number>][] {
  const entries = vectors instanceof Map ? [...vectors] : Object.entries(checkRecord(vectors, 'vectors'))
  if (entries.length === 0) throw expectedGot('INVALID_ARGUMENT', 'vectors', 'at least one vector', 'none')
  return entries.map(([text, vector]: [unknown, unknown]) => {
    if (typeof text !== 'string') throw expected('INVALID_ARGUMENT', 'vectors', 'texts as keys', text)
    return [text, checkVector(vector, `vectors[${show(text)}]`)]
  })
}
