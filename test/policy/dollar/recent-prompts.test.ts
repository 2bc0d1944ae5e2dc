import { expect, it, vi } from 'vitest'
import { createRouter } from '../../../src/index.js'
import { recentPrompts } from '../../../src/policy/dollar/standing/recent-prompts.js'

const USUAL = { inputTokens: 10, outputTokens: 10 }

async function routed(count: number) {
  let at = 0
  const router = await createRouter({
    dimension: 2,
    kernel: 'js',
    name: 'r',
    models: [{ id: 'a', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }],
    clock: () => ++at,
  })
  for (let i = 1; i <= count; i++) router.route(new Float64Array([i, 1]))
  return router
}

it('finds the latest 16 by looking at no more requests than that, however many wait', async () => {
  const router = await routed(5000)
  const { pending } = router.confirmedState
  const looks = vi.spyOn(pending, 'state')
  const found = recentPrompts(router.confirmedState, 16, USUAL)
  expect(found.map(({ context }) => context[0])).toEqual(Array.from({ length: 16 }, (_, i) => 4985 + i))
  expect(looks.mock.calls.length).toBeLessThanOrEqual(16)
})

it.each([0, 1, 3, 17, 40])(
  'finds as many as there are, and the same after a snapshot was loaded: %d',
  async (count) => {
    const router = await routed(count)
    for (let i = 1; i <= count; i += 3) {
      router.settle(`r.${i}`, { costUsd: 1e-6 })
      if (i % 2 === 0) router.reward(`r.${i}`, 1)
    }
    const restored = await routed(0)
    restored.restore(router.snapshot())
    const [live, loaded] = [router, restored].map(({ confirmedState }) =>
      recentPrompts(confirmedState, 16, USUAL),
    )
    expect(live.length).toBe(Math.min(16, count))
    expect(loaded).toEqual(live)
    if (count > 0) expect(live.at(-1)?.context[0]).toBe(count)
  },
)
