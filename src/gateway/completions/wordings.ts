import { isAmount } from '../../base/check.js'
import { type Json, objectOf } from '../../base/json.js'
import { LatestMap } from '../../base/latest-map.js'
import type { ModelConfig, UpstreamConfig } from '../config/config.js'
import { isErrorOf } from './error-of.js'

/**
 * What providers of the same protocol want said in another way, or not at all.
 *
 * - `no-usage`: no `stream_options.include_usage` (Mistral). Most of these send the usage of a stream unasked.
 * - `completion-limit`: `max_completion_tokens` in place of `max_tokens` (OpenAI's models that reason).
 * - `plain-limit`: the other way round (servers older than the newer word).
 */
export type Wording = 'no-usage' | 'completion-limit' | 'plain-limit'

/** Models that are remembered, each with a wording: a config has fewer, but models come and go. */
const KEPT_MAX = 10_000
/** Then it is tried again: a provider may have learned it. */
const KEPT_MS = 3_600_000
/** As providers say that they do not know a member: Mistral 422, others 400. */
const STATUSES: ReadonlySet<number> = new Set([400, 422])
const USAGE = ['stream_options', 'include_usage'] as const
const UNKNOWN = /unsupported|not supported|not permitted|unknown|unrecogni[sz]ed|unexpected|extra_forbidden/i

/** How models have to be asked, as their providers have said. */
export class Wordings {
  private readonly until = new LatestMap<string, number>(KEPT_MAX)
  private readonly now: () => number

  /** @param now of a clock that nobody sets, ms */
  constructor(now: () => number = () => performance.now()) {
    this.now = now
  }

  /** Whether any model has to be asked otherwise. */
  get isAny(): boolean {
    return this.until.size > 0
  }

  has(wording: Wording, model: ModelConfig, upstream: UpstreamConfig): boolean {
    return (this.until.get(keyOf(wording, model, upstream)) ?? Number.NEGATIVE_INFINITY) > this.now()
  }

  /** It refused what it then took in that wording. */
  add(wording: Wording, model: ModelConfig, upstream: UpstreamConfig): void {
    this.until.set(keyOf(wording, model, upstream), this.now() + KEPT_MS)
  }
}

function keyOf(wording: Wording, { upstreamModel }: ModelConfig, { baseUrl }: UpstreamConfig): string {
  return `${wording}\n${baseUrl}\n${upstreamModel}`
}

/** The call is to be made again, in another wording. */
export class WordingRefused extends Error {
  override readonly name = 'WordingRefused'
  readonly wording: Wording

  constructor(wording: Wording) {
    super(wording)
    this.wording = wording
  }
}

/**
 * What a chat is to be asked in, by what an upstream answered; null: nothing of it is due to words.
 * @param text the beginning of the answer's body
 * @param body as the client sent it: where it says more of an option itself, the mistake may be its own
 * @param changes what was changed of that, by name
 */
export function refusedWording(status: number, text: string, body: Json, changes: Json): Wording | null {
  if (!STATUSES.has(status)) return null
  const isAsked = (changes.stream_options ?? null) !== null
  if (isAsked && saysNoMore(body.stream_options) && isErrorOf(USAGE, text, body)) return 'no-usage'
  if (!UNKNOWN.test(text)) return null
  const { plain, completion } = limitsIn(body, changes)
  if (plain !== null && completion === null && isErrorOf(['max_tokens'], text, body))
    return 'completion-limit'
  return completion !== null && plain === null && isErrorOf(['max_completion_tokens'], text, body)
    ? 'plain-limit'
    : null
}

function saysNoMore(options: unknown): boolean {
  return Object.keys(objectOf(options) ?? {}).every((name) => name === 'include_usage')
}

/** What is changed of a chat besides, by name as `withMembers` has it: null takes a member out. */
export function inWording(has: (wording: Wording) => boolean, body: Json, changes: Json): Json {
  const { stream_options: options } = changes
  const reworded: Record<string, unknown> = { ...changes }
  if (options !== undefined && has('no-usage')) reworded.stream_options = null
  const { plain, completion } = limitsIn(body, changes)
  if (plain !== null && completion === null && has('completion-limit')) {
    reworded.max_completion_tokens = plain
    reworded.max_tokens = null
  }
  if (completion !== null && plain === null && has('plain-limit')) {
    reworded.max_tokens = completion
    reworded.max_completion_tokens = null
  }
  return reworded
}

/** The limit of a chat's answer by both names, as it is sent. */
function limitsIn(body: Json, changes: Json) {
  const limit = (name: string) => {
    const value = Object.hasOwn(changes, name) ? changes[name] : body[name]
    return isAmount(value) ? value : null
  }
  return { plain: limit('max_tokens'), completion: limit('max_completion_tokens') }
}
