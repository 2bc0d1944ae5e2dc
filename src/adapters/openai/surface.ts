import type { Json } from '../../base/json.js'
import type { Capability, RunOptions } from '../../index.js'
import type { AnswerFormat } from '../../rewards/index.js'

/** One of the client's ways to a model. */
export interface Surface {
  /** How its requests and answers are written. */
  readonly format: AnswerFormat
  /** Where the client has it. */
  readonly path: readonly [string, ...string[]]
  /** Methods beside `create` that call it: the client's own code around the same request. */
  readonly helpers: readonly string[]
  /** Those that call it in a loop, as tools are called. */
  readonly loops: readonly string[]
  /** What a request is routed by. */
  prompt(body: Json): unknown
  limits(body: Json): RunOptions
  /** What a model must be able to do. */
  needs(body: Json): ReadonlySet<Capability>
  /** The request as it goes to a model. */
  sent(body: Json, model: string): Json
  /** What an answer, or an event of its stream, says went wrong in place of answering; null: nothing. */
  failureIn(answer: unknown): unknown
  /** Whether an event of a stream comes before anything is said. */
  isBefore(event: unknown): boolean
  /** Whether an event of a stream is for whoever asked: not one that brings a usage that was not asked for, and nothing else. */
  isShown(event: unknown, body: Json): boolean
}

/** Calls a method of the client at a path of members. */
export function callOf(client: object, path: readonly string[], ...args: unknown[]): unknown {
  let owner: unknown = client
  for (const name of path.slice(0, -1)) owner = Reflect.get(owner as object, name)
  const method: unknown = Reflect.get(owner as object, path[path.length - 1])
  return (method as (...given: unknown[]) => unknown).apply(owner, args)
}

/**
 * A limit on the answer, if one is said.
 * @param answers how many are asked for: each may have as much
 */
export function outputLimit(value: unknown, answers: unknown = 1): RunOptions {
  return isCount(value) ? { maxOutputTokens: value * (isCount(answers) ? answers : 1) } : {}
}

function isCount(value: unknown): value is number {
  return typeof value === 'number' && Number.isSafeInteger(value) && value > 0
}
