import { checkArray, checkVector, copyContext, copyNumbers, isFloatVector } from '../base/check.js'
import { type ErrorCode, expected, isList, ParetoBanditError } from '../base/errors.js'
import { reading } from '../base/read-once.js'
import { type Chat, isChat, textOfChat } from './chat.js'
import { type AnyEncoder, isSyncEncoder } from './encoder.js'
import { encoderFailed } from './encoder-output.js'

/** What a request's context can be made from: a text, the messages of a chat, or the vector itself. */
export type ContextInput = string | Chat | ArrayLike<number>

/** What an encoder writes to, and what is checked and kept: a buffer that no code but ours knows. */
interface Buffers {
  readonly written: Float64Array
  readonly context: Float64Array
  /** What was encoded; null where a vector was given. */
  text: string | null
}

/** What is to be read, and the text that it was made from; null where a vector was given. */
export interface ResolvedInput {
  readonly input: ContextInput
  readonly text: string | null
}

/**
 * Turns inputs into checked contexts of `dimension` numbers. Encoders and proxies are the caller's code and may route:
 * each reading that is going on has buffers of its own.
 */
export class ContextReader {
  private readonly encoder: AnyEncoder | null
  readonly dimension: number
  private readonly endsWithBias: boolean
  private readonly levels: Buffers[] = []
  private depth = 0

  /** @param endsWithBias whether contexts must end with 1 */
  constructor(encoder: AnyEncoder | null, dimension: number, endsWithBias = false) {
    this.encoder = encoder
    this.dimension = dimension
    this.endsWithBias = endsWithBias
  }

  /**
   * @returns the context, in a buffer that nothing else writes to until `release`
   * @throws NO_ENCODER, ASYNC_ENCODER, ENCODER_FAILED, DIMENSION_MISMATCH, INVALID_ARGUMENT: then there is nothing to
   *   release
   */
  take(input: ContextInput, field: string): Float64Array {
    const { levels, depth, dimension } = this
    if (depth === levels.length)
      levels.push({
        written: new Float64Array(dimension),
        context: new Float64Array(dimension),
        text: null,
      })
    const buffers = levels[depth]
    this.depth++
    try {
      this.read(input, buffers, field)
    } catch (error) {
      this.depth--
      throw error
    }
    return buffers.context
  }

  /** The text of the context that was taken last; null where a vector was given. */
  get text(): string | null {
    return this.levels[this.depth - 1].text
  }

  /** Of the context that was taken last. */
  release(): void {
    this.depth--
  }

  private read(input: ContextInput, buffers: Buffers, field: string): void {
    const { encoder, dimension } = this
    const { written, context } = buffers
    const text = textOf(input, field)
    buffers.text = text
    if (text === null) {
      checkSaid(input, encoder, field)
      readVector(checkInput(input, field), dimension, context, field)
      this.checkBias(context, field)
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
      encoder.encodeInto(text, written, 0)
    } catch (cause) {
      throw encoderFailed(encoder.name, cause)
    }
    const made = `encoder '${encoder.name}'`
    copyContext(written, dimension, context, 0, made, 'ENCODER_FAILED')
    this.checkBias(context, made, 'ENCODER_FAILED')
  }

  /** Waits for an encoder if it has to. The vector is the caller's to `read`: others may be read meanwhile. */
  async resolve(input: ContextInput): Promise<ResolvedInput> {
    const { encoder } = this
    const text = textOf(input, 'input')
    if (text === null) {
      checkSaid(input, this.encoder, 'input')
      const vector = checkInput(input, 'input')
      return { input: reading('input', () => Array.from(vector)), text }
    }
    if (encoder === null || isSyncEncoder(encoder)) return { input: text, text }
    try {
      const vector = await encoder.encode(text)
      return { input: checkVector(vector, `encoder '${encoder.name}'`, 'ENCODER_FAILED'), text }
    } catch (cause) {
      throw encoderFailed(encoder.name, cause)
    }
  }

  private checkBias(context: ArrayLike<number>, field: string, code: ErrorCode = 'INVALID_ARGUMENT'): void {
    const last = context.length - 1
    if (!this.endsWithBias || context[last] === 1) return
    const what = '1, the bias (append it to your vectors and make `dimension` one more, or set `bias: false`)'
    throw expected(code, `${field}[${last}]`, what, context[last])
  }

  /**
   * The contexts of all inputs, one after the other.
   * @param told the text of each of them that has one
   */
  readMany(
    inputs: readonly ContextInput[],
    field: string,
    told: (text: string, i: number) => void = () => {},
  ): Float64Array {
    const { dimension } = this
    const all = checkArray(inputs, field)
    const length = reading(field, () => all.length)
    // Grown as inputs turn out to be good: an array may say that it is longer than memory.
    let contexts = new Float64Array(Math.min(length, 256) * dimension)
    for (let i = 0; i < length; i++) {
      if (i * dimension === contexts.length) {
        const grown = new Float64Array(Math.min(length, 2 * i) * dimension)
        grown.set(contexts)
        contexts = grown
      }
      const input = reading(field, () => all[i]) as ContextInput
      copyNumbers(this.takeOf(input, i, field), 0, contexts, i * dimension, dimension)
      if (this.text !== null) told(this.text, i)
      this.release()
    }
    return contexts
  }

  private takeOf(input: ContextInput, i: number, field: string): Float64Array {
    try {
      return this.take(input, field)
    } catch {
      // Once more, to say which one it is: naming each before it is known to be wrong would take most of the time.
      return this.take(input, `${field}[${i}]`)
    }
  }
}

/** @returns null for what is no text */
function textOf(input: ContextInput, field: string): string | null {
  if (typeof input === 'string') return input
  return isList(input) ? textOfList(input, field) : null
}

function textOfList(input: ArrayLike<unknown>, field: string): string | null {
  return reading(field, () => (isChat(input) ? textOfChat(input, field) : null))
}

function checkInput(input: unknown, field: string): ArrayLike<number> {
  if (isFloatVector(input)) return input
  const what = 'messages {role, content}, a text or a vector of numbers'
  throw expected('INVALID_ARGUMENT', field, what, input)
}

/** A vector may be a proxy, or have getters. */
function readVector(input: ArrayLike<number>, dimension: number, context: Float64Array, field: string): void {
  if (ArrayBuffer.isView(input)) copyContext(input, dimension, context, 0, field)
  else readList(input, dimension, context, field)
}

function readList(input: ArrayLike<number>, dimension: number, context: Float64Array, field: string): void {
  reading(field, () => {
    if (input.length !== dimension) checkNumbers(input, field)
    copyContext(input, dimension, context, 0, field)
  })
}

/** A list of something else (texts, messages of which one is missing) is no vector of another length. @throws INVALID_ARGUMENT */
function checkNumbers(input: ArrayLike<unknown>, field: string): void {
  const { length } = input
  for (let i = 0; i < length; i++) {
    const item = input[i]
    if (typeof item === 'number') continue
    throw expected(
      'INVALID_ARGUMENT',
      `${field}[${i}]`,
      'a number, or a message {role, content} in a chat',
      item,
    )
  }
}

/** Where texts are routed, a list without anything is a chat in which nobody has said a word. @throws INVALID_ARGUMENT */
function checkSaid(input: unknown, encoder: AnyEncoder | null, field: string): void {
  if (encoder === null || !isList(input) || input.length > 0) return
  throw expected('INVALID_ARGUMENT', field, 'a text, or messages of a chat with some text', input)
}
