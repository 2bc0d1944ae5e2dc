import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, rename, writeFile } from 'node:fs/promises'
import { join } from 'node:path'
import { afterEach, describe, expect, it } from 'vitest'
import { FollowedLog } from '../../src/cli/dashboard/followed-log.js'
import { LOG_LIMITS } from '../../src/cli/dashboard/log-dashboard.js'
import { hostOf } from '../../src/cli/dashboard/serve-log.js'
import { openReader, withReader } from '../../src/cli/state/log-view.js'
import type { DashboardData, ExplainedDecision } from '../../src/gateway/dashboard/shape.js'
import { NOTHING_SEEN } from '../../src/gateway/dashboard/view.js'
import { createRouter, type RouterStats } from '../../src/index.js'
import { redisStore } from '../../src/store/redis/index.js'
import { sqliteStore } from '../../src/store/sqlite/index.js'
import { hasRedis, RedisServer } from '../support/redis-server.js'
import { BIN, Folder, MODELS } from './support.js'

const folder = new Folder()
const noOther = () => Promise.reject(new Error('there is no other log'))
const WAIT = { timeout: 15_000 }
const running: ChildProcess[] = []
/** Tests a log of this many events as well: PARETOBANDIT_DASHBOARD_EVENTS=1000000. */
const EVENTS = Number(process.env.PARETOBANDIT_DASHBOARD_EVENTS ?? 0)

afterEach(async () => {
  for (const child of running.splice(0)) {
    if (child.exitCode !== null) continue
    child.kill('SIGKILL')
    await new Promise((resolve) => child.once('close', resolve))
  }
})

/** A log of requests, settled and rewarded. */
/** What the requests of the latest log cost, and when, USD. */
let bills: { readonly at: number; readonly costUsd: number }[] = []

async function log(requests: number): Promise<string> {
  bills = []
  const file = join(folder.path, 'a.state')
  const clock = { now: 1_700_000_000_000 }
  const router = await createRouter({
    models: MODELS,
    budget: { usdPerRequest: 0.001 },
    dimension: 3,
    seed: 1,
    clock: () => clock.now,
    store: sqliteStore(file),
  })
  for (let i = 0; i < requests; i++) {
    clock.now += 500
    const decision = router.route(new Float64Array([Math.sin(i), Math.cos(i), 1]))
    router.settle(decision.id, { costUsd: decision.expectedCostUsd, latencyMs: 100 })
    bills.push({ at: clock.now, costUsd: decision.expectedCostUsd })
    router.reward(decision.id, (i % 10) / 10)
    if (i % 1000 === 0) await router.flush()
  }
  await router.close()
  return file
}

/** Some more requests, by a service that is started for them and ends. */
async function play(file: string, requests: number): Promise<void> {
  const options = { models: MODELS, budget: { usdPerRequest: 0.001 }, dimension: 3, seed: 1 }
  const router = await createRouter({ ...options, store: sqliteStore(file) })
  for (let i = 0; i < requests; i++)
    router.settle(router.route(new Float64Array([Math.sin(i), Math.cos(i), 1])).id, { costUsd: 0.0005 })
  await router.close()
}

/** What a page is sent while it is open. */
async function eventsOf(url: string) {
  const body = (await fetch(`${url}/events`)).body ?? new ReadableStream()
  const reader = body.pipeThrough(new TextDecoderStream()).getReader()
  const all: DashboardData[] = []
  let text = ''
  const read = async () => {
    for (;;) {
      const { done, value } = await reader.read()
      if (done) return
      const parts = (text + value).split('\n\n')
      text = parts.pop() ?? ''
      for (const part of parts) all.push(JSON.parse(part.slice('data: '.length)) as DashboardData)
    }
  }
  const reading = read().catch(() => {})
  const close = async () => {
    await reader.cancel()
    await reading
  }
  return { all: () => all, latest: () => all.at(-1), close }
}

