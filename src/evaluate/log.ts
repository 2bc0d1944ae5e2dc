import { checkInteger, checkString, DIMENSION_MAX } from '../base/check.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import { jsonLines, type Line } from '../base/json-lines.js'
import { ContextReader } from '../features/context-reader.js'
import { type Encoder, isSyncEncoder } from '../features/encoder.js'
import { checkEncoder } from '../router/resolve-options.js'
import { type DecisionLine, type FeedbackLine, parseLine } from './log-line.js'

/** One routed request with what became of it. Models are indices into `DecisionLog.models`. */
export interface LoggedDecision {
  /** Id of the request. */
  readonly id: string
  /** `file:line`, for messages. */
  readonly place: string
  /** The model that was chosen. */
  readonly model: number
  /** What the bandit saw of the prompt. */
  readonly context: Float64Array
  /** Chance in (0, 1] with which the model was chosen given the past; null when the log does not say. */
  readonly propensity: number | null
  /** The models that could have been chosen, the chosen one among them; null when the log does not say. */
  readonly eligible: readonly number[] | null
  /** Null when no reward came. */
  readonly reward: number | null
  /** USD; null when the request was never settled. What a failed or a cancelled call cost counts. */
  readonly costUsd: number | null
  /** Whether the call failed. */
  readonly failed: boolean
  /** True for a newcomer's forced exploration and for a canary. */
  readonly forced: boolean
}

/** The decisions of a log in time, joined with their feedback. */
export interface DecisionLog {
  /** How errors call the log. */
  readonly name: string
  /** Ids of all models that were chosen or could have been. */
  readonly models: readonly string[]
  /** Numbers in a context. */
  readonly dimension: number
  /** In the order of the log. */
  readonly decisions: readonly LoggedDecision[]
  /** Feedback whose decision is not in the log: its request was routed before the log begins. */
  readonly orphans: number
  /** How many propensities are not the log's: `assumeRandom` made them. */
  readonly assumedPropensities?: number
}

interface Feedback {
  reward: number | null
  costUsd: number | null
  /** The latest bill, which takes the place of the cost, wherever it stands; and its time. Of the same time the later line. */
  billUsd: number | null
  billedAt: number
  failed: boolean
}

function blankFeedback(): Feedback {
  return { reward: null, costUsd: null, billUsd: null, billedAt: Number.NEGATIVE_INFINITY, failed: false }
}

/**
 * Reads a decision log, one JSON object a line: the events of a router (`routed`, `settled`, `rewarded`, `failed`, `cancelled`,
 * `billed`; other types are skipped), or flat lines `{id, context or prompt, model, propensity, eligible, reward, costUsd}`, or both.
 * Feedback finds its decision by id, wherever it stands. Decisions are in the order of their times `at`, or of the file
 * when one of them has none. Unknown fields are ignored, empty lines skipped.
 * @param text contents of the file
 * @param name how errors call the file
 * @param encoder turns the `prompt` of flat lines without context into one; null: every line must have a context
 * @throws DATA_INVALID naming `file:line` for what cannot be read, an id decided twice, feedback given twice; INVALID_ARGUMENT,
 *   ASYNC_ENCODER, ENCODER_FAILED for an encoder
 */
export function parseDecisionLog(text: string, name: string, encoder: Encoder | null = null): DecisionLog {
  if (typeof text !== 'string') throw expected('INVALID_ARGUMENT', 'text', 'a string', text)
  checkString(name, 'name')
  const lines = new DecisionLogReader(name, encoder)
  for (const line of jsonLines(text, name)) lines.take(line)
  return lines.finish()
}

/** `parseDecisionLog`, line by line. */
export class DecisionLogReader {
  private readonly name: string
  private readonly routed = new Map<string, { readonly line: DecisionLine; readonly place: string }>()
  private readonly feedback = new Map<string, Feedback>()
  private readonly modelIndices = new Map<string, number>()

  private readonly encoder: ContextReader | null

