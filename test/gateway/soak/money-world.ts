import { AsyncLocalStorage } from 'node:async_hooks'
import { rm } from 'node:fs/promises'
import { Agent, request } from 'undici'
import { clientSurfaces } from '../../../src/gateway/client-surfaces.js'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import { routerOptionsOf } from '../../../src/gateway/config/router-options.js'
import { createGateway, type Gateway } from '../../../src/gateway/gateway.js'
import { openBesideLog } from '../../../src/gateway/node/beside-log.js'
import { dashboardFiles } from '../../../src/gateway/node/dashboard-files.js'
import { type HttpServer, listen } from '../../../src/gateway/node/http-server.js'
import type { Entry } from '../../../src/gateway/node/simulated/ledger.js'
import type { Fault, PartialPlan } from '../../../src/gateway/node/simulated/plan.js'
import { costUsd, PRICES, type UpstreamPrices } from '../../../src/gateway/node/simulated/prices.js'
import { startUpstream, type Upstream } from '../../../src/gateway/node/simulated/upstream.js'
import { undiciUpstream } from '../../../src/gateway/node/undici-upstream.js'
import { notesMax } from '../../../src/gateway/notes/notes-max.js'
import { type CapStatus, createRouter, ParetoBanditError, type Router } from '../../../src/index.js'
import type { Store } from '../../../src/log/store.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { sqliteStore } from '../../../src/store/sqlite/index.js'
import { Random } from '../../support/random.js'
import type { Tree } from '../config/example.js'

const ADMIN_KEY = 'pb-admin-0123456789abcdef'
const UPSTREAM_KEY = 'sk-upstream-0123456789abcdef'
const CLIENTS = ['none', 'a', 'b', 'quiet'] as const
type Client = (typeof CLIENTS)[number]
const TENANT_OF: Readonly<Record<Client, string | null>> = { none: null, a: 'a', b: 'b', quiet: 'a' }
const keyOf = (client: Client) => `pb-${client}-0123456789abcdefgh`
const ENV: Record<string, string> = { ADMIN_KEY, UPSTREAM_KEY }
for (const client of CLIENTS) ENV[`KEY_${client.toUpperCase()}`] = keyOf(client)
const BEGAN_AT = Date.UTC(2026, 4, 31, 22, 50)
const NEAR_USD = 1e-9

const CAPABILITIES = ['tools', 'jsonSchema', 'images', 'audio', 'files', 'reasoning', 'logprobs']
const NUMBER = /\(request (\d+)\)/

/** A decision, with all its bills: the latest holds. */
interface Decided {
  readonly id: string
  readonly number: number
  readonly model: string
  readonly tenant: string | null
  readonly reservedUsd: number
  /** In force when it was routed. */
  readonly prices: UpstreamPrices
  readonly at: number
  bookings: { readonly type: string; readonly usd: number; readonly at: number }[]
}

/** What the upstream may be asked for by a model's name. */
function askedFor(model: string): readonly string[] {
  if (model === 'flexed') return ['sim-middle']
  return model === 'added' ? ['sim-small', 'sim-middle'] : [model]
}

export interface Told {
  readonly seed: number
  readonly problems: readonly string[]
  readonly counts: Readonly<Record<string, number>>
}

/** What there is once it runs. */
interface Parts {
  upstream: Upstream
  router: Router<string>
  gateway: Gateway
  http: HttpServer
}

function begun<T>(part: T | undefined): T {
  if (part === undefined) throw new Error('it has not begun')
  return part
}

export interface WorldOptions {
  readonly requests: number
  readonly atOnce: number
  /** SQLite; null: memory. */
  readonly file: string | null
}

/**
 * A gateway before the simulated provider, and all that may happen to it at once, drawn from a seed: requests of every surface that go well,
 * fail at any place or are left; prices, caps, budgets, tenants, keys and models that change under them by the admin's API and by the file;
 * periods that end, corrections, adjustments, a store that takes nothing for a while. Beside it an oracle, which folds the router's events on
 * its own, knows the prices in force when each request was routed, and has what the provider counted. What was drawn is the same for a seed;
 * what comes first of things at once is not.
 */
export class MoneyWorld {
  private readonly random: Random
  private readonly plans = new Map<number, PartialPlan[]>()
  private readonly asked = new Map<number, number>()
  private readonly decided = new Map<string, Decided>()
  private readonly ofRequest = new AsyncLocalStorage<number>()
  private readonly lines: Tree[] = []
  private readonly problems: string[] = []
  private readonly counts: Record<string, number> = {}
  private readonly agent = new Agent({ connections: 64 })
  private readonly answers: { number: number; decision: string; client: Client; costUsd: number | null }[] =
    []
  private readonly idempotent = new Map<string, number>()
  /** Keys made at run time. */
  private readonly made: { readonly key: string; readonly id: string }[] = []
  private readonly generations = new Map<string, number>()
  private readonly store: Store & { isAway: boolean }
  private readonly corrected = new Set<string>()
  private readonly correctedUsd = new Map<string, number>()
  private skewMs = 0
  private tree: Tree = {}
  private isStrictCap = false
  private hasOutages = false
  private moods: readonly string[] = []
  private hasCapEdits = false
  /** Whether a model may have been added by command. */
  private mayBeAdded = false
  private next = 0
  private readonly parts: Partial<Parts> = {}

  private get upstream() {
    return begun(this.parts.upstream)
  }

  private get router() {
    return begun(this.parts.router)
  }

  private get gateway() {
    return begun(this.parts.gateway)
  }

  private get http() {
    return begun(this.parts.http)
  }

