import { type Context, Hono } from 'hono'
import { errorAnswer } from '../admin/answers.js'
import { AdminError, refused } from '../admin/request-error.js'
import type { DashboardFiles } from './files.js'
import { LiveStream } from './live-stream.js'
import { type Dashboard, NOTHING_SEEN } from './view.js'

const ID_CHARS_MAX = 256
const USD_MAX = 1e6

/** Nothing from elsewhere, and no code or style but that of the files. */
export const CONTENT_SECURITY_POLICY = [
  "default-src 'none'",
  "script-src 'self'",
  "style-src 'self'",
  "connect-src 'self'",
  "img-src 'self' data:",
  "base-uri 'none'",
  "form-action 'none'",
  "frame-ancestors 'none'",
].join('; ')

const FILE_HEADERS = {
  'content-security-policy': CONTENT_SECURITY_POLICY,
  'x-content-type-options': 'nosniff',
  'referrer-policy': 'no-referrer',
  'cache-control': 'no-cache',
} as const

const DATA_HEADERS = { 'cache-control': 'no-store', 'x-content-type-options': 'nosniff' } as const

/** A proxy that keeps updates until it has many would show nothing for minutes. */
const STREAM_HEADERS = {
  ...DATA_HEADERS,
  'content-type': 'text/event-stream',
  'x-accel-buffering': 'no',
} as const

export interface DashboardAppOptions {
  readonly files: DashboardFiles
  readonly dashboard: Dashboard
  /** Why a request may not see the data; null: it may. */
  readonly refusal: (headers: Headers) => Promise<AdminError | null>
  /** Called with failures whose cause no caller may see. */
  readonly onError: (error: unknown) => void
}

/**
 * The dashboard, to be mounted at `/dashboard`: the page, which holds no data, and its data: `GET /data`, `GET /events` (server-sent
 * events), `GET /decisions/:id`, `GET /what-if?usdPerRequest=`.
 */
export function dashboardApp({ files, dashboard, refusal, onError }: DashboardAppOptions): {
  readonly app: Hono
  close(): void
} {
  const stream = new LiveStream(dashboard, onError)
  const app = new Hono()
  const file = (content: string, type: string) => () =>
    new Response(content, { headers: { ...FILE_HEADERS, 'content-type': `${type}; charset=utf-8` } })
  app.get('/', file(files.html, 'text/html'))
  app.get('/app.js', file(files.js, 'text/javascript'))
  app.get('/app.css', file(files.css, 'text/css'))
  app.use(async (context, next) => {
    const refused = await refusal(context.req.raw.headers)
    if (refused !== null) return errorAnswer(context, refused)
    dashboard.watched()
    await next()
    return undefined
  })
  app.get('/data', (context) => context.json(dashboard.data(NOTHING_SEEN), 200, DATA_HEADERS))
  app.get('/events', ({ req }) => {
    const { headers } = req.raw
    const body = stream.open(async () => (await refusal(headers)) === null)
    if (body === null && stream.isOver)
      throw new AdminError(503, 'ending', 'the server is ending: it takes no more pages')
    if (body === null) throw new AdminError(503, 'too_many_pages', 'too many dashboards are open')
    return new Response(body, { headers: STREAM_HEADERS })
  })
  app.get('/decisions/:id', async (context) => {
    const id = context.req.param('id')
    const found = id.length > ID_CHARS_MAX ? null : await dashboard.explain(id)
    if (found === null)
      throw refused(404, 'unknown_decision', ':id', 'the decision is not held any more, or never was')
    return context.json(found, 200, DATA_HEADERS)
  })
  app.get('/what-if', (context) => context.json(dashboard.whatIf(budgetOf(context)), 200, DATA_HEADERS))
  app.all('*', ({ req }) => {
    throw refused(404, 'not_found', req.path, 'there is no such path')
  })
  app.onError((error, context) => {
    if (!(error instanceof AdminError)) onError(error)
    return errorAnswer(context, error)
  })
  return { app, close: () => stream.close() }
}

function budgetOf({ req }: Context): number {
  const text = req.query('usdPerRequest') ?? ''
  const usd = Number(text)
  if (text !== '' && usd > 0 && usd <= USD_MAX) return usd
  throw refused(
    400,
    'invalid_request',
    'usdPerRequest',
    `expected a number in (0, ${USD_MAX}], got '${text.slice(0, 40)}'`,
  )
}
