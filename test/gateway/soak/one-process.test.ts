import { readdirSync, readlinkSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { Agent, request } from 'undici'
import { afterEach, expect, test } from 'vitest'
import { PRICES } from '../../../src/gateway/node/simulated/prices.js'
import { startUpstream, type Upstream } from '../../../src/gateway/node/simulated/upstream.js'
import { NOTES_KEPT } from '../../../src/gateway/notes/notes-max.js'
import { Folder } from '../../cli/support.js'
import { Random } from '../../support/random.js'
import { ADMIN_KEY, UPSTREAM_KEY } from '../clients/gateway.js'
import { type GatewayProcess, startProcess } from '../clients/process.js'
import { ask, bookedUsd, differences, planOf, residentMb } from './traffic.js'

/** By hand: PARETOBANDIT_SOAK_REQUESTS=250000 npx vitest run test/gateway/soak/one-process.test.ts, for some minutes. */
const REQUESTS = Number(process.env.PARETOBANDIT_SOAK_REQUESTS ?? 1500)
const AT_ONCE = 50
const RELOAD_EVERY = 100
/** From here to the end: buffers that fill up, not what grows with every request. In a long run all decisions that are kept are there before. */
const GROWTH_MB_MAX = 100
/** Of what is alive: the least of some samples, as a sample holds what waits to be collected as well. */
const ALIVE_GROWTH_MB_MAX = 40
const SAMPLE_EVERY = Math.floor(REQUESTS / 50)
const WARM_AT = Math.floor(REQUESTS * (REQUESTS > 2 * NOTES_KEPT ? 0.5 : 0.4))
/** A client that left before its request came whole may leave no line. */
const TOLD_SHARE = 0.9
const MODELS = ['sim-small', 'sim-middle', 'sim-large']

const folder = new Folder()
const open: { server?: GatewayProcess; upstream?: Upstream } = {}

afterEach(async () => {
  await open.upstream?.close()
  await open.server?.kill()
})

function configText(upstream: Upstream, drainMs: number): string {
  return JSON.stringify({
    listen: { port: 0 },
    store: { kind: 'sqlite', file: 'soak.db' },
    budget: { usdPerRequest: 0.0005 },
    upstreams: [{ id: 'sim', protocol: 'openai', baseUrl: upstream.baseUrl, apiKey: '$UPSTREAM_KEY' }],
    models: MODELS.map((id) => ({ id, upstream: 'sim', prices: PRICES[id] })),
    keys: [{ name: 'soak', value: '$CLIENT_KEY' }],
    admin: { key: '$ADMIN_KEY' },
    retries: { triesMax: 3, shareMax: 1, cooldownMs: 0 },
    timeouts: { drainMs },
    // The prompt has the request's number: that is how its line is found.
    logging: { content: true },
  })
}

/** What the process says of its objects and buffers, MB. */
async function aliveMb(url: string): Promise<number> {
  const headers = { authorization: `Bearer ${ADMIN_KEY}` }
  const { body } = await request(`${url}/metrics`, { headers, reset: true })
  const text = await body.text()
  const bytes = ['nodejs_heap_size_used_bytes', 'nodejs_external_memory_bytes'].map((name) =>
    Number(new RegExp(`^${name} (\\S+)$`, 'm').exec(text)?.[1]),
  )
  return (bytes[0] + bytes[1]) / 1e6
}

function socketCount(pid: number): number {
  const targets = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return targets.filter((target) => target.startsWith('socket:')).length
}

test.runIf(process.platform === 'linux')(
  'traffic with streams, clients that leave, failures and reloads: no cent lost, nothing left open, memory bounded',
  async () => {
    const random = new Random(15)
    const plans = new Random(16)
    const upstream = await startUpstream({
      apiKey: UPSTREAM_KEY,
      script: ({ isStreamed }) => planOf(isStreamed, plans),
    })
    open.upstream = upstream
    await writeFile(`${folder.path}/soak.json`, configText(upstream, 10_000))
    const server = await startProcess(folder.path, 'soak.json')
    open.server = server
    const { pid, url, lines } = server
    const socketsBefore = socketCount(pid)
    const dispatcher = new Agent({ connections: AT_ONCE })
    let next = 0
    let warmMb = 0
    const unanswered: number[] = []
    const alive: { readonly number: number; readonly mb: number }[] = []
    const leastAlive = (from: number, to: number) =>
      Math.min(...alive.flatMap(({ number, mb }) => (number >= from && number < to ? [mb] : [])))
    const person = async () => {
      while (next < REQUESTS) {
        const number = next++
        if (number % SAMPLE_EVERY === 0) alive.push({ number, mb: await aliveMb(url) })
        if (number === WARM_AT) warmMb = residentMb(pid)
        if (number % RELOAD_EVERY === RELOAD_EVERY - 1) {
          await writeFile(`${folder.path}/soak.json`, configText(upstream, 10_000 + number))
          process.kill(pid, 'SIGHUP')
        }
        const { status, hasLeft } = await ask(url, dispatcher, number, random)
        if (status === null && !hasLeft) unanswered.push(number)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, person))
    await upstream.idle()
    const told = () => lines.filter(({ msg }) => msg === 'request')
    await expect.poll(async () => (await server.stats()).pending.unsettled, { timeout: 30_000 }).toBe(0)
    await expect.poll(() => told().length, { timeout: 30_000 }).toBeGreaterThan(REQUESTS * TOLD_SHARE)
    const { pacer } = await server.stats()
    const endMb = residentMb(pid)
    await expect.poll(() => bookedUsd(told()), { timeout: 10_000 }).toBeCloseTo(pacer.spendUsd, 9)
    expect(pacer.reservedUsd).toBeCloseTo(0, 12)
    expect(differences(told(), upstream.entries)).toEqual([])
    expect(pacer.spendUsd).toBeGreaterThanOrEqual(upstream.costUsd() - 1e-9)
    expect(told().some(({ isMeasured }) => isMeasured === false)).toBe(true)
    // Without an answer to the end were those alone whose stream broke off upstream.
    const broken = new Set(told().flatMap(({ outcome, prompt }) => (outcome === 'answered' ? [] : [prompt])))
    expect(unanswered.filter((number) => !broken.has(`Hello (request ${number})`))).toEqual([])
    expect(lines.filter(({ msg }) => msg === 'config reloaded').length).toBeGreaterThan(1)
    expect(lines.filter(({ msg }) => /bug|gateway failed|store fails/.test(String(msg)))).toEqual([])
    const late = leastAlive(REQUESTS * 0.8, REQUESTS)
    expect(late - leastAlive(WARM_AT, REQUESTS * 0.7)).toBeLessThan(ALIVE_GROWTH_MB_MAX)
    expect(late).toBeGreaterThan(1)
    expect(endMb - warmMb).toBeLessThan(GROWTH_MB_MAX)
    await dispatcher.close()
    await upstream.close()
    await expect.poll(() => socketCount(pid), { timeout: 20_000 }).toBeLessThanOrEqual(socketsBefore)
    expect(await server.end()).toBe(0)
  },
  4 * 3_600_000,
)