  constructor(
    readonly seed: number,
    private readonly options: WorldOptions,
  ) {
    this.random = new Random(seed)
    const { file } = options
    const inner = file === null ? memoryStore() : sqliteStore(file)
    const append = inner.append.bind(inner)
    const store = Object.assign(inner, { isAway: false })
    store.append = async (...batch) => {
      if (store.isAway) throw new ParetoBanditError('STORE_FULL', '', 'the disk is full')
      return append(...batch)
    }
    this.store = store
  }

  private readonly now = () => BEGAN_AT + this.skewMs

  private pick<T>(items: readonly T[]): T {
    return items[this.random.below(items.length)]
  }

  private is(share: number): boolean {
    return this.random.next() < share
  }

  private wrong(text: string): void {
    this.problems.push(text)
  }

  private count(name: string): void {
    this.counts[name] = (this.counts[name] ?? 0) + 1
  }

  async run(): Promise<Told> {
    await this.start()
    const persons = Array.from({ length: this.options.atOnce }, () => this.person())
    await Promise.all(persons)
    await this.settled()
    await this.check()
    await this.end()
    return { seed: this.seed, problems: this.problems, counts: this.counts }
  }

  private async person(): Promise<void> {
    while (this.next < this.options.requests) {
      const number = this.next++
      if (this.is(0.35)) await this.operate()
      await this.ask(number)
      if (this.is(0.3)) await this.feedback()
    }
  }

  // --- the gateway ---

  private makeTree(): Tree {
    const upstreamOf = (id: string, protocol: string) => ({
      id,
      protocol,
      baseUrl: this.upstream.baseUrl,
      apiKey: '$UPSTREAM_KEY',
    })
    const isWorst = this.is(0.6)
    this.isStrictCap = isWorst
    const capOf = (usd: number): Tree => ({
      usd,
      per: this.pick(['hour', 'day', 'week', 'month']),
      window: this.pick(['calendar', 'rolling']),
    })
    const caps = (usd: number) =>
      this.is(0.6) ? [capOf(usd), capOf(usd * 3)].slice(0, 1 + this.random.below(2)) : []
    const distinct = (list: Tree[]) =>
      list.filter(
        (cap, i) => list.findIndex((each) => each.per === cap.per && each.window === cap.window) === i,
      )
    const scale = this.pick([0.005, 0.02, 0.1, 1])
    return {
      listen: { port: 0 },
      store: this.options.file === null ? { kind: 'memory' } : { kind: 'sqlite', file: this.options.file },
      budget: this.is(0.5) ? { usdPerRequest: 0.001 * scale * 40 } : { usdPerRequest: null, burst: 20 },
      caps: distinct(caps(scale * 3)),
      tenants: [
        {
          id: 'a',
          caps: distinct(caps(scale)),
          ...(this.is(0.4) ? { budget: { usdPerRequest: 0.002 } } : {}),
        },
        { id: 'b', caps: distinct(caps(scale)) },
      ],
      routing: {
        reserve: isWorst ? 'worst-case' : 'expected',
        strict: this.is(0.5),
        pendingTtlMs: this.pick([3_600_000, 86_400_000]),
        epsilon: 0.3,
      },
      upstreams: [
        upstreamOf('openai', 'openai'),
        upstreamOf('anthropic', 'anthropic'),
        upstreamOf('second', 'openai'),
      ],
      models: [
        ...['sim-small', 'sim-middle', 'sim-large', 'sim-claude', 'sim-embed'].map((id) => ({
          id,
          upstream: id === 'sim-claude' ? 'anthropic' : 'openai',
          prices: PRICES[id],
          maxOutputTokens: 2000,
          contextTokens: 20_000,
          ...(id === 'sim-embed' ? { kind: 'embeddings' } : { capabilities: CAPABILITIES }),
        })),
        {
          id: 'flexed',
          upstream: 'second',
          upstreamModel: 'sim-middle',
          prices: PRICES['sim-middle'],
          maxOutputTokens: 2000,
          contextTokens: 20_000,
          capabilities: CAPABILITIES,
          parameters: this.pick([{}, { service_tier: 'flex' }, { max_tokens: 20 }]),
        },
      ],
      keys: CLIENTS.map((client) => ({
        name: client,
        value: `$KEY_${client.toUpperCase()}`,
        tenant: TENANT_OF[client],
        ...(client === 'quiet' ? { teaches: false } : {}),
      })),
      admin: { key: '$ADMIN_KEY' },
      metrics: { open: true },
      retries: { triesMax: 1 + this.random.below(4), shareMax: 1, cooldownMs: this.pick([0, 0, 5000]) },
      timeouts: { firstTokenMs: 400, betweenTokensMs: 300, totalMs: 2000 },
      sessions: { onClientGone: this.pick(['cancel', 'drain']), drainMs: 1000 },
      rewards: { windowMs: 1000, validators: { enabled: this.is(0.5) } },
      logging: { content: true },
    }
  }

  private async readTree() {
    return readConfig(this.tree, { name: 'config', env: ENV })
  }

  private async start(): Promise<void> {
    this.parts.upstream = await startUpstream({
      apiKey: UPSTREAM_KEY,
      script: ({ body }) => {
        const number = Number(NUMBER.exec(JSON.stringify(body))?.[1] ?? -1)
        const nth = this.asked.get(number) ?? 0
        this.asked.set(number, nth + 1)
        return this.plans.get(number)?.[nth] ?? {}
      },
    })
    this.tree = this.makeTree()
    this.hasOutages = this.is(0.4)
    const all = [
      'tick',
      'tick',
      'price',
      'price',
      'reload',
      'reload',
      'broken',
      'adjust',
      'correct',
      'switch',
      'model',
      'caps',
      'budget',
      'keys',
      'keys',
      'revoke',
      'look',
      'tenant',
      'tenant',
    ]
    this.moods = this.is(0.3) ? all.filter((each) => !['adjust', 'correct', 'caps'].includes(each)) : all
    if (this.hasOutages) this.moods = [...this.moods, 'outage', 'outage']
    await this.open()
  }

