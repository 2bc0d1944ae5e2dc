import { CONTEXT_ENTRY_MAX, DIMENSION_MAX, isAmount, isRecord } from '../base/check.js'
import { ParetoBanditError, show } from '../base/errors.js'
import { jsonOfLine } from '../base/json-lines.js'
import type { ContextReader } from '../features/context-reader.js'

/** What one line says of a decision. */
export interface DecisionLine {
  readonly id: string
  readonly at: number | null
  readonly model: string
  readonly context: Float64Array
  readonly propensity: number | null
  readonly eligible: readonly string[] | null
  /** True for a newcomer's forced exploration, and for the canary of a model that nobody had chosen for long. */
  readonly forced: boolean
}

export interface FeedbackLine {
  readonly id: string
  /** The model it is of, when the line says so. */
  readonly model: string | null
  readonly kind: 'reward' | 'cost' | 'failure' | 'bill'
  readonly value: number
  /** Milliseconds since 1970; -Infinity when the line does not say. */
  readonly at: number
}

/** A propensity is 1 - epsilon + epsilon / m, rounded: a few ulp above 1 are 1. */
const ROUNDING = 1e-9
/** The range that a router's `rewardRange` may have. */
export const REWARD_MAX = 1e6

/**
 * One line of a decision log; null for an event that says nothing of decisions or their feedback.
 * @param place `file:line`: what errors name, and the id of a flat line that has none
 * @param encoder what turns a flat line's `prompt` into a context; null: lines must have contexts
 * @throws DATA_INVALID naming `place`; ENCODER_FAILED
 */
export function parseLine(
  text: string,
  place: string,
  encoder: ContextReader | null,
): { readonly decision: DecisionLine | null; readonly feedback: readonly FeedbackLine[] } | null {
  const line = jsonOfLine(text, place)
  switch (line.type) {
    case undefined: {
      const named = isMissing(line.id) ? { ...line, id: place } : line
      return { decision: decisionOf(named, place, encoder), feedback: flatFeedback(named, place) }
    }
    case 'routed':
      return { decision: decisionOf(line, place, null), feedback: [] }
    case 'rewarded':
      return { decision: null, feedback: [rewardOf(line, place)] }
    // What a call cost until it was broken off counts as any other cost.
    case 'settled':
    case 'cancelled':
      return { decision: null, feedback: [costOf(line, 'cost', place)] }
    case 'failed':
      return { decision: null, feedback: [costOf(line, 'failure', place)] }
    case 'billed':
      return { decision: null, feedback: [costOf(line, 'bill', place)] }
    default:
      if (typeof line.type !== 'string') throw bad(place, 'type', 'the name of an event', line.type)
      return null
  }
}

function decisionOf(
  line: Record<string, unknown>,
  place: string,
  encoder: ContextReader | null,
): DecisionLine {
  const id = textOf(line.id, 'id', place)
  if (isMissing(line.model) && isRecord(line.outcomes)) {
    const message =
      "expected a decision, got recorded outcomes, which are for 'fit-priors' and 'replay'; 'import-log --for evaluate' makes decisions of a log"
    throw new ParetoBanditError('DATA_INVALID', place, message)
  }
  const model = textOf(line.model, 'model', place)
  const at = line.at ?? null
  if (at !== null && !(typeof at === 'number' && Number.isFinite(at))) {
    throw bad(place, 'at', 'a time in milliseconds', at)
  }
  const context =
    encoder !== null && isMissing(line.context)
      ? encoded(line.prompt, encoder, place)
      : contextOf(line.context, 'context', place)
  const propensity = propensityOf(line.propensity, place)
  const eligible = eligibleOf(line.eligible, place)
  if (eligible !== null && !eligible.includes(model)) {
    const message = `eligible: expected the chosen model '${model}' among ${eligible.join(', ')}`
    throw new ParetoBanditError('DATA_INVALID', place, message)
  }
  return {
    id,
    at,
    model,
    context,
    propensity,
    eligible,
    forced: line.forced === true || line.canary === true,
  }
}

function encoded(prompt: unknown, encoder: ContextReader, place: string): Float64Array {
  if (typeof prompt !== 'string') throw bad(place, '', 'a context or a prompt', prompt)
  const context = encoder.take(prompt, `${place}: prompt`).slice()
  encoder.release()
  return context
}

