import { isRecord } from './check.js'

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
/** Of Ollama, Gemini, DeepSeek, OpenAI and others: what their model does not take, and another may. */
const TAKES_NONE =
  /\bdoes not support (the )?(tools?|function calling|thinking|reasoning|images?|vision|audio|files?|json|structured|system|developer)\b|^(Function calling|Developer instruction|JSON mode|(Image|Audio|Video) input( modality)?|Thinking) is not (enabled|supported) for\b/i
/**
 * That a model takes no tools at all, as Ollama and DeepSeek, Gemini, Groq, vLLM and OpenRouter say it; from the first word to the last, as clients choose
 * names and texts that others quote.
 */
const NO_TOOLS =
  /^(\S+ does not support (tools|function calling)|Function calling is not enabled for \S+|`tool calling` is not supported with this model|"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set|No endpoints found that support tool use\. .*)\.?$/i
/** OpenAI's codes of what one model does not take, and the words that proxies keep of such an error. */
const UNSUPPORTED_CODES: ReadonlySet<unknown> = new Set(['unsupported_parameter', 'unsupported_value'])
const UNSUPPORTED_WORDS = /^Unsupported (parameter|value): '([^']+)'/
/** Of OpenRouter, with 404: nobody whom it asks takes that. */
const NO_ENDPOINTS =
  /^No endpoints found that support (tool use|the provided '\w+' value|(image|audio|file|video) input)/
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

/** Whether one model does not take what a request has, in words that some providers have for it: others may. */
export function takesNone(said: string): boolean {
  return TAKES_NONE.test(said)
}

/** Whether a model takes no tools at all. */
export function takesNoTools(said: string): boolean {
  return NO_TOOLS.test(said)
}

/** Whether nobody whom an aggregator asks takes what a request has. Its status is 404. */
export function hasNoEndpoints(said: string): boolean {
  return NO_ENDPOINTS.test(said)
}

/** A member of a request that a model does not take, or whose value; null: its provider says nothing of the kind. @param code of its error */
export function unsupportedMember(
  code: unknown,
  said: string,
): { readonly isValue: boolean; readonly name: string } | null {
  const [, word, name = ''] = UNSUPPORTED_WORDS.exec(said) ?? []
  if (!UNSUPPORTED_CODES.has(code) && word === undefined) return null
  return { isValue: code === 'unsupported_value' || word === 'value', name }
}

/** Whether a request is more than the account may use at this model, however long it waits. */
export function isBeyondLimit(said: string): boolean {
  return BEYOND_LIMIT.test(said)
}

/**
 * Whether a provider finds unfit what a client says, and has nothing against its key.
 * @param metadata of its error: that of OpenRouter says why (openrouter.ai/docs, errors)
 */
export function isUnfit(said: string, metadata: unknown): boolean {
  if (UNFIT.test(said)) return true
  return isRecord(metadata) && (Array.isArray(metadata.reasons) || typeof metadata.flagged_input === 'string')
}