  private async open(): Promise<void> {
    const config = await this.readTree()
    const router = await createRouter<string>({
      ...routerOptionsOf(config),
      clock: this.now,
      store: this.store,
      journal: {
        onWarning: () => {},
        onStoreError: () => {},
        onStoreBack: () => {},
        capacity: this.hasOutages ? 8 : 60_000,
      },
    })
    this.parts.router = router
    this.listenTo(router)
    const beside = await openBesideLog(config.store)
    const notes = await beside.openNotes(
      notesMax(() => config),
      (error) => this.wrong(`notes: ${error}`),
    )
    this.parts.gateway = await createGateway({
      config,
      router,
      now: this.now,
      records: beside.records,
      notes,
      dashboard: await dashboardFiles(),
      surfaces: clientSurfaces({ call: undiciUpstream(), random: () => this.random.next() }),
      readAgain: () => this.readTree(),
      write: (level, fields, message) => {
        if (message === 'request') this.lines.push({ ...fields })
        // Its clock of time spans jumps too.
        else if (level === 'error' && !JSON.stringify(fields).includes('a write takes longer'))
          this.wrong(`line: ${message} ${JSON.stringify(fields)}`)
      },
    })
    this.parts.http = await listen(
      config,
      (incoming) => this.gateway.fetch(incoming),
      (path, incoming) => {
        const header = incoming.headers.get?.('x-number') ?? '-1'
        return this.ofRequest.run(Number(header), () => this.gateway.complete(path, incoming))
      },
    )
  }

  private listenTo(router: Router<string>): void {
    const routeAsync = router.routeAsync.bind(router)
    router.on('routed', (event) => {
      const model = router.stats().models.find(({ id }) => id === event.model)
      const { prices } = model as unknown as { prices: UpstreamPrices }
      this.decided.set(event.id, {
        id: event.id,
        number: -1,
        model: event.model,
        tenant: event.tenant === null ? null : this.generation(event.tenant),
        reservedUsd: event.reservedUsd,
        prices: JSON.parse(JSON.stringify(prices ?? model)),
        at: event.at,
        bookings: [],
      })
    })
    router.routeAsync = (async (...args: Parameters<typeof routeAsync>) => {
      const decision = await routeAsync(...args)
      const known = this.decided.get(decision.id)
      if (known === undefined) this.wrong(`routed ${decision.id} without an event`)
      else this.decided.set(decision.id, { ...known, number: this.ofRequest.getStore() ?? -1 })
      return decision
    }) as typeof router.routeAsync
    for (const type of ['settled', 'failed', 'cancelled', 'expired', 'billed'] as const)
      router.on(type, (event) => {
        const { id, at } = event
        const of = this.decided.get(id)
        if (of === undefined) return this.wrong(`${type} of an unknown ${id}`)
        const usd = 'costUsd' in event ? event.costUsd : of.reservedUsd
        of.bookings.push({ type, usd, at })
      })
    router.on('tenant-added', ({ tenant }) => {
      this.generations.set(tenant, (this.generations.get(tenant) ?? 0) + 1)
    })
  }

  /** Of tenants of one name, one after the other. */
  private generation(tenant: string): string {
    return `${tenant}#${this.generations.get(tenant) ?? 0}`
  }

  // --- clients ---

  private faultOf(isStreamed: boolean): Fault | null {
    if (this.is(0.55)) return null
    const after = this.pick([0, 1, 3, 7, 'all' as const])
    const faults: Fault[] = [
      { kind: 'status', status: this.pick([500, 503, 429, 400, 401, 402, 404]) },
      {
        kind: 'status',
        status: this.pick([408, 504, 524, 520]),
        body: this.pick(['error', 'html', 'empty']),
        isGenerated: true,
      },
      { kind: 'status', status: 502, body: 'html', isGenerated: true },
      { kind: 'reset-before-headers', isGenerated: this.is(0.5) },
      { kind: 'content-type', contentType: 'text/html' },
      { kind: 'stall-before-headers' },
      { kind: 'reset', afterPieces: after },
      { kind: 'malformed', afterPieces: after },
      { kind: 'error-event', afterPieces: after, form: this.pick(['error', 'failed']) },
      { kind: 'stall', afterPieces: after },
    ]
    if (isStreamed) faults.push({ kind: 'cut', afterPieces: after })
    return this.pick(faults)
  }

  private planOf(isStreamed: boolean, most: number): PartialPlan {
    const parts = this.is(0.3)
      ? { cachedInput: this.random.below(4), cacheWrite5m: this.random.below(3) }
      : {}
    const output = this.is(0.3) ? { output: 1 + this.random.below(most), reasoning: 0 } : {}
    return {
      fault: this.faultOf(isStreamed),
      tokens: { ...parts, ...output },
      ...(this.is(0.1) ? { isEmpty: true, tokens: {} } : {}),
      ...(this.is(0.1) ? { ending: this.pick(['length', 'refusal', 'content-filter'] as const) } : {}),
      usage: {
        place: this.pick([
          'own-chunk',
          'own-chunk',
          'own-chunk',
          'own-chunk-with-choice',
          'finish-chunk',
          'before-finish',
          'cumulative',
          'twice',
          'missing',
        ]),
        style: this.pick(['openai', 'openai', 'openrouter', 'groq']),
        isNullElsewhere: this.is(0.5),
        isUnasked: this.is(0.2),
      },
      delays: {
        headersMs: this.random.below(6),
        firstTokenMs: this.random.below(10),
        betweenTokensMs: this.random.below(3),
      },
      framing: {
        bytesPerWrite: this.pick([null, null, 1 + this.random.below(80)]),
        hasComments: this.is(0.2),
        lineEnd: this.pick(['\n', '\n', '\r\n'] as const),
      },
    }
  }

