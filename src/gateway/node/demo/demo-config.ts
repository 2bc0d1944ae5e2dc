import { createHash } from 'node:crypto'
import { join } from 'node:path'
import type { Provider } from './providers.js'
import { BUDGET_USD_PER_REQUEST, DEMO_MODELS, type World } from './world.js'

/** What clients send: short enough to type, and of this machine alone. */
export const DEMO_KEY = 'demo'

export interface DemoConfigOptions {
  readonly folder: string
  readonly port: number
  readonly isKept: boolean
}

/** The config of the demo, as an operator would write it. */
export function demoConfig(
  world: World,
  providers: readonly Provider[],
  { folder, port, isKept }: DemoConfigOptions,
): object {
  return {
    listen: { port },
    store: isKept ? { kind: 'sqlite', file: join(folder, 'demo.db') } : { kind: 'memory' },
    budget: { usdPerRequest: BUDGET_USD_PER_REQUEST },
    upstreams: providers.map(({ id, protocol, upstream }) => ({
      id,
      protocol,
      baseUrl: upstream.baseUrl,
      apiKey: '$PROVIDER_KEY',
    })),
    models: DEMO_MODELS.map((model) => ({
      id: model.id,
      upstream: model.provider,
      prices: world.prices(model),
      capabilities: ['tools', 'jsonSchema'],
      maxOutputTokens: 4096,
    })),
    keys: [{ name: 'demo', sha256: createHash('sha256').update(DEMO_KEY).digest('hex') }],
    admin: { key: '$ADMIN_KEY' },
    metrics: { open: true },
    // People judge within seconds: rewards that come together are one after half of one.
    rewards: { windowMs: 500 },
    retries: { triesMax: 3, shareMax: 0.5, cooldownMs: 1000 },
  }
}
