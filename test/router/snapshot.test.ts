import { runInNewContext } from 'node:vm'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { createRouter } from '../../src/create-router.js'
import { MODEL_NUMBERS } from '../../src/models/registry.js'
import type { RouterOptions } from '../../src/policy/options.js'
import { POLICY_NAMES } from '../../src/policy/policies.js'
import type { OriginRecord } from '../../src/state/pending/origins.js'
import { expectCode, wrong } from '../support/errors.js'
import { operation, Run } from '../support/operations.js'
import { anyPolicy, type Bench, digest, HOUR, MODELS, makeBench, numbersIn, X } from '../support/router.js'
import { seal, withText } from '../support/snapshot-bytes.js'
import '../support/seed.js'

const OPTIONS: RouterOptions = { budget: { usdPerRequest: 0.002 }, alpha: 0.4, gamma: 0.97 }

/** A router in the middle of things: an added and a disabled model, requests in every state. */
async function busyBench(options: RouterOptions = {}): Promise<Bench> {
  const bench = await makeBench({ ...OPTIONS, ...options })
  const { router, clock } = bench
  const ids = Array.from({ length: 12 }, (_, i) => router.route([Math.sin(i), i / 6, 1]).id)
  router.settle(ids[0], { costUsd: 0.004, latencyMs: 80 })
  router.reward(ids[0], 0.7)
  router.reward(ids[1], 0.2)
  router.settle(ids[2], { costUsd: 0.001 })
  router.fail(ids[3], { costUsd: 0.0001 })
  router.addModel({ id: 'new "\ud83d\ude00" ü', inputUsdPerMTok: 3, outputUsdPerMTok: 3 })
  router.disable('middle')
  router.route(X)
  clock.advance(25 * HOUR)
  router.expire()
  router.route(X)
  return bench
}

describe('a snapshot', () => {
  const kernels = fc.constantFrom<['js' | 'wasm', 'js' | 'wasm']>(
    ['js', 'wasm'],
    ['wasm', 'js'],
    ['wasm', 'wasm'],
  )

  it('restored, goes on as the original would have', async () => {
    const operations = fc.array(operation, { maxLength: 80 })
    await fc.assert(
      fc.asyncProperty(
        operations,
        operations,
        kernels,
        fc.constantFrom(2, 30, 3000),
        anyPolicy,
        async (before, after, [from, to], pendingCapacity, policy) => {
          const options = { ...OPTIONS, policy, pendingCapacity }
          const original = await makeBench({ ...options, kernel: from })
          const run = new Run(original)
          for (const each of before) run.step(each)
          const bytes = original.router.snapshot()
          const restored = await makeBench({ ...options, kernel: to, models: [] })
          restored.clock.now = original.clock.now
          restored.router.restore(bytes)
          expect(Buffer.compare(restored.router.snapshot(), bytes)).toBe(0)
          expect({ ...restored.router.stats(), kernel: '' }).toEqual({
            ...original.router.stats(),
            kernel: '',
          })
          const again = new Run(restored, run.decisions)
          for (const each of after) {
            const codes = [run.step(each), again.step(each)]
            // A request that takes no more feedback is closed after a restore; the original may still know why.
            if (codes[1] !== 'REQUEST_CLOSED') expect(codes[1]).toBe(codes[0])
          }
          expect(again.decisions.map(({ model }) => model)).toEqual(run.decisions.map(({ model }) => model))
          expect(digest(restored.router)).toBe(digest(original.router))
        },
      ),
      { numRuns: 60 },
    )
  })

  it('may come in any view of bytes, also from a pool and of another realm', async () => {
    const { router } = await busyBench()
    const bytes = router.snapshot()
    const padded = new Uint8Array(bytes.length + 13)
    padded.set(bytes, 5)
    const foreign = (runInNewContext('(list) => new Uint8Array(list)') as (list: number[]) => Uint8Array)([
      ...bytes,
    ])
    for (const view of [Buffer.from(bytes), padded.subarray(5, 5 + bytes.length), foreign]) {
      const fresh = await makeBench(OPTIONS)
      fresh.router.restore(view)
      expect(fresh.router.snapshot()).toEqual(bytes)
    }
  })

  it('holds the budget, the models and the clock of the arms, not the settings', async () => {
    const { router } = await busyBench()
    const fresh = await makeBench({ alpha: 0 })
    fresh.router.restore(router.snapshot())
    expect(fresh.router.stats().pacer).toMatchObject({ usdPerRequest: 0.002 })
    const { explanation } = fresh.router.route(X, { explain: true, candidates: ['large'] })
    expect(explanation?.models[0].explorationBonus).toBe(0)
  })

  it('replaces everything that was there', async () => {
    const bytes = (await makeBench(OPTIONS)).router.snapshot()
    const busy = await busyBench()
    const old = busy.router.route(X).id
    busy.router.restore(bytes)
    expect(busy.router.snapshot()).toEqual(bytes)
    expectCode(() => busy.router.settle(old, { costUsd: 0 }), 'UNKNOWN_REQUEST')
    const fresh = await makeBench(OPTIONS)
    expect(busy.router.inspectArm('large')).toEqual(fresh.router.inspectArm('large'))
  })
})

