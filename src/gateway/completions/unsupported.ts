import { type Json, objectOf, parseJson, textOf } from '../../base/json.js'
import { LatestMap } from '../../base/latest-map.js'
import { takesNoTools, unsupportedMember } from '../../base/refused-by.js'
import type { ModelConfig } from '../config/config.js'
import { bodyIn, saidIn } from '../upstreams/failure.js'

/** Models that are remembered: a config has fewer, but models come and go. */
const MODELS_MAX = 10_000
/** What is remembered of one. */
const MEMBERS_MAX = 64
/** Then it is asked again: a provider may have learned it. */
const KEPT_MS = 3_600_000
/** Longest value that is remembered: temperatures and words, and no conversation. */
const VALUE_CHARS_MAX = 200
const STATUSES: ReadonlySet<number> = new Set([400, 422])
/** What of a request one model does not take, as its provider says. */
export interface Unsupported {
  /** Names, from the member on: `reasoning`, `effort`. What stands in a list goes by the list. */
  readonly path: readonly [string, ...string[]]
  /** It is this value that it does not take, and not the member as such. */
  readonly isValue: boolean
}

/**
 * @param text the beginning of an answer's body
 * @param body as the client sent it
 * @returns null: it says nothing of the kind
 */
export function unsupportedIn(status: number, text: string, body: Json): Unsupported | null {
  if (refusesTools(status, text) && Object.hasOwn(body, 'tools')) return { path: ['tools'], isValue: false }
  if (!STATUSES.has(status)) return null
  const error = objectOf(objectOf(parseJson(text))?.error)
  const unsupported = unsupportedMember(error?.code, textOf(error?.message))
  if (unsupported === null) return null
  const { isValue, name } = unsupported
  const said = textOf(error?.param) || name
  if (said === '') return null
  // Clients may call members of their own so.
  if (Object.hasOwn(body, said)) return { path: [said], isValue }
  const [names] = said.split('[', 1)
  const [member, ...within] = names.split('.')
  return { path: [member, ...within], isValue: isValue || names !== said }
}

/** Of OpenRouter with 404: it has nobody who takes them. */
function refusesTools(status: number, text: string): boolean {
  return (status === 404 || STATUSES.has(status)) && takesNoTools(saidIn(bodyIn(text)))
}

/** What a request says there; null: nothing. Its own: a name may be one that every object has. */
export function saidAt(body: Json, path: readonly string[]): unknown {
  let said: unknown = body
  for (const name of path) {
    const at = objectOf(said)
    said = at !== null && Object.hasOwn(at, name) ? (at[name] ?? null) : null
  }
  return said
}

interface Kept {
  readonly path: Unsupported['path']
  /** Its value, JSON; null: it takes none. */
  readonly value: string | null
  readonly until: number
}

/**
 * What models do not take, as their providers have said: a temperature where a model reasons, an effort where it does not. The next request
 * with the same goes to others.
 */
export class UnsupportedMembers {
  private readonly rows = new LatestMap<string, LatestMap<string, Kept>>(MODELS_MAX)
  private readonly now: () => number

  /** @param now of a clock that nobody sets, ms */
  constructor(now: () => number = () => performance.now()) {
    this.now = now
  }

  add(model: ModelConfig, { path, isValue }: Unsupported, body: Json): void {
    const value = isValue ? JSON.stringify(saidAt(body, path)) : null
    if (value !== null && value.length > VALUE_CHARS_MAX) return
    const row = this.rows.get(keyOf(model)) ?? new LatestMap<string, Kept>(MEMBERS_MAX)
    row.set(`${path.join('\n')}\n\n${value}`, { path, value, until: this.now() + KEPT_MS })
    this.rows.set(keyOf(model), row)
  }

  /** Ids of models that do not take something that a request says. What a model's own parameters say in its place counts for nothing. */
  unable(models: readonly ModelConfig[], body: Json): readonly string[] {
    if (this.rows.size === 0) return []
    return models.filter((model) => this.refuses(model, body)).map(({ id }) => id)
  }

  private refuses(model: ModelConfig, body: Json): boolean {
    const row = this.rows.get(keyOf(model))
    if (row === undefined) return false
    const now = this.now()
    for (const { path, value, until } of row.values()) {
      const said = saidAt(body, path)
      if (until <= now || said === null || Object.hasOwn(model.parameters, path[0])) continue
      if (value === null || value === JSON.stringify(said)) return true
    }
    return false
  }
}

function keyOf({ upstream, upstreamModel }: ModelConfig): string {
  return `${upstream}\n${upstreamModel}`
}
