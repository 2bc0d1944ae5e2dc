/** How a provider of LiteLLM is reached from here. */
export interface Provider {
  readonly protocol: 'openai' | 'ai-sdk'
  /** Null: the deployment says it. Of `ai-sdk` the package knows it. */
  readonly baseUrl: string | null
  /** What stands behind an address of one's own where it does not end so. */
  readonly path: string
  /** The environment variable that LiteLLM reads where a deployment has no key; null: none. */
  readonly keyName: string | null
  /** Of `ai-sdk`. */
  readonly package: string | null
}

function http(baseUrl: string | null, keyName: string | null, path = ''): Provider {
  return { protocol: 'openai', baseUrl, path, keyName, package: null }
}

/** @param baseUrl where the package calls; empty: at no one address */
function packaged(name: string, keyName: string | null, baseUrl = '', path = ''): Provider {
  return { protocol: 'ai-sdk', baseUrl, path, keyName, package: name }
}

/**
 * By what stands before the first slash of a deployment's `model`. Addresses are those that the providers' own documentation gives for clients of
 * OpenAI's protocol; names of variables are those of LiteLLM's page on each provider. What speaks another protocol is called by
 * its package of the AI SDK, so that every surface reaches it, as LiteLLM's does.
 */
const PROVIDERS: Readonly<Record<string, Provider>> = {
  openai: http('https://api.openai.com/v1', 'OPENAI_API_KEY'),
  azure: http(null, 'AZURE_API_KEY', '/openai/v1'),
  anthropic: packaged('@ai-sdk/anthropic', 'ANTHROPIC_API_KEY', 'https://api.anthropic.com/v1', '/v1'),
  gemini: packaged('@ai-sdk/google', 'GEMINI_API_KEY', 'https://generativelanguage.googleapis.com/v1beta'),
  vertex_ai: packaged('@ai-sdk/google-vertex', null),
  bedrock: packaged('@ai-sdk/amazon-bedrock', null),
  bedrock_converse: packaged('@ai-sdk/amazon-bedrock', null),
  mistral: http('https://api.mistral.ai/v1', 'MISTRAL_API_KEY'),
  groq: http('https://api.groq.com/openai/v1', 'GROQ_API_KEY'),
  deepseek: http('https://api.deepseek.com/v1', 'DEEPSEEK_API_KEY'),
  together_ai: http('https://api.together.xyz/v1', 'TOGETHERAI_API_KEY'),
  fireworks_ai: http('https://api.fireworks.ai/inference/v1', 'FIREWORKS_AI_API_KEY'),
  openrouter: http('https://openrouter.ai/api/v1', 'OPENROUTER_API_KEY'),
  xai: http('https://api.x.ai/v1', 'XAI_API_KEY'),
  perplexity: http('https://api.perplexity.ai', 'PERPLEXITYAI_API_KEY'),
  cerebras: http('https://api.cerebras.ai/v1', 'CEREBRAS_API_KEY'),
  nvidia_nim: http('https://integrate.api.nvidia.com/v1', 'NVIDIA_NIM_API_KEY'),
  deepinfra: http('https://api.deepinfra.com/v1/openai', 'DEEPINFRA_API_KEY'),
  sambanova: http('https://api.sambanova.ai/v1', 'SAMBANOVA_API_KEY'),
  moonshot: http('https://api.moonshot.ai/v1', 'MOONSHOT_API_KEY'),
  cohere: http('https://api.cohere.ai/compatibility/v1', 'COHERE_API_KEY'),
  cohere_chat: http('https://api.cohere.ai/compatibility/v1', 'COHERE_API_KEY'),
  ollama: http('http://localhost:11434/v1', null, '/v1'),
  ollama_chat: http('http://localhost:11434/v1', null, '/v1'),
  hosted_vllm: http(null, null),
  vllm: http(null, null),
  lm_studio: http(null, null),
  llamafile: http(null, null),
  openai_like: http(null, null),
  custom_openai: http(null, null),
  litellm_proxy: http(null, null),
}

/** Whether nobody bills tokens there: a server that is run by whoever asks it. */
export function isOwnServer({ provider }: { readonly provider: string }): boolean {
  return OWN_SERVERS.has(provider)
}

const OWN_SERVERS: ReadonlySet<string> = new Set([
  ...['ollama', 'ollama_chat', 'hosted_vllm', 'vllm', 'lm_studio', 'llamafile'],
])

/** Of models that are named without a provider, as LiteLLM tells them apart. */
const BY_NAME: readonly (readonly [RegExp, string])[] = [
  [/^(gpt-|chatgpt-|o\d|text-embedding-|ft:gpt-|codex-)/, 'openai'],
  [/^claude-/, 'anthropic'],
  [/^gemini-/, 'vertex_ai'],
  [/^command-/, 'cohere'],
]

/** Words of LiteLLM before a model's name, for the way in which it is called. */
const WAYS = /^(converse|converse_like|invoke|responses)\//
/** Models of others on Vertex: the package has a part for them. */
const VERTEX_CLAUDE = packaged('@ai-sdk/google-vertex/anthropic', null)

interface Found {
  readonly name: string
  /** What the provider calls it. */
  readonly model: string
}

/** The provider of a deployment and what it calls the model; null: nobody can tell. */
export function providerOf(model: string, given: string | null): Found | null {
  if (given !== null)
    return foundAt(given, model.startsWith(`${given}/`) ? model.slice(given.length + 1) : model)
  const slash = model.indexOf('/')
  const first = model.slice(0, Math.max(0, slash))
  if (Object.hasOwn(PROVIDERS, first)) return foundAt(first, model.slice(slash + 1))
  const [, name] = BY_NAME.find(([pattern]) => pattern.test(model)) ?? []
  if (name !== undefined) return { name, model }
  return slash < 0 ? null : foundAt(first, model.slice(slash + 1))
}

function foundAt(name: string, model: string): Found {
  return { name, model: model.replace(WAYS, '') }
}

/** How it is reached; null: nobody here knows. */
export function reachOf({ name, model }: Found): Provider | null {
  if (name === 'vertex_ai' && model.startsWith('claude')) return VERTEX_CLAUDE
  return Object.hasOwn(PROVIDERS, name) ? PROVIDERS[name] : null
}
