import { isAmount, isRecord } from '../../base/check.js'
import { type Json, objectOf } from '../../base/json.js'
import type { ModelConfig } from '../config/config.js'
import type { Surface } from '../logs/request-record.js'

/** What surfaces call the limit of an answer; the first of each is what takes the place of a word of another's. */
const LIMITS: Readonly<Partial<Record<Surface, readonly [string, ...string[]]>>> = {
  chat: ['max_completion_tokens', 'max_tokens'],
  responses: ['max_output_tokens'],
  messages: ['max_tokens'],
}
const ALL_LIMITS = ['max_completion_tokens', 'max_tokens', 'max_output_tokens'] as const
const EFFORT = 'reasoning_effort'
/** Members that say how much is thought. */
const EFFORTS: readonly string[] = [EFFORT, 'reasoning', 'thinking', 'output_config']

/**
 * What the operator says for a model in a request: its `parameters`, and those of its `defaultParameters` of which neither these nor the client say
 * anything, in whatever words.
 */
export function ownParameters(
  surface: Surface,
  { parameters, defaultParameters }: Pick<ModelConfig, 'parameters' | 'defaultParameters'>,
  body: Json,
): Json {
  let own: Record<string, unknown> | null = null
  for (const name in defaultParameters) {
    const value = defaultParameters[name] ?? null
    if (value === null || Object.hasOwn(parameters, name)) continue
    // Limits of the operator's are sent in the words of any surface, those of a client in its own.
    if (isSaid(name, parameters, ALL_LIMITS) || isSaid(name, body, LIMITS[surface] ?? [], parameters))
      continue
    own ??= { ...parameters }
    own[name] = value
  }
  return own ?? parameters
}

/**
 * Whether something is said of what a parameter sets.
 * @param limits members that limit an answer
 * @param over what is taken out of it where it says null
 */
function isSaid(name: string, body: Json, limits: readonly string[], over: Json = {}): boolean {
  const isIn = (each: string) => (body[each] ?? null) !== null && over[each] !== null
  if (isIn(name)) return true
  if (ALL_LIMITS.some((limit) => limit === name)) return limits.some(isIn)
  return (
    EFFORTS.includes(name) &&
    isEffortSaid(Object.fromEntries(EFFORTS.filter(isIn).map((each) => [each, body[each]])))
  )
}

function isEffortSaid({ reasoning_effort, reasoning, thinking, output_config }: Json): boolean {
  const said = [reasoning_effort, thinking, objectOf(output_config)?.effort]
  const { effort, max_tokens, enabled } = objectOf(reasoning) ?? {}
  return [...said, effort, max_tokens, enabled].some((each) => (each ?? null) !== null)
}

/**
 * What a model's parameters set in a request of a surface. Limits and efforts that they give in the words of another surface are given in
 * those of this one, and what the client says of the same in other words is taken out.
 * @returns by name, as `withMembers` has it: null takes a member out
 */
export function parametersIn(surface: Surface, parameters: Json, body: Json): Json {
  const changes: Record<string, unknown> = { ...parameters }
  setLimit(LIMITS[surface], changes, body)
  setEffort(surface, changes, body)
  return changes
}

/** The limit of an answer that a model's parameters set; null: they leave it to the client. */
export function limitIn(surface: Surface, parameters: Json): number | null {
  const changes = parametersIn(surface, parameters, {})
  const limits = (LIMITS[surface] ?? []).map((name) => changes[name]).filter(isAmount)
  return limits.length === 0 ? null : Math.max(...limits)
}

function setLimit(
  names: readonly [string, ...string[]] | undefined,
  changes: Record<string, unknown>,
  body: Json,
) {
  const given = ALL_LIMITS.filter((name) => (changes[name] ?? null) !== null)
  if (names === undefined || given.length === 0) return
  const own = given.filter((name) => names.includes(name))
  if (own.length === 0) changes[names[0]] = changes[given[0]]
  for (const name of ALL_LIMITS) {
    const isSet = own.length === 0 ? name === names[0] : own.includes(name)
    if (!isSet) takeOut(name, changes, body)
  }
}

function setEffort(surface: Surface, changes: Record<string, unknown>, body: Json): void {
  const { [EFFORT]: effort = null, reasoning = null } = changes
  if (surface === 'chat') {
    if (effort !== null && reasoning === null) setRest(changes, body)
    if (reasoning !== null && effort === null) takeOut(EFFORT, changes, body)
    return
  }
  const holder = surface === 'responses' ? 'reasoning' : surface === 'messages' ? 'output_config' : null
  if (holder === null || effort === null || (changes[holder] ?? null) !== null) return
  changes[holder] = { ...objectOf(body[holder]), effort }
  takeOut(EFFORT, changes, body)
}

/** What a client's `reasoning` says besides how much is thought. */
function setRest(changes: Record<string, unknown>, { reasoning }: Json): void {
  if (!isRecord(reasoning)) return
  const { effort: _effort, max_tokens: _most, enabled: _enabled, ...rest } = reasoning
  changes.reasoning = Object.keys(rest).length === 0 ? null : rest
}

function takeOut(name: string, changes: Record<string, unknown>, body: Json): void {
  if (Object.hasOwn(body, name)) changes[name] = null
  else delete changes[name]
}