describe('a snapshot that is not in order', () => {
  it('is refused for any byte that is changed, and nothing changes', async () => {
    const bytes = (await makeBench({ models: [MODELS[0]] })).router.snapshot()
    const { router } = await busyBench()
    const before = router.snapshot()
    for (let i = 0; i < bytes.length; i++) {
      const broken = bytes.slice()
      broken[i] ^= 1 << (i % 8)
      expectCode(() => router.restore(broken), 'SNAPSHOT_INVALID')
    }
    expect(router.snapshot()).toEqual(before)
  })

  it('is refused when cut or continued anywhere', async () => {
    const bytes = (await busyBench()).router.snapshot()
    const { router } = await makeBench(OPTIONS)
    const before = router.snapshot()
    for (let length = 0; length < bytes.length; length += length < 64 ? 1 : 37) {
      expectCode(() => router.restore(bytes.subarray(0, length)), 'SNAPSHOT_INVALID')
    }
    expectCode(() => router.restore(Uint8Array.of(...bytes, 0)), 'SNAPSHOT_INVALID')
    expectCode(() => router.restore(new Uint8Array(1000)), 'SNAPSHOT_INVALID')
    for (const bad of [null, undefined, 'text', [1, 2], bytes.buffer, new DataView(bytes.buffer), {}]) {
      expectCode(() => router.restore(wrong(bad)), 'INVALID_ARGUMENT', 'snapshot')
    }
    expect(router.snapshot()).toEqual(before)
  })

  it('of a router of another name is refused: its request ids would mean nothing', async () => {
    const other = await makeBench({ name: 'other' })
    const { router } = await makeBench()
    router.route(X)
    expectCode(() => other.router.restore(router.snapshot()), 'SNAPSHOT_MISMATCH', 'snapshot')
    expect(other.router.stats().requests).toBe(0)
  })

  it('of version 3, before requests had origins, is taken over', async () => {
    const { router } = await makeBench()
    const ids = [router.route(X).id, router.route(X).id, router.route(X).id]
    router.reward(ids[1], 0.5)
    const { router: other } = await makeBench()
    other.restore(asVersion3(router.snapshot()))
    expect(other.snapshot()).toEqual(router.snapshot())
    expect(other.route(X).id).toBe('r.4')
    other.settle(ids[0], { costUsd: 0.1 })
    expectCode(() => other.reward(ids[1], 1), 'ALREADY_REWARDED')
  })

  it('names a future version', async () => {
    const bytes = (await makeBench()).router.snapshot()
    const newer = seal(bytes, (view) => view.setUint32(4, 6, true))
    const { router } = await makeBench()
    expect(expectCode(() => router.restore(newer), 'SNAPSHOT_INVALID').message).toContain('version 6')
  })

  it('is refused by a router of another dimension, another encoder, or too small a pending set', async () => {
    const encoder = (name: string) => ({ name, dimension: 3, encodeInto: () => {} })
    const mine = await createRouter({ encoder: encoder('mine'), models: MODELS })
    const bytes = mine.snapshot()
    const wider = await createRouter({ dimension: 4 })
    expectCode(() => wider.restore(bytes), 'SNAPSHOT_MISMATCH')
    const other = await createRouter({ encoder: encoder('other') })
    expectCode(() => other.restore(bytes), 'SNAPSHOT_MISMATCH')
    const vectorsOnly = await createRouter({ dimension: 3 })
    vectorsOnly.restore(bytes)
    const busy = await busyBench()
    const small = await makeBench({ ...OPTIONS, pendingCapacity: 5 })
    const before = small.router.snapshot()
    expectCode(() => small.router.restore(busy.router.snapshot()), 'SNAPSHOT_MISMATCH')
    expect(small.router.snapshot()).toEqual(before)
  })

  it.each<[string, (origins: OriginRecord[]) => unknown]>([
    ['its name is invalid', ([r]) => [{ ...r, name: '\ufffd' }]],
    ['its name is too long', ([r]) => [{ ...r, name: 'r'.repeat(65) }]],
    ['it is listed twice', ([r]) => [r, { ...r, index: 2 }]],
    ['its next number has been given away', ([r]) => [{ ...r, nextRequest: 3 }]],
    ['it is not listed', () => []],
    ['it was registered before', ([r]) => [{ ...r, index: 0 }]],
  ])('with requests that could not expire is refused: of their origin, %s', async (_, edit) => {
    const { router, clock } = await makeBench()
    for (let i = 0; i < 3; i++) router.route(X)
    const bytes = router.snapshot()
    const { router: target } = await makeBench({ clock: clock.read })
    expectCode(() => target.restore(withOrigins(bytes, edit)), 'SNAPSHOT_INVALID')
    target.restore(withOrigins(bytes, (origins) => origins))
    clock.advance(25 * HOUR)
    expect(target.expire()).toBe(3)
  })

  it.each(POLICY_NAMES)('of policy %s whose statistics no rewards could give is refused', async (policy) => {
    const { router } = await makeBench({ policy, forcedExploration: 0 })
    for (let i = 0; i < 20; i++)
      router.reward(router.route([Math.sin(i), Math.cos(i), 1]).id, 0.5 + 0.4 * Math.sin(i))
    const bytes = router.snapshot()
    const head = new DataView(bytes.buffer).getUint32(12, true) + 24
    const numbers = new Float64Array(bytes.slice(head).buffer)
    const { id, rewarded } = router.stats().models.reduce((a, b) => (b.rewarded > a.rewarded ? b : a))
    const { theta } = router.inspectArm(id)
    const at = numbers.indexOf(theta[0])
    expect([...numbers.subarray(at, at + 3)]).toEqual([...theta])
    expect(rewarded).toBeGreaterThan(5)
    const target = await makeBench({ policy })
    // theta, b, and the corners of A^-1 and A.
    for (const place of [0, 1, 2, 3, 4, 5, 7, 8, 13, 14]) {
      for (const value of [1e25, -1e25, 1e6]) {
        const forged = seal(bytes, (view) => view.setFloat64(head + 8 * (at + place), value, true))
        expectCode(() => target.router.restore(forged), 'SNAPSHOT_INVALID')
      }
    }
    target.router.restore(bytes)
  })

  it('with a request that costs more than one can is refused: sums of dollars would grow over what is read', async () => {
    const { router, clock } = await makeBench(OPTIONS)
    router.route(X)
    const bytes = router.snapshot()
    const head = new DataView(bytes.buffer).getUint32(12, true) + 24
    const numbers = new Float64Array(bytes.slice(head).buffer)
    // When it was routed; behind it its reservation, list cost, allowance, place of its prices and predicted cost.
    const at = numbers.lastIndexOf(clock.now)
    expect(numbers[at + 2]).toBeGreaterThan(0)
    for (const place of [1, 2, 3, 5]) {
      const forged = seal(bytes, (view) => view.setFloat64(head + 8 * (at + place), 1e14, true))
      expectCode(() => router.restore(forged), 'SNAPSHOT_INVALID')
    }
    router.restore(bytes)
  })

  it.each(POLICY_NAMES)('of policy %s with a forged checksum is refused, or works', async (policy) => {
    const { router } = await busyBench({ policy })
    const bytes = router.snapshot()
    const value = fc.oneof(
      fc.constantFrom(
        0,
        -0,
        -1,
        0.5,
        1,
        2,
        2 ** 32,
        1e12,
        -1e18,
        1e24,
        1e30,
        -1e30,
        1e308,
        -1e308,
        5e-324,
        Number.NaN,
        Number.POSITIVE_INFINITY,
      ),
      fc.double(),
    )
    const head = new DataView(bytes.buffer).getUint32(12, true) + 24
    const numbers = (bytes.length - head) / 8
    const forgery = fc.oneof(
      fc.record({ at: fc.nat(numbers - 1), value }),
      fc.record({ at: fc.nat(12), value }),
      fc.record({ byte: fc.integer({ min: 4, max: head - 1 }), to: fc.nat(255) }),
    )
    const target = await makeBench({ ...OPTIONS, policy })
    const heir = await makeBench({ ...OPTIONS, policy })
    fc.assert(
      fc.property(
        fc.array(forgery, { minLength: 1, maxLength: 3 }),
        fc.array(operation, { maxLength: 10 }),
        (forgeries, operations) => {
          const forged = seal(bytes, (view) => {
            for (const each of forgeries) {
              if ('at' in each) view.setFloat64(head + 8 * each.at, each.value, true)
              else view.setUint8(each.byte, each.to)
            }
          })
          const before = digest(target.router)
          try {
            target.router.restore(forged)
          } catch (error) {
            expect(error).toBeInstanceOf(ParetoBanditError)
            expect(digest(target.router)).toBe(before)
            return
          }
          const run = new Run(target)
          for (const each of operations) run.step(each)
          for (const [path, number] of numbersIn(target.router.stats()))
            expect([path, Number.isFinite(number)]).toEqual([path, true])
          // What it is now is a state that a router takes in.
          heir.router.restore(target.router.snapshot())
        },
      ),
      { numRuns: Number(process.env.RUNS ?? 400) },
    )
  })
})

