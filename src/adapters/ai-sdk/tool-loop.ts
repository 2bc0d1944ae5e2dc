import { isRecord, type Json } from '../../rewards/index.js'
import { MARK, type Mark, markIn } from '../marks.js'

/** With the mark beside what a provider says of a part or an answer: the SDK brings that of a call of a tool back in the next step. */
export function marked<T extends Json>(value: T, mark: Mark): T {
  const before = isRecord(value.providerMetadata) ? value.providerMetadata : {}
  return { ...value, providerMetadata: { ...before, [MARK]: mark } }
}

/** The session of the step that asked for the tools whose results a prompt ends with; null: it ends with something else. */
export function sessionOfToolLoop(prompt: readonly Json[]): string | null {
  if (prompt.at(-1)?.role !== 'tool') return null
  const asked = [...prompt].reverse().find(({ role }) => role === 'assistant')
  for (const part of Array.isArray(asked?.content) ? asked.content : []) {
    const mark = isRecord(part) ? markIn(part.providerOptions) : null
    if (mark !== null) return mark.session
  }
  return null
}
