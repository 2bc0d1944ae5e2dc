import { messageOf } from '../../base/errors.js'
import { ConfigError, lineOf } from '../config/config-error.js'
import type { Gateway } from '../gateway.js'
import { errorsOf, refusalResponse } from '../keys/refusal.js'
import type { WriteLine } from '../logs/request-log.js'
import { scrubberOf } from '../logs/scrub.js'
import type { MakeSurfaces } from '../surfaces.js'
import { assembled } from './assembled.js'
import { type ConfigFiles, type ConfigSource, readConfigAgain, readConfigFiles } from './config-file.js'
import { dashboardFiles } from './dashboard-files.js'
import { fileLimitLine } from './file-limit.js'
import { type HttpServer, listen } from './http-server.js'
import { type JsonLog, jsonLog } from './json-log.js'
import { Signals } from './signals.js'
import { watchFile } from './watched-file.js'

export interface ServeOptions extends ConfigSource {
  readonly surfaces: MakeSurfaces
  /** Default: lines of JSON on standard output. */
  readonly log?: JsonLog | undefined
  /** Written at the start: how whoever calls has set up the surfaces. Default: none. */
  readonly lines?: readonly Parameters<WriteLine>[] | undefined
  /** False: whoever calls takes the process's signals. Default: true. */
  readonly signals?: boolean | undefined
  /** Whether an edit of the file is read by itself, as SIGHUP has it read. Default: false. */
  readonly watch?: boolean | undefined
}

/** A server that runs until it is told to end. */
export interface Serving {
  readonly url: string
  /** Resolves when it has ended: how many requests were cut off or could not be kept is in the log. */
  readonly ended: Promise<{ readonly exitCode: number }>
  /** What SIGTERM does. */
  stop(reason: string): void
  /** What SIGHUP does. */
  reload(): Promise<void>
  /** Ends at once for an error that nobody caught: what state it left is not known, and the log has all that was acknowledged. */
  fail(error: unknown): void
}

/** After this long without a store, an end is an end. */
const CLOSE_MS = 15_000

/**
 * Serves a config: listens at once (`/healthz`), and takes requests when the log has been read (`/readyz`). SIGTERM and
 * SIGINT drain and end it, a second one at once, also while it starts; SIGHUP reads the config again, and so does an edit with `watch`.
 * @throws (the promise is rejected with) ConfigError, or what keeps it from listening or from its store
 */
export async function serve(options: ServeOptions): Promise<Serving> {
  const signals = new Signals(options.signals !== false)
  try {
    const files = await readConfigFiles(options)
    const { config } = files
    const log = options.log ?? jsonLog(config.logging.level)
    const front: Front = { gateway: null, isEnding: false }
    const http = await listen(
      config,
      (request) => answer(front, request),
      // What does not take requests says so by the other way.
      (path, request) => (front.isEnding ? null : (front.gateway?.complete(path, request) ?? null)),
    )
    log.write('info', { url: http.url }, 'listening')
    for (const line of options.lines ?? []) log.write(...line)
    await fileLimitLine(log.write, config.limits.streamsMax)
    const server = new Server(options, log, http, front, signals, scrubberOf(config))
    try {
      await Promise.race([server.start(files), server.ended])
    } catch (error) {
      await http.drain(0)
      throw error
    }
    return server
  } catch (error) {
    signals.forget()
    throw error
  }
}

/** What stands behind the socket. */
interface Front {
  gateway: Gateway | null
  isEnding: boolean
}

function answer({ gateway, isEnding }: Front, request: Request): Response | Promise<Response> {
  const { pathname } = new URL(request.url)
  if (pathname === '/healthz') return Response.json({ status: 'ok' })
  if (gateway !== null && (!isEnding || pathname === '/readyz' || pathname === '/metrics'))
    return gateway.fetch(request)
  if (pathname === '/readyz')
    return Response.json({ status: isEnding ? 'draining' : 'starting' }, { status: 503 })
  const message = isEnding ? 'this gateway is about to end' : 'this gateway is starting'
  // Another replica, or the next process, takes it.
  const refusal = { status: 503, code: isEnding ? 'draining' : 'starting', message, retryAfterMs: 1000 }
  const response = refusalResponse(refusal, errorsOf(pathname))
  response.headers.set('connection', 'close')
  return response
}

