// What the gateway adds to a call of a provider, and what it carries, beside a bare proxy and another gateway.
//     npm run bench:gateway                  four minutes on a quiet machine, more on a busy one
//     npm run bench:gateway -- --quick       a quarter of it; for whether it runs, not for figures
//     npm run bench:gateway -- --throughput  saturation alone
//     npm run bench:gateway -- --memory      idle streams alone
//     npm run bench:gateway -- --profile DIR the gateway alone at saturation, with a CPU profile of it
// Ratios hold within one run alone. At saturation load, provider and gateway share the cores of this machine. Latencies are of
// a server that has one core to itself, beside load and provider on another: a server on a quiet core.
import { mkdtemp, rm } from 'node:fs/promises'
import { createRequire } from 'node:module'
import { cpus, tmpdir } from 'node:os'
import { join } from 'node:path'
import { parseArgs } from 'node:util'
import { atRate, atSaturation, idleStreamBytes, percentile } from './load.mjs'
import {
  bind,
  CLIENT_KEY,
  ownCodeUs,
  startBareProxy,
  startGateway,
  startMock,
  startPortkey,
  stopAll,
} from './servers.mjs'

const USAGE = 'usage: npm run bench:gateway -- [--quick] [--throughput | --memory | --profile DIR]'
const flags = readFlags()
const isThroughputAlone = flags.throughput === true
const isMemoryAlone = flags.memory === true
const isQuick = flags.quick === true
const profile = flags.profile ?? null
const ROUNDS = isQuick ? 1 : 5
const SECONDS = isQuick ? 2 : 4
/** Until then V8 compiles what is hot, on the cores that are measured: servers run for days. */
const WARM_UP_SECONDS = isQuick ? 1 : 30
const PER_SECOND = 1000
/** Servers whose latency is measured too. */
const TIMED = ['direct', 'gateway', 'bare']
const CORES = cpus().length
const TARGETS = { p50Ms: 0.5, p99Ms: 2, firstTokenMs: 0.5, timesPortkey: 3, timesBare: 0.6, idleKb: 50 }
/** Streams that are open and silent, as memory is measured. */
const IDLE_STREAMS = isQuick ? 200 : 800

let autocannon
try {
  autocannon = createRequire(import.meta.url)('autocannon')
} catch {
  console.error('expected the packages of the bench: npm ci --prefix bench/gateway --ignore-scripts')
  process.exit(2)
}
const folder = await mkdtemp(join(tmpdir(), 'gateway-bench-'))
try {
  if (profile !== null) await profiled()
  else {
    const idle = isThroughputAlone ? [] : await idleMemory()
    if (!isThroughputAlone) await ownCode()
    if (!isMemoryAlone) await measured(idle)
  }
} finally {
  await stopAll()
  await rm(folder, { recursive: true, force: true })
}
process.exit(0)

/** Minutes of measuring are not what a mistyped flag asks for. */
function readFlags() {
  const flag = { type: 'boolean' }
  const options = { quick: flag, throughput: flag, memory: flag, profile: { type: 'string' } }
  try {
    return parseArgs({ options, strict: true }).values
  } catch (error) {
    console.error(`${error.message.split(/\n|\. /)[0]}; ${USAGE}`)
    process.exit(2)
  }
}

async function profiled() {
  const mock = await startMock()
  const gateway = await startGateway(mock.origin, folder, { profile })
  const at = { ...gateway, headers: headersOf() }
  await atSaturation(autocannon, at, 2)
  const { perSecond, cpuMs } = await atSaturation(autocannon, at, 6)
  const cpu = cpuMs === null ? '' : `, ${cpuMs.toFixed(2)} ms of the processor each`
  console.log(`${perSecond.toFixed(0)} requests/s${cpu}; the profile is in ${profile}`)
}

function headersOf(more = {}) {
  return { 'content-type': 'application/json', authorization: `Bearer ${CLIENT_KEY}`, ...more }
}

/** In a process of its own, with nothing beside it. */
async function ownCode() {
  const us = await ownCodeUs(isQuick ? 10_000 : 40_000)
  console.log(
    `its own code takes ${us.toFixed(0)} us of the processor for a request, without sockets, store and the file of its log\n`,
  )
}

/** Servers of their own, whose memory is cleaned up from outside. @returns rows of the table of targets */
async function idleMemory() {
  const mock = await startMock()
  const most = 2 * IDLE_STREAMS
  const limits = { streamsMax: most, streamsPerKeyMax: most }
  const servers = {
    gateway: await startGateway(mock.origin, folder, { isInspected: true, limits }),
    bare: await startBareProxy(mock.origin, true),
  }
  const kb = {}
  for (const [name, at] of Object.entries(servers)) {
    const bytes = await idleStreamBytes({ ...at, headers: headersOf() }, IDLE_STREAMS)
    if (bytes === null) return []
    kb[name] = bytes / 1000
  }
  await stopAll()
  console.log(
    `${IDLE_STREAMS.toLocaleString('en')} idle streams: the gateway takes ${kb.gateway.toFixed(1)} KB of memory for each, the bare proxy ${kb.bare.toFixed(1)} KB\n`,
  )
  const { idleKb } = TARGETS
  return [
    [
      'memory of an idle stream',
      `<= ${idleKb} KB`,
      `${kb.gateway.toFixed(1)} KB`,
      kb.gateway <= idleKb ? 'met' : 'MISSED',
    ],
  ]
}

