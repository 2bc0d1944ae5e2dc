import { MockLanguageModelV3, simulateReadableStream } from 'ai/test'
import { MockLanguageModelV4 } from 'ai7/test'
import type { AiSdkModel } from '../../../src/gateway/upstreams/ai-sdk/index.js'
import type { Tree } from '../config/example.js'
import { gatewayServer, modelTree } from '../surfaces/gateway-server.js'

/** The same in both: v4 is v3 with other files. */
export interface Said {
  readonly content?: readonly Tree[]
  readonly parts?: readonly Tree[]
  readonly usage?: Tree
  readonly finishReason?: unknown
  readonly error?: unknown
  readonly supportedUrls?: Record<string, RegExp[]>
  readonly provider?: string
}

export const VERSIONS = ['v3', 'v4'] as const

/** Tokens in, of which 20 are cached and 30 written, and out, of which 7 are reasoning. */
export const USAGE = {
  inputTokens: { total: 100, noCache: 50, cacheRead: 20, cacheWrite: 30 },
  outputTokens: { total: 40, text: 33, reasoning: 7 },
}
export const STOP = { unified: 'stop', raw: 'stop' }

/** A mock of the SDK's own that says so, and keeps what it was asked. */
export function mockOf(version: (typeof VERSIONS)[number], said: Said) {
  const { usage = USAGE, finishReason = STOP, error, supportedUrls = {} } = said
  const result = {
    content: said.content ?? [{ type: 'text', text: 'Hello.' }],
    finishReason,
    usage,
    warnings: [],
  }
  const parts = [
    { type: 'stream-start', warnings: [] },
    ...(said.parts ?? [
      { type: 'text-start', id: '1' },
      { type: 'text-delta', id: '1', delta: 'Hel' },
      { type: 'text-delta', id: '1', delta: 'lo.' },
      { type: 'text-end', id: '1' },
    ]),
    { type: 'finish', finishReason, usage },
  ]
  const options = {
    provider: said.provider ?? 'mock.chat',
    modelId: 'mock',
    supportedUrls,
    doGenerate: async () => {
      if (error !== undefined) throw error
      return result as never
    },
    doStream: async () => {
      if (error !== undefined) throw error
      return { stream: simulateReadableStream({ chunks: parts as never[] }) } as never
    },
  }
  return version === 'v3' ? new MockLanguageModelV3(options) : new MockLanguageModelV4(options)
}

export const mockTree = (id = 'mock') =>
  modelTree(id, { upstream: 'mock', upstreamModel: 'sim-small', prices: PRICES })

/** No two are alike, so that no mix-up cancels out. */
const PRICES = {
  inputUsdPerMTok: 1,
  cachedInputUsdPerMTok: 0.1,
  cacheWrite5mUsdPerMTok: 1.25,
  outputUsdPerMTok: 4,
  reasoningUsdPerMTok: 5,
}
/** Of `USAGE`. */
export const COST_USD = (50 * 1 + 20 * 0.1 + 30 * 1.25 + 33 * 4 + 7 * 5) / 1e6

/** A gateway whose models are those of the mocks. */
export function mockServer(model: AiSdkModel, models: readonly Tree[] = [mockTree()]) {
  return gatewayServer({
    models,
    upstreams: () => [{ id: 'mock', protocol: 'ai-sdk' }],
    aiSdk: { providers: { mock: () => model } },
    tree: { retries: { shareMax: 1 } },
  })
}
