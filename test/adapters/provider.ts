import { afterEach, beforeEach, expect } from 'vitest'
import type { PartialPlan, UpstreamRequest } from '../../src/gateway/node/simulated/plan.js'
import { PRICES } from '../../src/gateway/node/simulated/prices.js'
import { startUpstream, type Upstream } from '../../src/gateway/node/simulated/upstream.js'
import { createRouter, type ModelSpec, type Router } from '../../src/index.js'

type Plan = (model: string, isStreamed: boolean, body: UpstreamRequest['body']) => PartialPlan

/** Calls a tool, and answers where it has the result. */
export const TOOLS_ONCE: Plan = (_model, _isStreamed, { messages }) => ({
  toolCalls: JSON.stringify(messages).includes('"role":"tool"') ? 0 : 1,
})

interface Started {
  readonly upstream: Upstream
  router: Router<string>
  /** What was set aside for calls that broke off after they were sent, USD. */
  readonly brokenOff: number[]
}

/** A provider of our own and a router over its models, new for each test of a file. */
export class Provider {
  /** What it does for a request. */
  plan: Plan = () => ({})
  private started: Started | null = null

  constructor(models: readonly string[]) {
    beforeEach(async () => {
      this.plan = () => ({})
      const upstream = await startUpstream({
        script: ({ model, isStreamed, body }) => this.plan(model, isStreamed, body),
      })
      this.started = { upstream, router: await routerOf(models.map((id) => [id, id])), brokenOff: [] }
      this.watch()
    })
    afterEach(async () => {
      await this.router.close()
      await this.upstream.close()
    })
  }

  get upstream(): Upstream {
    return this.now.upstream
  }

  get router(): Router<string> {
    return this.now.router
  }

  /** In its place one whose models have other ids than at the provider. */
  async rename(names: Readonly<Record<string, string>>): Promise<void> {
    await this.router.close()
    this.now.router = await routerOf(Object.entries(names))
  }

  /** All that was booked, USD, when nothing is under way any more. */
  async bookedUsd(): Promise<number> {
    await this.upstream.idle()
    const { pacer, pending } = this.router.stats()
    expect(pending.unsettled).toBe(0)
    return pacer.spendUsd
  }

  /**
   * What is to be booked, USD: what the provider charges for answers whose usage it told, and what was set aside for calls that
   * broke off, as it may bill them. Both sides count as many of these.
   */
  expectedUsd(): number {
    const { entries } = this.upstream
    const broken = entries.filter(
      ({ ended, status }) => ended === 'left' || (ended === 'failed' && status === 200),
    )
    expect(this.now.brokenOff).toHaveLength(broken.length)
    const told = entries.filter(({ isUsageSent }) => isUsageSent)
    return sumOf(told.map(({ costUsd }) => costUsd)) + sumOf(this.now.brokenOff)
  }

  /** Of all models: rewards, say. */
  sum(name: 'rewarded' | 'cancelled' | 'failed'): number {
    return this.router.stats().models.reduce((sum, model) => sum + model[name], 0)
  }

  private watch(): void {
    const { router, brokenOff } = this.now
    const reserved = new Map<string, number>()
    router.on('routed', ({ id, reservedUsd }) => reserved.set(id, reservedUsd))
    const add = ({ id, costUsd }: { readonly id: string; readonly costUsd: number }) => {
      if (costUsd > 0) brokenOff.push(reserved.get(id) ?? Number.NaN)
    }
    router.on('cancelled', add)
    router.on('failed', add)
  }

  private get now() {
    if (this.started === null) throw new Error('it is started before each test')
    return this.started
  }
}

function routerOf(ids: readonly (readonly [id: string, name: string])[]): Promise<Router<string>> {
  const models = ids.map(([id, name]) => ({ id, ...PRICES[name] }) as ModelSpec)
  return createRouter<string>({ models, kernel: 'js', forcedExploration: 0 })
}

function sumOf(values: readonly number[]): number {
  return values.reduce((sum, value) => sum + value, 0)
}