async function measured(idle) {
  const mock = await startMock()
  const servers = {
    direct: { ...mock, headers: headersOf() },
    gateway: { ...(await startGateway(mock.origin, folder)), headers: headersOf() },
    bare: { ...(await startBareProxy(mock.origin)), headers: headersOf() },
    portkey: {
      ...(await startPortkey()),
      headers: headersOf({ 'x-portkey-provider': 'openai', 'x-portkey-custom-host': `${mock.origin}/v1` }),
    },
  }
  for (const at of Object.values(servers)) await atSaturation(autocannon, at, WARM_UP_SECONDS)
  for (const name of isThroughputAlone ? [] : TIMED)
    await atSaturation(autocannon, servers[name], WARM_UP_SECONDS / 2, { isStreamed: true })
  const rounds = []
  for (let round = 0; round < ROUNDS; round++) rounds.push(await oneRound(servers))
  report(rounds, idle)
}

/** While it measures, the server has one core to itself, and the load and the provider another. @returns whether it could */
async function apart(servers, measure) {
  const rest = [process.pid, servers.direct.child.pid]
  const timed = TIMED.map((name) => servers[name].child.pid).filter((pid) => !rest.includes(pid))
  const isApart = CORES > 1 && bind(rest, '0') && bind(timed, '1')
  await measure()
  if (isApart) bind([...rest, ...timed], `0-${CORES - 1}`)
  return isApart
}

/** All of them, one after the other, so that what else the machine does meets all alike. */
async function oneRound(servers) {
  const round = { throughput: {}, latency: {} }
  for (const [name, at] of Object.entries(servers))
    round.throughput[name] = await atSaturation(autocannon, at, SECONDS)
  const measure = async () => {
    for (const name of TIMED) {
      const whole = await atRate(servers[name], {
        isStreamed: false,
        perSecond: PER_SECOND,
        seconds: SECONDS,
      })
      const stream = await atRate(servers[name], {
        isStreamed: true,
        perSecond: PER_SECOND / 4,
        seconds: SECONDS,
      })
      round.latency[name] = {
        p50Ms: percentile(whole, 0.5),
        p99Ms: percentile(whole, 0.99),
        firstTokenMs: percentile(stream, 0.5),
      }
    }
  }
  round.isApart = !isThroughputAlone && (await apart(servers, measure))
  return round
}

function median(values) {
  return [...values].sort((a, b) => a - b)[Math.floor(values.length / 2)]
}

/** Medians of the rounds, of differences and ratios as of figures. */
function report(rounds, idle) {
  const [cpu] = cpus()
  console.log(
    `${cpu.model.trim()}, ${CORES} cores, Node ${process.version}; medians of ${rounds.length} rounds${rounds[0].isApart ? '; latencies of a server alone on its core' : ''}\n`,
  )
  const rows = Object.keys(rounds[0].throughput).map((name) => {
    const perSecond = median(rounds.map(({ throughput }) => throughput[name].perSecond))
    const ms = (field) => {
      const values = rounds.map(({ latency }) => latency[name]?.[field])
      return values[0] === undefined ? '-' : `${median(values).toFixed(2)} ms`
    }
    const cpus = rounds.map(({ throughput }) => throughput[name].cpuMs)
    const cpu = cpus.includes(null) ? '-' : `${median(cpus).toFixed(2)} ms`
    return [name, perSecond.toFixed(0), cpu, ms('p50Ms'), ms('p99Ms'), ms('firstTokenMs')]
  })
  const perSecondText = PER_SECOND.toLocaleString('en')
  print(
    [
      '',
      'requests/s',
      'processor each',
      `p50 at ${perSecondText}/s`,
      'p99',
      `first token at ${PER_SECOND / 4}/s`,
    ],
    rows,
  )
  const added = (field) =>
    median(rounds.map(({ latency: { gateway, direct } }) => gateway[field] - direct[field]))
  const ratio = (name) =>
    median(rounds.map(({ throughput }) => throughput.gateway.perSecond / throughput[name].perSecond))
  const verdict = (isMet) => (isMet ? 'met' : 'MISSED')
  const most = (what, value, limit) => [
    what,
    `<= ${limit} ms`,
    `${value.toFixed(2)} ms`,
    verdict(value <= limit),
  ]
  const least = (what, value, limit) => [what, `>= ${limit}`, value.toFixed(2), verdict(value >= limit)]
  const latencies = () => [
    most(`added, p50 at ${perSecondText}/s`, added('p50Ms'), TARGETS.p50Ms),
    most(`added, p99 at ${perSecondText}/s`, added('p99Ms'), TARGETS.p99Ms),
    most(`added, first token, p50 at ${PER_SECOND / 4}/s`, added('firstTokenMs'), TARGETS.firstTokenMs),
  ]
  console.log('')
  print(
    ['target', 'limit', 'measured', ''],
    [
      ...(isThroughputAlone ? [] : latencies()),
      least('throughput, times @portkey-ai/gateway', ratio('portkey'), TARGETS.timesPortkey),
      least('throughput, times the bare proxy', ratio('bare'), TARGETS.timesBare),
      ...idle,
    ],
  )
}

function print(titles, rows) {
  const widths = titles.map((_, i) => Math.max(...[titles, ...rows].map((row) => row[i].length)))
  for (const row of [titles, ...rows])
    console.log(
      row.map((cell, i) => (i === 0 ? cell.padEnd(widths[i]) : cell.padStart(widths[i]))).join('  '),
    )
}
