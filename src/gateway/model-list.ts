import { mayUse } from './completions/mask.js'
import type { GatewayConfig } from './config/config.js'
import type { ClientKey } from './keys/keyring.js'

/** What a key may use, with prices and capabilities, as OpenAI lists models. */
export function modelList(config: GatewayConfig, key: ClientKey): object {
  const models = config.models.filter((model) => model.enabled && mayUse(key, model))
  const groups = [...new Set(models.filter(({ kind }) => kind === 'chat').flatMap((model) => model.groups))]
  const routed = ['auto', ...groups.map((group) => `auto:${group}`)]
  const entry = (id: string, owner: string) => ({ id, object: 'model', created: 0, owned_by: owner })
  const data = [
    ...routed.map((id) => entry(id, 'paretobandit')),
    ...models.map((model) => {
      const { id, upstream, kind, prices, contextTokens, maxOutputTokens, capabilities, region } = model
      return {
        ...entry(id, upstream),
        kind,
        prices,
        context_tokens: contextTokens,
        max_output_tokens: maxOutputTokens,
        capabilities,
        region,
        groups: model.groups,
      }
    }),
  ]
  return { object: 'list', data }
}