  private requestOf(
    number: number,
    isStreamed: boolean,
    most: number,
  ): { path: string; body: Tree; headers: Record<string, string> } {
    const text = `Hello (request ${number})${' word'.repeat(this.random.below(30))}`
    const model = this.pick(['auto', 'auto', 'auto', 'sim-small', 'sim-large', 'flexed', 'added'])
    const stream = isStreamed ? { stream: true } : {}
    const messages = [{ role: 'user', content: text }]
    switch (this.pick(['chat', 'chat', 'responses', 'messages', 'embeddings', 'count'])) {
      case 'responses':
        return {
          path: '/v1/responses',
          body: { model, input: text, max_output_tokens: most, store: false, ...stream },
          headers: {},
        }
      case 'messages':
        return {
          path: '/v1/messages',
          body: { model: this.pick(['auto', 'sim-claude']), max_tokens: most, messages, ...stream },
          headers: { 'anthropic-version': '2023-06-01' },
        }
      case 'embeddings':
        return { path: '/v1/embeddings', body: { model: 'sim-embed', input: text }, headers: {} }
      case 'count':
        return {
          path: '/v1/messages/count_tokens',
          body: { model: 'auto', messages },
          headers: { 'anthropic-version': '2023-06-01' },
        }
      default:
        return {
          path: '/v1/chat/completions',
          body: {
            model,
            messages,
            max_completion_tokens: most,
            ...stream,
            ...(this.is(0.3) ? { n: 1 + this.random.below(3) } : {}),
            ...(this.is(0.2) ? { service_tier: 'flex' } : {}),
            ...(this.is(0.3) && isStreamed ? { stream_options: { include_usage: true } } : {}),
            ...(this.is(0.2)
              ? {
                  tools: [
                    {
                      type: 'function',
                      function: {
                        name: 'f',
                        parameters: { type: 'object', properties: { a: { type: 'string' } } },
                      },
                    },
                  ],
                  tool_choice: this.pick(['required', 'auto']),
                }
              : {}),
          },
          headers: {},
        }
    }
  }

  private async ask(number: number): Promise<void> {
    const isStreamed = this.is(0.6)
    const most = 40 + this.random.below(60)
    const { path, body, headers } = this.requestOf(number, isStreamed, most)
    this.plans.set(
      number,
      Array.from({ length: 6 }, () => this.planOf(isStreamed, most)),
    )
    const client = this.pick(CLIENTS)
    const made = this.made.length > 0 && this.is(0.5) ? this.pick(this.made).key : null
    const leaving = this.is(0.25) ? new AbortController() : null
    const leaveMs = this.random.below(60)
    const leaveBytes = this.random.below(4000)
    const byBytes = this.is(0.5)
    const timer = leaving === null || byBytes ? undefined : setTimeout(() => leaving.abort(), leaveMs)
    try {
      const answer = await request(this.http.url + path, {
        method: 'POST',
        headers: {
          authorization: `Bearer ${made ?? keyOf(client)}`,
          'content-type': 'application/json',
          'x-number': String(number),
          'x-paretobandit-feedback-id': `name-${number % 7}`,
          ...headers,
        },
        body: JSON.stringify(body),
        dispatcher: this.agent,
        ...(leaving === null ? {} : { signal: leaving.signal }),
      })
      const decision = answer.headers['x-paretobandit-decision']
      const cost = answer.headers['x-paretobandit-cost-usd']
      this.count(`${path} ${answer.statusCode}`)
      let bytes = 0
      for await (const chunk of answer.body) {
        bytes += (chunk as Buffer).length
        if (leaving !== null && byBytes && bytes > leaveBytes) leaving.abort()
      }
      if (answer.statusCode === 200 && typeof decision === 'string' && made === null)
        this.answers.push({ number, decision, client, costUsd: cost === undefined ? null : Number(cost) })
    } catch {
      this.count('left or broken')
    }
    clearTimeout(timer)
  }

  private async call(method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, key: string, body?: unknown) {
    const answer = await request(this.http.url + path, {
      method,
      headers: { authorization: `Bearer ${key}`, 'content-type': 'application/json' },
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
      dispatcher: this.agent,
    })
    const text = await answer.body.text()
    let json: Tree = {}
    try {
      json = JSON.parse(text) as Tree
    } catch {}
    return { status: answer.statusCode, json, text }
  }

  private async feedback(): Promise<void> {
    const answer = this.answers.length === 0 ? null : this.pick(this.answers)
    if (answer === null) return
    const client = this.is(0.8) ? answer.client : this.pick(CLIENTS)
    const id = this.is(0.7) ? answer.decision : `name-${answer.number % 7}`
    const { status } = await this.call('POST', '/v1/feedback', keyOf(client), {
      decision_id: id,
      value: this.random.next(),
    })
    this.count(`feedback ${status}`)
    if (status >= 500 && !this.hasOutages) this.wrong(`feedback ${status}`)
  }

