import { keyTextOf } from './keys/keyring.js'
import { refusalResponse } from './keys/refusal.js'
import type { SurfaceDeps } from './surfaces.js'

/** `GET /v1/models`: what the key may use, with prices and capabilities, as OpenAI lists models. */
export async function modelList({ live, keyring }: SurfaceDeps, request: Request): Promise<Response> {
  const authentication = await keyring.authenticate(keyTextOf(request.headers))
  if (!authentication.ok) return refusalResponse(authentication.refusal, 'openai')
  const { groups: allowed } = authentication.key
  const models = live.current.models.filter(
    ({ enabled, groups }) => enabled && (allowed === null || groups.some((group) => allowed.includes(group))),
  )
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
  return Response.json({ object: 'list', data })
}