async function served(file: string) {
  const child = spawn(process.execPath, [BIN, 'dashboard', file, '--port', '0'], { cwd: folder.path })
  running.push(child)
  let stdout = ''
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  await expect.poll(() => /http:\S+/.test(stdout) || child.exitCode !== null, { timeout: 60_000 }).toBe(true)
  const [url = ''] = /http:\S+/.exec(stdout) ?? []
  const json = async <T>(path: string): Promise<T> => (await (await fetch(`${url}/${path}`)).json()) as T
  const ended = new Promise<number | null>((resolve) => child.once('close', resolve))
  return { child, url, json, ended, stdout: () => stdout }
}

describe('paretobandit dashboard', () => {
  it('serves a log to this machine, without a key, and ends by a signal', async () => {
    const file = await log(50)
    const { child, url, json, ended } = await served(file)
    expect(url).toMatch(/^http:\/\/127\.0\.0\.1:\d+\/dashboard$/)
    expect(await (await fetch(url)).text()).toContain('<title>paretobandit</title>')
    expect((await fetch(new URL('/', url))).url).toBe(url)
    const data = await json<DashboardData>('data')
    const { stdout } = await folder.spawn(['stats', '--state', file, '--json'])
    const stats = JSON.parse(stdout) as RouterStats
    expect(data.stats.pacer).toEqual(stats.pacer)
    expect(data.stats.models).toEqual(stats.models)
    expect(data).toMatchObject({
      kind: 'log',
      canChange: false,
      name: file,
      traffic: null,
      historyNote: null,
    })
    const [latest] = data.decisions
    const found = await json<ExplainedDecision>(`decisions/${latest.id}`)
    const explained = await folder.spawn(['explain', latest.id, file, '--json'])
    expect(found.statisticsChanged).toBe(false)
    const models = found.models.map(({ model, expectedReward }) => ({ model, expectedReward }))
    expect(JSON.parse(explained.stdout)).toMatchObject({ chosen: found.chosen, models })
    child.kill('SIGTERM')
    expect(await ended).toBe(0)
  })

  it('changes nothing in the log', async () => {
    const file = await log(20)
    const before = await folder.read('a.state')
    const { child, json, ended } = await served(file)
    await json<DashboardData>('data')
    child.kill('SIGTERM')
    await ended
    expect((await folder.read('a.state')).equals(before)).toBe(true)
  })

  it('follows a service that is started after it, and a log that is put in the place of another', async () => {
    const file = await log(20)
    const { url, json } = await served(file)
    const seen = async () => {
      const { stats, problem, isUpdate } = await json<DashboardData>('data')
      return { requests: stats.requests, problem, isUpdate }
    }
    expect(await seen()).toEqual({ requests: 20, problem: null, isUpdate: false })
    const open = await eventsOf(url)
    await play(file, 5)
    await expect.poll(seen, WAIT).toEqual({ requests: 25, problem: null, isUpdate: false })
    await play(file, 1)
    await expect.poll(seen, WAIT).toMatchObject({ requests: 26, problem: null })
    await rename(file, `${file}.old`)
    await expect.poll(seen, WAIT).toMatchObject({ requests: 26, problem: expect.stringMatching(/a\.state/) })
    await play(file, 3)
    await expect.poll(seen, WAIT).toEqual({ requests: 3, problem: null, isUpdate: false })
    // A page that was open all the time: what it had was of another log.
    await expect.poll(() => open.latest()?.stats.requests, WAIT).toBe(3)
    expect(open.all().findLast(({ isUpdate }) => !isUpdate)?.decisions).toHaveLength(3)
    await open.close()
  }, 60_000)

  it('follows a service that is started on a log which was read from a copy', async () => {
    const file = await log(20)
    const options = { models: MODELS, budget: { usdPerRequest: 0.001 }, dimension: 3, seed: 1 }
    const router = await createRouter({ ...options, store: sqliteStore(file) })
    router.route(new Float64Array([0.1, 0.2, 1]))
    await router.flush()
    // As a copy or a crash of the machine leaves it: without `-shm`.
    const copy = join(folder.path, 'b.state')
    for (const end of ['', '-wal']) await writeFile(copy + end, await readFile(file + end))
    await router.close()
    const { json } = await served(copy)
    const requests = async () => (await json<DashboardData>('data')).stats.requests
    expect(await requests()).toBe(21)
    await play(copy, 5)
    await expect.poll(requests, WAIT).toBe(26)
  })

  it('notices a backup that is copied over the log', async () => {
    const file = await log(20)
    const backup = await readFile(file)
    await play(file, 5)
    const { json } = await served(file)
    const requests = async () => (await json<DashboardData>('data')).stats.requests
    expect(await requests()).toBe(25)
    await writeFile(file, backup)
    await expect.poll(requests, WAIT).toBe(20)
  })

  it.each([
    [['dashboard'], /missing required argument/],
    [['dashboard', 'nothing.state'], /nothing\.state/],
    [['dashboard', 'a.state', '--port', '70000'], /Expected a port/],
    [['dashboard', 'a.state', '--stream', 'x'], /--stream: goes with redis/],
  ] as const)('refuses %j in a line', async (args, message) => {
    await log(1)
    const { code, stderr } = await folder.spawn(args)
    expect(code).toBe(2)
    expect(stderr).toMatch(message)
    expect(stderr.trim().split('\n')).toHaveLength(1)
  })
})

