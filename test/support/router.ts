import { createHash } from 'node:crypto'
import fc from 'fast-check'
import { createRouter } from '../../src/create-router.js'
import type { RouterEvent } from '../../src/events/events.js'
import type { RouterOptions } from '../../src/policy/options.js'
import { POLICY_NAMES } from '../../src/policy/policies.js'
import type { Router } from '../../src/router/router.js'

export const MODELS = [
  { id: 'small', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.3 },
  { id: 'middle', inputUsdPerMTok: 1, outputUsdPerMTok: 4 },
  { id: 'large', inputUsdPerMTok: 5, outputUsdPerMTok: 25 },
] as const

/** A clock that stands still until it is told to go. */
export class TestClock {
  now = 1_700_000_000_000

  readonly read = (): number => this.now

  advance(ms: number): void {
    this.now += ms
  }
}

export const HOUR = 3_600_000

export interface Bench {
  readonly router: Router
  readonly clock: TestClock
  /** Every event since the start. */
  readonly log: RouterEvent[]
}

/** A router for vectors of 3 numbers with three models, a log of its events and a clock of its own. */
export async function makeBench(options: RouterOptions = {}): Promise<Bench> {
  const clock = new TestClock()
  const router = await createRouter({
    models: MODELS,
    dimension: 3,
    kernel: 'js',
    // Ids are looked at, and compared.
    name: 'r',
    clock: clock.read,
    ...options,
  })
  const log: RouterEvent[] = []
  router.on('*', (event) => log.push(event))
  return { router, clock, log }
}

/** `makeBench` for tests of the paper's mathematics. */
export function makePaperBench(options: RouterOptions = {}): Promise<Bench> {
  return makeBench({ policy: 'paper', ...options })
}

/** For properties that hold under any policy. */
export const anyPolicy = fc.constantFrom(...POLICY_NAMES)

/** Every limit that a router can have, and that options can change on a log. */
export const EVERY_LIMIT = {
  models: MODELS,
  budget: { usdPerRequest: 0.01 },
  caps: [{ usd: 50, per: 'day' }],
  tenants: [{ id: 'acme', budget: { usdPerRequest: 0.02 }, caps: [{ usd: 5, per: 'hour' }] }],
  latency: { meanMs: 500 },
  quality: { meanReward: 0.6 },
} as const satisfies RouterOptions

export const X = [0.5, -0.25, 1] as const

/** A digest of the whole state. */
export function digest(router: Router): string {
  return createHash('sha256').update(router.snapshot()).digest('hex')
}

/** Every number in plain data, with its path. */
export function numbersIn(value: unknown, path = ''): [string, number][] {
  if (typeof value === 'number') return [[path, value]]
  if (value === null || typeof value !== 'object') return []
  return Object.entries(value).flatMap(([key, entry]) => numbersIn(entry, `${path}.${key}`))
}
