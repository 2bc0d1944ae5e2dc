import type { Json } from '../../base/json.js'
import { LACKS, missingCapabilities } from '../../index.js'
import type { GatewayConfig, ModelConfig } from '../config/config.js'
import type { ClientKey } from '../keys/keyring.js'
import type { Asked, ProtocolAdapter } from '../protocols/adapter.js'
import { limitIn, ownParameters } from '../protocols/model-parameters.js'
import { Refused } from './refused.js'

export interface MaskInput {
  readonly config: GatewayConfig
  readonly adapter: Pick<ProtocolAdapter, 'protocol' | 'surface'>
  /** What the client sends, and what is read of it. */
  readonly body: Json
  readonly asked: Asked
  /** What the client calls the model that is asked for: that, or an alias of it. */
  readonly said: string
  readonly inputTokens: number
  readonly key: ClientKey
  /** As a header of the request has it; null: anywhere. */
  readonly region: string | null
}

const AUTO = 'auto'
const GROUP = 'auto:'

/**
 * The models that can serve a request. What one cannot do is no matter of price or preference.
 * @throws Refused: 404 for a name that nothing has, 403, and 400 with the reason of each model where none can
 */
export function modelsFor(input: MaskInput): readonly ModelConfig[] {
  const named = namedModels(input)
  const able = named.filter((model) => reasonAgainst(model, input) === null)
  if (able.length > 0) return able
  const reasons = named.map((model) => `${model.id}: ${reasonAgainst(model, input)}`)
  throw new Refused(400, 'no_model_can_serve', `no model can serve this request. ${reasons.join('; ')}`)
}

/** Whether a key is for a model. */
export function mayUse({ groups: allowed }: ClientKey, { groups }: ModelConfig): boolean {
  return allowed === null || groups.some((group) => allowed.includes(group))
}

/** An explanation, for a key: of models that are not for it, only what was chosen is its to see. */
export function explanationFor<E extends Explained>(
  key: ClientKey,
  { models }: Pick<GatewayConfig, 'models'>,
  explanation: E,
): E {
  if (key.groups === null) return explanation
  const known = new Set(models.filter((model) => mayUse(key, model)).map(({ id }) => id))
  const shown = explanation.models.filter(({ model }) => known.has(model) || model === explanation.chosen)
  return { ...explanation, models: shown }
}

interface Explained {
  readonly chosen: string
  readonly models: readonly { readonly model: string }[]
}

/** Whether it names neither a model nor a group of this config. */
export function isUnheardOf(name: string, { models }: Pick<GatewayConfig, 'models'>): boolean {
  if (name === AUTO) return false
  const group = name.startsWith(GROUP) ? name.slice(GROUP.length) : null
  return models.every(({ id, groups }) => id !== name && (group === null || !groups.includes(group)))
}

function namedModels({ config, adapter, asked, said, key }: MaskInput): readonly ModelConfig[] {
  const { model: name } = asked
  const kind = adapter.surface === 'embeddings' ? 'embeddings' : 'chat'
  const isAllowed = (model: ModelConfig) => mayUse(key, model)
  const models = config.models.filter(isAllowed)
  const pinned = config.models.find(({ id }) => id === name)
  if (pinned !== undefined) {
    if (isAllowed(pinned)) return [pinned]
    throw new Refused(
      403,
      'model_not_allowed',
      `this key may not use model ${JSON.stringify(said.slice(0, 200))}`,
    )
  }
  if (key.groups !== null && models.length === 0) {
    const message = `this key may use models of ${key.groups.join(', ')} alone, and no model is in ${key.groups.length === 1 ? 'that group' : 'these groups'}`
    throw new Refused(403, 'model_not_allowed', message)
  }
  const chosen =
    name === AUTO
      ? models
      : name.startsWith(GROUP)
        ? models.filter(({ groups }) => groups.includes(name.slice(GROUP.length)))
        : []
  const ofKind = chosen.filter((model) => model.kind === kind)
  if (kind === 'chat' && ofKind.length > 0) return ofKind
  const what =
    kind === 'embeddings' ? 'the id of an embeddings model' : "'auto', 'auto:GROUP' or the id of a model"
  const meant = said === name ? '' : `, which is ${JSON.stringify(name)} here`
  throw new Refused(
    404,
    'model_not_found',
    `model: expected ${what}, got ${JSON.stringify(said.slice(0, 100))}${meant}; GET /v1/models lists what this key may use`,
  )
}

/** Why a model cannot serve it; null: it can. */
function reasonAgainst(model: ModelConfig, input: MaskInput): string | null {
  const { config, adapter, body, asked, inputTokens, region } = input
  const { id, enabled, kind, capabilities, contextTokens, maxInputTokens, maxOutputTokens } = model
  const upstream = config.upstreams.find((each) => each.id === model.upstream)
  if (!enabled) return 'is disabled'
  if ((kind === 'embeddings') !== (adapter.surface === 'embeddings')) return `is a model for ${kind}`
  if (upstream?.protocol !== adapter.protocol) {
    if (upstream?.protocol !== 'ai-sdk') return `is not reached by this path`
    // What the operator allows is no use to a package that has no option for it.
    const allowed = asked.dearer.find((name) => config.requests.allow.includes(name))
    const beyond = asked.nativeOnly ?? allowed
    if (beyond !== undefined) return `takes no ${beyond}`
  }
  const missing = asked.needs.size === 0 ? undefined : missingCapabilities(capabilities, asked.needs)[0]
  if (missing !== undefined) return LACKS[missing]
  if (region !== null && model.region !== region) return `does not run in region ${region}`
  const own = ownParameters(adapter.surface, model, body)
  const output = limitIn(adapter.surface, own) ?? asked.maxOutputTokens ?? 0
  if (maxOutputTokens !== null && output > maxOutputTokens)
    return `answers with at most ${maxOutputTokens} tokens, and ${output} are asked for`
  // The length is an estimate: for a model that is named, its upstream has the word.
  if (asked.model === id) return null
  if (maxInputTokens !== null && inputTokens > maxInputTokens)
    return `reads at most ${maxInputTokens} tokens, and this has about ${inputTokens}`
  if (contextTokens !== null && inputTokens + output > contextTokens)
    return `has room for ${contextTokens} tokens, and this takes about ${inputTokens + output}`
  return null
}
