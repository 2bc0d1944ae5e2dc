import { type Json, objectOf } from '../../../base/json.js'
import { COMPATIBLE } from './load.js'
import type { AiSdkModel } from './model.js'

/** Whether a client wants one call of a tool at most: of a chat or a response, or of a message. */
export function wantsOneCall({ parallel_tool_calls, tool_choice }: Json): boolean {
  return parallel_tool_calls === false || objectOf(tool_choice)?.disable_parallel_tool_use === true
}

/**
 * How a model's package is told that.
 * @param packageName of the config; null: the provider was given in code
 * @returns options by their provider; null: the package has no such option
 */
export function oneCallOptions(
  { provider }: Pick<AiSdkModel, 'provider'>,
  modelId: string,
  packageName: string | null,
): Readonly<Record<string, Json>> | null {
  const [space] = provider.split('.')
  // It passes on what it does not know, as it is.
  if (packageName === COMPATIBLE) return { [space]: { parallel_tool_calls: false } }
  // A gateway hands them on, and calls models by their providers.
  const name = space === 'gateway' ? modelId.split('/')[0] : provider
  if (name.includes('anthropic')) return { anthropic: { disableParallelToolUse: true } }
  if (/^openai\b/.test(name)) return { openai: { parallelToolCalls: false } }
  // Its chats read the one, its responses either.
  if (/^azure\b/.test(name))
    return { openai: { parallelToolCalls: false }, azure: { parallelToolCalls: false } }
  return /^groq\b/.test(name) ? { groq: { parallelToolCalls: false } } : null
}

/** As providers say it of a member that a model does not take: the next one is asked, and for a while such requests go to others. */
export function noOneCall({ parallel_tool_calls }: Json): string {
  const member = parallel_tool_calls === false ? 'parallel_tool_calls' : 'tool_choice'
  const said = member === 'tool_choice' ? 'disable_parallel_tool_use is true' : 'it is false'
  return `Unsupported value: '${member}': ${said}, and this model cannot be kept to one call of a tool at a time`
}