describe('a log of an older release that is written to', () => {
  it('is read again only after it has rested ten times as long as that takes', async () => {
    const file = await log(20)
    let now = 0
    let opened = 0
    // As one that has to be read from a copy, each time from its beginning.
    const reader = async () => ({
      ...(await openReader(file, undefined, 'own')),
      moved: async () => 'was written to',
    })
    const first = await reader()
    const again = () => {
      opened++
      now += 5000
      return reader()
    }
    const followed = await FollowedLog.open(first, 'a.state', again, LOG_LIMITS, () => now)
    followed.follow(() => {})
    try {
      await expect.poll(() => opened, WAIT).toBe(1)
      // It looks each second, and would have read it again three times.
      await new Promise((resolve) => setTimeout(resolve, 3500))
      expect(opened).toBe(1)
    } finally {
      await followed.close()
      await first.close()
    }
  })
})

describe('a log that is longer than what is read first', () => {
  it(
    'is shown by its end at once, and then whole: the sums are those of stats',
    async () => {
      const requests = Math.ceil(Math.max(EVENTS, LOG_LIMITS.firstEvents + 10_000) / 3)
      const file = await log(requests)
      await withReader(file, undefined, async (reader) => {
        const beganAt = performance.now()
        const dashboard = await FollowedLog.open(reader, 'a log', noOther)
        const first = dashboard.data(NOTHING_SEEN)
        if (EVENTS > 0) console.info(`${requests * 3} events: ${(performance.now() - beganAt).toFixed(0)} ms`)
        expect(first.historyNote).toMatch(/the rest of the log is being read/)
        expect(first.stats.requests).toBe(requests)
        expect(first.decisions).toHaveLength(1000)
        dashboard.follow((error) => expect.fail(String(error)))
        await expect
          .poll(() => dashboard.data(first.cursor).historyNote, { timeout: 300_000, interval: 300 })
          .not.toBe(first.historyNote)
        const whole = dashboard.data(first.cursor)
        await dashboard.close()
        // What it had was of another reading.
        expect(whole.isUpdate).toBe(false)
        const { buckets, widthMs } = whole.history[0]
        expect(buckets.at(-1)?.spendUsd).toBeCloseTo(whole.stats.pacer.spendUsd, 6)
        // The store has deleted the oldest events of a very long one.
        if (whole.historyNote !== null) return
        expect(buckets.reduce((sum, bucket) => sum + bucket.requests, 0)).toBe(requests)
        // It begins with nothing spent: its first bucket has what its own requests cost.
        const firstUsd = bills
          .filter(({ at }) => at < buckets[0].at + widthMs)
          .reduce((sum, { costUsd }) => sum + costUsd, 0)
        expect(buckets[0].spendUsd).toBeCloseTo(firstUsd, 9)
        const rewarded = whole.figures.reduce((sum, { rewards }) => sum + rewards, 0)
        expect(rewarded).toBe(requests)
      })
    },
    EVENTS > 0 ? 600_000 : 180_000,
  )
})

