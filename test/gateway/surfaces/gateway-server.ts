import { clientSurfaces } from '../../../src/gateway/client-surfaces.js'
import type { ModelConfig } from '../../../src/gateway/config/config.js'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import { routerOptionsOf } from '../../../src/gateway/config/router-options.js'
import { createGateway } from '../../../src/gateway/gateway.js'
import type { RequestRecord } from '../../../src/gateway/logs/request-record.js'
import { dashboardFiles } from '../../../src/gateway/node/dashboard-files.js'
import { listen } from '../../../src/gateway/node/http-server.js'
import type { Script } from '../../../src/gateway/node/simulated/plan.js'
import { PRICES } from '../../../src/gateway/node/simulated/prices.js'
import { startUpstream, type Upstream } from '../../../src/gateway/node/simulated/upstream.js'
import { undiciUpstream } from '../../../src/gateway/node/undici-upstream.js'
import type { Notes } from '../../../src/gateway/notes/notes.js'
import type { SurfaceDeps } from '../../../src/gateway/surfaces.js'
import type { AiSdkOptions } from '../../../src/gateway/upstreams/ai-sdk/index.js'
import type { CallUpstream } from '../../../src/gateway/upstreams/call.js'
import { createRouter, type RouterOptions } from '../../../src/index.js'
import type { Tree } from '../config/example.js'

export const CLIENT_KEY = 'pb-client-0123456789abcdef'
export const OTHER_KEY = 'pb-other-0123456789abcdef'
const UPSTREAM_KEY = 'sk-upstream-0123456789'
export const ADMIN_KEY = 'pb-admin-0123456789abcdef'
const ENV = {
  ADMIN_KEY,
  CLIENT_KEY,
  OTHER_KEY,
  UPSTREAM_KEY,
  LINK_SECRET: 'links-0123456789-0123456789-0123456789',
}

/** Every capability, so that a test takes away what it is about. */
const ALL = ['tools', 'jsonSchema', 'images', 'audio', 'files', 'reasoning', 'logprobs']

export function modelTree(id: string, more: Partial<Record<keyof ModelConfig, unknown>> = {}): Tree {
  const upstreamModel = typeof more.upstreamModel === 'string' ? more.upstreamModel : id
  const upstream = upstreamModel === 'sim-claude' ? 'anthropic' : 'openai'
  const kind = upstreamModel === 'sim-embed' ? 'embeddings' : 'chat'
  const capabilities = kind === 'chat' ? ALL : []
  return { id, upstream, kind, prices: PRICES[upstreamModel], capabilities, ...more }
}

export interface GatewayServerOptions {
  readonly script?: Script
  readonly tree?: Tree
  readonly models?: readonly Tree[]
  /** Beside those of the config: a store. */
  readonly router?: Partial<RouterOptions>
  /** For what is left to chance. */
  readonly random?: () => number
  /** Default: the clock of this machine. */
  readonly now?: () => number
  /** More upstreams, of the simulated one's address. */
  readonly upstreams?: (baseUrl: string) => readonly Tree[]
  readonly aiSdk?: AiSdkOptions
  /** How upstreams are called. Default: as the server does. */
  readonly call?: CallUpstream
  /** Default: the gateway's own. */
  readonly notes?: Notes
  /** Where it is mounted. */
  readonly basePath?: string
  /** Whether it has the page of `dist/dashboard/`. */
  readonly hasDashboard?: boolean
}

export type GatewayServer = Awaited<ReturnType<typeof gatewayServer>>

const open: { close(): Promise<void> }[] = []

/** Closes all that a test has opened. */
export async function closeAll(): Promise<void> {
  for (const each of open.splice(0).reverse()) await each.close()
}

/** A gateway on a socket, before a simulated upstream on another. */
export async function gatewayServer(options: GatewayServerOptions = {}) {
  const { script, tree = {}, models, upstreams, aiSdk, now, hasDashboard = false } = options
  const { call = undiciUpstream() } = options
  const upstream: Upstream = await startUpstream({ apiKey: UPSTREAM_KEY, ...(script ? { script } : {}) })
  const whole = {
    store: { kind: 'memory' },
    listen: { port: 0 },
    upstreams: [
      ...['openai', 'anthropic'].map((protocol) => ({
        id: protocol,
        protocol,
        baseUrl: upstream.baseUrl,
        apiKey: '$UPSTREAM_KEY',
      })),
      ...(upstreams?.(upstream.baseUrl) ?? []),
    ],
    models: models ?? [
      modelTree('sim-small'),
      modelTree('sim-middle'),
      modelTree('sim-claude'),
      modelTree('sim-embed'),
    ],
    keys: [
      { name: 'client', value: '$CLIENT_KEY' },
      { name: 'other', value: '$OTHER_KEY' },
    ],
    ...tree,
  }
  const config = await readConfig(whole, { name: 'c', env: ENV })
  const router = await createRouter<string>({
    ...routerOptionsOf(config),
    clock: now ?? Date.now,
    ...options.router,
  })
  const records: RequestRecord[] = []
  const waiting = new Set<() => void>()
  const problems: string[] = []
  const lines: { readonly level: string; readonly fields: object; readonly message: string }[] = []
  let deps: SurfaceDeps | null = null
  const make = clientSurfaces({ call, random: options.random, aiSdk })
  const gateway = await createGateway({
    config,
    router,
    now,
    notes: options.notes,
    basePath: options.basePath,
    dashboard: hasDashboard ? await dashboardFiles() : undefined,
    surfaces: (given) => {
      const observe = (record: RequestRecord) => {
        records.push({ ...record })
        given.observe(record)
        for (const tell of [...waiting]) tell()
      }
      deps = { ...given, observe }
      return make(deps)
    },
    write: (level, fields, message) => {
      if (message !== 'request') lines.push({ level, fields, message })
      if (level === 'error' && message === 'the gateway failed') problems.push(JSON.stringify(fields))
    },
  })
  const http = await listen(
    config,
    (request) => gateway.fetch(request),
    (path, request) => gateway.complete(path, request),
  )
  let isClosed = false
  const close = async () => {
    if (isClosed) return
    isClosed = true
    await http.drain(0)
    await gateway.close()
    await upstream.close()
  }
  open.push({ close })
  const post = (path: string, body: unknown, headers: Readonly<Record<string, string>> = {}) =>
    fetch(http.url + path, {
      method: 'POST',
      headers: { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json', ...headers },
      body: typeof body === 'string' ? body : JSON.stringify(body),
    })
  /** Resolves when this many requests are over. */
  const over = async (count: number) => {
    while (records.length < count) await new Promise<void>((resolve) => waiting.add(resolve))
    return records
  }
  /** Resolves when what has become of connections until now has been noticed, however busy the machine is. */
  const noticed = async () => {
    for (let i = 0; i < 2; i++) await (await fetch(`${http.url}/healthz`)).text()
  }
  const ledger = () => {
    const { spendUsd, reservedUsd } = router.stats().pacer
    return { spendUsd, reservedUsd }
  }
  return {
    config,
    deps: () => deps,
    url: http.url,
    upstream,
    router,
    gateway,
    records,
    problems,
    /** Of the log, but for those of requests. */
    lines,
    post,
    over,
    noticed,
    ledger,
    close,
    http,
  }
}

export const HELLO = [{ role: 'user', content: 'Say hello.' }]

/** The data of each event of a stream. */
export function eventsOf(text: string): string[] {
  return [...text.matchAll(/^data: ?(.*)$/gm)].map(([, data]) => data)
}
