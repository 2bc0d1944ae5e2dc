import { type Context, Hono } from 'hono'
import { plural } from '../../base/format.js'
import { ConfigError } from '../config/config-error.js'
import { pathText } from '../config/mistake.js'
import { equalInConstantTime } from '../keys/digest.js'
import { keyTextOf } from '../keys/keyring.js'
import type { AdminPlace } from '../logs/wrong-admin-keys.js'
import { errorAnswer } from './answers.js'
import { type AdminDeps, isDurable } from './deps.js'
import { keyRoutes } from './key-routes.js'
import { modelRoutes } from './model-routes.js'
import { moneyRoutes } from './money-routes.js'
import { AdminError, refused } from './request-error.js'

/** Longer than any key is: it is not hashed. */
const KEY_LENGTH_MAX = 512
const MOUNTED_AT = '/admin'

/**
 * The admin API, to be mounted at `/admin`. Every request needs the admin key; without one in the config nothing is there.
 * Answers of changes say whether they are `durable`: in the store. One that is not yet is in force all the same.
 */
export function adminApp(deps: AdminDeps): Hono {
  const { live, router, reload, rewardReport, now, onChange, onError } = deps
  const app = new Hono()
  app.use(async (context, next) => {
    const refusal = await refusalOf(deps, context.req.raw.headers, '/admin')
    if (refusal !== null) return errorAnswer(context, refusal)
    await next()
    context.header('cache-control', 'no-store')
    return undefined
  })
  app.get('/config', (context) => context.json(live.current))
  app.post('/reload', async (context) => {
    if (reload === null) throw new AdminError(409, 'no_config_file', 'this gateway has no config file')
    const begunAt = now()
    // It asks the store what others have done of the file.
    const report = await reload()
    const usedMs = now() - begunAt
    onChange(`config: reloaded, ${plural(report.applied.length, 'change')} of the router`)
    return context.json(
      { ...report, durable: await isDurable(deps, usedMs) },
      report.failed.length === 0 ? 200 : 503,
    )
  })
  app.get('/stats', (context) => context.json(router.stats()))
  app.get('/rewards', (context) => {
    if (rewardReport === null) throw new AdminError(404, 'not_found', 'there are no rewards here')
    return context.json(rewardReport())
  })
  app.route('/keys', keyRoutes(deps))
  app.route('/models', modelRoutes(deps))
  app.route('/', moneyRoutes(deps))
  app.all('*', ({ req }) => {
    const methods = app.routes.filter(({ method, path }) => method !== 'ALL' && isAt(path, req.path))
    const expected =
      methods.length === 0
        ? 'there is no such path'
        : `expected ${methods.map(({ method }) => method).join(' or ')}, got ${req.method}`
    throw refused(404, 'not_found', req.path, expected)
  })
  app.onError((error, context) => answerTo(error, context, onError))
  return app
}

/** Whether a path of the API is the one that was asked for. */
function isAt(path: string, asked: string): boolean {
  const [given, known] = [asked.split('/'), `${MOUNTED_AT}${path}`.split('/')]
  return given.length === known.length && known.every((part, i) => part.startsWith(':') || part === given[i])
}

function answerTo(error: unknown, context: Context, onError: AdminDeps['onError']): Response {
  if (error instanceof ConfigError) {
    const places = error.mistakes.map((mistake) => ({
      // Of the file as a whole: its name.
      path: pathText(mistake.path) || error.source,
      message: placed(mistake),
    }))
    const what = new AdminError(
      422,
      'config_invalid',
      `${error.source} has ${places.length === 1 ? 'a mistake' : `${places.length} mistakes`}`,
      places,
    )
    return errorAnswer(context, what)
  }
  const answer = errorAnswer(context, error)
  if (answer.status >= 500) onError(error instanceof AdminError ? (error.cause ?? error) : error)
  return answer
}

function placed({ message, place }: ConfigError['mistakes'][number]): string {
  return place === null ? message : `line ${place.line}: ${message}`
}

/** Why a request is not an admin's; null: it is one. */
export async function refusalOf(
  { live, digest, onWrongKey }: AdminDeps,
  headers: Headers,
  place: AdminPlace,
): Promise<AdminError | null> {
  const { sha256 } = live.current.admin
  if (sha256 === null)
    return new AdminError(404, 'no_admin', 'this gateway has no admin key: see admin in its config')
  const text = keyTextOf(headers)
  if (text === null || text === '')
    return new AdminError(401, 'missing_admin_key', 'expected the admin key: authorization: Bearer KEY')
  if (text.length > KEY_LENGTH_MAX || !equalInConstantTime(await digest(text), sha256)) {
    onWrongKey(place)
    return new AdminError(401, 'invalid_admin_key', 'this is not the admin key')
  }
  return null
}
