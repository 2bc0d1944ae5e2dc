import { isRecord } from '../../base/check.js'
import type { Json } from '../../base/json.js'
import { METADATA_KEY, type RunTag, tagIn } from '../run-tags.js'

/** With the tag beside what a provider says of a part or an answer: the SDK brings that of a call of a tool back in the next step. */
export function tagged<T extends Json>(value: T, tag: RunTag): T {
  const before = isRecord(value.providerMetadata) ? value.providerMetadata : {}
  return { ...value, providerMetadata: { ...before, [METADATA_KEY]: tag } }
}

/** The session of the step that asked for the tools whose results a prompt ends with; null: it ends with something else. */
export function sessionOfToolLoop(prompt: readonly Json[]): string | null {
  if (prompt.at(-1)?.role !== 'tool') return null
  const asked = [...prompt].reverse().find(({ role }) => role === 'assistant')
  for (const part of Array.isArray(asked?.content) ? asked.content : []) {
    const tag = isRecord(part) ? tagIn(part.providerOptions) : null
    if (tag !== null) return tag.session
  }
  return null
}
