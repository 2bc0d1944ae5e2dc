import Anthropic from '@anthropic-ai/sdk'
import OpenAI from 'openai'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import { createGateway, type Gateway } from '../../../src/gateway/gateway.js'
import { openBesideLog } from '../../../src/gateway/node/beside-log.js'
import { type HttpServer, listen } from '../../../src/gateway/node/http-server.js'
import { openRouter } from '../../../src/gateway/node/open-router.js'
import { PRICES } from '../../../src/gateway/node/simulated/prices.js'
import {
  startUpstream,
  type Upstream,
  type UpstreamOptions,
} from '../../../src/gateway/node/simulated/upstream.js'
import { notesMax } from '../../../src/gateway/notes/notes-max.js'
import type { Router } from '../../../src/index.js'
import type { Tree } from '../config/example.js'
import { surfacesUnderTest } from './surfaces-under-test.js'
import { TestTimers } from './timers.js'

export const CLIENT_KEY = 'pb-client-0123456789abcdef'
export const ADMIN_KEY = 'pb-admin-0123456789abcdef'
/** The gateway's own at the upstream: clients must never see it. */
export const UPSTREAM_KEY = 'sk-upstream-0123456789abcdef'
const ENV = { CLIENT_KEY, ADMIN_KEY, UPSTREAM_KEY }

const CAPABILITIES = ['tools', 'jsonSchema', 'images', 'audio', 'files', 'reasoning', 'logprobs']

/** What the router learned about one call of an upstream. */
export interface Booking {
  readonly kind: 'settled' | 'failed' | 'cancelled'
  readonly id: string
  readonly costUsd: number
}

/** A gateway on a socket, before a simulated upstream on another. */
export interface TestGateway {
  readonly url: string
  readonly upstream: Upstream
  readonly gateway: Gateway
  readonly router: Router<string>
  readonly http: HttpServer
  readonly openai: OpenAI
  readonly anthropic: Anthropic
  readonly bookings: readonly Booking[]
  /** A line for each request that is over. */
  readonly requests: readonly Tree[]
  /** Failures that are nobody's but the gateway's. */
  readonly failures: readonly Tree[]
  /** What the ledger has for all calls, USD. */
  bookedUsd(): number
  /** Resolves once this many requests are over and logged, and nothing is reserved or under way. */
  over(requests: number): Promise<void>
  /** The upstream stalls, and the timeout of the gateway that this runs into is over. */
  timeOut(): Promise<void>
  /** Lets run out what waits no longer than this, once there is something. */
  runOut(msMax: number): Promise<void>
  close(): Promise<void>
}

/** The longest of the timeouts that an upstream can run into; one of the whole request is longer. */
const TIMEOUT_MS = 120_000

/** Every model of the upstream, each at the upstream's prices. Without limits of any kind. */
export function clientTree(upstream: Upstream, more: Tree = {}): Tree {
  const openai = { id: 'openai', protocol: 'openai', baseUrl: upstream.baseUrl, apiKey: '$UPSTREAM_KEY' }
  const modelOf = (id: string) => ({
    id,
    upstream: id === 'sim-claude' ? 'anthropic' : 'openai',
    prices: PRICES[id],
    ...(id === 'sim-embed' ? { kind: 'embeddings' } : { capabilities: CAPABILITIES }),
  })
  return {
    listen: { port: 0 },
    store: { kind: 'memory' },
    upstreams: [openai, { ...openai, id: 'anthropic', protocol: 'anthropic' }],
    models: Object.keys(PRICES).map(modelOf),
    keys: [{ name: 'client', value: '$CLIENT_KEY' }],
    admin: { key: '$ADMIN_KEY' },
    // Tests retry as often as they want to.
    retries: { shareMax: 1, cooldownMs: 0 },
    ...more,
  }
}

export interface TestGatewayOptions extends UpstreamOptions {
  /** Parts of the config in place of those of `clientTree`. */
  readonly tree?: Tree | ((upstream: Upstream) => Tree)
  /** Of another gateway, which closes it. Default: one of its own. */
  readonly upstream?: Upstream
  readonly env?: Readonly<Record<string, string>>
}

export async function startGateway({ tree = {}, ...options }: TestGatewayOptions = {}): Promise<TestGateway> {
  const { upstream: given, env = {} } = options
  const upstream = given ?? (await startUpstream({ apiKey: UPSTREAM_KEY, ...options }))
  const more = typeof tree === 'function' ? tree(upstream) : tree
  const config = await readConfig(clientTree(upstream, more), { name: 'config', env: { ...ENV, ...env } })
  const bookings: Booking[] = []
  const requests: Tree[] = []
  const failures: Tree[] = []
  const router = await openRouter(config, { onStoreError: (error) => failures.push({ error }) })
  const watchers = new Set<() => void>()
  const changed = () => {
    for (const tell of watchers) tell()
  }
  for (const kind of ['settled', 'failed', 'cancelled'] as const)
    router.on(kind, ({ id, costUsd }) => {
      bookings.push({ kind, id, costUsd })
      queueMicrotask(changed)
    })
  const timers = new TestTimers()
  const beside = await openBesideLog(config.store)
  const notes = await beside.openNotes(
    notesMax(() => config),
    (error) => failures.push({ error }),
  )
  const gateway = await createGateway({
    config,
    router,
    records: beside.records,
    notes,
    surfaces: surfacesUnderTest(timers),
    write: (_level, fields, message) => {
      if (message === 'request') requests.push({ ...fields })
      if (message === 'the gateway failed') failures.push({ ...fields })
      changed()
    },
  })
  const http = await listen(
    config,
    (request) => gateway.fetch(request),
    (path, request) => gateway.complete(path, request),
  )
  const isOver = (count: number) =>
    requests.length >= count && router.stats().pending.unsettled === 0 && isIdle(upstream)
  return {
    url: http.url,
    upstream,
    gateway,
    router,
    http,
    openai: new OpenAI({ apiKey: CLIENT_KEY, baseURL: `${http.url}/v1`, maxRetries: 0 }),
    anthropic: new Anthropic({ apiKey: CLIENT_KEY, baseURL: http.url, maxRetries: 0 }),
    bookings,
    requests,
    failures,
    bookedUsd: () => bookings.reduce((sum, { costUsd }) => sum + costUsd, 0),
    over: async (count) => {
      while (!isOver(count)) {
        await new Promise<void>((resolve) => {
          const tell = () => {
            watchers.delete(tell)
            resolve()
          }
          watchers.add(tell)
          void upstream.idle().then(() => setImmediate(tell))
        })
      }
    },
    timeOut: async () => {
      await upstream.until((entry) => entry.isStalled)
      await timers.runOut(TIMEOUT_MS)
    },
    runOut: (msMax) => timers.runOut(msMax),
    close: async () => {
      if (given === undefined) await upstream.close()
      await http.drain(0)
      await gateway.close()
    },
  }
}

function isIdle({ entries }: Upstream): boolean {
  return entries.every(({ ended }) => ended !== null)
}

export const ASK = {
  model: 'sim-middle',
  messages: [{ role: 'user' as const, content: 'What is a contextual bandit?' }],
}
export const ASK_MESSAGES = { ...ASK, model: 'sim-claude', max_tokens: 1000 }
export const ASK_RESPONSES = { model: ASK.model, input: ASK.messages[0].content }

/** All that a stream brings. */
export async function all<T>(stream: AsyncIterable<T>): Promise<T[]> {
  const items: T[] = []
  for await (const item of stream) items.push(item)
  return items
}
