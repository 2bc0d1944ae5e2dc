import { createServer, type IncomingMessage, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { setTimeout as wait } from 'node:timers/promises'
import { type Answer, answerOf, randomOf } from './answer.js'
import type { Job } from './frame.js'
import { isRecord, type JsonRecord, parseJson, recordOf, textOf } from './json.js'
import type { Entry, WritableEntry } from './ledger.js'
import { mergePlans, type PartialPlan, type Script, type Surface, type UpstreamRequest } from './plan.js'
import { costUsd, PRICES, type ServiceTier, type UpstreamPrices } from './prices.js'
import { Reply, sendJson, type Waiting } from './reply.js'
import { modelList, promptOnly, ROUTES } from './routes.js'
import { NO_TOKENS } from './tokens.js'

export interface UpstreamOptions {
  readonly seed?: number
  /** 0: a free one. */
  readonly port?: number
  /** What it does for each request; what a header or a field of the body says goes above it. */
  readonly script?: Script
  /** The models that it has. Others get 404. */
  readonly prices?: Readonly<Record<string, UpstreamPrices>>
  /** Other keys get 401; null: nobody is asked for one. */
  readonly apiKey?: string | null
  readonly now?: () => number
  readonly sleep?: (ms: number) => Promise<void>
}

/** A header, and a field of a body, whose JSON is a `PartialPlan` for this request alone. */
export const PLAN_HEADER = 'x-upstream-plan'
export const PLAN_FIELD = 'upstream_plan'

/** A simulated provider of models behind real HTTP, with a ledger of its own. */
export interface Upstream {
  /** Without a path: `http://127.0.0.1:1234`. */
  readonly origin: string
  /** What OpenAI's clients and the gateway call a base URL. */
  readonly baseUrl: string
  /** Every request, in the order in which they came. */
  readonly entries: readonly Entry[]
  /** Of all requests, USD. */
  costUsd(): number
  /** Resolves once an entry, present or to come, is such a one. It asks again whenever something changed. */
  until(matches: (entry: Entry) => boolean): Promise<Entry>
  /** Resolves once no request is under way. */
  idle(): Promise<void>
  /** Lets go on what stalls now. */
  release(): void
  /** Breaks all connections off. */
  close(): Promise<void>
}

export async function startUpstream(options: UpstreamOptions = {}): Promise<Upstream> {
  const upstream = new SimulatedUpstream(options)
  await upstream.listen()
  return upstream
}

class SimulatedUpstream implements Upstream, Waiting {
  readonly entries: WritableEntry[] = []
  readonly prices: Readonly<Record<string, UpstreamPrices>>
  readonly now: () => number
  readonly sleep: (ms: number) => Promise<void>
  private readonly server = createServer((message, response) => void this.take(message, response))
  private readonly watchers = new Set<() => void>()
  private readonly stalled = new Set<() => void>()
  private underWay = 0
  private count = 0

  constructor(private readonly options: UpstreamOptions) {
    this.prices = options.prices ?? PRICES
    this.now = options.now ?? Date.now
    this.sleep = options.sleep ?? ((ms) => wait(ms))
    // A caller that keeps connections open for long must not find one closed just as it sends a request.
    this.server.keepAliveTimeout = 60_000
    this.server.requestTimeout = 0
  }

  listen(): Promise<void> {
    return new Promise((resolve, reject) => {
      this.server.once('error', reject)
      this.server.listen(this.options.port ?? 0, '127.0.0.1', resolve)
    })
  }

  get origin(): string {
    return `http://127.0.0.1:${(this.server.address() as AddressInfo).port}`
  }

  get baseUrl(): string {
    return `${this.origin}/v1`
  }

  costUsd(): number {
    return this.entries.reduce((sum, entry) => sum + entry.costUsd, 0)
  }

  async until(matches: (entry: Entry) => boolean): Promise<Entry> {
    for (;;) {
      const found = this.entries.find(matches)
      if (found !== undefined) return found
      await this.change()
    }
  }

  async idle(): Promise<void> {
    while (this.underWay > 0) await this.change()
  }

  release(): void {
    for (const go of [...this.stalled]) go()
  }

  close(): Promise<void> {
    this.release()
    return new Promise((resolve) => {
      this.server.close(() => resolve())
      this.server.closeAllConnections()
    })
  }

  stall(): Promise<void> {
    return new Promise((resolve) => {
      const go = () => {
        this.stalled.delete(go)
        resolve()
      }
      this.stalled.add(go)
    })
  }

  changed(): void {
    const told = [...this.watchers]
    this.watchers.clear()
    for (const tell of told) tell()
  }

  private change(): Promise<void> {
    return new Promise((resolve) => this.watchers.add(resolve))
  }

  private async take(message: IncomingMessage, response: ServerResponse): Promise<void> {
    this.underWay++
    response.on('error', () => {})
    try {
      await this.answer(message, response)
    } catch (error) {
      // A script that is wrong: the test sees it where it waits.
      response.destroy(error instanceof Error ? error : undefined)
      if (!message.destroyed) console.error(error)
    } finally {
      this.underWay--
      this.changed()
    }
  }

  private async answer(message: IncomingMessage, response: ServerResponse): Promise<void> {
    const index = this.count++
    const text = await readText(message)
    const path = (message.url ?? '').replace(/\?.*$/, '')
    const route = ROUTES.find((each) => each.path === path && each.method === message.method)
    if (route === undefined) return sendJson(response, 404, { error: { message: `no such path: ${path}` } })
    const { protocol, surface } = route
    const headers = headersOf(message)
    const body = parseJson(text)
    const refuse = (status: number, code: string, why: string) => {
      const refused = this.enter(requestOf(index, surface, headers, recordOf(body)), text, {})
      refused.status = status
      refused.ended = 'refused'
      sendJson(response, status, protocol.error(status, code, why))
    }
    if (!this.isKnown(headers)) return refuse(401, 'invalid_api_key', 'Incorrect API key provided')
    if (surface === 'models') return sendJson(response, 200, modelList(Object.keys(this.prices)))
    if (!isRecord(body)) return refuse(400, 'invalid_json', 'the body is no JSON object')
    const request = requestOf(index, surface, headers, body)
    if (this.prices[request.model] === undefined)
      return refuse(404, 'model_not_found', `The model '${request.model}' does not exist`)
    const mistake = route.mistake(body, headers) ?? this.unheld(body)
    if (mistake !== null) return refuse(400, 'invalid_request', mistake)
    const entry = this.enter(request, text, (await this.options.script?.(request)) ?? {})
    await new Reply(this, entry, response, this.jobOf(entry), protocol).run()
  }

  /** A response that goes on from another needs one that this upstream has kept. */
  private unheld({ previous_response_id: id }: JsonRecord): string | null {
    if (id === undefined || id === null) return null
    const isHeld = this.entries.some(
      ({ request, ended }) =>
        request.surface === 'responses' && ended === 'answered' && `resp_${this.idOf(request)}` === id,
    )
    return isHeld ? null : `Previous response with id '${String(id)}' not found.`
  }

  private idOf({ index }: UpstreamRequest): string {
    return `${this.options.seed ?? 1}x${index}`
  }

  private isKnown(headers: Readonly<Record<string, string>>): boolean {
    const { apiKey = null } = this.options
    return apiKey === null || headers['x-api-key'] === apiKey || headers.authorization === `Bearer ${apiKey}`
  }

  private enter(request: UpstreamRequest, text: string, scripted: PartialPlan): WritableEntry {
    const fromHeader = parseJson(request.headers[PLAN_HEADER] ?? '{}')
    const plan = mergePlans(scripted, recordOf(request.body[PLAN_FIELD]), recordOf(fromHeader))
    const entry: WritableEntry = {
      request,
      text,
      plan,
      status: null,
      tokens: NO_TOKENS,
      serviceTier: plan.serviceTier ?? askedTier(request.body),
      costUsd: 0,
      isUsageSent: false,
      piecesSent: 0,
      bytesSent: 0,
      isBlocked: false,
      isStalled: false,
      ended: null,
    }
    this.entries.push(entry)
    this.changed()
    return entry
  }

  private jobOf(entry: WritableEntry): Job {
    const { request, plan, text, serviceTier } = entry
    const random = randomOf(this.options.seed ?? 1, text)
    const answer: Answer = promptOnly(request, plan) ?? answerOf(request, plan, random)
    const prices = this.prices[request.model]
    return {
      request,
      plan,
      answer,
      id: this.idOf(request),
      createdS: Math.floor(this.now() / 1000),
      serviceTier,
      costUsd: (use) => costUsd(use, prices, serviceTier),
    }
  }
}

function requestOf(
  index: number,
  surface: Surface,
  headers: Readonly<Record<string, string>>,
  body: JsonRecord,
): UpstreamRequest {
  return {
    index,
    surface,
    model: textOf(body.model) ?? '',
    isStreamed: body.stream === true,
    headers,
    body,
  }
}

function headersOf(message: IncomingMessage): Readonly<Record<string, string>> {
  return Object.fromEntries(
    Object.entries(message.headers).map(([name, value]) => [
      name,
      Array.isArray(value) ? value.join(', ') : (value ?? ''),
    ]),
  )
}

function askedTier(body: JsonRecord): ServiceTier {
  return body.service_tier === 'flex' || body.service_tier === 'batch' ? body.service_tier : 'default'
}

async function readText(message: IncomingMessage): Promise<string> {
  const chunks: Buffer[] = []
  for await (const chunk of message) chunks.push(chunk as Buffer)
  return Buffer.concat(chunks).toString('utf8')
}
