import { join } from 'node:path'
import Database from 'better-sqlite3'
import { WorkerProcess } from '../worker-process.mjs'

const ROUNDS = 200
const ROUNDS_SHORT = 15
/** Within the time that some thousand requests take; every few rounds one more dies while it opens. */
const LIVES_MS = [5, 350]
const OPENING_MS = [40, 160]
const OPENING_EVERY = 4
/** One log is kept whole and looked at in the end; of every third process the log is trimmed as it goes. */
const WHOLE = { file: 'whole.db', sqlite: { retainEvents: 50_000_000 }, journal: { snapshotEvents: 2000 } }
const TRIMMED = { file: 'trimmed.db', sqlite: { retainEvents: 2000 }, journal: { snapshotEvents: 1000 } }
/** Of three events each: more than are retained, and two snapshots. */
const REQUESTS_TO_TRIM = 2000
const MORE_LIVES_MAX = 10
const MORE_MS = 2000
/** Sums of some 100,000 numbers, read as mean times count. */
const ROUNDING = 1e-6

export const name = 'kill -9 at random instants, SQLite'

/**
 * After each kill the state is what it was and the first n of what was given since, each once, n at least what was
 * acknowledged: counts and sums of costs and rewards, model by model. No id is given out twice.
 */
export async function run({ folder, random, seed, short }) {
  const rounds = short ? ROUNDS_SHORT : ROUNDS
  const logs = [WHOLE, TRIMMED].map((log) => new KilledLog({ ...log, file: join(folder, log.file) }))
  const between = ([least, most]) => least + random() * (most - least)
  let opening = 0
  for (let round = 0; round < rounds; round++) {
    const log = logs[round % 3 === 2 ? 1 : 0]
    if (round % OPENING_EVERY === OPENING_EVERY - 1) {
      const born = new WorkerProcess(log.settings(seed))
      await new Promise((resolve) => setTimeout(resolve, between(OPENING_MS)))
      await born.kill()
      opening++
    }
    await log.live(seed + round, between(LIVES_MS), round)
  }
  // On a busy machine these processes may not be enough to trim it.
  for (let more = 0; logs[1].gave.size < REQUESTS_TO_TRIM && more < MORE_LIVES_MAX; more++)
    await logs[1].live(seed + rounds + more, MORE_MS, rounds + more)
  for (const log of logs) await log.end()
  // Nor may they have been long enough for a snapshot, which is what trims it.
  for (let more = 0; !logs[1].trims() && more < MORE_LIVES_MAX; more++) {
    await logs[1].live(seed + rounds + MORE_LIVES_MAX + more, MORE_MS, 'more')
    await logs[1].end()
  }
  const [whole, trimmed] = logs
  const { rewards, lost } = readLog(whole)
  const gave = whole.gave.size + trimmed.gave.size
  const acks = whole.acks.size + trimmed.acks.size
  const ok = lost === 0 && rewards === whole.stats.rewarded && trimmed.trims() && acks > rounds
  const detail = `${rounds} kills and ${opening} while opening, ${gave} requests, ${acks} acknowledged, ${lost} lost; ${rewards} rewards in the whole log, ${whole.stats.rewarded} applied, ${trimmed.stats.rewarded} on the trimmed one`
  return { ok, detail }
}

/** A log whose processes die one after the other. */
class KilledLog {
  gave = new Map()
  acks = new Map()
  stats = null
  #log
  /** Of the process that died last. */
  #life = { gave: [], acks: [] }

  constructor(log) {
    this.#log = log
  }

  get file() {
    return this.#log.file
  }

  settings(seed) {
    return { ...this.#log, seed, options: {} }
  }

  async live(seed, ms, round) {
    const worker = await this.#open(seed, round)
    const work = worker.call('load', { requests: 1e9, pauseEvery: 5, tells: true }).catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, ms))
    await worker.kill()
    await work
    for (const given of worker.gave) {
      if (this.gave.has(given.gave)) throw new Error(`round ${round}: id ${given.gave} was given out twice`)
      this.gave.set(given.gave, given)
    }
    for (const ack of worker.acks) this.acks.set(ack.ack, ack)
    this.#life = worker
  }

  async end() {
    const worker = await this.#open(0, 'the end')
    await worker.close()
    this.#life = { gave: [], acks: [] }
  }

  trims() {
    const database = new Database(this.file, { readonly: true })
    const { first, last } = database
      .prepare('SELECT min(position) AS first, max(position) AS last FROM events')
      .get()
    database.close()
    return first > 1 && last > first
  }

  async #open(seed, round) {
    const worker = await WorkerProcess.start(this.settings(seed))
    const { refused, repairs } = worker.recovery
    if (refused > 0 || repairs.length > 0)
      throw new Error(`round ${round}: ${JSON.stringify(worker.recovery)}`)
    const stats = await worker.call('stats')
    if (this.stats !== null) checkLife(this.stats, stats, this.#life, round)
    this.stats = stats
    return worker
  }
}

/** Feedback is made durable in the order it was given in: how many tells which. */
function checkLife(before, after, { gave, acks }, round) {
  const count = after.rewarded - before.rewarded
  const fail = (message) => {
    throw new Error(`round ${round}: ${message}`)
  }
  if (count < acks.length || count > gave.length)
    fail(`${acks.length} acknowledged, ${gave.length} given, ${count} applied`)
  const settled = after.settled - before.settled
  const requests = after.requests - before.requests
  if (settled < count || requests < settled || requests > gave.length)
    fail(`${requests} routed, ${settled} settled and ${count} rewarded of ${gave.length}`)
  for (const { id, ...now } of after.models) {
    const then = before.models.find((model) => model.id === id)
    const sums = { settled: 0, costUsd: 0, rewarded: 0, reward: 0 }
    gave.slice(0, settled).forEach(({ model, costUsd, reward }, i) => {
      if (model !== id) return
      sums.settled++
      sums.costUsd += costUsd
      if (i >= count) return
      sums.rewarded++
      sums.reward += reward
    })
    for (const [what, sum] of Object.entries(sums))
      if (Math.abs(now[what] - then[what] - sum) > ROUNDING)
        fail(`${what} of ${id}: ${sum} given, ${now[what] - then[what]} applied`)
  }
}

/** @returns rewards in it, and acknowledged feedback that is not there as it was given */
function readLog({ file, acks }) {
  const database = new Database(file, { readonly: true })
  const rows = database
    .prepare('SELECT type, request, usd, reward FROM events WHERE request IS NOT NULL')
    .all()
  database.close()
  const seen = new Map()
  let rewards = 0
  for (const { type, request, usd, reward } of rows) {
    const key = `${type} ${request}`
    if (seen.has(key)) throw new Error(`${key} stands in the log twice`)
    seen.set(key, type === 'settled' ? usd : reward)
    if (type === 'rewarded') rewards++
  }
  let lost = 0
  for (const [id, { costUsd, reward }] of acks) {
    if (seen.get(`settled ${id}`) !== costUsd || seen.get(`rewarded ${id}`) !== reward) lost++
  }
  return { rewards, lost }
}
