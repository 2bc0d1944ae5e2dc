import { join } from 'node:path'
import { createRouter } from '../../dist/index.js'
import { sqliteStore } from '../../dist/store/sqlite.js'
import { contextFrom } from '../random.mjs'

const DIMENSION = 6
const MODELS = [
  { id: 'first', inputUsdPerMTok: 0.5, outputUsdPerMTok: 1.5 },
  { id: 'second', inputUsdPerMTok: 0.5, outputUsdPerMTok: 1.5 },
  { id: 'third', inputUsdPerMTok: 0.5, outputUsdPerMTok: 1.5 },
]
const REWARDS = { first: 0.95, second: 0.6, third: 0.5 }
/** Most first tries of a model that is down, as a share; requests within which its recovery is found. */
const TRIES_SHARE_MAX = 0.06
const FOUND_WITHIN = 50

export const name = 'a model that is down'

/** It keeps little traffic while it is down, over a restart too, and is found again soon after it is back. */
export async function run({ folder, random, short }) {
  let mostTries = 0
  let latest = 0
  const requests = short ? 600 : 2000
  for (const policy of ['dollar', 'paper', 'thompson'])
    for (const retryAfterMs of [null, 5000]) {
      let now = Date.UTC(2026, 2, 28, 22)
      const options = { policy, dimension: DIMENSION, kernel: 'js', clock: () => (now += 200) }
      const file = join(folder, `${policy}-${retryAfterMs}.db`)
      const open = (more) => createRouter({ ...options, ...more, store: sqliteStore(file) })
      let router = await open({ models: MODELS })
      let told = []
      const listen = () => router.on('availability', ({ isAvailable }) => told.push(isAvailable))
      listen()
      const serve = (count, isDown) => {
        let tries = 0
        let found = 0
        for (let i = 1; i <= count; i++) {
          let decision = router.route(contextFrom(random, DIMENSION))
          if (isDown && decision.model === 'first') {
            tries++
            router.fail(decision.id, retryAfterMs === null ? undefined : { retryAfterMs })
            decision = router.route(contextFrom(random, DIMENSION), { exclude: ['first'] })
          }
          if (decision.model === 'first' && found === 0) found = i
          router.settle(decision.id, { costUsd: 0.001 })
          router.reward(decision.id, REWARDS[decision.model] + 0.1 * (random() - 0.5))
        }
        return { tries, found }
      }
      const what = `policy ${policy}${retryAfterMs === null ? '' : ', with a time to wait'}`
      serve(500, false)
      const before = serve(requests / 2, true).tries
      await router.flush()
      await router.close()
      router = await open({})
      listen()
      const tries = before + serve(requests / 2, true).tries
      if (told.length !== 1 || told[0]) throw new Error(`${what}: its outage was told as ${told}`)
      if (tries > TRIES_SHARE_MAX * requests) throw new Error(`${what}: ${tries} of ${requests} first tries`)
      told = []
      const { found } = serve(500, false)
      if (found === 0 || found > FOUND_WITHIN) throw new Error(`${what}: found again after ${found} requests`)
      if (told.length !== 1 || !told[0]) throw new Error(`${what}: its recovery was told as ${told}`)
      mostTries = Math.max(mostTries, tries)
      latest = Math.max(latest, found)
      await router.close()
    }
  return {
    ok: true,
    detail: `three policies, ${requests} requests while it was down: ${mostTries} of them tried it at most; found again within ${latest} requests`,
  }
}
