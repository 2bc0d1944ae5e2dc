import { readFileSync } from 'node:fs'
import { describe, expect, it } from 'vitest'
import type { RouterEvent } from '../../src/events/events.js'
import { loadKernel } from '../../src/kernel/load.js'
import { makeParts } from '../../src/router/parts.js'
import { resolveOptions } from '../../src/router/resolve-options.js'
import { Router } from '../../src/router/router.js'
import { MODELS, X } from '../support/router.js'
import { ROUND_ROBIN } from './round-robin/index.js'
import { ROUND_ROBIN_SETTINGS } from './round-robin/settings.js'

const IDS = MODELS.map(({ id }) => id)

/** What `createRouter({ policy: 'round-robin' })` does once the list of policies has a line for it. */
async function roundRobin(): Promise<{ router: Router; log: RouterEvent[] }> {
  const { gamma, heads, resolve } = ROUND_ROBIN_SETTINGS
  const common = resolveOptions({ dimension: 3, clock: () => 1_000 }, null)
  const options = { ...common, gamma, policy: ROUND_ROBIN.name, policyOptions: resolve({}, null) }
  const kernel = await loadKernel('js', { dimension: 3, gamma, lambda0: options.lambda0, heads })
  const router = new Router(makeParts(options, kernel, ROUND_ROBIN))
  const log: RouterEvent[] = []
  router.on('*', (event) => log.push(event))
  for (const model of MODELS) router.addModel(model, { forcedExploration: 0 })
  return { router, log }
}

function play(router: Router, requests: number): string[] {
  return Array.from({ length: requests }, (_, i) => {
    const { id, model } = router.route(X)
    router.settle(id, { costUsd: 1e-3 * i })
    router.reward(id, i / requests)
    return model
  })
}

describe('the example policy of docs/ARCHITECTURE.md', () => {
  it('stands there as it is tested here', () => {
    const page = readFileSync(new URL('../../docs/ARCHITECTURE.md', import.meta.url), 'utf8')
    for (const file of ['settings', 'index']) {
      const code = readFileSync(new URL(`round-robin/${file}.ts`, import.meta.url), 'utf8')
      const inItsFolder = code
        .replaceAll("'../../../src/policy/", "'../")
        .replaceAll("'../../../src/", "'../../")
      expect(page).toContain(`\`\`\`ts\n// ${file}.ts in src/policy/round-robin/\n${inItsFolder}\`\`\`\n`)
    }
  })

  it('takes turns, and explains its decisions', async () => {
    const { router } = await roundRobin()
    expect(play(router, 7)).toEqual([...IDS, ...IDS, IDS[0]])
    expect(router.stats()).toMatchObject({ policy: 'round-robin' })
    const { id, explanation } = router.route(X, { explain: true })
    expect(router.explain(id)).toEqual(explanation)
  })

  it('is restored from a snapshot, and folded from its events', async () => {
    const { router, log } = await roundRobin()
    play(router, 5)
    const { router: restored } = await roundRobin()
    restored.restore(router.snapshot())
    const { router: folded } = await roundRobin()
    for (const event of log.slice(MODELS.length)) folded.apply(event)
    expect(folded.snapshot()).toEqual(router.snapshot())
    const after = play(router, 4)
    expect([play(restored, 4), play(folded, 4)]).toEqual([after, after])
  })
})
