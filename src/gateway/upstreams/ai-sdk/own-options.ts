import { type Json, objectOf, textOf } from '../../../base/json.js'
import { COMPATIBLE } from './load.js'
import type { AiSdkModel } from './model.js'

/** Packages that have options for what the SDK itself has none for. */
type Kind = 'compatible' | 'anthropic' | 'openai' | 'azure' | 'groq'

/** What a client says for which only some packages have an option. */
interface Wish {
  /** Where it says so. */
  readonly member: string
  readonly isValue: boolean
  /** What it means to a model that cannot be told. */
  readonly lack: string
  readonly options: Readonly<Partial<Record<Kind, Json>>>
}

/** What a model's package is told beside what the SDK has for all, or why it cannot be told. */
export type OwnOptions =
  | { readonly options: Readonly<Record<string, Json>> }
  /** As providers say it of a member that a model does not take: the next one is asked, and for a while such requests go to others. */
  | { readonly unsupported: string }

/**
 * @param packageName of the config; null: the provider was given in code
 * @param hasTools whether the model gets tools
 */
export function ownOptions(
  model: Pick<AiSdkModel, 'provider'>,
  modelId: string,
  packageName: string | null,
  body: Json,
  hasTools: boolean,
): OwnOptions {
  const { provider } = model
  const kind = kindOf(provider, modelId, packageName)
  const options: Record<string, Json> = {}
  for (const { member, isValue, lack, options: known } of wishesIn(body, provider, hasTools)) {
    const wished = kind === null ? undefined : known[kind]
    if (kind === null || wished === undefined)
      return { unsupported: `Unsupported ${isValue ? 'value' : 'parameter'}: '${member}': ${lack}` }
    for (const name of namesOf(kind, provider)) options[name] = { ...options[name], ...wished }
  }
  return { options }
}

/** Whether a client wants one call of a tool at most: of a chat or a response, or of a message. */
export function wantsOneCall({ parallel_tool_calls, tool_choice }: Json): boolean {
  return parallel_tool_calls === false || objectOf(tool_choice)?.disable_parallel_tool_use === true
}

function wishesIn(body: Json, provider: string, hasTools: boolean): readonly Wish[] {
  const wishes: Wish[] = []
  if (hasTools && wantsOneCall(body)) {
    const member = body.parallel_tool_calls === false ? 'parallel_tool_calls' : 'tool_choice'
    const said = member === 'tool_choice' ? 'disable_parallel_tool_use is true' : 'it is false'
    const openai = { parallelToolCalls: false }
    wishes.push({
      member,
      isValue: true,
      lack: `${said}, and this model cannot be kept to one call of a tool at a time`,
      options: {
        compatible: { parallel_tool_calls: false },
        anthropic: { disableParallelToolUse: true },
        openai,
        azure: openai,
        groq: openai,
      },
    })
  }
  const inText = textOf(objectOf(body.text)?.verbosity)
  const textVerbosity = inText || textOf(body.verbosity)
  // So they are where nothing is said.
  if (textVerbosity !== '' && textVerbosity !== 'medium') {
    const each = { textVerbosity }
    wishes.push({
      member: inText === '' ? 'verbosity' : 'text.verbosity',
      isValue: true,
      lack: 'this model cannot be told how much to say',
      options: { compatible: each, openai: each, azure: each },
    })
  }
  const logitBias = objectOf(body.logit_bias)
  if (logitBias !== null && Object.keys(logitBias).length > 0)
    wishes.push({
      member: 'logit_bias',
      isValue: false,
      lack: 'this model takes no weights of tokens',
      options: {
        compatible: { logit_bias: logitBias },
        // Responses have none.
        ...(provider.endsWith('.responses') ? {} : { openai: { logitBias }, azure: { logitBias } }),
      },
    })
  return wishes
}

function kindOf(provider: string, modelId: string, packageName: string | null): Kind | null {
  // It passes on what it does not know, as it is.
  if (packageName === COMPATIBLE) return 'compatible'
  // A gateway hands options on, and calls models by their providers.
  const name = provider.split('.')[0] === 'gateway' ? modelId.split('/')[0] : provider
  if (name.includes('anthropic')) return 'anthropic'
  const [, word] = /^(openai|azure|groq)\b/.exec(name) ?? []
  return word === 'openai' || word === 'azure' || word === 'groq' ? word : null
}

/** What a package calls its options. */
function namesOf(kind: Kind, provider: string): readonly string[] {
  if (kind === 'compatible') return [provider.split('.')[0]]
  // Its chats read the one, its responses either.
  return kind === 'azure' ? ['openai', 'azure'] : [kind]
}

/** How a model's package is asked to think. @param thinking how much, in tokens; `adaptive`: as much as the model likes */
export function thinkingOptions(
  provider: string,
  thinking: number | 'adaptive',
): Readonly<Record<string, Json>> {
  const [space] = provider.split('.')
  const isAnthropic = provider.includes('anthropic')
  // Other models think as much as they like where nothing is said.
  if (thinking === 'adaptive') return isAnthropic ? { anthropic: { thinking: { type: 'adaptive' } } } : {}
  const said = { type: 'enabled', budgetTokens: thinking }
  if (isAnthropic) return { anthropic: { thinking: said } }
  if (provider.includes('bedrock')) return { bedrock: { reasoningConfig: said } }
  if (space === 'google' || space === 'vertex')
    return { [space]: { thinkingConfig: { thinkingBudget: thinking } } }
  return { [space]: { thinking: said } }
}
