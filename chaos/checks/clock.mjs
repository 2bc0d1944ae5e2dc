import { join } from 'node:path'
import { createRouter, ParetoBanditError } from '../../dist/index.js'
import { sqliteStore } from '../../dist/store/sqlite.js'
import { DIMENSION, MODELS } from '../models.mjs'
import { contextFrom } from '../random.mjs'

const HOUR_MS = 3_600_000
const CAP_USD = 0.1
const RESTART_EVERY = 400
const WAITING = 40
const EXPECTED = new Set(['BUDGET_EXHAUSTED', 'REQUEST_EXPIRED', 'REQUEST_CLOSED'])
const dayOf = new Intl.DateTimeFormat('en', { timeZone: 'Europe/Berlin', dateStyle: 'short' })

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
  const spend = new Spend()
  const refuse = (error) => {
    if (!(error instanceof ParetoBanditError) || !EXPECTED.has(error.code)) throw error
    codes.set(error.code, (codes.get(error.code) ?? 0) + 1)
  }
  const steps = short ? 2000 : 8000
  for (let i = 0; i < steps; i++) {
    if (random() < 0.02) {
      now += [-24, -1, 1, 48][Math.floor(4 * random())] * HOUR_MS
      jumps++
    } else now += Math.floor(random() * 2000)
    try {
      const decision = router.route(contextFrom(random, DIMENSION))
      waiting.push(decision)
      spend.add(now, decision.reservedUsd)
    } catch (error) {
      refuse(error)
    }
    if (waiting.length > WAITING * random()) {
      const { id, reservedUsd } = waiting.splice(Math.floor(random() * waiting.length), 1)[0]
      try {
        if (random() < 0.8) router.settle(id, { costUsd: reservedUsd })
        if (random() < 0.5) router.reward(id, random())
      } catch (error) {
        refuse(error)
      }
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
    ok: Math.max(worst, spend.dayUsd, spend.hourUsd) <= CAP_USD + 1e-9 && codes.has('REQUEST_EXPIRED'),
    detail: `${steps} requests, ${jumps} jumps; most of $${CAP_USD} by the router $${worst.toFixed(4)}, by our own count in a day $${spend.dayUsd.toFixed(4)} and in any hour $${spend.hourUsd.toFixed(4)}; refused: ${refusals}`,
  }
}

/** What requests cost by when they were routed, counted apart from the router; time that runs back stands still. */
class Spend {
  /** The most in a day of Berlin, and in any hour. */
  dayUsd = 0
  hourUsd = 0
  #now = Number.NEGATIVE_INFINITY
  #day = { name: '', usd: 0 }
  #hour = []

  add(at, usd) {
    this.#now = Math.max(this.#now, at)
    const name = dayOf.format(this.#now)
    this.#day = { name, usd: (this.#day.name === name ? this.#day.usd : 0) + usd }
    this.dayUsd = Math.max(this.dayUsd, this.#day.usd)
    this.#hour = this.#hour.filter((each) => each.at > this.#now - HOUR_MS)
    this.#hour.push({ at: this.#now, usd })
    this.hourUsd = Math.max(
      this.hourUsd,
      this.#hour.reduce((sum, each) => sum + each.usd, 0),
    )
  }
}