/** A copy that lists other origins. */
function withOrigins(bytes: Uint8Array, edit: (origins: OriginRecord[]) => unknown): Uint8Array {
  return withText(bytes, (text) => ({ ...text, origins: edit(text.origins as OriginRecord[]) }))
}

/** What the release before would have written: no origins, and requests without theirs. Of three requests that wait. */
function asVersion3(bytes: Uint8Array): Uint8Array {
  const view = new DataView(bytes.buffer.slice(bytes.byteOffset, bytes.byteOffset + bytes.length))
  const textBytes = view.getUint32(12, true)
  const text = JSON.parse(new TextDecoder().decode(bytes.subarray(24, 24 + textBytes)))
  const { origins: _, prices: lists, rewardRange: __, ...before } = text
  const json = new TextEncoder().encode(JSON.stringify(before))
  const padded = Math.ceil(json.length / 8) * 8
  const numbers = new Float64Array(bytes.slice(24 + textBytes).buffer)
  const prices = (place: number): number[] => {
    const { inputUsdPerMTok, outputUsdPerMTok, cachedInputUsdPerMTok, reasoningUsdPerMTok } = lists[place]
    return [inputUsdPerMTok, outputUsdPerMTok, cachedInputUsdPerMTok, reasoningUsdPerMTok]
  }
  // A request: its sequence number, 10 common numbers, origin and number, 2 of its bill, 4 of the policy's, its context of 3.
  const first = numbers.findIndex(
    (_, i) => numbers[i] === 1 && numbers[i + 22] === 2 && numbers[i + 44] === 3,
  )
  const [closed] = numbers.subarray(11)
  const kept = [...numbers.subarray(0, 11), ...numbers.subarray(12, 14)]
  // A model: slot, registration, place of its price, 18 counters and those that are new, its arm.
  const modelNumbers = (first - 14) / text.models.length
  for (let at = 14; at < first; at += modelNumbers) {
    const [slot, registration, place, ...others] = numbers.subarray(at, at + modelNumbers)
    kept.push(
      slot,
      registration,
      ...prices(place),
      ...others.slice(0, 18),
      ...others.slice(MODEL_NUMBERS.length),
    )
  }
  const end = first + 3 * 22
  for (let at = first; at < end; at += 22) {
    const row = [...numbers.subarray(at, at + 22)]
    kept.push(...row.slice(0, 8), ...prices(row[8]), ...row.slice(9, 11), ...row.slice(15))
  }
  kept.push(...numbers.subarray(end + closed * 21))
  // The paper's lambda, which every router had then.
  kept.splice(4, 0, 0)
  const made = new Uint8Array(24 + padded + 8 * kept.length)
  made.fill(0x20, 24, 24 + padded)
  made.set(bytes.subarray(0, 24))
  made.set(json, 24)
  made.set(new Uint8Array(Float64Array.from(kept).buffer), 24 + padded)
  return seal(made, (header) => {
    header.setUint32(4, 3, true)
    header.setUint32(12, padded, true)
    header.setUint32(16, kept.length, true)
  })
}
