import { writeFile } from 'node:fs/promises'
import { Agent, request } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { PRICES } from '../../../src/gateway/node/simulated/prices.js'
import { startUpstream, type Upstream } from '../../../src/gateway/node/simulated/upstream.js'
import type { RouterStats } from '../../../src/index.js'
import { Folder } from '../../cli/support.js'
import { Random } from '../../support/random.js'
import { hasRedis, RedisServer } from '../../support/redis-server.js'
import { CLIENT_KEY, UPSTREAM_KEY } from '../clients/gateway.js'
import { type GatewayProcess, startProcess } from '../clients/process.js'
import { ask, bookedUsd, differences, numberOf, OUTPUT_TOKENS_MAX, planOf, residentMb } from './traffic.js'

/** By hand: PARETOBANDIT_SOAK_REQUESTS=100000 npx vitest run test/gateway/soak/fleet.test.ts, for a quarter of an hour. */
const REQUESTS = Number(process.env.PARETOBANDIT_SOAK_REQUESTS ?? 1500)
const PROCESSES = 4
const AT_ONCE = REQUESTS < 10_000 ? 50 : 200
const KILLS = REQUESTS < 10_000 ? 3 : 30
const FEEDBACK_SHARE = 0.3
const GROWTH_MB_MAX = 100
/** What all may spend and have set aside: less than requests at once are reserved for, in a long run less than all cost. */
const CAP_USD = REQUESTS * (REQUESTS < 10_000 ? 0.0003 : 0.0001)
const PENDING_TTL_MS = 20_000
const MODELS = ['sim-small', 'sim-middle', 'sim-large']
/** Of every prompt here. */
const INPUT_TOKENS_MAX = 100
/** The most that is set aside for one call: each token may be of the dearest kind of its side, sound, on the dearest model. */
const { audioInputUsdPerMTok, audioOutputUsdPerMTok } = PRICES['sim-large']
const RESERVED_USD_MAX =
  (INPUT_TOKENS_MAX * audioInputUsdPerMTok + OUTPUT_TOKENS_MAX * audioOutputUsdPerMTok) / 1e6
const TRIES_MAX = 3

const folder = new Folder()
const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0).reverse()) await close()
})

const configOf = (upstream: Upstream) => ({
  listen: { port: 0 },
  store: { kind: 'redis', url: '$REDIS_URL' },
  caps: [{ usd: CAP_USD, per: 'month' }],
  routing: { reserve: 'worst-case', pendingTtlMs: PENDING_TTL_MS },
  // No call is made that the store does not know of, so that a crash loses none.
  requests: { waitForStore: true },
  rewards: { windowMs: 500 },
  upstreams: [{ id: 'sim', protocol: 'openai', baseUrl: upstream.baseUrl, apiKey: '$UPSTREAM_KEY' }],
  models: MODELS.map((id) => ({ id, upstream: 'sim', prices: PRICES[id] })),
  keys: [{ name: 'soak', value: '$CLIENT_KEY' }],
  admin: { key: '$ADMIN_KEY' },
  retries: { triesMax: TRIES_MAX, shareMax: 1, cooldownMs: 0 },
  // The prompt has the request's number: that is how its line is found.
  logging: { content: true },
})

/** Processes of one log. A killed one is started again. */
class Fleet {
  readonly all: GatewayProcess[] = []
  private readonly running: GatewayProcess[] = []

  constructor(private readonly env: Record<string, string>) {}

  async start(): Promise<GatewayProcess> {
    const started = await startProcess(folder.path, 'fleet.json', this.env)
    open.push(() => started.kill())
    this.all.push(started)
    this.running.push(started)
    return started
  }

  /** One of those that run. */
  any(random: Random): GatewayProcess {
    return this.running[random.below(this.running.length)]
  }

  /** The one that has run longest but for the first, whose memory is watched. */
  async killOne(): Promise<void> {
    const [, oldest] = this.running
    this.running.splice(1, 1)
    await oldest.kill()
    await this.start()
  }

  lines() {
    return this.all.flatMap(({ lines }) => lines)
  }

  /**
   * What all that run say of their one log, once they say the same: to a billionth of a dollar, as each adds up costs in the order in
   * which it heard of them, and its own come first.
   */
  async agreed(): Promise<RouterStats> {
    let stats: RouterStats[] = []
    await expect
      .poll(
        async () => {
          stats = await Promise.all(this.running.map((each) => each.stats()))
          const told = stats.map(({ pacer: { spendUsd, reservedUsd } }) => [spendUsd, reservedUsd])
          return new Set(told.map((usd) => usd.map((each) => each.toFixed(9)).join(' '))).size
        },
        { timeout: 30_000 },
      )
      .toBe(1)
    return stats[0]
  }

  async end(): Promise<(number | null)[]> {
    return Promise.all(this.running.map((each) => each.end()))
  }
}

