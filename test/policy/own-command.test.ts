import { describe, expect, it } from 'vitest'
import { loadKernel } from '../../src/kernel/load.js'
import type { Policy } from '../../src/policy/policy.js'
import { makeParts } from '../../src/router/parts.js'
import { resolveOptions } from '../../src/router/resolve-options.js'
import { Router } from '../../src/router/router.js'
import { expectCode } from '../support/errors.js'
import { MODELS, makeBench, X } from '../support/router.js'
import { ROUND_ROBIN } from './round-robin/index.js'
import { ROUND_ROBIN_SETTINGS } from './round-robin/settings.js'

declare module '../../src/policy/commands.js' {
  interface PolicyCommands {
    readonly switchOff: readonly [id: string]
  }
  interface PolicyQueries {
    readonly turnOf: { readonly args: readonly [id: string]; readonly answer: number }
  }
}

declare module '../../src/policy/stats.js' {
  interface PolicyReport {
    readonly turn?: number
  }
}

/** Round robin with a command, a query and a line in `stats` of its own. */
const WITH_COMMAND: Policy<ReturnType<typeof ROUND_ROBIN.start>, null> = {
  ...ROUND_ROBIN,
  commands: {
    switchOff: ({ at }, id) => [{ type: 'model-disabled', at, model: String(id), by: 'operator' }],
  },
  queries: {
    stats: ({ state }) => ({ shadowPrice: 0, turn: state.policy.turn }),
    turnOf: ({ state }, id) => state.registry.enabled.findIndex((model) => model.id === id),
  },
}

async function makeRouter(): Promise<Router> {
  const { gamma, heads, resolve } = ROUND_ROBIN_SETTINGS
  const common = resolveOptions({ dimension: 3, clock: () => 1_000 }, null)
  const options = { ...common, gamma, policy: ROUND_ROBIN.name, policyOptions: resolve({}, null) }
  const kernel = await loadKernel('js', { dimension: 3, gamma, lambda0: options.lambda0, heads })
  const router = new Router(makeParts(options, kernel, WITH_COMMAND))
  for (const model of MODELS) router.addModel(model, { forcedExploration: 0 })
  return router
}

describe("a policy of one's own", () => {
  it('has its commands, its queries and its report reached through the public face', async () => {
    const router = await makeRouter()
    for (let i = 0; i < 4; i++) router.route(X)
    expect(router.stats()).toMatchObject({ turn: 4, policy: 'round-robin' })
    expect(router.ask('turnOf', MODELS[1].id)).toBe(1)
    router.command('switchOff', MODELS[0].id)
    expect(router.stats().models[0].enabled).toBe(false)
    expect(router.ask('turnOf', MODELS[1].id)).toBe(0)
  })

  it('is not answered by others, which say so', async () => {
    const { router } = await makeBench()
    const error = expectCode(() => router.command('switchOff', MODELS[0].id), 'INVALID_ARGUMENT', 'switchOff')
    expect(error.message).toContain("policy 'dollar' takes none: it has no switchOff")
    expect(router.ask('turnOf', MODELS[0].id)).toBeUndefined()
    expect(router.stats()).not.toHaveProperty('turn')
  })
})
