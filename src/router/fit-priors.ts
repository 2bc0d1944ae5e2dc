import type { Priors } from '../bandit/priors.js'
import {
  checkAmount,
  checkInRange,
  checkInteger,
  checkRecord,
  checkString,
  checkVector,
  DIMENSION_MAX,
  isText,
} from '../base/check.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import { entriesOf, reading, readOnce, readOptions } from '../base/read-once.js'
import { ContextReader } from '../features/context-reader.js'
import { type Encoder, isSyncEncoder } from '../features/encoder.js'
import { estimateTokens } from '../features/text-tokens.js'
import { checkEncoder } from './resolve-options.js'

/** Largest magnitude of a reward, as in the router's `rewardRange`. */
const REWARD_MAX = 1e6

/** What was observed offline for one prompt: the prompt or its context, and the outcome of any number of models. */
export interface PriorRow {
  /** Context of the prompt, bias included. Needed where the fit has no encoder. */
  readonly context?: ArrayLike<number> | undefined
  /** The prompt itself, for a fit with an encoder. */
  readonly prompt?: string | undefined
  /** `costUsd`: what the prompt cost on the model, >= 0; policy `dollar` predicts costs from it. */
  readonly outcomes: Readonly<
    Record<string, { readonly reward: number; readonly costUsd?: number | undefined }>
  >
}

export interface FitPriorsOptions {
  /** Length of every context, bias included. Default: the encoder's, or the first row's. */
  readonly dimension?: number | undefined
  /** The encoder that turns prompts into contexts; or, when rows bring contexts, the name of the one that did. */
  readonly encoder?: Encoder | string | undefined
}

interface Sums {
  rows: number
  squares: number
  /** Of the rows that were texts: what they are estimated to be together, and how many there were. */
  tokens: number
  texts: number
  readonly precision: Float64Array
  readonly response: Float64Array
}

/**
 * Builds warm-up priors from recorded outcomes by ridge regression's sufficient statistics, per model:
 * A_off = I + sum x x^T and b_off = sum r x.
 * @param rows at least one with an outcome; `reward` within +-1e6
 * @throws DATA_INVALID, INVALID_ARGUMENT, DIMENSION_MISMATCH, ENCODER_FAILED naming the row
 */
export function fitPriors(rows: Iterable<PriorRow>, options: FitPriorsOptions = {}): Priors {
  const fit = new PriorsFit(options)
  if (rows === null || rows === undefined || !isIterable(rows)) {
    throw expected('INVALID_ARGUMENT', 'rows', 'an iterable of rows', rows)
  }
  for (const row of entriesOf(rows, 'rows')) fit.take(row)
  return fit.priors()
}

/** `fitPriors`, row by row: of a row its sums alone are kept. */
export class PriorsFit {
  private readonly encoder: Encoder | null
  private readonly encoderName: string | null
  private readonly rewards = new Map<string, Sums>()
  private readonly settled = new Map<string, Sums>()
  /** 0: that of the first row. */
  private dimension: number
  private reader: ContextReader
  /** Rows so far. */
  count = 0

  /** @throws as `fitPriors`, for its options */
  constructor(options: FitPriorsOptions) {
    const given = readOptions(options, ['dimension', 'encoder'], 'options')
    const { encoder, name } = readEncoder(given.encoder)
    this.encoder = encoder
    this.encoderName = name
    this.dimension =
      given.dimension === undefined
        ? (encoder?.dimension ?? 0)
        : checkInteger(given.dimension, 1, DIMENSION_MAX, 'dimension')
    this.reader = new ContextReader(encoder, this.dimension)
  }

