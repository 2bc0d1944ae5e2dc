import { type Json, objectOf } from '../../base/json.js'
import { LatestMap } from '../../base/latest-map.js'
import type { ModelConfig, UpstreamConfig } from '../config/config.js'

/** Models that are remembered: a config has fewer, but models come and go. */
const MODELS_MAX = 10_000
/** Then it is tried again: a provider may have learned it. */
const KEPT_MS = 3_600_000
/** As providers say that they do not know the option: Mistral 422, others 400. */
const STATUSES: ReadonlySet<number> = new Set([400, 422])
const WORDS = /stream_options|include_usage/

/** Models whose provider takes no `stream_options.include_usage`. Most of these send the usage of a stream unasked. */
export class UsageRefusals {
  private readonly until = new LatestMap<string, number>(MODELS_MAX)
  private readonly now: () => number

  /** @param now of a clock that nobody sets, ms */
  constructor(now: () => number = () => performance.now()) {
    this.now = now
  }

  has(model: ModelConfig, upstream: UpstreamConfig): boolean {
    if (this.until.size === 0) return false
    return (this.until.get(keyOf(model, upstream)) ?? Number.NEGATIVE_INFINITY) > this.now()
  }

  /** It refused what it then took without the option. */
  add(model: ModelConfig, upstream: UpstreamConfig): void {
    this.until.set(keyOf(model, upstream), this.now() + KEPT_MS)
  }
}

function keyOf({ upstreamModel }: ModelConfig, { baseUrl }: UpstreamConfig): string {
  return `${baseUrl}\n${upstreamModel}`
}

/** The call is to be made again, without the option. */
export class UsageRefused extends Error {
  override readonly name = 'UsageRefused'
}

/** Whether an answer says that the option is not known, and it was not its client who said more of it. */
export function refusesUsage(status: number, text: string, { stream_options: given }: Json): boolean {
  if (!STATUSES.has(status) || !WORDS.test(text)) return false
  return Object.keys(objectOf(given) ?? {}).every((name) => name === 'include_usage')
}
