import { Hono } from 'hono'
import { type After, afterTimeout } from '../base/after.js'
import { isRecord } from '../base/check.js'
import { reading } from '../base/read-once.js'
import { complete } from './completions/complete.js'
import { countTokens } from './completions/count-tokens.js'
import { House } from './completions/house.js'
import { isUnheardOf } from './completions/mask.js'
import { admit, caughtUp } from './completions/order.js'
import { routeOnly } from './completions/route-only.js'
import { withKey } from './completions/with-key.js'
import type { ClientRequest } from './doors/client-request.js'
import { requestOf, responseOf } from './doors/web-door.js'
import { decision, feedback, link, thumbsScript } from './feedback/feedback-routes.js'
import { must } from './given.js'
import { JUDGE_KEY } from './judge/judge-model.js'
import { errorsOf, refusalResponse } from './keys/refusal.js'
import { rewardMetrics } from './metrics/reward-metrics.js'
import { listedModel, modelList } from './model-list.js'
import type { ProtocolAdapter } from './protocols/adapter.js'
import { ANTHROPIC_MESSAGES } from './protocols/anthropic-messages.js'
import { OPENAI_CHAT } from './protocols/openai-chat.js'
import { OPENAI_EMBEDDINGS } from './protocols/openai-embeddings.js'
import { OPENAI_RESPONSES } from './protocols/openai-responses.js'
import type { MakeSurfaces } from './surfaces.js'
import type { AiSdkOptions } from './upstreams/ai-sdk/index.js'
import { type CallUpstream, fetchUpstream } from './upstreams/call.js'

export interface ClientSurfaceOptions {
  /** How upstreams are called. Default: by `fetch`. */
  readonly call?: CallUpstream | undefined
  /** Default: timers. */
  readonly after?: After | undefined
  /** In [0, 1), for what is left to chance. Default: Math.random. */
  readonly random?: (() => number) | undefined
  /** Models of the AI SDK that are given in code, and how packages of the config are loaded. */
  readonly aiSdk?: AiSdkOptions | undefined
}

/** By path. */
const COMPLETIONS: ReadonlyMap<string, ProtocolAdapter> = new Map([
  ['/v1/chat/completions', OPENAI_CHAT],
  ['/v1/messages', ANTHROPIC_MESSAGES],
  ['/v1/responses', OPENAI_RESPONSES],
  ['/v1/embeddings', OPENAI_EMBEDDINGS],
])

/** Everything that clients call. @throws INVALID_ARGUMENT */
export function clientSurfaces(options: ClientSurfaceOptions = {}): MakeSurfaces {
  const { call, after, random, aiSdk } = reading('options', () => readOptions(options))
  return (deps) => {
    const ask = (own: House, adapter: ProtocolAdapter, request: ClientRequest) =>
      complete(own, adapter, request, JUDGE_KEY)
    const house = new House(deps, { call, after, random, ask, aiSdk })
    rewardMetrics(deps.metrics, () => house.rewardReport)
    const app = new Hono()
    // `complete` below takes these paths where they are written plainly; here too they come as `/v1/chat/%63ompletions`.
    for (const [path, adapter] of COMPLETIONS)
      app.post(path, async ({ req }) => responseOf(await complete(house, adapter, requestOf(req.raw))))
    app.post('/v1/messages/count_tokens', ({ req: { raw } }) =>
      withKey(house, 'count_tokens', raw, (...who) => countTokens(house, ...who), 'anthropic'),
    )
    app.post('/v1/route', ({ req: { raw } }) =>
      withKey(house, 'route', raw, (...who) => routeOnly(house, ...who)),
    )
    app.get('/v1/decisions/:id', ({ req }) => decision(house, req.raw, req.param('id')))
    app.post('/v1/feedback', ({ req }) => feedback(house, req.raw))
    app.get('/f/thumbs.js', () => thumbsScript())
    app.on(['GET', 'POST'], '/f/:token', ({ req }) => link(house, req.raw, req.param('token')))
    app.get('/v1/models', ({ req: { raw } }) =>
      withKey(house, 'models', raw, async (key, exchange) => {
        admit(house, exchange, key, 0)
        return modelList(deps.live.current, key)
      }),
    )
    // Ids may have slashes.
    app.get('/v1/models/:id{.+}', ({ req }) =>
      withKey(house, 'models', req.raw, async (key, exchange) => {
        admit(house, exchange, key, 0)
        const id = req.param('id')
        const config = deps.live.current
        return listedModel(isUnheardOf(id, config) ? await caughtUp(house) : config, key, id)
      }),
    )
    app.all('*', ({ req }) => {
      const refusal = {
        status: 404,
        code: 'not_found',
        message: nowhere(req, deps.hasDashboard === true),
        retryAfterMs: null,
      }
      return responseOf(house.begin(requestOf(req.raw), 'unknown').refuse(refusal, errorsOf(req.path)))
    })
    app.onError((error, { req }) => {
      deps.onError(error, 'a request')
      const refusal = {
        status: 500,
        code: 'internal_error',
        message: 'the gateway failed',
        retryAfterMs: null,
      }
      return refusalResponse(refusal, errorsOf(req.path))
    })
    return {
      fetch: (request) => app.fetch(request),
      complete(path, request) {
        const adapter = COMPLETIONS.get(path)
        return adapter === undefined ? null : complete(house, adapter, request)
      },
      close: () => house.close(),
      rewardReport: () => house.rewardReport,
    }
  }
}

