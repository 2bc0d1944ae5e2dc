import { checkBoolean, checkInteger, checkString, DIMENSION_MAX } from '../base/check.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import { readOptions } from '../base/read-once.js'
import type { AsyncEncoder, Encoder } from './encoder.js'
import { checkRoom, checkText, copyEncoded, encoderFailed } from './encoder-output.js'

interface CommonOptions {
  /** Identifies the context space: change it whenever the function's vectors change their meaning. */
  readonly name: string
  /** Numbers that `encode` returns. */
  readonly dimension: number
  /** Whether a 1 is appended to every context, true by default. Without it no model has an average reward. */
  readonly bias?: boolean | undefined
}

export interface FunctionEncoderOptions extends CommonOptions {
  /** Gives `dimension` finite numbers. */
  readonly encode: (text: string) => ArrayLike<number>
  /** False, the default: `encode` answers at once. */
  readonly async?: false | undefined
}

export interface AsyncFunctionEncoderOptions extends CommonOptions {
  /** Gives a promise of `dimension` finite numbers. */
  readonly encode: (text: string) => PromiseLike<ArrayLike<number>>
  /** `encode` has to be waited for. */
  readonly async: true
}

/**
 * An encoder out of any function: an embedding service, features of one's own. With a bias (the default) a context
 * has `dimension + 1` entries.
 * @throws INVALID_ARGUMENT, UNKNOWN_OPTION for bad options. The encoder throws (or rejects with) ENCODER_FAILED if
 *   the function throws or gives anything but finite numbers within +-10,000, DIMENSION_MISMATCH if it gives
 *   another number of them; `out` is then untouched.
 */
export function functionEncoder(options: FunctionEncoderOptions): Encoder
export function functionEncoder(options: AsyncFunctionEncoderOptions): AsyncEncoder
export function functionEncoder(
  options: FunctionEncoderOptions | AsyncFunctionEncoderOptions,
): Encoder | AsyncEncoder {
  const given = readOptions(options, ['name', 'dimension', 'encode', 'bias', 'async'])
  const name = checkString(given.name, 'name')
  const bias = checkBoolean(given.bias ?? true, 'bias')
  const length = checkInteger(given.dimension, 1, bias ? DIMENSION_MAX - 1 : DIMENSION_MAX, 'dimension')
  if (typeof given.encode !== 'function')
    throw expected('INVALID_ARGUMENT', 'encode', 'a function', given.encode)
  checkBoolean(given.async ?? false, 'async')
  return given.async === true
    ? asyncEncoder(name, length, bias, given.encode)
    : syncEncoder(name, length, bias, given.encode)
}

function syncEncoder(
  name: string,
  length: number,
  bias: boolean,
  encode: (text: string) => ArrayLike<number>,
): Encoder {
  const dimension = length + (bias ? 1 : 0)
  return {
    name,
    dimension,
    ...(bias ? {} : { bias }),
    encodeInto(text, out, offset) {
      checkText(text)
      checkRoom(out, offset, dimension)
      const value = attempt(name, () => encode(text))
      if (isPromiseLike(value)) {
        // Its rejection has nobody else to go to.
        value.then(undefined, () => {})
        throw new ParetoBanditError('ENCODER_FAILED', `encoder ${name}`, 'gave a promise: pass `async: true`')
      }
      copyEncoded(value, length, bias, out, offset, name)
    },
  }
}

function asyncEncoder(
  name: string,
  length: number,
  bias: boolean,
  encode: (text: string) => PromiseLike<ArrayLike<number>>,
): AsyncEncoder {
  const dimension = length + (bias ? 1 : 0)
  return {
    name,
    dimension,
    ...(bias ? {} : { bias }),
    async encode(text) {
      checkText(text)
      const value = await attempt(name, async () => encode(text)).catch((cause: unknown) => {
        throw encoderFailed(name, cause)
      })
      const context = new Float64Array(dimension)
      copyEncoded(value, length, bias, context, 0, name)
      return context
    },
  }
}

function attempt<T>(name: string, call: () => T): T {
  try {
    return call()
  } catch (cause) {
    throw encoderFailed(name, cause)
  }
}

function isPromiseLike(value: unknown): value is PromiseLike<unknown> {
  return typeof value === 'object' && value !== null && 'then' in value && typeof value.then === 'function'
}
