import { Hono } from 'hono'
import { messageOf } from '../../base/errors.js'
import { AdminError } from '../../gateway/admin/request-error.js'
import { dashboardApp } from '../../gateway/dashboard/dashboard-app.js'
import { dashboardFiles } from '../../gateway/node/dashboard-files.js'
import { listen } from '../../gateway/node/http-server.js'
import { CommandError } from '../command-error.js'
import { printError } from '../print.js'
import type { LogReader } from '../state/log-view.js'
import { FollowedLog, type OpenAgain } from './followed-log.js'

export interface ServeLogOptions {
  readonly name: string
  readonly port: number
  /** Opens the log of that name again, as where another was put in its place. */
  readonly openAgain: OpenAgain
  /** It runs until this. */
  readonly stopped: AbortSignal
  /** Told where it listens, once the log has been read. */
  readonly onListening: (url: string) => void
}

const HEADER_BYTES_MAX = 16_384
const REQUEST_MS = 10_000

/** Serves the dashboard of a log on this machine alone. @throws (the promise is rejected with) what keeps it from reading or listening */
export async function serveLog(reader: LogReader, options: ServeLogOptions): Promise<void> {
  const { name, port, openAgain, stopped, onListening } = options
  const files = await dashboardFiles()
  if (files === undefined)
    throw new CommandError('FILE_UNREADABLE', 'the page is not built: run npm run build')
  const dashboard = await FollowedLog.open(reader, name, openAgain)
  const hosts = new Set<string>()
  // A page of somebody else's cannot reach it by a name that it gave to this address.
  const refusal = async (headers: Headers) =>
    hosts.has(headers.get('host') ?? '')
      ? null
      : new AdminError(403, 'wrong_host', `expected one of ${[...hosts].join(', ')} as the host`)
  const onError = (error: unknown) => {
    printError(`paretobandit: dashboard: ${messageOf(error)}\n`)
  }
  const page = dashboardApp({ files, dashboard, refusal, onError })
  const app = new Hono()
  app.get('/', (context) => context.redirect('/dashboard'))
  app.route('/dashboard', page.app)
  const http = await listen(
    {
      listen: { host: '127.0.0.1', port },
      limits: { headerBytesMax: HEADER_BYTES_MAX },
      timeouts: { requestMs: REQUEST_MS },
    },
    (request) => app.fetch(request),
  )
  const got = new URL(http.url).port
  for (const host of ['127.0.0.1', 'localhost']) hosts.add(hostOf(host, got))
  onListening(http.url)
  dashboard.follow(onError)
  await new Promise<void>((resolve) => {
    if (stopped.aborted) resolve()
    else stopped.addEventListener('abort', () => resolve(), { once: true })
  })
  page.close()
  await dashboard.close()
  await http.drain(0)
}

/** As browsers send it: the port of http goes without saying. */
export function hostOf(host: string, port: string): string {
  return port === '' ? host : `${host}:${port}`
}
