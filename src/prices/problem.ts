import { type ErrorCode, ParetoBanditError } from '../base/errors.js'

/** Why a model has no price from a list. */
export interface PriceProblem {
  /**
   * `PRICES_MISSING`: the list has no such name, or no price for a kind of tokens. `PRICES_INVALID`: what stands there is no price.
   * `PRICES_IMPLAUSIBLE`: a price is far off what is to be expected, and the model was not accepted.
   */
  readonly code: Extract<ErrorCode, 'PRICES_MISSING' | 'PRICES_INVALID' | 'PRICES_IMPLAUSIBLE'>
  /** Id of the model here. */
  readonly model: string
  /** What the list calls it. */
  readonly name: string
  /** What was expected, and what stands there. */
  readonly message: string
}

/** What was not imported as it stands in the list, or what is charged for it. */
export interface PriceNote {
  /** Id of the model here. */
  readonly model: string
  /** What was done, in a sentence. */
  readonly message: string
}

/** Prices that were refused, all of them: nothing was imported. `problems` has one entry a reason. */
export class PricesError extends ParetoBanditError {
  /** One entry a reason. */
  readonly problems: readonly PriceProblem[]

  constructor(source: string, problems: readonly PriceProblem[]) {
    super(problems[0].code, '', `${source}: ${problems.map(lineOf).join('; ')}`)
    this.problems = problems
  }
}

function lineOf({ model, name, message }: PriceProblem): string {
  return model === name ? `${model}: ${message}` : `${model} (${name}): ${message}`
}
