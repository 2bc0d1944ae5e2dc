import { join } from 'node:path'
import { createRouter } from '../../dist/index.js'
import { sqliteStore } from '../../dist/store/sqlite.js'
import { DIMENSION, MODELS } from '../models.mjs'
import { contextFrom } from '../random.mjs'

const HOUR_MS = 3_600_000
const CAP_USD = 0.1
const RESTART_EVERY = 400

export const name = 'clock jumping'

/** A clock that jumps back a day and forward two breaks nothing: typed refusals alone, caps kept, the same state again. */
export async function run({ folder, random, short }) {
  let now = Date.UTC(2026, 2, 28, 22)
  const options = {
    dimension: DIMENSION,
    kernel: 'wasm',
    clock: () => now,
    budget: { usdPerRequest: 0.002 },
    pendingTtlMs: 6 * HOUR_MS,
  }
  const caps = [
    { usd: CAP_USD, per: 'day', timeZone: 'Europe/Berlin' },
    { usd: CAP_USD, per: 'hour', window: 'rolling' },
  ]
  const open = (more = {}) =>
    createRouter({ ...options, ...more, store: sqliteStore(join(folder, 'clock.db')) })
  let router = await open({ models: MODELS, caps })
  const waiting = []
  let jumps = 0
  let worst = 0
  const codes = new Map()
  const steps = short ? 2000 : 8000
  for (let i = 0; i < steps; i++) {
    if (random() < 0.02) {
      now += [-24, -1, 1, 48][Math.floor(4 * random())] * HOUR_MS
      jumps++
    } else now += Math.floor(random() * 2000)
    try {
      waiting.push(router.route(contextFrom(random, DIMENSION)))
      const { id, reservedUsd } = waiting.splice(Math.floor(random() * waiting.length), 1)[0]
      if (random() < 0.8) router.settle(id, { costUsd: reservedUsd })
      if (random() < 0.5) router.reward(id, random())
    } catch (error) {
      if (error.constructor.name !== 'ParetoBanditError') throw error
      codes.set(error.code, (codes.get(error.code) ?? 0) + 1)
    }
    for (const { spentUsd, reservedUsd } of router.stats().account.caps)
      worst = Math.max(worst, spentUsd + (reservedUsd ?? 0))
    if (i % RESTART_EVERY === RESTART_EVERY - 1) {
      await router.flush()
      const { sha256 } = await router.digest()
      await router.close()
      router = await open()
      if ((await router.digest()).sha256 !== sha256)
        throw new Error(`another state after the restart at ${i}`)
    }
  }
  await router.close()
  const refusals = [...codes].map(([code, count]) => `${count} ${code}`).join(', ')
  return {
    ok: worst <= CAP_USD + 1e-9,
    detail: `${steps} requests, ${jumps} jumps, most in a period $${worst.toFixed(4)} of $${CAP_USD}; refused: ${refusals}`,
  }
}
