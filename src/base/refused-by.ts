/** Keys, accounts and names of models, as OpenAI, Groq, Mistral, Perplexity, Gemini and Alibaba call what is wrong with them. */
const SETUP_CODES: ReadonlySet<unknown> = new Set([
  'invalid_api_key',
  'API_KEY_INVALID',
  'billing_hard_limit_reached',
  'billing_not_active',
  'Arrearage',
  'model_not_found',
  'model_decommissioned',
  'invalid_model',
  'DeploymentNotFound',
])

/**
 * The same in words, of Anthropic, Gemini, xAI, OpenRouter, Mistral, DeepSeek and Bedrock. From their first on, and without a colon where a name could
 * stand before one: a client chooses the names of its members, and some providers begin with these.
 */
const SETUP_WORDS: readonly RegExp[] = [
  /^(Your credit balance is too low|You have reached your specified (\w+ )?API usage limits|This organization has been disabled)\b(?!.*: )/,
  /^(API key not valid|API key expired|User location is not supported)\b(?!.*: )/,
  /^Incorrect API key provided: \S+ You can obtain an API key from https:\/\/console\.x\.ai\.?$/,
  /^\S+ is not a valid model ID$/,
  /^Invalid model: \S+$/,
  /^Model Not Exist$/,
  /^(The provided model identifier is invalid|Invocation of model ID \S+ with on-demand throughput)\b(?!.*: )/,
]

/** Groq's: what its model wrote is no call of a tool, or not the JSON that was asked for. */
const OUTPUT_CODES: ReadonlySet<unknown> = new Set(['tool_use_failed', 'json_validate_failed'])
const OUTPUT_WORDS = /^Failed to (call a function|generate JSON|validate JSON)\. Please adjust your prompt/

/** Of Groq (413) and OpenAI (429): it alone has more tokens than the account may use in a minute. */
const BEYOND_LIMIT = /^Request too large for\b/
/** Of xAI, which says so with 403. */
const UNFIT = /^Content violates usage guidelines\b/

/**
 * Whether a provider refuses a request for its key, its account or the name of its model, which are no matter of whoever asks: some say so with 400.
 * @param codes what stands for a code, a type or a reason in its answer
 */
export function isOfSetup(codes: readonly unknown[], said: string): boolean {
  return codes.some((code) => SETUP_CODES.has(code)) || SETUP_WORDS.some((words) => words.test(said))
}

/** Whether a provider refuses, with 400, what its own model has written. */
export function isOfOutput(codes: readonly unknown[], said: string): boolean {
  return codes.some((code) => OUTPUT_CODES.has(code)) || OUTPUT_WORDS.test(said)
}

/** Whether a request is more than the account may use at this model, however long it waits. */
export function isBeyondLimit(said: string): boolean {
  return BEYOND_LIMIT.test(said)
}

/** Whether a provider finds unfit what a client says, and has nothing against its key. */
export function isUnfit(said: string): boolean {
  return UNFIT.test(said)
}
