import { isRecord, type Json, listOf } from './language-model.js'

/** Where answers say what became of them, and where the SDK brings it back in the next step of a tool loop. */
export const MARK = 'paretobandit'

/** What stands there. */
export interface Mark {
  readonly decision: string
  readonly model: string
  /** Of the conversation, for the steps to come. */
  readonly session: string
}

/** With the mark beside what a provider says of a part or an answer. */
export function marked<T extends Json>(value: T, mark: Mark): T {
  const before = isRecord(value.providerMetadata) ? value.providerMetadata : {}
  return { ...value, providerMetadata: { ...before, [MARK]: mark } }
}

export function markIn(metadata: unknown): Mark | null {
  const mark = isRecord(metadata) ? metadata[MARK] : undefined
  if (!isRecord(mark)) return null
  const { decision, model, session } = mark
  const isWhole = typeof decision === 'string' && typeof model === 'string' && typeof session === 'string'
  return isWhole ? { decision, model, session } : null
}

/** The session of the step that asked for the tools whose results a prompt ends with; null: it ends with something else. */
export function sessionOfToolLoop(prompt: readonly Json[]): string | null {
  if (prompt.at(-1)?.role !== 'tool') return null
  const asked = [...prompt].reverse().find(({ role }) => role === 'assistant')
  for (const part of listOf(asked?.content)) {
    const mark = isRecord(part) ? markIn(part.providerOptions) : null
    if (mark !== null) return mark.session
  }
  return null
}