  // --- operators ---

  /** What the file calls an upstream by now. */
  private upstreamNow(name: string): string {
    const all = (this.tree.upstreams as Tree[]).map(({ id }) => String(id))
    return all.find((id) => id.startsWith(name)) ?? name
  }

  /** Its own id alone: requests that are under way know it by the one before. */
  private renameUpstream(name: string): void {
    const before = this.upstreamNow(name)
    const after = `${name}-${this.random.below(1000)}`
    const renamed = (each: Tree, field: string) =>
      each[field] === before ? { ...each, [field]: after } : each
    this.tree = {
      ...this.tree,
      upstreams: (this.tree.upstreams as Tree[]).map((each) => renamed(each, 'id')),
      models: (this.tree.models as Tree[]).map((each) => renamed(each, 'upstream')),
    }
  }

  private scaled(prices: UpstreamPrices): UpstreamPrices {
    const by = this.pick([0.5, 0.8, 1.25, 2])
    const scaled = (list: object) =>
      Object.fromEntries(
        Object.entries(list).map(([name, value]) => [
          name,
          typeof value === 'number' && name.endsWith('UsdPerMTok')
            ? Number((value * by).toPrecision(6))
            : value,
        ]),
      )
    return {
      ...scaled(prices),
      ...(prices.tiers === undefined ? {} : { tiers: prices.tiers.map(scaled) }),
    } as unknown as UpstreamPrices
  }

  private operating: Promise<unknown> = Promise.resolve()

  /** One edit of the file at a time. */
  private operate(): Promise<void> {
    const mine = this.operating.then(() => this.operateNow())
    this.operating = mine.catch(() => {})
    return mine
  }

  private async operateNow(): Promise<void> {
    const admin = (method: 'GET' | 'POST' | 'PUT' | 'DELETE', path: string, body?: unknown) =>
      this.call(method, `/admin${path}`, ADMIN_KEY, body)
    const what = this.pick(this.moods)
    let told: { status: number; json: Tree; text: string } | null = null
    switch (what) {
      case 'tick':
        this.skewMs += this.pick(
          [1, 1000, 60_000, 600_000, 3_600_000, 90_000_000].slice(0, 4 + this.random.below(3)),
        )
        break
      case 'price': {
        const id = this.pick(['sim-small', 'sim-middle', 'sim-large', 'sim-claude', 'flexed'])
        const base = PRICES[id === 'flexed' ? 'sim-middle' : id]
        told = await admin('PUT', `/models/${id}/prices`, this.scaled(base))
        break
      }
      case 'reload': {
        const good = this.tree
        const models = (this.tree.models as Tree[]).map((model) =>
          this.is(0.3) && model.id !== 'sim-embed'
            ? { ...model, prices: this.scaled(PRICES[String(model.upstreamModel ?? model.id)]) }
            : model,
        )
        const renamed = this.is(0.3)
        const spare = this.upstreamNow(this.is(0.3) ? 'second' : 'openai')
        this.tree = {
          ...this.tree,
          models: models
            .map((model) => (renamed && model.id === 'flexed' ? { ...model, upstream: spare } : model))
            .filter((model) => this.is(0.95) || model.id === 'sim-small'),
          retries: { ...(this.tree.retries as Tree), triesMax: 1 + this.random.below(4) },
          sessions: { onClientGone: this.pick(['cancel', 'drain']), drainMs: 1000 },
          keys: (this.tree.keys as Tree[]).map((key) =>
            this.is(0.2) ? { ...key, tenant: this.pick([null, 'a', 'b']) } : key,
          ),
        }
        for (const id of ['sim-middle', 'sim-large', 'flexed'])
          if (!(this.tree.models as Tree[]).some((model) => model.id === id) && this.is(0.6))
            (this.tree.models as Tree[]).push({
              id,
              upstream: this.upstreamNow('openai'),
              upstreamModel: id === 'flexed' ? 'sim-middle' : id,
              prices: PRICES[id === 'flexed' ? 'sim-middle' : id],
              maxOutputTokens: 2000,
              contextTokens: 20_000,
              capabilities: CAPABILITIES,
            })
        const isHeld = this.mayBeAdded
        if (this.is(0.3)) this.renameUpstream(this.pick(['openai', 'anthropic', 'second']))
        told = await admin('POST', '/reload')
        // A model that was added by command names an upstream of the file.
        if (isHeld && told.status === 422) {
          this.tree = good
          break
        }
        if (!this.hasOutages && (told.status !== 200 || (told.json.failed as unknown[] | undefined)?.length))
          this.wrong(`reload: ${told.status} ${told.text}`)
        break
      }
      case 'broken': {
        const good = this.tree
        this.tree = { ...good, models: 7, budgett: {} }
        told = await admin('POST', '/reload')
        this.tree = good
        if (told.status < 400) this.wrong(`broken reload: ${told.status}`)
        return
      }
      case 'adjust': {
        const tenant = this.pick([null, 'a', 'b'])
        const key = this.is(0.5) ? `k${this.random.below(4)}-${tenant}` : null
        const usd = key === null ? this.pick([0.01, -0.01, 0.3]) : 0.02
        told = await admin('POST', '/adjustments', {
          usd,
          tenant,
          ...(key === null ? {} : { idempotency_key: key }),
        })
        if (key !== null && told.json.status === 'taken')
          this.idempotent.set(key, (this.idempotent.get(key) ?? 0) + 1)
        this.hasCapEdits = true
        break
      }
      case 'correct': {
        const all = [...this.decided.values()]
        if (all.length === 0) return
        const { id } = this.pick(all)
        const usd = this.random.below(50) / 1e5
        this.corrected.add(id)
        told = await admin('POST', '/corrections', { decision: id, costUsd: usd, force: this.is(0.5) })
        if (told.status === 200) this.correctedUsd.set(id, usd)
        this.hasCapEdits = true
        break
      }
      case 'switch':
        told = await admin(
          'POST',
          `/models/${this.pick(['sim-middle', 'sim-large', 'flexed'])}/${this.pick(['enable', 'enable', 'disable'])}`,
        )
        break
      case 'model':
        this.mayBeAdded = true
        told = this.is(0.5)
          ? await admin('POST', '/models', {
              id: 'added',
              upstream: this.upstreamNow(this.pick(['openai', 'second'])),
              upstreamModel: this.pick(['sim-small', 'sim-middle']),
              prices: this.scaled(PRICES['sim-small']),
              maxOutputTokens: 2000,
              contextTokens: 20_000,
              capabilities: CAPABILITIES,
            })
          : await admin('DELETE', '/models/added')
        break
      case 'caps': {
        const tenant = this.pick([null, 'a', 'b'])
        const caps = this.is(0.2)
          ? []
          : [
              {
                usd: this.pick([0.01, 0.1, 1]),
                per: this.pick(['hour', 'day', 'month']),
                window: this.pick(['calendar', 'rolling']),
              },
            ]
        told = await admin('PUT', tenant === null ? '/caps' : `/tenants/${tenant}/caps`, caps)
        this.hasCapEdits = true
        break
      }
      case 'budget': {
        const tenant = this.pick([null, 'a', 'b'])
        const budget = this.is(0.3) ? null : { usdPerRequest: this.pick([0.0005, 0.005, 0.05]) }
        told = await admin('PUT', tenant === null ? '/budget' : `/tenants/${tenant}/budget`, budget)
        break
      }
      case 'keys':
        told = await admin('POST', '/keys', {
          name: `made-${this.random.below(50)}`,
          tenant: this.pick([null, 'a', 'b', 'c', 'c']),
        })
        if (told.status === 201) this.made.push({ key: String(told.json.key), id: String(told.json.id) })
        break
      case 'revoke':
        if (this.made.length === 0) return
        told = await admin('DELETE', `/keys/${this.pick(this.made).id}`)
        break
      case 'outage': {
        this.store.isAway = true
        const backMs = 30 + this.random.below(500)
        setTimeout(() => {
          this.store.isAway = false
        }, backMs)
        return
      }
      case 'tenant':
        if (this.is(0.5))
          told = await admin('POST', '/tenants', { id: 'c', caps: [{ usd: 0.02, per: 'hour' }] })
        else {
          for (const { id } of this.made) if (this.is(0.7)) await admin('DELETE', `/keys/${id}`)
          told = await admin('DELETE', '/tenants/c')
        }
        break
      case 'look':
        await this.looks(false)
        return
    }
    if (told !== null) this.count(`${what} ${told.status}`)
    if (told !== null && told.status >= 500 && !this.hasOutages)
      this.wrong(`${what}: ${told.status} ${told.text}`)
  }

