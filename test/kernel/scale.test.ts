import { describe, expect, it, vi } from 'vitest'
import { Evidence } from '../../src/bandit/evidence.js'
import { createRouter } from '../../src/index.js'
import { Arena } from '../../src/kernel/arena.js'
import { arenaLayout, armBytes } from '../../src/kernel/layout.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { firstDifference, KERNELS, makeArms, observe, scores } from '../support/arena.js'
import { expectCode } from '../support/errors.js'
import { Random } from '../support/random.js'

/** Documented in docs/PERFORMANCE.md, "Memory". */
const ARM_BYTES = { 26: 6208, 64: 35_328, 385: 1_203_328, 1024: 8_421_376 } as const

const ARM_BYTES_WITH_HEADS = { 26: 13_024, 64: 72_960, 385: 2_409_792, 1024: 16_856_064 } as const

describe('an arm', () => {
  it.each([
    ...Object.entries(ARM_BYTES).map(([d, bytes]) => [d, 0, bytes] as const),
    ...Object.entries(ARM_BYTES_WITH_HEADS).map(([d, bytes]) => [d, 2, bytes] as const),
  ])('of dimension %s with %i heads takes the memory that is documented', (d, heads, bytes) => {
    const layout = arenaLayout(Number(d), heads)
    expect(armBytes(layout)).toBe(bytes)
    // And it is taken: one block more is what one arm more than fits makes an arena grow by.
    const arena = new Arena({ dimension: Number(d), gamma: 1, lambda0: 1, heads })
    const before = arena.f64.length
    expect(arena.reserve(arena.capacity + 1)).toBe(true)
    expect(8 * (arena.f64.length - before)).toBe(bytes << layout.blockShift)
  })
})

describe('an arena', () => {
  it('grows in place: the memory stays, and by no more than a block and a page for one arm', () => {
    const arena = new Arena({ dimension: 26, gamma: 1, lambda0: 1 })
    arena.reserve(10_000)
    const { memory } = arena
    const before = memory?.buffer.byteLength ?? 0
    const marked = arena.f64.length - 1
    arena.f64[marked] = 42
    arena.reserve(arena.capacity + 1)
    expect(arena.memory).toBe(memory)
    expect(arena.f64[marked]).toBe(42)
    const block = ARM_BYTES[26] << arena.layout.blockShift
    expect((memory?.buffer.byteLength ?? 0) - before).toBeLessThanOrEqual(block + 65_536)
  })
})

describe.each(KERNELS)('kernel %s', (name) => {
  it('takes 65,536 arms of dimension 26', async () => {
    const arms = await makeArms(name, { dimension: 26 })
    arms.kernel.reserve(65_536)
    const random = new Random(1)
    const slots = [0, 1, 63, 64, 9999, 65_535]
    for (const slot of slots) {
      arms.start(slot, null, slot / 65_536, 0)
      for (let i = 1; i < 5; i++) observe(arms, slot, random.vector(26), random.next(), i)
    }
    const small = await makeArms(name, { dimension: 26 })
    const again = new Random(1)
    for (const [i, slot] of slots.entries()) {
      small.start(i, null, slot / 65_536, 0)
      for (let now = 1; now < 5; now++) observe(small, i, again.vector(26), again.next(), now)
    }
    const context = random.vector(26)
    const wanted = scores(
      small,
      slots.map((_, i) => i),
      context,
      0.5,
      0.3,
      9,
    )
    expect(scores(arms, slots, context, 0.5, 0.3, 9)).toEqual(wanted)
  })

  it('learns at dimension 1,024', async () => {
    const arms = await makeArms(name, { dimension: 1024 })
    const context = new Random(2).vector(1024, 0.05)
    arms.start(2, null, 0, 0)
    observe(arms, 2, context, 0.5, 0)
    // From A = I: x^T A^-1 x = q / (1 + q) and theta.x = r q / (1 + q), with q = |x|^2.
    const q = context.reduce((sum, x) => sum + x * x, 0)
    const share = q / (1 + q)
    expect(scores(arms, [2], context, 1, 0, 0)[0]).toBeCloseTo(0.5 * share + Math.sqrt(share), 12)
  })

  it('copies what an estimate of dimension 1,024 stands on, and puts it back', async () => {
    const arms = await makeArms(name, { dimension: 1024 })
    const context = new Random(2).vector(1024, 0.05)
    arms.start(2, null, 0, 0)
    observe(arms, 2, context, 0.5, 0)
    const evidence = new Evidence(arms)
    const copied = evidence.copyReward(2)
    expect(copied).toHaveLength(1 + 1024 + (1024 * 1025) / 2)
    observe(arms, 2, context, 0, 1)
    evidence.putReward(2, copied, 1)
    const put = evidence.copyReward(2)
    expect(put).toHaveLength(copied.length)
    // Numbers that are not equal, by their place: half a million of them.
    expect(put.findIndex((value, i) => !Object.is(value, copied[i]))).toBe(-1)
  })

  it('refuses what 4 GiB cannot hold, and is then as before', async () => {
    const arms = await makeArms(name, { dimension: 1024 })
    const untouched = await makeArms(name, { dimension: 1024 })
    for (const each of [arms, untouched]) {
      each.start(0, null, 0.25, 0)
      observe(each, 0, new Random(3).vector(1024, 0.05), 1, 1)
    }
    const { capacity } = arms.kernel
    expectCode(() => arms.kernel.reserve(600), 'OUT_OF_MEMORY')
    expect(arms.kernel.capacity).toBe(capacity)
    expect(firstDifference(arms, untouched, 0)).toBeNull()
    arms.kernel.reserve(2)
    expect(firstDifference(arms, untouched, 0)).toBeNull()
  })
})

