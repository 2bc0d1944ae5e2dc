import { shuffle } from '../random.mjs'
import { RedisProcess } from '../redis-process.mjs'
import { agreedDigest, agreedStats, WorkerProcess } from '../worker-process.mjs'

const REPLICAS = 4
const REFUSED = 'ALREADY_REWARDED'

export const name = 'receipts of rewards that come to 4 replicas at once'
export const needsRedis = true

/**
 * Each replica gives another reward for every request, at once, while a listener of its own routes at each: one reward of
 * each request is told to be durable, and it is the one that the log has.
 */
export async function run({ random, seed, short }) {
  const server = await RedisProcess.start()
  const workers = []
  try {
    for (let i = 0; i < REPLICAS; i++) {
      const redis = { url: server.url, stream: 'receipts' }
      workers.push(await WorkerProcess.start({ redis, seed: seed + i, options: {}, listens: true }))
    }
    const requests = short ? 100 : 1000
    const ids = (await Promise.all(workers.map((worker) => worker.call('routeOnly', { requests })))).flat()
    await agreedDigest(workers)
    const answers = await Promise.all(
      workers.map((worker, i) => {
        const pieces = ids.map((id) => ({ id, reward: (i + 1) / REPLICAS }))
        return worker.call('feedback', { pieces: shuffle(pieces, random), pauseEvery: 5 })
      }),
    )
    const digest = await agreedDigest(workers)
    const sumOf = ({ models }) => models.reduce((sum, { reward }) => sum + reward, 0)
    const stats = await agreedStats(workers, (each) => sumOf(each).toFixed(6))
    const rewarded = stats[0].rewarded
    const inLog = sumOf(stats[0])
    const told = answers.reduce((sum, { durable }, i) => sum + (durable * (i + 1)) / REPLICAS, 0)
    const durable = answers.reduce((sum, each) => sum + each.durable, 0)
    const refused = answers.reduce((sum, { codes }) => sum + (codes[REFUSED] ?? 0), 0)
    const ok =
      durable === ids.length &&
      rewarded === ids.length &&
      refused === (REPLICAS - 1) * ids.length &&
      Math.abs(told - inLog) < 1e-6
    return {
      ok,
      detail: `${ids.length} requests, ${REPLICAS} rewards for each: ${durable} told to be durable, ${refused} refused; their sum ${told.toFixed(2)}, in the log ${inLog.toFixed(2)}; digest ${digest}`,
    }
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()))
    await server.stop()
  }
}
