/** What is wrong with an answer that came whole, as records call it. */
export const ANSWER_FLAWS = ['empty_answer', 'refused_answer', 'truncated_answer', 'invalid_answer'] as const
export type AnswerFlaw = (typeof ANSWER_FLAWS)[number]

/** Why an answer ended, in the words of OpenAI, Anthropic, the AI SDK and LangChain. */
const REFUSED: ReadonlySet<string> = new Set(['content_filter', 'content-filter', 'refusal'])
const TRUNCATED: ReadonlySet<string> = new Set([
  'length',
  'max_tokens',
  'max_output_tokens',
  'model_context_window_exceeded',
])

/** What the reason of an answer's end says of it; null: nothing bad. */
export function flawOfFinish(reason: string | null): 'refused_answer' | 'truncated_answer' | null {
  if (reason === null) return null
  if (REFUSED.has(reason)) return 'refused_answer'
  return TRUNCATED.has(reason) ? 'truncated_answer' : null
}
