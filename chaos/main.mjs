// npm run chaos -- [--short] [--seed N] [--only TEXT] [--json FILE] [--write] [--allow-missing]
// What can go wrong goes wrong here, with real processes, real SQLite files and a redis-server of its own: one line a
// check, exit code 1 if one failed. The full run takes some ten minutes; --write puts its table into docs/OPERATIONS.md
// and two rows of it into the README.
import { mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { parseArgs } from 'node:util'
import { write } from '../scripts/doc-sections.mjs'
import * as burstUnderCap from './checks/burst-under-cap.mjs'
import * as capsTogether from './checks/caps-together.mjs'
import * as clock from './checks/clock.mjs'
import * as disorder from './checks/disorder.mjs'
import * as disorderOfReplicas from './checks/disorder-of-replicas.mjs'
import * as failover from './checks/failover.mjs'
import * as fullDisk from './checks/full-disk.mjs'
import * as ids from './checks/ids.mjs'
import * as kill from './checks/kill.mjs'
import * as lateCredit from './checks/late-credit.mjs'
import * as longFlight from './checks/long-flight.mjs'
import * as networkCut from './checks/network-cut.mjs'
import * as oneBill from './checks/one-bill.mjs'
import * as oneCap from './checks/one-cap.mjs'
import * as outage from './checks/outage.mjs'
import * as pausedReplica from './checks/paused-replica.mjs'
import * as redisRestart from './checks/redis-restart.mjs'
import * as refusedReceipts from './checks/refused-receipts.mjs'
import * as tornWrite from './checks/torn-write.mjs'
import { randomFrom } from './random.mjs'
import { hasRedis, RedisProcess } from './redis-process.mjs'
import { WorkerProcess } from './worker-process.mjs'

const CHECKS = [
  kill,
  tornWrite,
  fullDisk,
  clock,
  disorder,
  disorderOfReplicas,
  redisRestart,
  pausedReplica,
  networkCut,
  oneCap,
  oneBill,
  outage,
  burstUnderCap,
  lateCredit,
  longFlight,
  capsTogether,
  failover,
  refusedReceipts,
  ids,
]
/** What --write puts into the README as well. */
const IN_README = [kill.name, oneCap.name]
const NO_REDIS = 'redis-server is not installed: apt-get install redis-server'
/** The longest check takes 150 s of a quiet machine. */
const SECONDS_MAX = 240
const SECONDS_MAX_SHORT = 120
const MARKS = { holds: 'ok', fails: 'NO', skipped: '--' }

const flags = readFlags()
const redis = hasRedis()
const results = []
console.log(`chaos, seed ${flags.seed}${flags.short ? ', short' : ''}`)
if (!redis) console.log(`  ${NO_REDIS}${flags.allowMissing ? '; its checks are skipped' : ''}`)
for (const check of CHECKS) {
  if (!check.name.includes(flags.only)) continue
  process.stdout.write(`  ..  ${check.name}`)
  const started = performance.now()
  const outcome = await outcomeOf(check)
  const seconds = Math.round((performance.now() - started) / 100) / 10
  results.push({ name: check.name, ...outcome, seconds })
  process.stdout.write(`\r  ${MARKS[wordOf(outcome)]}  ${check.name}, ${seconds} s: ${outcome.detail}\n`)
}
const failed = results.filter(({ ok }) => !ok).length
const skipped = results.filter((each) => each.skipped).length
printTable()
if (flags.json !== undefined) {
  const { seed, short } = flags
  writeFileSync(flags.json, `${JSON.stringify({ seed, short, checks: results }, null, 2)}\n`)
}
if (flags.write) {
  write(pathOf('../docs/OPERATIONS.md'), { chaos: tableOf(results) })
  write(pathOf('../README.md'), { chaos: tableOf(results.filter(({ name }) => IN_README.includes(name))) })
}
// A check that was late may still be at it.
process.exit(failed === 0 && results.length > 0 ? 0 : 1)

async function outcomeOf(check) {
  if (check.needsRedis && !redis)
    return { ok: flags.allowMissing, detail: NO_REDIS, ...(flags.allowMissing ? { skipped: true } : {}) }
  const folder = mkdtempSync(join(tmpdir(), 'paretobandit-chaos-'))
  const { seed, short } = flags
  let timer
  const late = new Promise((resolve) => {
    const seconds = short ? SECONDS_MAX_SHORT : SECONDS_MAX
    timer = setTimeout(resolve, 1000 * seconds, { ok: false, detail: `not done in ${seconds} s` })
  })
  const done = check.run({ folder, random: randomFrom(seed), seed, short })
  const failed = (error) => ({ ok: false, detail: error.message })
  try {
    return await Promise.race([done.catch(failed), late])
  } finally {
    clearTimeout(timer)
    await WorkerProcess.killAll()
    await RedisProcess.stopAll()
    rmSync(folder, { recursive: true, force: true })
  }
}

function wordOf({ ok, skipped }) {
  if (!ok) return 'fails'
  return skipped ? 'skipped' : 'holds'
}

function pathOf(file) {
  return fileURLToPath(new URL(file, import.meta.url))
}

function tableOf(rows) {
  const lines = rows.map((each) => {
    const word = each.ok ? wordOf(each) : '**fails**'
    return `| ${each.name} | ${word} | ${each.seconds} s | ${each.detail} |`
  })
  return ['| check | | | |', '| --- | --- | ---: | --- |', ...lines].join('\n')
}

function printTable() {
  const width = Math.max(...results.map(({ name }) => name.length), 0)
  console.log('')
  for (const each of results) {
    const seconds = each.seconds.toFixed(1).padStart(6)
    console.log(`  ${each.name.padEnd(width)}  ${wordOf(each).padEnd(7)}  ${seconds} s`)
  }
  const note = skipped === 0 ? '' : `, ${skipped} skipped`
  console.log(`\n${results.length - failed - skipped} of ${results.length} checks hold${note}`)
}

function readFlags() {
  const options = {
    short: { type: 'boolean', default: false },
    seed: { type: 'string', default: '1' },
    only: { type: 'string', default: '' },
    json: { type: 'string' },
    write: { type: 'boolean', default: false },
    'allow-missing': { type: 'boolean', default: false },
  }
  try {
    const { values } = parseArgs({ options })
    const seed = Number(values.seed)
    if (!CHECKS.some(({ name }) => name.includes(values.only)))
      throw new Error(`--only: expected a part of a check's name, got ${values.only}`)
    if (values.write && (values.short || values.only !== ''))
      throw new Error('--write: expected a full run, without --short and --only')
    if (!Number.isSafeInteger(seed)) throw new Error(`--seed: expected an integer, got ${values.seed}`)
    return { ...values, seed, allowMissing: values['allow-missing'] }
  } catch (error) {
    console.error(
      `${error.message}; usage: npm run chaos -- [--short] [--seed N] [--only TEXT] [--json FILE] [--write] [--allow-missing]`,
    )
    process.exit(2)
  }
}
