import type { Json } from './adapter.js'
import { objectsOf, textOf } from './json-read.js'

/** Ways to be served that cost what the price list says, or less. Anthropic's and OpenAI's `auto` is what they do unasked. */
const TIERS_AT_LIST = new Set(['auto', 'default', 'standard', 'standard_only', 'on_demand', 'flex', 'batch'])

/**
 * Members by which a request chooses other models or other prices than those it is reserved at, or work that is charged beside its
 * tokens: of OpenAI, Anthropic, OpenRouter, xAI, Groq, Alibaba and LiteLLM.
 */
const DEARER_MEMBERS = [
  'container',
  'enable_search',
  'extra_body',
  'fallback_models',
  'fallbacks',
  'mcp_servers',
  'models',
  'plugins',
  'preset',
  'prompt',
  'provider',
  'route',
  'search_parameters',
  'search_settings',
  'web_search',
  'web_search_options',
] as const

/** Of these some values are dear. */
const DEARER_VALUES = ['context_management', 'inference_geo', 'service_tier', 'speed', 'tools'] as const

/** All of them: however they are written, upstreams may read them. */
export const DEARER_NAMES: readonly string[] = [...DEARER_MEMBERS, ...DEARER_VALUES]

/** Tools that the client runs itself: they cost their tokens. All others are run by the provider, at its price. */
const OWN_TOOLS = new Set([
  '',
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

/** What in a request may make it dearer than is set aside for it, as the config names it: `service_tier`, `tools.web_search`. */
export function dearerIn(body: Json): readonly string[] {
  const found: string[] = DEARER_MEMBERS.filter((name) => isSaid(body[name]))
  const { service_tier: tier, speed, inference_geo: geo } = body
  if (isSaid(tier) && !TIERS_AT_LIST.has(textOf(tier))) found.push('service_tier')
  if (isSaid(speed) && speed !== 'standard') found.push('speed')
  if (isSaid(geo) && geo !== 'global') found.push('inference_geo')
  // What a provider sums up in between is charged beside the usage of the answer.
  if (isSaid(body.context_management) && /"compact/.test(JSON.stringify(body.context_management)))
    found.push('context_management')
  for (const { type } of objectsOf(body.tools)) {
    const tool = textOf(type).replace(DATE, '')
    if (!OWN_TOOLS.has(tool)) found.push(`tools.${tool.slice(0, 60)}`)
  }
  return [...new Set(found)]
}

function isSaid(value: unknown): boolean {
  return (
    value !== undefined && value !== null && value !== false && !(Array.isArray(value) && value.length === 0)
  )
}
