import { setTimeout as sleep } from 'node:timers/promises'
import { WORTHS } from '../models.mjs'
import { RedisProcess } from '../redis-process.mjs'
import { agreedDigest, WorkerProcess } from '../worker-process.mjs'

const REPLICAS = 4
/** Of what budgets would allow: four fifths of what the cheapest model needs for all requests of a round, so that the cap is met. */
const CAP_SHARE = 0.15
/** Twice what the cheapest model needs for all of them. */
const CAP_SHARE_EXPECTED = 0.22
const USD_PER_REQUEST = 0.0012
/** What answers are worth at least that take what the cheapest leaves of the cap to better models. */
const REWARD_MIN = 1.1 * WORTHS.small
const HOUR = 3_600_000
/**
 * A month is played in this many parts, each of which has a minimum length: no replica's clock runs ahead of the others' by
 * more than a part, however busy the machine is.
 */
const MONTH_PARTS = 200
const PART_MS = { short: 40, long: 125 }

export const name = '4 replicas against one cap'
export const needsRedis = true

/**
 * Spend of all replicas is at most the cap, by reservations of the worst case; else plus what bills exceed theirs by. There
 * the requests come over a whole month, and what the cheapest model leaves of its cap buys better answers.
 */
export async function run({ seed, short }) {
  const server = await RedisProcess.start()
  try {
    const requests = (short ? 4000 : 100_000) / REPLICAS
    const monthly = (short ? 4000 : 40_000) / REPLICAS
    const worst = await round(server, {
      seed,
      stream: 'worst',
      options: { reserve: 'worst-case' },
      requests,
      overrun: 0,
      share: CAP_SHARE,
    })
    const expected = await round(server, {
      seed,
      stream: 'expected',
      options: {},
      requests: monthly,
      overrun: 0.5,
      share: CAP_SHARE_EXPECTED,
      month: { ...nextMonth(), partMs: short ? PART_MS.short : PART_MS.long },
    })
    const text = ({ spent, capUsd, routed, refused, digest }) =>
      `$${spent.toFixed(4)} of $${capUsd.toFixed(4)} (${((100 * spent) / capUsd).toFixed(1)} %), ${routed} routed, ${refused} refused, digest ${digest}`
    const ok =
      worst.spent <= worst.capUsd + 1e-9 &&
      worst.spent > 0.9 * worst.capUsd &&
      worst.refused > 0 &&
      expected.spent <= expected.capUsd + expected.excess + 1e-9 &&
      expected.spent > 0.9 * expected.capUsd &&
      expected.refused < 0.01 * expected.all &&
      expected.reward > REWARD_MIN &&
      [worst, expected].every(
        ({ all, routed, refused, full, rewarded }) => routed + refused + full === all && rewarded === routed,
      )
    const answers = `answers worth ${expected.reward.toFixed(3)}, the cheapest model's ${WORTHS.small}`
    return {
      ok,
      detail: `worst case: ${text(worst)}; a month by expected costs, bills off by half: ${text(expected)}, ${answers}`,
    }
  } finally {
    await server.stop()
  }
}

/** The next month by the calendar of UTC: requests of the check come in all of it. */
function nextMonth() {
  const now = new Date()
  const begin = (ahead) => Date.UTC(now.getUTCFullYear(), now.getUTCMonth() + ahead, 1)
  return { aheadMs: begin(1) - now.getTime(), spanMs: begin(2) - begin(1) - HOUR }
}

async function round(server, { seed, stream, options, requests, overrun, share, month }) {
  const capUsd = share * USD_PER_REQUEST * requests * REPLICAS
  const workers = []
  try {
    for (let i = 0; i < REPLICAS; i++) {
      const all = {
        budget: { usdPerRequest: USD_PER_REQUEST },
        caps: [{ usd: capUsd, per: 'month' }],
        ...(month === undefined ? {} : { pendingTtlMs: month.spanMs }),
        ...options,
      }
      const redis = { url: server.url, stream }
      const aheadMs = month?.aheadMs ?? null
      workers.push(await WorkerProcess.start({ redis, seed: seed + i, options: all, aheadMs }))
    }
    const totals = await loads(workers, { requests, pauseEvery: 5, overrun }, month)
    const digest = await agreedDigest(workers)
    const { rewarded } = await workers[0].call('stats')
    const sum = (name) => totals.reduce((total, each) => total + each[name], 0)
    return {
      capUsd,
      all: requests * REPLICAS,
      spent: sum('spentUsd'),
      excess: sum('excessUsd'),
      routed: sum('routed'),
      reward: sum('reward') / (requests * REPLICAS),
      refused: sum('refused'),
      full: sum('full'),
      rewarded,
      digest,
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()))
  }
}

/** What all replicas did: at their own pace, or part by part of a month. */
async function loads(workers, load, month) {
  const all = (part) => Promise.all(workers.map((worker) => worker.call('load', part)))
  if (month === undefined) return all(load)
  const totals = []
  const part = { ...load, requests: load.requests / MONTH_PARTS, spanMs: month.spanMs / MONTH_PARTS }
  for (let i = 0; i < MONTH_PARTS; i++) {
    const [done] = await Promise.all([all(part), sleep(month.partMs)])
    totals.push(...done)
  }
  return totals
}
