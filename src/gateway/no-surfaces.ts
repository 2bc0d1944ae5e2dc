import { keyTextOf } from './keys/keyring.js'
import { refusalResponse } from './keys/refusal.js'
import type { MakeSurfaces } from './surfaces.js'

/** The list of models alone: `GET /v1/models`, for who has a key. */
export const modelsAlone: MakeSurfaces = ({ live, keyring }) => ({
  async fetch(request) {
    const { pathname } = new URL(request.url)
    const authentication = await keyring.authenticate(keyTextOf(request.headers))
    if (!authentication.ok) return refusalResponse(authentication.refusal, 'openai')
    if (pathname !== '/v1/models' || request.method !== 'GET') {
      const refusal = { status: 404, code: 'not_found', message: 'there is no such path', retryAfterMs: null }
      return refusalResponse(refusal, 'openai')
    }
    const { groups } = authentication.key
    const data = live.current.models
      .filter(
        (model) => model.enabled && (groups === null || model.groups.some((group) => groups.includes(group))),
      )
      .map(({ id, upstream }) => ({ id, object: 'model', created: 0, owned_by: upstream }))
    return Response.json({ object: 'list', data })
  },
  close: async () => {},
})