  /** @throws as `fitPriors`, naming the row */
  take(row: PriorRow): void {
    const { encoder } = this
    const field = `rows[${this.count}]`
    const input = reading(field, () => inputOf(checkRecord(row, field), encoder, field))
    if (this.dimension === 0) {
      this.dimension = checkInteger(input.length, 1, DIMENSION_MAX, `${field}.context.length`)
      this.reader = new ContextReader(encoder, this.dimension)
    }
    const { dimension, reader, rewards, settled } = this
    const tokens = typeof input === 'string' ? estimateTokens(input) : null
    const context = reader.take(input, `${field}.${typeof input === 'string' ? 'prompt' : 'context'}`)
    const outcomes: unknown = reading(field, () => row.outcomes)
    const own = readOnce(checkRecord(outcomes, `${field}.outcomes`), `${field}.outcomes`)
    for (const [id, outcome] of Object.entries(own)) {
      const at = `${field}.outcomes[${JSON.stringify(id)}]`
      // What no router can read is not made either.
      if (!isText(id)) throw expected('INVALID_ARGUMENT', at, 'an id without unpaired surrogates', id)
      const { reward, costUsd } = checkRecord(outcome, at)
      checkInRange(reward, -REWARD_MAX, REWARD_MAX, `${at}.reward`)
      if (costUsd !== undefined) checkAmount(costUsd, `${at}.costUsd`)
      accumulate(sumsOf(rewards, id, dimension), context, Number(reward))
      if (Number(costUsd) > 0)
        accumulate(sumsOf(settled, id, dimension), context, Math.log(Number(costUsd)), tokens)
    }
    reader.release()
    this.count++
  }

  /** @throws DATA_INVALID where no row had an outcome */
  priors(): Priors {
    const { dimension, encoderName, rewards, settled } = this
    if (rewards.size === 0) {
      throw new ParetoBanditError('DATA_INVALID', 'rows', 'expected at least one row with an outcome')
    }
    return {
      format: 'paretobandit-priors',
      version: 1,
      dimension,
      encoder: encoderName,
      models: Object.fromEntries(
        [...rewards].map(([id, sums]) => {
          const costs = settled.get(id)
          return [
            id,
            costs === undefined
              ? { ...listed(sums), squares: sums.squares }
              : {
                  ...listed(sums),
                  squares: sums.squares,
                  settled: { ...listed(costs), squares: costs.squares, ...tokensOf(costs) },
                },
          ]
        }),
      ),
    }
  }
}

function sumsOf(models: Map<string, Sums>, id: string, dimension: number): Sums {
  let sums = models.get(id)
  if (sums === undefined) {
    sums = {
      rows: 0,
      squares: 0,
      tokens: 0,
      texts: 0,
      precision: identity(dimension),
      response: new Float64Array(dimension),
    }
    models.set(id, sums)
  }
  return sums
}

function listed({ rows, precision, response }: Sums): {
  rows: number
  precision: number[]
  response: number[]
} {
  return { rows, precision: Array.from(precision), response: Array.from(response) }
}

/** Only where all rows were texts: a mean of some says nothing of the rest. */
function tokensOf({ rows, tokens, texts }: Sums): { inputTokens?: number } {
  return texts === rows ? { inputTokens: tokens / texts } : {}
}

function readEncoder(value: unknown): { encoder: Encoder | null; name: string | null } {
  if (value === undefined) return { encoder: null, name: null }
  if (typeof value === 'string') return { encoder: null, name: checkString(value, 'encoder') }
  const encoder = checkEncoder(value, 'encoder')
  if (!isSyncEncoder(encoder)) {
    throw new ParetoBanditError(
      'ASYNC_ENCODER',
      'encoder',
      `'${encoder.name}' has to wait: encode the prompts first`,
    )
  }
  return { encoder, name: encoder.name }
}

function isIterable(rows: Iterable<PriorRow>): boolean {
  return reading('rows', () => typeof rows[Symbol.iterator] === 'function')
}

function inputOf(
  row: Record<string, unknown>,
  encoder: Encoder | null,
  field: string,
): string | ArrayLike<number> {
  if (row.context !== undefined || encoder === null) return checkVector(row.context, `${field}.context`)
  if (typeof row.prompt !== 'string')
    throw expected('INVALID_ARGUMENT', `${field}.prompt`, 'a text', row.prompt)
  return row.prompt
}

function identity(dimension: number): Float64Array {
  const packed = new Float64Array((dimension * (dimension + 1)) / 2)
  for (let i = 0, r = 0; i < dimension; r += dimension - i, i++) packed[r] = 1
  return packed
}

function accumulate(sums: Sums, context: Float64Array, value: number, tokens: number | null = null): void {
  if (tokens !== null) {
    sums.tokens += tokens
    sums.texts++
  }
  const dimension = context.length
  for (let i = 0, k = 0; i < dimension; i++) {
    for (let j = i; j < dimension; j++) sums.precision[k++] += context[i] * context[j]
    sums.response[i] += value * context[i]
  }
  sums.rows++
  sums.squares += value * value
}