describe.runIf(hasRedis)('a log in Redis', () => {
  it('says while it cannot be read, and is another when another is there', async () => {
    const server = await RedisServer.start({ appendfsync: 'no' })
    try {
      const put = async (requests: number) => {
        const options = { models: MODELS, budget: { usdPerRequest: 0.001 }, dimension: 3, seed: 1 }
        const router = await createRouter({ ...options, store: redisStore({ url: server.url }) })
        for (let i = 0; i < requests; i++) router.route(new Float64Array([0.1, 0.2, 1]))
        await router.close()
      }
      await put(10)
      await withReader(server.url, undefined, async (reader) => {
        const openAgain = () => openReader(server.url, undefined, 'own')
        const dashboard = await FollowedLog.open(reader, 'a log', openAgain)
        const told: unknown[] = []
        dashboard.follow((error) => told.push(error))
        const seen = () => {
          const { stats, problem } = dashboard.data(NOTHING_SEEN)
          return { requests: stats.requests, isWell: problem === null }
        }
        const { cursor } = dashboard.data(NOTHING_SEEN)
        await server.kill()
        await expect.poll(seen, WAIT).toEqual({ requests: 10, isWell: false })
        await server.restart()
        await expect.poll(seen, WAIT).toEqual({ requests: 10, isWell: true })
        await server.command('FLUSHALL')
        await expect.poll(seen, WAIT).toEqual({ requests: 10, isWell: false })
        expect(told.length).toBeGreaterThanOrEqual(2)
        await put(4)
        await expect.poll(seen, WAIT).toEqual({ requests: 4, isWell: true })
        expect(dashboard.data(cursor).isUpdate).toBe(false)
        await dashboard.close()
      })
    } finally {
      await server.kill()
    }
  }, 60_000)

  it('is shown by its end at once as well, and decisions of a long one are not looked up by their place', async () => {
    const server = await RedisServer.start({ appendfsync: 'no' })
    try {
      const options = { models: MODELS, budget: { usdPerRequest: 0.001 }, dimension: 3, seed: 1 }
      const router = await createRouter({ ...options, store: redisStore({ url: server.url }) })
      const ids: string[] = []
      for (let i = 0; i < 400; i++) {
        const { id } = router.route(new Float64Array([Math.sin(i), Math.cos(i), 1]))
        ids.push(id)
        router.settle(id, { costUsd: 0.0005 })
        if (i % 10 === 9) await router.flush()
      }
      await withReader(server.url, undefined, async (reader) => {
        expect(reader.events).toBeGreaterThanOrEqual(800)
        const limits = { firstEvents: 200, lookedUpEvents: reader.events - 1 }
        const dashboard = await FollowedLog.open(reader, 'a log', noOther, limits)
        const first = dashboard.data(NOTHING_SEEN)
        expect(first.historyNote).toMatch(/the rest of the log is being read/)
        expect(first.stats.requests).toBe(400)
        const seen = first.decisions.length
        expect(seen).toBeGreaterThanOrEqual(100)
        expect(seen).toBeLessThan(200)
        expect(await dashboard.explain(ids[0])).toMatchObject({ id: ids[0], statisticsChanged: true })
        dashboard.follow((error) => expect.fail(String(error)))
        await expect.poll(() => dashboard.data(first.cursor).historyNote, { timeout: 30_000 }).toBeNull()
        expect(dashboard.data(NOTHING_SEEN).decisions).toHaveLength(400)
        await dashboard.close()
        const short = await FollowedLog.open(reader, 'a log', noOther, {
          ...limits,
          lookedUpEvents: reader.events,
        })
        expect(await short.explain(ids[0])).toMatchObject({ id: ids[0], statisticsChanged: false })
        await short.close()
      })
      await router.close()
    } finally {
      await server.stop()
    }
  }, 120_000)
})

it.each([
  ['127.0.0.1', '8788', '127.0.0.1:8788'],
  ['localhost', '', 'localhost'],
])('its host %s with port %j is %s, as browsers send it', (host, port, sent) => {
  const { port: shown } = new URL(`http://${host}:${port === '' ? 80 : port}`)
  expect(hostOf(host, shown)).toBe(sent)
})
