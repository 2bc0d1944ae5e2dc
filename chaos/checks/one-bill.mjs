import { join } from 'node:path'
import { createRouter, ParetoBanditError } from '../../dist/index.js'
import { sqliteStore } from '../../dist/store/sqlite.js'
import { contextFrom } from '../random.mjs'

const B_USD = 0.002
const DIMENSION = 6
const CHEAP = { id: 'cheap', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.3 }
const BETTER = { id: 'better', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }
const COSTS_USD = { cheap: 0.0002, better: 0.0015 }
const REWARDS = { cheap: 0.5, better: 0.9 }
/** docs/OPERATIONS.md: an account owes at most 512 requests' worth; what else the account holds back is saved up again. */
const OVER_WITHIN = 600
const AFTER = 2000

/** An honest prompt of 249,000 tokens, and a mistake of units: of a model that is there, and of one that is added late. */
const TOKENS = { inputTokens: 249_000, outputTokens: 500 }
const BILLS = [
  { usd: 0.25, late: false },
  { usd: 1000, late: false },
  { usd: 0.25, late: true },
  { usd: 1000, late: true },
]

export const name = 'one huge bill'

/** One bill of any size keeps no router from its work: its debt ends, over a restart too, and `correct` undoes it at once. */
export async function run({ folder, random, short }) {
  let longest = 0
  let leastShare = 1
  let corrected = 0
  for (const strict of [true, false])
    for (const { usd, late } of short ? BILLS.slice(1, 3) : BILLS)
      for (const corrects of [false, true]) {
        const world = await World.open(
          join(folder, `${strict}-${usd}-${late}-${corrects}.db`),
          strict,
          random,
        )
        if (late) {
          world.serve(1500)
          world.router.addModel(BETTER)
        } else world.router.addModel(BETTER)
        const id = world.serveBill(usd, usd === 0.25 ? TOKENS : { costUsd: usd })
        if (corrects) {
          world.router.correct(id, { costUsd: COSTS_USD.better })
          world.spentUsd += COSTS_USD.better - usd
          corrected++
        }
        await world.reopen()
        const { refusedLast, better, served } = world.serve(AFTER)
        longest = Math.max(longest, refusedLast)
        const what = `$${usd}, strict ${strict}, added late ${late}, corrected ${corrects}`
        if (refusedLast > (corrects ? 30 : OVER_WITHIN))
          throw new Error(`${what}: still refused after ${refusedLast} requests`)
        const share = better / served
        leastShare = Math.min(leastShare, share)
        if (share < 0.4) throw new Error(`${what}: the better model got ${better} of ${served} requests`)
        const { spendUsd } = world.router.stats().pacer
        if (Math.abs(spendUsd - world.spentUsd) > 1e-6 * world.spentUsd)
          throw new Error(`${what}: $${spendUsd} booked of $${world.spentUsd}`)
        await world.router.close()
      }
  const shares = `the better model got at least ${Math.round(100 * leastShare)} % of the ${AFTER} requests after it`
  return {
    ok: true,
    detail: `${(short ? 2 : 4) * 4} bills of $0.25 and $1000 under $${B_USD}; refused for ${longest} requests at most; ${shares}; ${corrected} corrected`,
  }
}

class World {
  spentUsd = 0
  billUsd = 0
  seen = 0

  static async open(file, strict, random) {
    const world = new World()
    Object.assign(world, { file, strict, random })
    await world.start({ models: [CHEAP] })
    return world
  }

  async start(more) {
    const budget = { usdPerRequest: B_USD }
    const { strict, file } = this
    const options = { dimension: DIMENSION, kernel: 'js', budget, strict, clock: () => (this.now += 100) }
    this.now ??= Date.UTC(2026, 2, 28, 22)
    this.router = await createRouter({ ...options, ...more, store: sqliteStore(file) })
  }

  async reopen() {
    await this.router.flush()
    await this.router.close()
    await this.start({})
  }

  /** Requests with honest bills. */
  serve(count) {
    let refusedLast = 0
    let better = 0
    let served = 0
    for (let i = 1; i <= count; i++) {
      const decision = this.route()
      if (decision === null) {
        refusedLast = i
        continue
      }
      served++
      if (decision.model === 'better') better++
      this.settle(decision, COSTS_USD[decision.model] * (0.7 + 0.6 * this.random()))
    }
    return { refusedLast, better, served }
  }

  /** Until the better model has had its second request, which costs that much by that bill. @returns its id */
  serveBill(usd, bill) {
    for (let seen = 0; ; ) {
      const decision = this.route()
      if (decision === null) continue
      const isBilled = decision.model === 'better' && ++seen === 2
      if (isBilled) this.settle(decision, usd, bill)
      else this.settle(decision, COSTS_USD[decision.model])
      if (isBilled) return decision.id
    }
  }

  settle({ id, model }, costUsd, bill = { costUsd }) {
    this.router.settle(id, bill)
    this.router.reward(id, REWARDS[model] + 0.1 * (this.random() - 0.5))
    this.spentUsd += costUsd
  }

  route() {
    try {
      return this.router.route(contextFrom(this.random, DIMENSION))
    } catch (error) {
      if (error instanceof ParetoBanditError && error.code === 'BUDGET_EXHAUSTED') return null
      throw error
    }
  }
}