  /** @throws INVALID_ARGUMENT, ASYNC_ENCODER for what is not an encoder, or has to wait */
  constructor(name: string, encoder: Encoder | null) {
    this.name = name
    this.encoder = encoder === null ? null : readerOf(encoder)
  }

  /** @throws DATA_INVALID naming `file:line`; ENCODER_FAILED */
  take({ text, place }: Line): void {
    const line = parseLine(text, place, this.encoder)
    if (line === null) return
    if (line.decision !== null) this.decide(line.decision, place)
    for (const feedback of line.feedback) this.learn(feedback, place)
  }

  private decide(line: DecisionLine, place: string): void {
    const before = this.routed.get(line.id)
    if (before !== undefined) {
      throw invalid(place, `id: '${line.id}' was decided already at ${before.place}`)
    }
    const first = this.routed.values().next().value
    if (first !== undefined && first.line.context.length !== line.context.length) {
      const what = `context: expected ${first.line.context.length} numbers as at ${first.place}`
      throw invalid(place, `${what}, got ${line.context.length}`)
    }
    this.routed.set(line.id, { line, place })
  }

  private learn({ id, model, kind, value, at }: FeedbackLine, place: string): void {
    const known = this.feedback.get(id) ?? blankFeedback()
    const twice =
      (kind !== 'bill' && known.failed) ||
      (kind === 'reward' && known.reward !== null) ||
      (kind === 'cost' && known.costUsd !== null) ||
      (kind === 'failure' && (known.reward !== null || known.costUsd !== null))
    if (twice) throw invalid(place, `id: '${id}' has had this feedback already, or has failed`)
    const decided = this.routed.get(id)?.line.model
    if (decided !== undefined && model !== null && model !== decided) {
      throw invalid(place, `model: expected '${decided}', which '${id}' was routed to, got '${model}'`)
    }
    if (kind === 'reward') known.reward = value
    else if (kind === 'bill') {
      if (at >= known.billedAt) Object.assign(known, { billUsd: value, billedAt: at })
    } else known.costUsd = value
    if (kind === 'failure') known.failed = true
    this.feedback.set(id, known)
  }

  /** All decisions, once every line was taken. @throws DATA_INVALID without a decision */
  finish(): DecisionLog {
    const rows = [...this.routed.values()]
    if (rows.length === 0) throw invalid(this.name, 'expected decisions, one JSON object a line, got none')
    const timed = rows.every(({ line }) => line.at !== null)
    if (timed) rows.sort((a, b) => (a.line.at ?? 0) - (b.line.at ?? 0))
    const decisions = rows.map(({ line, place }): LoggedDecision => {
      const feedback = this.feedback.get(line.id)
      return {
        id: line.id,
        place,
        model: this.modelIndex(line.model),
        context: line.context,
        propensity: line.propensity,
        eligible: line.eligible?.map((id) => this.modelIndex(id)) ?? null,
        reward: feedback?.reward ?? null,
        costUsd: feedback?.billUsd ?? feedback?.costUsd ?? null,
        failed: feedback?.failed ?? false,
        forced: line.forced,
      }
    })
    let orphans = 0
    for (const id of this.feedback.keys()) if (!this.routed.has(id)) orphans++
    const dimension = decisions[0].context.length
    return { name: this.name, models: [...this.modelIndices.keys()], dimension, decisions, orphans }
  }

  private modelIndex(id: string): number {
    const known = this.modelIndices.get(id)
    if (known !== undefined) return known
    const index = this.modelIndices.size
    this.modelIndices.set(id, index)
    return index
  }
}

function invalid(place: string, message: string): ParetoBanditError {
  return new ParetoBanditError('DATA_INVALID', place, message)
}

function readerOf(given: Encoder): ContextReader {
  const encoder = checkEncoder(given, 'encoder')
  const { name, dimension } = encoder
  if (!isSyncEncoder(encoder))
    throw new ParetoBanditError('ASYNC_ENCODER', 'encoder', `'${name}' has to wait: encode the prompts first`)
  return new ContextReader(encoder, checkInteger(dimension, 1, DIMENSION_MAX, 'encoder.dimension'))
}
