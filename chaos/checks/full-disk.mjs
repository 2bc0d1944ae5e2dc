import { spawnSync } from 'node:child_process'
import { mkdirSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import Database from 'better-sqlite3'
import { WorkerProcess } from '../worker-process.mjs'

const DISK_MB = 16
const FILLER_MB = 13

export const name = 'full disk'

/** A disk that runs full stops nothing that was acknowledged; when there is room again, work goes on. */
export async function run({ folder, seed }) {
  const disk = join(folder, 'disk')
  mkdirSync(disk)
  const mounted = spawnSync('mount', ['-t', 'tmpfs', '-o', `size=${DISK_MB}m`, 'tmpfs', disk])
  if (mounted.status !== 0)
    return { ok: true, skipped: true, detail: 'skipped: a small disk can be mounted by root alone' }
  try {
    return await fill(disk, seed)
  } finally {
    spawnSync('umount', ['-l', disk])
  }
}

async function fill(disk, seed) {
  const filler = join(disk, 'filler')
  writeFileSync(filler, new Uint8Array(FILLER_MB << 20))
  const file = join(disk, 'full.db')
  const journal = { snapshotEvents: 1e6, capacity: 3000 }
  const worker = await WorkerProcess.start({ file, seed, options: {}, journal })
  const work = worker.call('load', { requests: 6000, pauseEvery: 20, tells: true })
  const end = Date.now() + 60_000
  while (!worker.failures.includes('STORE_FULL')) {
    if (Date.now() > end) throw new Error('the disk never ran full')
    await new Promise((resolve) => setTimeout(resolve, 20))
  }
  await new Promise((resolve) => setTimeout(resolve, 500))
  const before = worker.acks.length
  rmSync(filler)
  const { full, routed } = await work
  const stats = await worker.call('stats')
  const acks = worker.acks
  await worker.close()
  const database = new Database(file, { readonly: true })
  const count = database.prepare("SELECT count(*) AS n FROM events WHERE type = 'rewarded' AND request = ?")
  const lost = acks.filter(({ ack }) => count.get(ack).n !== 1).length
  database.close()
  const detail = `${before} acknowledged when it was full, ${acks.length} of ${routed} in the end, ${lost} lost, ${full} calls refused meanwhile`
  return {
    ok: lost === 0 && acks.length === routed && stats.rewarded === routed && before < routed && full > 0,
    detail,
  }
}