describe('a router', () => {
  it.each(['dollar', 'thompson'] as const)(
    'of policy %s with 4,000 models is saved, and goes on',
    async (policy) => {
      const price = (i: number) => ({ inputUsdPerMTok: 0.1 + i / 4000, outputUsdPerMTok: 1 + i / 4000 })
      const models = Array.from({ length: 4000 }, (_, i) => ({ id: `m${i}`, ...price(i) }))
      const options = {
        models,
        policy,
        name: 'r',
        clock: () => 1_700_000_000_000,
        budget: { usdPerRequest: 0.001 },
      }
      const store = memoryStore()
      const router = await createRouter({ ...options, store })
      const ids = Array.from({ length: 40 }, (_, i) => router.route(`question ${i}`).id)
      for (const id of ids) {
        router.settle(id, { costUsd: 0.001 })
        router.reward(id, 0.5)
      }
      router.removeModel('m7')
      router.addModel({ id: 'late', ...price(7) })
      const saved = router.snapshot()
      const other = await createRouter(options)
      other.restore(saved)
      expect(Buffer.from(other.snapshot()).equals(saved)).toBe(true)
      await router.close()
      const again = await createRouter({ ...options, models: undefined, store })
      expect(again.recovery).toMatchObject({ refused: 0, repairs: [] })
      expect(again.stats().models).toHaveLength(4000)
    },
  )

  it('makes room for all of its models at once', async () => {
    const reserve = vi.spyOn(Arena.prototype, 'reserve')
    const models = Array.from({ length: 500 }, (_, i) => ({
      id: `m${i}`,
      inputUsdPerMTok: 1,
      outputUsdPerMTok: 1,
    }))
    await createRouter({ models, dimension: 3 })
    const grown = reserve.mock.results.filter(({ value }) => value === true)
    reserve.mockRestore()
    // The first block, and the others.
    expect(grown).toHaveLength(2)
  })

  it('adds models beyond 10,000 while it routes', async () => {
    const price = { inputUsdPerMTok: 1, outputUsdPerMTok: 1 }
    const models = Array.from({ length: 10_000 }, (_, i) => ({ id: `m${i}`, ...price }))
    const router = await createRouter({ dimension: 3, models, forcedExploration: 0, clock: () => 0 })
    for (let i = 0; i < 200; i++) {
      router.addModel({ id: `late-${i}`, ...price }, { forcedExploration: 1 })
      expect(router.route([0.1, 0.2, 1]).model).toBe(`late-${i}`)
    }
    expect(router.stats().models).toHaveLength(10_200)
  })
})
