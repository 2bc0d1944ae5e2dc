// A process with a router of its own. Takes its settings as JSON in its argument, commands as lines of JSON, and answers
// in lines of JSON; `gave` and `ack` lines come as they happen, so that whoever kills it knows what was promised.
import { writeSync } from 'node:fs'
import { createInterface } from 'node:readline'
import { createRouter, ParetoBanditError } from '../dist/index.js'
import { redisStore } from '../dist/store/redis.js'
import { sqliteStore } from '../dist/store/sqlite.js'
import { DIMENSION, MODELS, usualCostUsd, WORTHS } from './models.mjs'
import { contextFrom, randomFrom } from './random.mjs'
import { shiftedRedis } from './shifted-redis.mjs'

const settings = JSON.parse(process.argv[2])
const random = randomFrom(settings.seed)
const failures = new Map()
/** How far the clock is ahead, ms; null: the process has the clock of its machine. */
let aheadMs = settings.aheadMs ?? null
/** Requests in flight, for `settleHeld`. */
let held = []
/** Ends a load. */
let mustStop = false

function storeOf({ redis, file, sqlite }) {
  if (redis !== undefined) return redisStore(aheadMs === null ? redis : { ...redis, load: shiftedRedis })
  return file === undefined ? undefined : sqliteStore(file, { lockWaitMs: 5000, ...sqlite })
}

const store = storeOf(settings)
const router = await createRouter({
  models: MODELS,
  dimension: DIMENSION,
  kernel: 'wasm',
  budget: { usdPerRequest: 0.002 },
  ...settings.options,
  ...(aheadMs === null ? {} : { clock: () => Date.now() + aheadMs }),
  ...(store === undefined
    ? {}
    : { store, journal: { closeMs: 60_000, ...settings.journal, onStoreError: (error) => failed(error) } }),
})
if (settings.listens) router.on('rewarded', () => router.route(contextFrom(random, DIMENSION)))

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

/**
 * Routes, settles and rewards. Bills go by what was reserved, and answers are worth the same whoever gives them; with `spanMs`
 * bills and answers are those of the model, and so much time passes by the clock from the first request to the last, evenly.
 * @returns what was spent and what came of it
 */
async function load({
  requests,
  pauseEvery = 20,
  overrun = 0,
  tells = false,
  mayLose = false,
  stopAtRefusals = Number.POSITIVE_INFINITY,
  pauseMs = 0,
  spanMs = 0,
}) {
  const total = { routed: 0, refused: 0, full: 0, spentUsd: 0, excessUsd: 0, reward: 0 }
  const beganAheadMs = aheadMs
  let refusedInARow = 0
  const acknowledged = []
  mustStop = false
  for (let i = 0; i < requests && refusedInARow < stopAtRefusals && !mustStop; i++) {
    if (spanMs > 0) aheadMs = beganAheadMs + (i / requests) * spanMs
    try {
      const { id, model, reservedUsd } = router.route(contextFrom(random, DIMENSION), {
        inputTokens: 400,
        maxOutputTokens: 600,
      })
      const costUsd = (spanMs > 0 ? usualCostUsd(model) : reservedUsd) * (1 + overrun * (2 * random() - 1))
      const reward = Math.round((spanMs > 0 ? WORTHS[model] + 0.4 * (random() - 0.5) : random()) * 100) / 100
      // The pipe has it before the log can: an event is never durable without its line.
      if (tells) say({ gave: id, model, costUsd, reward })
      router.settle(id, { costUsd })
      const done = router.reward(id, reward).durable
      const told = tells ? done.then(() => say({ ack: id, costUsd, reward })) : done
      acknowledged.push(mayLose ? told.catch(({ code }) => say({ lost: id, code })) : told)
      total.routed++
      total.spentUsd += costUsd
      total.reward += reward
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
  if (spanMs > 0) aheadMs = beganAheadMs + spanMs
  return { ...total, acknowledged: acknowledged.length }
}

/** Routes requests that reserve `usd` each and leaves them in flight, until `requests` are in flight or `refusalsMax` were refused. */
async function hold({ requests, usd, refusalsMax = 300 }) {
  let refused = 0
  let routed = 0
  while (routed < requests && refused < refusalsMax) {
    try {
      held.push(router.route(contextFrom(random, DIMENSION), tokensFor(usd)))
      routed++
      refused = 0
    } catch (error) {
      if (error.code !== 'BUDGET_EXHAUSTED') throw error
      refused++
      await pause(10)
    }
    await pause(0)
  }
  return {
    routed,
    ids: held.map(({ id }) => id),
    usd: held.reduce((sum, { reservedUsd }) => sum + reservedUsd, 0),
  }
}

/** Settles what is in flight, at that share of what it reserved. @returns what became known, USD */
async function settleHeld({ share }) {
  let usd = 0
  for (const { id, reservedUsd } of held) {
    router.settle(id, { costUsd: share * reservedUsd })
    usd += share * reservedUsd
  }
  held = []
  return usd
}

/** Spends all that can be had in requests of `usd` each. @returns USD */
async function spend({ usd, refusalsMax = 100, requests = 1000 }) {
  let spentUsd = 0
  let refused = 0
  for (let routed = 0; routed < requests && refused < refusalsMax; ) {
    try {
      const { id, reservedUsd } = router.route(contextFrom(random, DIMENSION), tokensFor(usd))
      router.settle(id, { costUsd: reservedUsd })
      spentUsd += reservedUsd
      routed++
      refused = 0
    } catch (error) {
      if (error.code !== 'BUDGET_EXHAUSTED') throw error
      refused++
      await pause(10)
    }
    await pause(0)
  }
  return spentUsd
}

/** With the one model of `ONE_MODEL`: a dollar for 1,000 tokens. */
function tokensFor(usd) {
  return { inputTokens: 0, maxOutputTokens: Math.round(1000 * usd) }
}

/** Routes and tells what was given away; feedback is for others to give. */
async function routeOnly({ requests }) {
  const ids = Array.from({ length: requests }, () => router.route(contextFrom(random, DIMENSION)).id)
  await router.flush()
  return ids
}

/** Gives feedback, some of it again, and some for requests of others. @returns how much is durable, refused by code */
async function feedback({ pieces, pauseEvery = Number.POSITIVE_INFINITY }) {
  const codes = {}
  let durable = 0
  const refuse = (error) => {
    if (!(error instanceof ParetoBanditError)) throw error
    codes[error.code] = (codes[error.code] ?? 0) + 1
  }
  const waiting = []
  for (const [i, { id, costUsd, reward }] of pieces.entries()) {
    if (i % pauseEvery === pauseEvery - 1) await pause(1)
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
  stop: async () => {
    mustStop = true
  },
  hold,
  settleHeld,
  spend,
  routeOnly,
  feedback,
  setAhead: async ({ ms }) => {
    aheadMs = ms
    router.expire()
  },
  removeModel: async ({ id }) => router.removeModel(id),
  addModel: async ({ model }) => router.addModel(model),
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