class Server implements Serving {
  readonly url: string
  readonly ended: Promise<{ readonly exitCode: number }>
  private readonly options: ServeOptions
  private readonly log: JsonLog
  private readonly http: HttpServer
  private readonly front: Front
  private end: (result: { readonly exitCode: number }) => void = () => {}
  private readonly signals: Signals
  private endWatch: () => void = () => {}
  /** With the secrets of the config at the start. */
  private readonly scrubFirst: (text: string) => string

  constructor(
    options: ServeOptions,
    log: JsonLog,
    http: HttpServer,
    front: Front,
    signals: Signals,
    scrubFirst: (text: string) => string,
  ) {
    this.scrubFirst = scrubFirst
    this.signals = signals
    this.options = options
    this.log = log
    this.http = http
    this.front = front
    this.url = http.url
    this.ended = new Promise((resolve) => {
      this.end = resolve
    })
  }

  async start(files: ConfigFiles): Promise<void> {
    const { log, options } = this
    let known = files.bytes
    this.signals.givenTo(this)
    this.front.gateway = await assembled({
      files,
      surfaces: options.surfaces,
      dashboard: await dashboardFiles(),
      readAgain: () =>
        readConfigAgain(options, (read) => {
          known = read
        }),
      write: (...line) => {
        log.write(...line)
        // Whoever had the config read again: a reload writes a line.
        this.setLevel()
      },
    })
    if (this.front.isEnding) await this.front.gateway.close()
    else {
      log.write('info', { url: this.url }, 'ready')
      this.signals.ready()
      if (options.watch === true)
        this.endWatch = watchFile(
          options.file,
          () => known,
          () => this.reload(),
        )
    }
  }

  /** Whether it takes requests: there is something to reload. */
  get isReady(): boolean {
    return this.front.gateway !== null
  }

  async reload(): Promise<void> {
    const { gateway } = this.front
    try {
      await gateway?.reload()
    } catch (error) {
      const lines =
        error instanceof ConfigError
          ? error.mistakes.map((mistake) => lineOf(error.source, mistake))
          : [this.scrub(messageOf(error))]
      this.log.write('error', { mistakes: lines }, 'reload: the old config stays in force')
    }
  }

  stop(reason: string): void {
    if (this.front.isEnding) {
      this.log.write('warn', { reason }, 'ended at once')
      this.finish(1)
      return
    }
    this.front.isEnding = true
    this.endWatch()
    this.front.gateway?.drain()
    void this.shutDown(reason)
  }

  private async shutDown(reason: string): Promise<void> {
    const { log, front, http } = this
    const { gateway } = front
    const drainMs = gateway?.live.current.timeouts.drainMs ?? 0
    log.write('info', { reason, streams: gateway?.rates.streamCount ?? 0, drainMs }, 'draining')
    const late = setTimeout(() => {
      log.write('error', {}, 'the store took too long to close')
      this.finish(1)
    }, drainMs + CLOSE_MS)
    let closed: Promise<void> | undefined
    const close = () => {
      closed ??= gateway?.close()
      closed?.catch(() => {})
      return closed
    }
    try {
      await http.drain(drainMs, () => void close())
      await close()
      clearTimeout(late)
      log.write('info', {}, 'ended')
      this.finish(0)
    } catch (error) {
      clearTimeout(late)
      log.write('error', { error: this.scrub(messageOf(error)) }, 'ended, and not all was kept')
      this.finish(1)
    }
  }

  fail(error: unknown): void {
    const text = error instanceof Error ? (error.stack ?? error.message) : String(error)
    this.log.write('error', { error: this.scrub(text) }, 'a bug, please report it')
    this.finish(1)
  }

  private setLevel(): void {
    const { gateway } = this.front
    if (gateway !== null) this.log.setLevel(gateway.live.current.logging.level)
  }

  private scrub(text: string): string {
    const { gateway } = this.front
    return gateway === null ? this.scrubFirst(text) : gateway.live.scrub(text)
  }

  private finish(exitCode: number): void {
    this.signals.forget()
    this.endWatch()
    void this.log.close().then(() => this.end({ exitCode }))
  }
}
