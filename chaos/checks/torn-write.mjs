import { copyFileSync, mkdirSync, readFileSync, statSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { createRouter } from '../../dist/index.js'
import { sqliteStore } from '../../dist/store/sqlite.js'
import { DIMENSION } from '../models.mjs'
import { WorkerProcess } from '../worker-process.mjs'

const STEPS = 36
/** How many of the latest appends are cut. */
const CUT_STEPS = 2
const CUT_STEPS_SHORT = 1
/** Opening a router takes 50 ms, opening a file 1 ms: a router opens this many of the cuts. */
const ROUTER_CUTS = 60
const ROUTER_CUTS_SHORT = 12

export const name = 'torn writes at every byte of the last record'

/** A log whose last write was cut anywhere opens as it was after one of its appends, and never in between. */
export async function run({ folder, seed, short }) {
  const file = join(folder, 'torn.db')
  const cutSteps = short ? CUT_STEPS_SHORT : CUT_STEPS
  const { known, before } = await writeLog(file, seed, cutSteps)
  const wal = readFileSync(`${file}-wal`)
  const copies = join(folder, 'torn')
  mkdirSync(copies)
  const copy = join(copies, 'cut.db')
  let opened = 0
  let compared = 0
  const found = new Set()
  const every = Math.ceil((wal.length - before) / (short ? ROUTER_CUTS_SHORT : ROUTER_CUTS))
  for (let size = before; size <= wal.length; size++) {
    copyFileSync(file, copy)
    writeFileSync(`${copy}-wal`, wal.subarray(0, size))
    const database = new Database(copy)
    const integrity = size % 16 === 0 ? database.pragma('integrity_check(1)', { simple: true }) : 'ok'
    // Nobody will miss this copy.
    database.pragma('synchronous = OFF')
    const { last } = database.prepare('SELECT max(position) AS last FROM events').get()
    // Without leaving the WAL behind for the next cut.
    database.close()
    if (integrity !== 'ok') throw new Error(`cut at ${size}: ${integrity}`)
    if (!known.has(String(last))) throw new Error(`cut at ${size}: half a batch, up to ${last}`)
    found.add(last)
    opened++
    if ((size - before) % every !== 0 && size !== wal.length) continue
    copyFileSync(file, copy)
    writeFileSync(`${copy}-wal`, wal.subarray(0, size))
    const router = await createRouter({
      dimension: DIMENSION,
      kernel: 'wasm',
      budget: { usdPerRequest: 0.002 },
      store: sqliteStore(copy),
    })
    const { position, sha256 } = await router.digest()
    await router.close()
    if (position !== String(last))
      throw new Error(`cut at ${size}: the router is at ${position}, the file at ${last}`)
    if (known.get(position) !== sha256) throw new Error(`cut at ${size}: another state at ${position}`)
    compared++
  }
  return {
    ok: compared > 2 && found.size === cutSteps + 1,
    detail: `${opened} cuts opened, each at the end of one of ${found.size} appends; ${compared} states compared with what they were`,
  }
}

/** One request an append. @returns the digest by position after each, and the size of the WAL before the last of them */
async function writeLog(file, seed, cutSteps) {
  const worker = await WorkerProcess.start({ file, seed, options: {}, journal: { snapshotEvents: 1e6 } })
  const known = new Map()
  let before = 0
  for (let step = 0; step < STEPS; step++) {
    if (step === STEPS - cutSteps) before = statSync(`${file}-wal`).size
    await worker.call('load', { requests: 1 })
    await worker.call('flush')
    const { position, sha256 } = await worker.call('digest')
    known.set(position, sha256)
  }
  await worker.kill()
  return { known, before }
}
