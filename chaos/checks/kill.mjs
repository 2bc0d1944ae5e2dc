import { join } from 'node:path'
import Database from 'better-sqlite3'
import { WorkerProcess } from '../worker-process.mjs'

const ROUNDS = 200
const ROUNDS_SHORT = 12
/** Within the time that opening and some thousand requests take. */
const LIVES_MS = [20, 350]
/** All of the log is looked at in the end. */
const SQLITE = { retainEvents: 50_000_000 }

export const name = 'kill -9 at random instants, SQLite'

/** Every acknowledged settlement and reward is in the log once, no id is given out twice, and no event counts twice. */
export async function run({ folder, random, short }) {
  const file = join(folder, 'kill.db')
  const rounds = short ? ROUNDS_SHORT : ROUNDS
  const gave = new Set()
  const acks = new Map()
  for (let round = 0; round < rounds; round++) {
    const worker = await WorkerProcess.start({
      file,
      sqlite: SQLITE,
      seed: round,
      options: {},
      journal: { snapshotEvents: 2000 },
    })
    if (worker.recovery.refused > 0 || worker.recovery.repairs.length > 0)
      throw new Error(`round ${round}: ${JSON.stringify(worker.recovery)}`)
    const work = worker.call('load', { requests: 1e9, pauseEvery: 5, tells: true }).catch(() => {})
    await new Promise((resolve) => setTimeout(resolve, LIVES_MS[0] + random() * (LIVES_MS[1] - LIVES_MS[0])))
    await worker.kill()
    await work
    for (const id of worker.gave) {
      if (gave.has(id)) throw new Error(`round ${round}: id ${id} was given out twice`)
      gave.add(id)
    }
    for (const ack of worker.acks) acks.set(ack.ack, ack)
  }
  const worker = await WorkerProcess.start({ file, sqlite: SQLITE, seed: 0, options: {} })
  const stats = await worker.call('stats')
  await worker.close()
  return verdict(file, acks, stats, { rounds, gave: gave.size })
}

function verdict(file, acks, stats, { rounds, gave }) {
  const database = new Database(file, { readonly: true })
  const rows = database
    .prepare('SELECT type, request, usd, reward FROM events WHERE request IS NOT NULL')
    .all()
  database.close()
  const counts = { routed: 0, settled: 0, rewarded: 0 }
  const seen = new Map()
  for (const { type, request, usd, reward } of rows) {
    counts[type]++
    const key = `${type} ${request}`
    if (seen.has(key)) throw new Error(`${key} stands in the log twice`)
    seen.set(key, type === 'settled' ? usd : reward)
  }
  let lost = 0
  for (const [id, { costUsd, reward }] of acks) {
    if (seen.get(`settled ${id}`) !== costUsd || seen.get(`rewarded ${id}`) !== reward) lost++
  }
  const applied =
    stats.settled === counts.settled && stats.rewarded === counts.rewarded && stats.requests === counts.routed
  const detail = `${rounds} kills, ${gave} requests, ${acks.size} acknowledged, ${lost} lost; ${counts.rewarded} rewards in the log, ${stats.rewarded} applied`
  return { ok: lost === 0 && applied && acks.size > rounds, detail }
}
