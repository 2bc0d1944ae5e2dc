/** What is wrong with an answer that came whole, as records call it. */
export const ANSWER_FLAWS = ['empty_answer', 'refused_answer', 'truncated_answer', 'invalid_answer'] as const
export type AnswerFlaw = (typeof ANSWER_FLAWS)[number]

/** Why an answer ended, in the words of OpenAI, Anthropic, the AI SDK and LangChain, of Gemini and Cohere, and of Z.ai. In small letters. */
const REFUSED: ReadonlySet<string> = new Set([
  'content_filter',
  'content-filter',
  'refusal',
  'safety',
  'recitation',
  'blocklist',
  'prohibited_content',
  'spii',
  'error_toxic',
  'sensitive',
])
/** That it was as long as its client let it be. */
const LIMITED: ReadonlySet<string> = new Set(['length', 'max_tokens', 'max_output_tokens'])
/** That its provider failed in the middle of it: OpenRouter and Mistral, Cohere, Z.ai, DeepSeek, vLLM and SGLang. */
const FAILED: ReadonlySet<string> = new Set([
  'error',
  'error_limit',
  'network_error',
  'insufficient_system_resource',
  'abort',
])
/** And of Mistral, DeepSeek and vLLM. An answer that a failure ended before it was whole is cut too. */
const TRUNCATED: ReadonlySet<string> = new Set([
  ...LIMITED,
  'model_context_window_exceeded',
  'model_length',
  ...FAILED,
])

/** What the reason of an answer's end says of it; null: nothing bad. What is no text says nothing. */
export function flawOfFinish(reason: string | null): 'refused_answer' | 'truncated_answer' | null {
  if (typeof reason !== 'string') return null
  // Gemini says more of it: `content_filter: PROHIBITED_CONTENT`.
  const [word] = reason.toLowerCase().split(':', 1)
  if (REFUSED.has(word)) return 'refused_answer'
  return TRUNCATED.has(word) ? 'truncated_answer' : null
}

/** Whether a failure of its provider ended an answer. */
export function isFailedFinish(reason: string | null): boolean {
  return typeof reason === 'string' && FAILED.has(reason.toLowerCase())
}

/** Whether an answer ended where its client's own limit is. */
export function isAtLimit(reason: string | null): boolean {
  return typeof reason === 'string' && LIMITED.has(reason.toLowerCase())
}
