import { ANY } from './completions/aliases.js'
import { mayUse } from './completions/mask.js'
import { Refused } from './completions/refused.js'
import type { GatewayConfig } from './config/config.js'
import type { ClientKey } from './keys/keyring.js'

/** What Anthropic says where it does not know when a model was released. */
const UNKNOWN_DATE = '1970-01-01T00:00:00Z'

/** What a key may use, with prices and capabilities, as OpenAI and Anthropic list models: on one page. */
export function modelList(config: GatewayConfig, key: ClientKey): object {
  const data = listed(config, key)
  return {
    object: 'list',
    data,
    has_more: false,
    first_id: data[0]?.id ?? null,
    last_id: data.at(-1)?.id ?? null,
  }
}

/** One of them. @throws Refused where the list has no such */
export function listedModel(config: GatewayConfig, key: ClientKey, id: string): object {
  const found = listed(config, key).find((each) => each.id === id)
  if (found !== undefined) return found
  const message = `there is no model ${JSON.stringify(id.slice(0, 100))} for this key; GET /v1/models lists what it may use`
  throw new Refused(404, 'model_not_found', message)
}

function listed(config: GatewayConfig, key: ClientKey) {
  const models = config.models.filter((model) => model.enabled && mayUse(key, model))
  const groups = [...new Set(models.filter(({ kind }) => kind === 'chat').flatMap((model) => model.groups))]
  const routed = ['auto', ...groups.map((group) => `auto:${group}`)]
  const entry = (id: string, owner: string) => ({
    id,
    object: 'model',
    type: 'model',
    display_name: id,
    created: 0,
    created_at: UNKNOWN_DATE,
    owned_by: owner,
  })
  const ids = new Set(config.models.map(({ id }) => id))
  const meant = new Set([...routed, ...models.map(({ id }) => id)])
  const aliases = Object.entries(config.aliases).filter(
    ([name, means]) => name !== ANY && !ids.has(name) && meant.has(means),
  )
  return [
    ...routed.map((id) => entry(id, 'paretobandit')),
    ...aliases.map(([name, means]) => ({ ...entry(name, 'paretobandit'), alias_of: means })),
    ...models.map((model) => {
      const { id, upstream, kind, prices, contextTokens, maxInputTokens, maxOutputTokens } = model
      const { capabilities, region } = model
      return {
        ...entry(id, upstream),
        kind,
        prices,
        context_tokens: contextTokens,
        max_input_tokens: maxInputTokens,
        max_output_tokens: maxOutputTokens,
        capabilities,
        region,
        groups: model.groups,
      }
    }),
  ]
}
