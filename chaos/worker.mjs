// A process with a router of its own. Takes its settings as JSON in its argument, commands as lines of JSON, and answers
// in lines of JSON; `gave` and `ack` lines come as they happen, so that whoever kills it knows what was promised.
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createRouter, ParetoBanditError } from '../dist/index.js'
import { redisStore } from '../dist/store/redis.js'
import { sqliteStore } from '../dist/store/sqlite.js'
import { DIMENSION, MODELS } from './models.mjs'
import { contextFrom, randomFrom } from './random.mjs'

const settings = JSON.parse(process.argv[2])
const random = randomFrom(settings.seed)
const failures = new Map()
const router = await createRouter({
  models: MODELS,
  dimension: DIMENSION,
  kernel: 'wasm',
  budget: { usdPerRequest: 0.002 },
  ...settings.options,
  store:
    settings.redis === undefined
      ? sqliteStore(settings.file, { lockWaitMs: 5000, ...settings.sqlite })
      : redisStore(settings.redis),
  journal: { closeMs: 60_000, ...settings.journal, onStoreError: (error) => failed(error) },
})

/** Waits while the pipe is full: process.stdout would keep lines in this process, and they would die with it. */
function say(line) {
  let rest = Buffer.from(`${JSON.stringify(line)}\n`)
  while (rest.length > 0) {
    try {
      rest = rest.subarray(writeSync(1, rest))
    } catch (error) {
      // A full pipe that does not block: the parent reads on.
      if (error.code !== 'EAGAIN') throw error
      Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 1)
    }
  }
}

function failed(error) {
  const code = error.code ?? String(error)
  failures.set(code, (failures.get(code) ?? 0) + 1)
  if (failures.get(code) === 1) say({ failure: code, message: error.message })
}

/** Routes, settles and rewards. @returns what was spent and what came of it */
async function load({
  requests,
  pauseEvery = 20,
  overrun = 0,
  tells = false,
  stopAtRefusals = Number.POSITIVE_INFINITY,
  pauseMs = 0,
}) {
  const total = { routed: 0, refused: 0, full: 0, spentUsd: 0, excessUsd: 0 }
  let refusedInARow = 0
  const acknowledged = []
  for (let i = 0; i < requests && refusedInARow < stopAtRefusals; i++) {
    try {
      const { id, model, reservedUsd } = router.route(contextFrom(random, DIMENSION), {
        inputTokens: 400,
        maxOutputTokens: 600,
      })
      const costUsd = reservedUsd * (1 + overrun * (2 * random() - 1))
      const reward = Math.round(random() * 100) / 100
      // The pipe has it before the log can: an event is never durable without its line.
      if (tells) say({ gave: id, model, costUsd, reward })
      router.settle(id, { costUsd })
      const done = router.reward(id, reward).durable
      acknowledged.push(tells ? done.then(() => say({ ack: id, costUsd, reward })) : done)
      total.routed++
      total.spentUsd += costUsd
      total.excessUsd += Math.max(0, costUsd - reservedUsd)
      refusedInARow = 0
    } catch (error) {
      if (error.code === 'BUDGET_EXHAUSTED') {
        total.refused++
        refusedInARow++
        await new Promise((resolve) => setTimeout(resolve, 2))
      } else if (error.code === 'JOURNAL_FULL') {
        total.full++
        await new Promise((resolve) => setTimeout(resolve, 20))
      } else throw error
    }
    if (i % pauseEvery === 0) await pause(pauseMs)
  }
  await Promise.all(acknowledged)
  return { ...total, acknowledged: acknowledged.length }
}

/** Routes and tells what was given away; feedback is for others to give. */
async function routeOnly({ requests }) {
  const ids = Array.from({ length: requests }, () => router.route(contextFrom(random, DIMENSION)).id)
  await router.flush()
  return ids
}

/** Gives feedback, some of it again, and some for requests of others. @returns how much is durable, refused by code */
async function feedback({ pieces }) {
  const codes = {}
  let durable = 0
  const refuse = (error) => {
    if (!(error instanceof ParetoBanditError)) throw error
    codes[error.code] = (codes[error.code] ?? 0) + 1
  }
  const waiting = []
  for (const { id, costUsd, reward } of pieces) {
    try {
      const receipt = costUsd === undefined ? router.reward(id, reward) : router.settle(id, { costUsd })
      waiting.push(receipt.durable.then(() => durable++, refuse))
    } catch (error) {
      refuse(error)
    }
  }
  await Promise.all(waiting)
  return { durable, codes }
}

function pause(ms) {
  return new Promise((resolve) => (ms === 0 ? setImmediate(resolve) : setTimeout(resolve, ms)))
}

const commands = {
  load,
  routeOnly,
  feedback,
  stats: async () => {
    const { requests, models, journal } = router.stats()
    const sum = (name) => models.reduce((total, model) => total + model[name], 0)
    return {
      requests,
      settled: sum('settled'),
      rewarded: sum('rewarded'),
      models: models.map(({ id, settled, meanCostUsd, rewarded, meanReward }) => ({
        id,
        settled,
        costUsd: settled * (meanCostUsd ?? 0),
        rewarded,
        reward: rewarded * (meanReward ?? 0),
      })),
      journal,
      failures: [...failures],
    }
  },
  digest: () => router.digest(),
  flush: () => router.flush(),
  close: async () => {
    await router.close()
    process.exitCode = 0
    input.close()
  },
}

const input = createInterface({ input: process.stdin })
input.on('line', (line) => {
  const { call, name, ...rest } = JSON.parse(line)
  commands[name](rest).then(
    (result) => say({ call, result: result ?? null }),
    (error) => say({ call, error: `${error.code ?? ''} ${error.message}` }),
  )
})
say({ ready: true, recovery: router.recovery })