  // --- what must hold ---

  private async settled(): Promise<void> {
    const until = Date.now() + 8000
    await new Promise((resolve) => setTimeout(resolve, this.hasOutages ? 700 : 0))
    this.store.isAway = false
    while (Date.now() < until) {
      if (
        this.upstream.entries.every(({ ended }) => ended !== null) &&
        this.router.stats().pending.unsettled === 0
      )
        break
      await new Promise((resolve) => setTimeout(resolve, 20))
    }
    for (let i = 0; i < 3; i++) await new Promise((resolve) => setTimeout(resolve, 20))
  }

  /** What the ledger has for a decision: the latest bill. */
  private bookedOf({ bookings }: Decided): number {
    return bookings.length === 0 ? 0 : bookings[bookings.length - 1].usd
  }

  private near(a: number, b: number, what: string): void {
    if (!(Math.abs(a - b) < NEAR_USD)) this.wrong(`${what}: ${a} against ${b}`)
  }

  private async looks(isFinal: boolean): Promise<void> {
    if (!isFinal) {
      await this.call('GET', '/metrics', ADMIN_KEY)
      await this.call('GET', '/dashboard/data', ADMIN_KEY)
      await this.call('GET', '/admin/stats', ADMIN_KEY)
      return
    }
    const [{ text }, data, stats] = await Promise.all([
      this.call('GET', '/metrics', ADMIN_KEY),
      this.call('GET', '/dashboard/data', ADMIN_KEY),
      this.call('GET', '/admin/stats', ADMIN_KEY),
    ])
    const metric = (name: string, labels: string) =>
      Number(
        text
          .split('\n')
          .find((line) => line.startsWith(`${name}{`) && line.includes(labels))
          ?.split(' ')
          .at(-1) ?? Number.NaN,
      )
    const all = [...this.decided.values()]
    const sumOf = (rows: readonly Decided[]) => rows.reduce((sum, each) => sum + this.bookedOf(each), 0)
    this.near(metric('paretobandit_spend_usd', 'tenant=""'), sumOf(all), 'metrics, all')
    for (const tenant of ['a', 'b']) {
      this.near(
        metric('paretobandit_spend_usd', `tenant="${tenant}"`),
        sumOf(all.filter((each) => each.tenant === this.generation(tenant))),
        `metrics, ${tenant}`,
      )
      this.near(metric('paretobandit_reserved_usd', `tenant="${tenant}"`), 0, `metrics reserved, ${tenant}`)
    }
    this.near(metric('paretobandit_reserved_usd', 'tenant=""'), 0, 'metrics reserved')
    const pacer = (stats.json as { pacer: { spendUsd: number } }).pacer
    this.near(pacer.spendUsd, sumOf(all), 'admin stats')
    const shown = data.json as {
      stats?: { pacer?: { spendUsd: number } }
      history?: { rings?: { buckets: { spendUsd: number }[] }[] }
    }
    if (shown.stats?.pacer !== undefined) this.near(shown.stats.pacer.spendUsd, sumOf(all), 'dashboard stats')
    for (const ring of (shown as { rings?: { buckets: { spendUsd: number }[] }[] }).rings ?? []) {
      const last = ring.buckets.at(-1)
      if (last !== undefined) this.near(last.spendUsd, sumOf(all), 'dashboard ring')
    }
    const lineUsd = this.lines.reduce((sum, { costUsd: usd }) => sum + Number(usd ?? 0), 0)
    const series = text.split('\n').filter((line) => line.startsWith('paretobandit_cost_usd_total{'))
    this.near(
      series.reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0),
      lineUsd,
      'metrics of requests against lines',
    )
    for (const tenant of ['a', 'b', '']) {
      const own = series
        .filter((line) => line.includes(`tenant="${tenant}"`))
        .reduce((sum, line) => sum + Number(line.split(' ').at(-1)), 0)
      const told = this.lines
        .filter((line) => (line.tenant ?? '') === tenant)
        .reduce((sum, { costUsd: usd }) => sum + Number(usd ?? 0), 0)
      this.near(own, told, `metrics of requests of ${tenant}`)
    }
  }

  private async check(): Promise<void> {
    const { router } = this
    const stats = router.stats()
    const all = [...this.decided.values()]
    if (stats.pending.unsettled !== 0) this.wrong(`unsettled: ${stats.pending.unsettled}`)
    this.near(stats.pacer.reservedUsd, 0, 'reserved')
    const sum = all.reduce((usd, each) => usd + this.bookedOf(each), 0)
    this.near(stats.pacer.spendUsd, sum, 'spend against bookings')
    if (stats.account !== null) this.near(stats.account.spendUsd, sum, 'account against bookings')
    for (const tenant of router.tenants()) {
      const own = all
        .filter((each) => each.tenant === this.generation(tenant))
        .reduce((usd, each) => usd + this.bookedOf(each), 0)
      const told = router.tenantStats(tenant)
      this.near(told.spendUsd, own, `tenant ${tenant}`)
      this.near(told.reservedUsd, 0, `tenant ${tenant} reserved`)
      for (const cap of told.caps)
        this.checkCap(
          `tenant ${tenant}`,
          cap,
          all.filter((each) => each.tenant === this.generation(tenant)),
          // One that was removed and is back has what it had spent in the period before.
          (this.generations.get(tenant) ?? 0) > 1,
        )
    }
    for (const cap of stats.account?.caps ?? []) this.checkCap('all', cap, all)
    const lines = new Map<number, Tree>()
    for (const line of this.lines) {
      const number = Number(NUMBER.exec(String(line.prompt))?.[1] ?? -1)
      if (number < 0) continue
      if (lines.has(number)) this.wrong(`request ${number} has two lines`)
      lines.set(number, line)
    }
    for (let number = 0; number < this.options.requests; number++)
      this.checkRequest(number, lines.get(number))
    for (const each of all) if (each.number === -1) this.wrong(`decision ${each.id} of no request`)
    await this.looks(true)
    for (const [key, times] of this.idempotent)
      if (times > 1) this.wrong(`adjustment ${key} taken ${times} times`)
    await this.checkDecisions(lines)
  }

  private checkCap(what: string, cap: CapStatus, rows: readonly Decided[], isBack = false): void {
    this.near(cap.reservedUsd, 0, `cap of ${what} reserved`)
    const isPlain = !isBack && rows.every(({ bookings }) => bookings.length === 1)
    if (cap.window === 'calendar' && !this.hasCapEdits && isPlain) {
      const usd = rows
        .flatMap(({ bookings }) => bookings)
        .filter(({ at }) => at >= cap.startsAt && at < cap.endsAt)
        .reduce((sum, each) => sum + each.usd, 0)
      this.near(cap.spentUsd, usd, `cap of ${what} spent in ${cap.per}`)
    }
    if (this.isStrictCap && !this.hasCapEdits && cap.spentUsd > cap.usd + NEAR_USD)
      this.wrong(`cap of ${what}: ${cap.spentUsd} of ${cap.usd}`)
  }

  private checkRequest(number: number, line: Tree | undefined): void {
    const decided = [...this.decided.values()].filter((each) => each.number === number)
    const entries = this.upstream.entries.filter(
      ({ text, request: { surface } }) =>
        surface !== 'count_tokens' && Number(NUMBER.exec(text)?.[1] ?? -1) === number,
    )
    const isCorrected = decided.some(
      ({ id, bookings }) => this.corrected.has(id) || bookings.some(({ type }) => type === 'billed'),
    )
    const booked = decided.reduce(
      (sum, each) =>
        sum +
        (each.bookings.find(({ type }) => type !== 'billed' && type !== 'expired')?.usd ??
          this.bookedOf(each)),
      0,
    )
    const what = `request ${number} (${JSON.stringify({ line: line === undefined ? null : { ...line, prompt: undefined, answer: undefined }, decided: decided.map(({ id, model, reservedUsd, bookings }) => ({ id, model, reservedUsd, bookings })), entries: entries.map(({ request, plan, status, tokens, costUsd: usd, ended, isUsageSent }) => ({ m: request.model, s: request.surface, st: request.isStreamed, body: { ...request.body, messages: undefined }, fault: plan.fault, usage: plan.usage, ending: plan.ending, isEmpty: plan.isEmpty, t: plan.tokens, status, tokens, usd, ended, isUsageSent })) })})`
    if (line === undefined) {
      if (decided.length > 0) this.wrong(`no line: ${what}`)
      return
    }
    if (line.surface === 'count_tokens') {
      if (booked !== 0) this.wrong(`counting cost: ${what}`)
      return
    }
    if (!isCorrected && !decided.some(({ bookings }) => bookings.length > 1))
      this.near(Number(line.costUsd ?? 0), booked, `line against bookings: ${what}`)
    for (const each of decided) {
      const ends = each.bookings.filter(({ type }) => type !== 'billed' && type !== 'expired')
      if (ends.length > 1) this.wrong(`booked twice: ${what}`)
      if (each.bookings.length === 0) this.wrong(`never booked: ${what}`)
    }
    for (const each of decided) {
      const usd = this.correctedUsd.get(each.id)
      if (usd !== undefined) this.near(this.bookedOf(each), usd, `corrected: ${what}`)
    }
    if (isCorrected) return
    // Of an answer of which nothing came, and whose usage did, the simulated provider asks nothing.
    if (
      entries.some(
        ({ plan: { fault }, piecesSent, costUsd: usd }) =>
          fault?.kind === 'error-event' && (usd === 0 || piecesSent === 0),
      )
    )
      return
    const left = [...entries]
    let isAllExact = true
    let exactUsd = 0
    for (const each of decided) {
      const upstreamModels = askedFor(each.model)
      const own: Entry[] = []
      while (left.length > 0 && upstreamModels.includes(left[0].request.model)) {
        own.push(left.shift() as Entry)
        const isOneOfSome = decided.some(
          (other) => other !== each && askedFor(other.model).some((name) => upstreamModels.includes(name)),
        )
        if (isOneOfSome) break
      }
      const got = each.bookings.at(-1)?.usd ?? 0
      const usd = own.reduce(
        (sum, { tokens, serviceTier }) => sum + costUsd(tokens, each.prices, serviceTier),
        0,
      )
      exactUsd += usd
      const entry = own.at(-1)
      if (entry === undefined) {
        isAllExact = false
        continue
      }
      const isSure = entry.ended === 'answered' && entry.isUsageSent
      const isFree = usd === 0
      const isExact = Math.abs(got - usd) < NEAR_USD
      if (!isExact) isAllExact = false
      if (isSure && entry.plan.fault === null && !isExact && own.length === 1 && line.outcome === 'answered')
        this.wrong(`not exact, ${got} of ${usd}: ${what}`)
      // What was not measured is no less than was reserved, and no less than was seen.
      else if (!isExact && !isFree && got < each.reservedUsd - NEAR_USD && own.length === 1)
        this.wrong(`less than reserved, ${got} of ${usd}: ${what}`)
      else if (this.isStrictCap && !isExact && got < usd - NEAR_USD && own.length === 1)
        this.wrong(`less than billed, ${got} of ${usd}: ${what}`)
      else if (
        isFree &&
        line.outcome !== 'cancelled' &&
        Number(line.latencyMs) < 400 &&
        own.length === 1 &&
        entry.status !== null &&
        entry.status !== 200 &&
        got > 0 &&
        !['408', '504', '524', '520', '502'].includes(String(entry.status))
      )
        this.wrong(`not free, ${got}: ${what}`)
    }
    if (line.isMeasured === true && !isAllExact && left.length === 0 && decided.length === entries.length)
      this.wrong(`measured and not exact, ${booked} of ${exactUsd}: ${what}`)
  }

  private async checkDecisions(lines: ReadonlyMap<number, Tree>): Promise<void> {
    for (const [number, line] of [...lines].slice(-15)) {
      if (typeof line.decision !== 'string') continue
      const client = CLIENTS.find((each) => each === line.keyName)
      if (client === undefined) continue
      const { status, json } = await this.call('GET', `/v1/decisions/${line.decision}`, keyOf(client))
      if (status !== 200 && status !== 404) this.wrong(`decision of ${number}: ${status}`)
      else if (status === 200 && json.costUsd !== undefined && line.costUsd !== null)
        this.near(Number(json.costUsd), Number(line.costUsd), `decision of ${number}`)
    }
  }

  private async end(): Promise<void> {
    const before = this.router.stats()
    const accounts = this.router.tenants().map((id) => [id, this.router.tenantStats(id).spendUsd] as const)
    await this.http.drain(0)
    await this.gateway.close()
    await this.upstream.close()
    await this.agent.destroy()
    const config = await this.readTree()
    const store = this.options.file === null ? this.store : sqliteStore(this.options.file)
    const again = await createRouter<string>({
      ...routerOptionsOf(config),
      clock: this.now,
      store,
      journal: { onWarning: () => {} },
    })
    const after = again.stats()
    this.near(after.pacer.spendUsd, before.pacer.spendUsd, 'spend after a restart')
    this.near(after.pacer.reservedUsd, 0, 'reserved after a restart')
    for (const [id, usd] of accounts)
      this.near(again.tenantStats(id).spendUsd, usd, `tenant ${id} after a restart`)
    await again.close()
    if (this.options.file === null) return
    for (const end of ['', '-wal', '-shm', '-writer', '.keys', '.notes'])
      await rm(this.options.file + end, { force: true })
  }
}
