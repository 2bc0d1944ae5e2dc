import { MODELS } from '../models.mjs'
import { RedisProcess } from '../redis-process.mjs'
import { agreedDigest, WorkerProcess } from '../worker-process.mjs'

const STARTS = 6
const REPLICAS = 3
const REMOVALS = 6

export const name = 'ids of many starts, and while models are removed'
export const needsRedis = true

/**
 * Processes without a store that begin one after the other, and replicas whose routed requests are refused at their place
 * in the log as another removes the model: no id is given twice, and feedback of an older process finds nothing.
 */
export async function run({ seed, short }) {
  const starts = await manyStarts(seed, short ? 50 : 1000)
  const removals = await underRemovals(seed, short ? 300 : 3000)
  return {
    ok: starts.twice === 0 && starts.taken === 0 && removals.twice === 0 && removals.refused > 0,
    detail: `${STARTS} starts: ${starts.ids} ids, ${starts.twice} twice, ${starts.taken} pieces of old feedback taken; ${REMOVALS} removals under ${REPLICAS} replicas: ${removals.ids} ids, ${removals.twice} twice, ${removals.refused} refused in the log`,
  }
}

async function manyStarts(seed, requests) {
  const ids = []
  let taken = 0
  for (let i = 0; i < STARTS; i++) {
    const worker = await WorkerProcess.start({ seed: seed + i, options: {} })
    const before = [...ids]
    ids.push(...(await worker.call('routeOnly', { requests })))
    const pieces = before.map((id) => ({ id, costUsd: 777 }))
    const { codes } = await worker.call('feedback', { pieces })
    taken += pieces.length - (codes.UNKNOWN_REQUEST ?? 0)
    await worker.kill()
  }
  return { ids: ids.length, twice: ids.length - new Set(ids).size, taken }
}

async function underRemovals(seed, requests) {
  const server = await RedisProcess.start()
  const workers = []
  try {
    for (let i = 0; i < REPLICAS; i++) {
      const redis = { url: server.url, stream: 'ids' }
      workers.push(await WorkerProcess.start({ redis, seed: seed + i, options: {} }))
    }
    const load = { requests, pauseEvery: 10, tells: true, mayLose: true }
    let isDone = false
    const loads = Promise.all(workers.slice(1).map((worker) => worker.call('load', load))).finally(() => {
      isDone = true
    })
    for (let i = 0; i < REMOVALS && !isDone; i++) {
      const model = MODELS[i % 2]
      await workers[0].call('removeModel', { id: model.id })
      await new Promise((resolve) => setTimeout(resolve, 30))
      await workers[0].call('addModel', { model })
      await new Promise((resolve) => setTimeout(resolve, 30))
    }
    await loads
    await agreedDigest(workers)
    const ids = workers.flatMap(({ gave }) => gave.map((line) => line.gave))
    const refused = workers.reduce((sum, { lost }) => sum + lost.length, 0)
    return { ids: ids.length, twice: ids.length - new Set(ids).size, refused }
  } finally {
    await Promise.all(workers.map((worker) => worker.kill()))
    await server.stop()
  }
}
