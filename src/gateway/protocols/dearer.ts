import { isRecord } from '../../base/check.js'
import { type Json, listOf, objectsOf, textOf } from '../../base/json.js'

/** Ways to be served that cost what the price list says, or less. Anthropic's and OpenAI's `auto` is what they do unasked. */
const TIERS_AT_LIST = new Set(['auto', 'default', 'standard', 'standard_only', 'on_demand', 'flex', 'batch'])

/**
 * Members by which a request chooses other models or other prices than those it is reserved at, or work that is charged beside its
 * tokens: of OpenAI and Azure, Anthropic, OpenRouter, Vercel, xAI, Groq, Cohere, Alibaba, Tencent and LiteLLM.
 */
const DEARER_MEMBERS = [
  'api_base',
  'base_url',
  'builtin_tools',
  'compound_custom',
  'connectors',
  'container',
  'content_policy_fallbacks',
  'context_window_fallback_dict',
  'context_window_fallbacks',
  'custom_llm_provider',
  'data_sources',
  'enable_enhancement',
  'enable_search',
  'enable_speed_search',
  'enabled_tools',
  'extra_body',
  'fallback_models',
  'fallbacks',
  'force_search_enhancement',
  'grounding',
  'litellm_credential_name',
  'mcp_servers',
  'mock_testing_content_policy_fallbacks',
  'mock_testing_context_fallbacks',
  'mock_testing_fallbacks',
  'model_list',
  'models',
  'plugins',
  'preset',
  'prompt',
  'prompt_id',
  'provider',
  'route',
  'router_settings_override',
  'search_parameters',
  'search_settings',
  'user_config',
  'web_search',
  'web_search_options',
] as const

/** Of these some values are dear. */
const DEARER_VALUES = [
  'context_management',
  'inference_geo',
  'modalities',
  'providerOptions',
  'service_tier',
  'speed',
  'tools',
] as const

/** Names of what Anthropic counts the tokens of at no cost: its tools, and ways to be served. Others say who is asked, and with whose account. */
export const DEARER_ANSWERS =
  /^(?:tools\..*|container|context_management|inference_geo|mcp_servers|service_tier|speed)$/

/** All of them: however they are written, upstreams may read them. */
export const DEARER_NAMES: readonly string[] = [...DEARER_MEMBERS, ...DEARER_VALUES]

/** Tools that the client runs itself: they cost their tokens. All others are run by the provider, at its price. */
const OWN_TOOLS = new Set([
  'function',
  'custom',
  'local_shell',
  'apply_patch',
  'computer',
  'computer_use_preview',
  'bash',
  'text_editor',
  'memory',
])
/** As providers date the versions of a tool. */
const DATE = /_\d{4}_?\d{2}_?\d{2}$/

const DEARER: ReadonlySet<string> = new Set(DEARER_NAMES)
const NOTHING: readonly string[] = []

/** What in a request may make it dearer than is set aside for it, as the config names it: `service_tier`, `tools.web_search`. */
export function dearerIn(body: Json): readonly string[] {
  // Most requests have none of them: looking for each takes longer than looking at what there is.
  for (const name of Object.keys(body)) if (DEARER.has(name)) return dearerOf(body)
  return laterTools(body).length > 0 ? dearerOf(body) : NOTHING
}

function dearerOf(body: Json): readonly string[] {
  const found: string[] = DEARER_MEMBERS.filter((name) => isSaid(body[name]))
  const { service_tier: tier, speed, inference_geo: geo, providerOptions: options } = body
  if (isSaid(tier) && !TIERS_AT_LIST.has(textOf(tier))) found.push('service_tier')
  if (isSaid(speed) && speed !== 'standard') found.push('speed')
  if (isSaid(geo) && geo !== 'global') found.push('inference_geo')
  // Vercel's gateway takes other models and providers there.
  if (isRecord(options) && isSaid(options.gateway)) found.push('providerOptions')
  // What a provider sums up in between is charged beside the usage of the answer.
  if (isSaid(body.context_management) && /"compact/.test(JSON.stringify(body.context_management)))
    found.push('context_management')
  // Pictures and films have prices of their own; sound is a capability.
  if (listOf(body.modalities).some((each) => each !== 'text' && each !== 'audio')) found.push('modalities')
  for (const tool of [...objectsOf(body.tools), ...laterTools(body)].flatMap(ofNamespace)) {
    const name = toolOf(tool)
    if (name !== null) found.push(`tools.${name.slice(0, 60)}`)
  }
  return [...new Set(found)]
}

/**
 * Tools that come in the middle of a conversation: Anthropic's stand in blocks of a message, where they are no reference to one of `tools`,
 * OpenAI's in items of the input, whatever their type (platform.claude.com/docs, mid-conversation system messages; OpenAI's `additional_tools`
 * and `tool_search_output`).
 */
function laterTools({ messages, input }: Json): readonly Json[] {
  const found: Json[] = []
  for (const message of listOf(messages))
    if (isRecord(message))
      for (const block of listOf(message.content))
        if (isRecord(block) && block.type === 'tool_addition' && isRecord(block.tool))
          found.push(...definedIn(block.tool))
  for (const item of listOf(input))
    if (isRecord(item)) for (const tool of objectsOf(item.tools)) found.push(tool)
  return found
}

function definedIn(tool: Json): readonly Json[] {
  if (tool.type === 'tool_reference') return []
  return tool.type === 'tool_definition' && isRecord(tool.definition) ? [tool.definition] : [tool]
}

/** OpenAI's name for several tools together. */
function ofNamespace(tool: Json): readonly Json[] {
  return tool.type === 'namespace' && Array.isArray(tool.tools) ? objectsOf(tool.tools) : [tool]
}

/** What a tool of the provider's is called; null: it is one of the client's. */
function toolOf(tool: Json): string | null {
  const other = Object.keys(tool).find((name) => name !== 'type' && name.toLowerCase() === 'type')
  // Servers in Go read it as the type.
  if (other !== undefined) return other
  const type = textOf(tool.type).replace(DATE, '')
  if (type !== '') return OWN_TOOLS.has(type) ? null : type
  const isOwn = isRecord(tool.function) || typeof tool.name === 'string'
  return isOwn ? null : (Object.keys(tool)[0] ?? 'none')
}

function isSaid(value: unknown): boolean {
  return (
    value !== undefined && value !== null && value !== false && !(Array.isArray(value) && value.length === 0)
  )
}
