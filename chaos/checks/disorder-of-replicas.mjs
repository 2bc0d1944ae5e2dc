import { shuffle } from '../random.mjs'
import { RedisProcess } from '../redis-process.mjs'
import { agreedDigest, WorkerProcess } from '../worker-process.mjs'

const REPLICAS = 3
const ROUNDS = 6
const DUPLICATES = new Set(['ALREADY_SETTLED', 'ALREADY_REWARDED', 'REQUEST_CLOSED'])

export const name = 'feedback on any replica, again and after restarts'
export const needsRedis = true

/** Feedback comes to replicas that did not route, several times at once, while they are killed and begin again: once. */
export async function run({ random, seed, short }) {
  const server = await RedisProcess.start()
  const workers = []
  const start = (i, round) =>
    WorkerProcess.start({
      redis: { url: server.url, stream: 'disorder' },
      seed: seed + REPLICAS * round + i,
      options: {},
      journal: { snapshotEvents: 1000 },
    })
  try {
    for (let i = 0; i < REPLICAS; i++) workers.push(await start(i, 0))
    const requests = short ? 200 : 1500
    const routed = await Promise.all(workers.map((worker) => worker.call('routeOnly', { requests })))
    const { due, sums } = feedbackFor(routed.flat(), random)
    const told = { durable: 0, refused: 0 }
    for (let round = 0; round < ROUNDS; round++) {
      const part = due.slice((round * due.length) / ROUNDS, ((round + 1) * due.length) / ROUNDS)
      const pieces = workers.map(() => [])
      for (const piece of part) pieces[Math.floor(random() * REPLICAS)].push(piece)
      for (const answer of await Promise.all(
        workers.map((worker, i) => worker.call('feedback', { pieces: pieces[i] })),
      ))
        count(told, answer)
      const i = round % REPLICAS
      await workers[i].kill()
      workers[i] = await start(i, round + 1)
    }
    return await verdict(workers, { due, sums, told, requests: requests * REPLICAS })
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()))
    await server.stop()
  }
}

function feedbackFor(ids, random) {
  const due = []
  const sums = { costUsd: 0, reward: 0 }
  for (const id of ids) {
    const [costUsd, reward] = [random() / 1000, Math.round(random() * 100) / 100]
    sums.costUsd += costUsd
    sums.reward += reward
    for (let times = 1 + Math.floor(3 * random()); times > 0; times--) due.push({ id, costUsd })
    for (let times = 1 + Math.floor(3 * random()); times > 0; times--) due.push({ id, reward })
  }
  return { due: shuffle(due, random), sums }
}

function count(told, { durable, codes }) {
  told.durable += durable
  for (const [code, refused] of Object.entries(codes)) {
    if (!DUPLICATES.has(code)) throw new Error(`${refused} refused with ${code}`)
    told.refused += refused
  }
}

async function verdict(workers, { due, sums, told, requests }) {
  const digest = await agreedDigest(workers)
  const all = await Promise.all(workers.map((worker) => worker.call('stats')))
  const holds = all.every(({ settled, rewarded, models }) => {
    const total = (what) => models.reduce((sum, model) => sum + model[what], 0)
    return (
      settled === requests &&
      rewarded === requests &&
      Math.abs(total('costUsd') - sums.costUsd) < 1e-6 &&
      Math.abs(total('reward') - sums.reward) < 1e-6
    )
  })
  return {
    ok: holds && told.durable === 2 * requests && told.refused === due.length - 2 * requests,
    detail: `${requests} requests, ${due.length} pieces of feedback on ${workers.length} replicas, ${told.durable} durable, ${told.refused} refused as duplicates, ${ROUNDS} kills; digest ${digest}`,
  }
}