function flatFeedback(line: Record<string, unknown>, place: string): FeedbackLine[] {
  const feedback: FeedbackLine[] = []
  if (!isMissing(line.reward)) feedback.push(rewardOf(line, place))
  if (!isMissing(line.costUsd)) feedback.push(costOf(line, 'cost', place))
  return feedback
}

function rewardOf(line: Record<string, unknown>, place: string): FeedbackLine {
  const { reward } = line
  if (typeof reward !== 'number' || !(Math.abs(reward) <= REWARD_MAX)) {
    throw bad(place, 'reward', `a number within +-${REWARD_MAX}`, reward)
  }
  return {
    id: textOf(line.id, 'id', place),
    model: modelOf(line, place),
    kind: 'reward',
    value: reward,
    at: atOf(line),
  }
}

function costOf(
  line: Record<string, unknown>,
  kind: 'cost' | 'failure' | 'bill',
  place: string,
): FeedbackLine {
  const { costUsd } = line
  if (!isAmount(costUsd)) throw bad(place, 'costUsd', 'a finite number >= 0', costUsd)
  return {
    id: textOf(line.id, 'id', place),
    model: modelOf(line, place),
    kind,
    value: costUsd,
    at: atOf(line),
  }
}

function atOf({ at }: Record<string, unknown>): number {
  return typeof at === 'number' && Number.isFinite(at) ? at : Number.NEGATIVE_INFINITY
}

function modelOf(line: Record<string, unknown>, place: string): string | null {
  return isMissing(line.model) ? null : textOf(line.model, 'model', place)
}

/** An array of numbers, or what JSON makes of a Float64Array: {"0": ..., "1": ...}. */
function contextOf(value: unknown, field: string, place: string): Float64Array {
  const entries = Array.isArray(value) ? value : isRecord(value) ? indexed(value) : null
  if (entries === null || entries.length === 0) throw bad(place, field, 'an array of numbers', value)
  if (entries.length > DIMENSION_MAX) {
    throw bad(place, field, `at most ${DIMENSION_MAX} numbers`, entries.length)
  }
  return Float64Array.from(entries, (entry: unknown, i) => {
    if (typeof entry !== 'number' || !(Math.abs(entry) <= CONTEXT_ENTRY_MAX)) {
      throw bad(place, `${field}[${i}]`, `a number within +-${CONTEXT_ENTRY_MAX}`, entry)
    }
    return entry
  })
}

function indexed(value: Record<string, unknown>): unknown[] | null {
  // Integer keys of an object come in ascending order, so the i-th has to be i.
  const keys = Object.keys(value)
  return keys.every((key, i) => key === `${i}`) ? Object.values(value) : null
}

function propensityOf(value: unknown, place: string): number | null {
  if (isMissing(value)) return null
  if (typeof value !== 'number' || !(value > 0 && value <= 1 + ROUNDING)) {
    throw bad(place, 'propensity', 'a number in (0, 1]', value)
  }
  return value >= 1 - ROUNDING ? 1 : value
}

/** Null where the log does not say; an empty list, which a router without epsilon writes, does not. */
function eligibleOf(value: unknown, place: string): string[] | null {
  if (isMissing(value)) return null
  if (!Array.isArray(value)) throw bad(place, 'eligible', 'an array of model ids', value)
  if (value.length === 0) return null
  const ids = value.map((id: unknown, i) => textOf(id, `eligible[${i}]`, place))
  const twice = ids.find((id, i) => ids.indexOf(id) < i)
  if (twice !== undefined) throw bad(place, 'eligible', 'every model once', twice)
  return ids
}

function textOf(value: unknown, field: string, place: string): string {
  if (typeof value !== 'string' || value === '') throw bad(place, field, 'a non-empty string', value)
  return value
}

function isMissing(value: unknown): value is null | undefined {
  return value === undefined || value === null
}

function bad(place: string, field: string, what: string, got: unknown): ParetoBanditError {
  const message = `${field === '' ? '' : `${field}: `}expected ${what}, got ${show(got)}`
  return new ParetoBanditError('DATA_INVALID', place, message)
}
