import type { RouteOptions } from '../../index.js'
import type { ModelConfig } from '../config/config.js'
import { longestPromptOf } from '../config/longest-prompt.js'
import { type Order, OUTPUT_TOKENS_EXPECTED } from './order.js'
import type { RequestSize } from './order-size.js'
import { Refused } from './refused.js'

/** More tokens than any model has: sums of dollars stay sums. */
const TOKENS_MAX = 1e9

/**
 * What the router is asked for a request.
 * @param among those of its models that are asked for
 * @throws Refused where the worst case is set aside and is not known
 */
export function routeOptions(order: Order, among: readonly ModelConfig[] = order.models): RouteOptions {
  const { key } = order
  const size = sizeSetAside(order)
  const maxOutputTokens = longestAnswer(order, size)
  const isUsual = size.answers === 1 && size.predictedTokens === 0
  const options: { -readonly [F in keyof RouteOptions]: RouteOptions[F] } = {
    candidates: among.map(({ id }) => id),
    inputTokens: Math.min(size.inputTokens, TOKENS_MAX),
  }
  if (order.config.routing.reserve === 'worst-case') options.maxInputTokens = longestPrompt(order, size)
  if (maxOutputTokens !== null) options.maxOutputTokens = maxOutputTokens
  if (!isUsual)
    options.expectedOutputTokens = allAnswers(size, usualAnswer(order, size) + size.predictedTokens)
  if (key.tenant !== null) options.tenant = key.tenant
  return options
}

/**
 * Where the worst case is set aside, the most that parameters of its models make of a request. Else what its client says: what a model's own
 * parameters add is learned from its bills, and others must not look as dear for it.
 */
function sizeSetAside({ config, size }: Order): RequestSize {
  return config.routing.reserve === 'worst-case' ? size.most : size.client
}

/** @param eachTokens of one, and of what the client predicts of it */
function allAnswers({ answers }: RequestSize, eachTokens: number): number {
  return Math.min(eachTokens * answers, TOKENS_MAX)
}

function usualAnswer({ config }: Order, { maxOutputTokens }: RequestSize): number {
  const usual = config.routing.expectedTokens?.output ?? OUTPUT_TOKENS_EXPECTED
  return Math.min(usual, maxOutputTokens ?? usual)
}

/**
 * What is allowed, all answers together; where the worst case is set aside and nothing is said, what its models can answer at
 * most.
 * @throws Refused where neither is known
 */
export function longestAnswer({ config, models }: Order, size: RequestSize): number | null {
  const { maxOutputTokens, reasoningTokens } = size
  const isWorst = config.routing.reserve === 'worst-case'
  const predictedTokens = isWorst ? size.predictedBytes : size.predictedTokens
  if (maxOutputTokens !== null) return allAnswers(size, maxOutputTokens + reasoningTokens + predictedTokens)
  if (!isWorst) return null
  const most = greatestOf(models.map(({ maxOutputTokens }) => maxOutputTokens))
  if (most !== null) return allAnswers(size, most + predictedTokens)
  throw new Refused(
    400,
    'limit_required',
    'expected a limit of the answer (max_tokens or its like): this gateway sets aside what a request can cost at most',
  )
}

/**
 * The most that can be read of a prompt: a token a byte, and no more than its models can read. All of that, where something in it has no bound.
 * @throws Refused where neither is known
 */
function longestPrompt(order: Order, { inputTokens, maxInputTokens, unbounded }: RequestSize): number {
  const room = roomIn(order)
  if (unbounded !== null && room === null)
    throw new Refused(
      400,
      'limit_required',
      `${unbounded} has no length that is known here, and a model of your choice no contextTokens or maxInputTokens: this gateway sets aside what a request can cost at most; send what it holds, or name another model`,
    )
  const most = unbounded === null ? Math.min(maxInputTokens, room ?? TOKENS_MAX) : (room ?? TOKENS_MAX)
  return Math.min(Math.max(most, inputTokens), TOKENS_MAX)
}

/** Tokens that the models of a request can read of it; null: not known. Each input of embeddings is read by itself. */
function roomIn({ models, body }: Order): number | null {
  const room = greatestOf(models.map(longestPromptOf))
  if (room === null || !models.some(({ kind }) => kind === 'embeddings')) return room
  const { input } = body.json
  if (!Array.isArray(input)) return room
  // Numbers are tokens of one text.
  const texts = input.filter((each) => typeof each !== 'number').length
  return room * (texts + (texts < input.length ? 1 : 0))
}

/** Null where one is not known. */
function greatestOf(limits: readonly (number | null)[]): number | null {
  return limits.reduce<number | null>(
    (most, limit) => (most === null || limit === null ? null : Math.max(most, limit)),
    0,
  )
}
