import { RedisProcess } from '../redis-process.mjs'
import { agreedDigest, WorkerProcess } from '../worker-process.mjs'

const REPLICAS = 4
/** Of what budgets would allow: less than the requests of a round would spend. */
const CAP_SHARE = 0.2
const CAP_SHARE_EXPECTED = 0.06
const USD_PER_REQUEST = 0.0012

export const name = '4 replicas against one cap'
export const needsRedis = true

/** Spend of all replicas is at most the cap, by reservations of the worst case; else plus what bills exceed theirs by. */
export async function run({ seed, short }) {
  const server = await RedisProcess.start()
  try {
    const requests = (short ? 4000 : 100_000) / REPLICAS
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
      requests,
      overrun: 0.5,
      share: CAP_SHARE_EXPECTED,
    })
    const text = ({ spent, capUsd, routed, refused, digest }) =>
      `$${spent.toFixed(4)} of $${capUsd.toFixed(4)} (${((100 * spent) / capUsd).toFixed(1)} %), ${routed} routed, ${refused} refused, digest ${digest}`
    const ok =
      worst.spent <= worst.capUsd + 1e-9 &&
      worst.spent > 0.9 * worst.capUsd &&
      worst.refused > 0 &&
      expected.spent <= expected.capUsd + expected.excess + 1e-9 &&
      [worst, expected].every(
        ({ routed, refused, full, rewarded }) =>
          routed + refused + full === requests * REPLICAS && rewarded === routed,
      )
    return { ok, detail: `worst case: ${text(worst)}; expected costs, bills off by half: ${text(expected)}` }
  } finally {
    await server.stop()
  }
}

async function round(server, { seed, stream, options, requests, overrun, share }) {
  const capUsd = share * USD_PER_REQUEST * requests * REPLICAS
  const workers = []
  try {
    for (let i = 0; i < REPLICAS; i++) {
      const all = {
        budget: { usdPerRequest: USD_PER_REQUEST },
        caps: [{ usd: capUsd, per: 'month' }],
        ...options,
      }
      workers.push(
        await WorkerProcess.start({ redis: { url: server.url, stream }, seed: seed + i, options: all }),
      )
    }
    const totals = await Promise.all(
      workers.map((worker) => worker.call('load', { requests, pauseEvery: 5, overrun })),
    )
    const digest = await agreedDigest(workers)
    const { rewarded } = await workers[0].call('stats')
    const sum = (name) => totals.reduce((total, each) => total + each[name], 0)
    return {
      capUsd,
      spent: sum('spentUsd'),
      excess: sum('excessUsd'),
      routed: sum('routed'),
      refused: sum('refused'),
      full: sum('full'),
      rewarded,
      digest,
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()))
  }
}
