/** Codes of OpenAI and Groq, and of llama.cpp. */
const CODES: ReadonlySet<unknown> = new Set(['context_length_exceeded', 'exceed_context_size_error'])
/** The words of OpenAI and of all that speak as it does, xAI, Mistral, Anthropic, Bedrock, Gemini, Cohere. */
const WORDS =
  /maximum (context|prompt) length|context (length|window|size|limit)|(prompt|input) is too long|too many tokens|exceeds the maximum number of tokens|supports at most \d+ completion tokens|maximum allowed number of output tokens/i

/**
 * Whether a provider says of a request that it has more than this model can read, or may bring more than it writes: another may do more.
 * @param codes what stands for a code or a type in its answer
 */
export function isTooLong(codes: readonly unknown[], said: string): boolean {
  return codes.some((code) => CODES.has(code)) || WORDS.test(said)
}
