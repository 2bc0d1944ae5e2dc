import { checkArray, checkVector, copyContext, copyNumbers, isVector } from '../base/check.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import { type AnyEncoder, isSyncEncoder } from './encoder.js'
import { encoderFailed } from './encoder-output.js'

/** What a request's context can be made from: a text, or the vector itself. */
export type ContextInput = string | ArrayLike<number>

/** Turns inputs into checked contexts of `dimension` numbers, each in a buffer that the next one overwrites. */
export class ContextReader {
  readonly context: Float64Array
  private readonly encoder: AnyEncoder | null
  private readonly dimension: number

  constructor(encoder: AnyEncoder | null, dimension: number) {
    this.context = new Float64Array(dimension)
    this.encoder = encoder
    this.dimension = dimension
  }

  /** @throws NO_ENCODER, ASYNC_ENCODER, ENCODER_FAILED, DIMENSION_MISMATCH, INVALID_ARGUMENT */
  read(input: ContextInput, field: string): void {
    const { encoder, context, dimension } = this
    if (typeof input !== 'string') {
      if (!isVector(input)) throw expected('INVALID_ARGUMENT', field, 'a text or a vector of numbers', input)
      copyContext(input, dimension, context, 0, field)
      return
    }
    if (encoder === null) {
      throw new ParetoBanditError(
        'NO_ENCODER',
        field,
        'this router was made without an encoder: route vectors',
      )
    }
    if (!isSyncEncoder(encoder)) {
      throw new ParetoBanditError(
        'ASYNC_ENCODER',
        field,
        `encoder '${encoder.name}' has to wait: use routeAsync`,
      )
    }
    try {
      encoder.encodeInto(input, context, 0)
    } catch (cause) {
      throw encoderFailed(encoder.name, cause)
    }
    copyContext(context, dimension, context, 0, `encoder '${encoder.name}'`, 'ENCODER_FAILED')
  }

  /** Waits for an encoder if it has to. The vector is the caller's to `read`: others may be read meanwhile. */
  async resolve(input: ContextInput): Promise<ContextInput> {
    const { encoder } = this
    if (typeof input !== 'string') return isVector(input) ? Array.from(input) : input
    if (encoder === null || isSyncEncoder(encoder)) return input
    try {
      return checkVector(await encoder.encode(input), `encoder '${encoder.name}'`, 'ENCODER_FAILED')
    } catch (cause) {
      throw encoderFailed(encoder.name, cause)
    }
  }

  /** The contexts of all inputs, one after the other. */
  readMany(inputs: readonly ContextInput[], field: string): Float64Array {
    const { dimension } = this
    const all = checkArray(inputs, field)
    // Grown as inputs turn out to be good: an array may say that it is longer than memory.
    let contexts = new Float64Array(Math.min(all.length, 256) * dimension)
    for (let i = 0; i < all.length; i++) {
      if (i * dimension === contexts.length) {
        const grown = new Float64Array(Math.min(all.length, 2 * i) * dimension)
        grown.set(contexts)
        contexts = grown
      }
      const input = all[i] as ContextInput
      try {
        this.read(input, field)
      } catch {
        // Once more, to say which one it is: naming each before it is known to be wrong would take most of the time.
        this.read(input, `${field}[${i}]`)
      }
      copyNumbers(this.context, 0, contexts, i * dimension, dimension)
    }
    return contexts
  }
}