/** What a client hears whose path is wrong: most often its base URL is. */
function nowhere(
  { method, path }: { readonly method: string; readonly path: string },
  hasDashboard: boolean,
): string {
  const asked = `there is no ${method.slice(0, 20)} ${path.slice(0, 200)} here`
  if (path === '/' || path === '/v1' || path === '/v1/')
    return `${asked}: clients have their calls under /v1 (${[...COMPLETIONS.keys(), '/v1/models'].join(', ')})${hasDashboard ? ', people a page at /dashboard' : ''}, operators /healthz, /readyz, /metrics and /admin`
  // By its last parts, wherever a base URL has put them.
  const plain = `/${path.split('/').filter(Boolean).join('/')}`
  const [meant, by] =
    [...OTHER_PATHS, ...[...COMPLETIONS.keys()].map((known) => [known, 'POST'] as const)].find(([known]) =>
      plain.endsWith(known.slice('/v1'.length)),
    ) ?? []
  if (meant !== undefined)
    return meant === path
      ? `${asked}: it is asked by ${by}`
      : `${asked}: expected ${meant}${baseUrlFor(plain)}`
  const [, probe] = PROBES.find(([pattern]) => pattern.test(plain)) ?? []
  return probe === undefined ? asked : `${asked}: expected ${probe}`
}

/** What to write as the base URL, as a client adds to it what it does: some a path with /v1 in it, some one without. */
function baseUrlFor(plain: string): string {
  if (plain.includes('/v1/v1/')) return ', so take /v1 from the end of the base URL of this client'
  return plain.includes('/v1/') ? '' : ', so end the base URL of this client in /v1'
}

/** What clients call beside completions, and how. */
const OTHER_PATHS = [
  ['/v1/messages/count_tokens', 'POST'],
  ['/v1/feedback', 'POST'],
  ['/v1/models', 'GET'],
] as const
/** What other gateways call `/healthz` and `/readyz`. */
const PROBES = [
  [/^\/(health|status|health\/live[a-z]*|livez)$/, '/healthz'],
  [/^\/(health\/read[a-z]*|ready)$/, '/readyz'],
] as const

/** @throws INVALID_ARGUMENT */
function readOptions(options: ClientSurfaceOptions) {
  must(isRecord(options), 'options', 'an object')
  const { call = fetchUpstream, after = afterTimeout, random = Math.random, aiSdk } = options
  for (const [name, given] of Object.entries({ call, after, random }))
    must(typeof given === 'function', name, 'a function')
  must(aiSdk === undefined || isRecord(aiSdk), 'aiSdk', 'an object')
  return { call, after, random, aiSdk }
}