async function reward(url: string, dispatcher: Agent, decision: string, value: number): Promise<boolean> {
  try {
    const { statusCode, body } = await request(`${url}/v1/feedback`, {
      method: 'POST',
      headers: { authorization: `Bearer ${CLIENT_KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({ decision_id: decision, value }),
      dispatcher,
    })
    await body.dump()
    return statusCode === 200
  } catch {
    return false
  }
}

test.runIf(hasRedis && process.platform === 'linux')(
  'four processes on one Redis that are killed: no cent lost, none spent twice, the cap holds, no feedback that got 200 is lost',
  async () => {
    const random = new Random(17)
    const plans = new Random(18)
    const redis = await RedisServer.start({ appendfsync: 'everysec' })
    open.push(() => redis.stop())
    const upstream = await startUpstream({
      apiKey: UPSTREAM_KEY,
      script: ({ isStreamed }) => planOf(isStreamed, plans),
    })
    open.push(() => upstream.close())
    await writeFile(`${folder.path}/fleet.json`, JSON.stringify(configOf(upstream)))
    const fleet = new Fleet({ REDIS_URL: redis.url })
    const first = await fleet.start()
    await Promise.all(Array.from({ length: PROCESSES - 1 }, () => fleet.start()))
    const dispatcher = new Agent({ connections: AT_ONCE })
    open.push(() => dispatcher.destroy())

    let next = 0
    let warmMb = 0
    const statuses = new Map<number | null, number>()
    const rewarded = new Set<string>()
    const unanswered: number[] = []
    /** Rewards whose sender did not hear that they were taken. */
    let unsure = 0
    const killing: Promise<void>[] = []
    const person = async () => {
      while (next < REQUESTS) {
        const number = next++
        if (number === Math.floor(REQUESTS * 0.4)) warmMb = residentMb(first.pid)
        if (number % Math.floor(REQUESTS / (KILLS + 1)) === 0 && number > 0 && killing.length < KILLS)
          killing.push(fleet.killOne())
        const { status, decision, hasLeft } = await ask(fleet.any(random).url, dispatcher, number, random)
        statuses.set(status, (statuses.get(status) ?? 0) + 1)
        if (status === null && !hasLeft) unanswered.push(number)
        if (status !== 200 || decision === null || random.next() >= FEEDBACK_SHARE) continue
        // At any process, at once: it may not have read of the decision yet.
        if (await reward(fleet.any(random).url, dispatcher, decision, random.next())) rewarded.add(decision)
        else unsure++
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, person))
    await Promise.all(killing)
    await upstream.idle()
    // What the killed had in flight expires, and is spend.
    await expect
      .poll(async () => (await first.stats()).pending.unsettled, { timeout: 2 * PENDING_TTL_MS + 20_000 })
      .toBe(0)
    const { pacer, models, account } = await fleet.agreed()
    const endMb = residentMb(first.pid)
    const told = fleet.lines().filter(({ msg }) => msg === 'request')

    expect(told.length).toBeGreaterThan(REQUESTS * 0.8)
    expect(pacer.reservedUsd).toBeCloseTo(0, 9)
    // Not a cent lost: what the upstream has billed is booked, of the killed as well.
    expect(pacer.spendUsd).toBeGreaterThanOrEqual(upstream.costUsd() - 1e-9)
    // None booked twice: of what has a line the very bill, and of a request that was killed a call's reservation.
    expect(differences(told, upstream.entries)).toEqual([])
    const toldNumbers = new Set(told.map(({ prompt }) => numberOf(prompt)))
    const called = upstream.entries.map(({ text }) => numberOf(text))
    const untold = new Set([...called, ...unanswered].filter((number) => !toldNumbers.has(number)))
    expect(pacer.spendUsd).toBeGreaterThanOrEqual(bookedUsd(told) - 1e-9)
    expect(pacer.spendUsd - bookedUsd(told)).toBeLessThanOrEqual(untold.size * RESERVED_USD_MAX + 1e-9)
    expect(untold.size).toBeLessThanOrEqual(KILLS * AT_ONCE)
    // The cap holds, and it was reached.
    expect(pacer.spendUsd).toBeLessThanOrEqual(CAP_USD + 1e-9)
    expect(account?.refused).toBeGreaterThan(0)
    expect(statuses.get(200)).toBeGreaterThan(REQUESTS / 4)
    // Feedback that got 200 is in the log, whoever was killed. A stream that broke off teaches nothing: its process may know that alone.
    // How those ended whose line was lost with their process, nobody knows.
    const whole = new Set(
      told.flatMap((line) => (line.surface === 'chat' && line.outcome !== 'failed' ? [line.decision] : [])),
    )
    const kept = [...rewarded].filter((decision) => whole.has(decision)).length
    expect(kept).toBeGreaterThan(20)
    const rewards = async () => (await first.stats()).models.reduce((sum, each) => sum + each.rewarded, 0)
    await expect.poll(rewards, { timeout: 40_000 }).toBeGreaterThanOrEqual(kept)
    expect(await rewards()).toBeLessThanOrEqual(rewarded.size + unsure)
    expect(models.every(({ unpricedTokens }) => unpricedTokens === 0)).toBe(true)
    expect(fleet.lines().filter(({ msg }) => /bug|gateway failed|store fails/.test(String(msg)))).toEqual([])
    expect(endMb - warmMb).toBeLessThan(GROWTH_MB_MAX)
    expect(await fleet.end()).toEqual(Array(PROCESSES).fill(0))
  },
  4 * 3_600_000,
)
