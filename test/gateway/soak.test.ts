import { type ChildProcess, spawn } from 'node:child_process'
import { readdirSync, readFileSync, readlinkSync } from 'node:fs'
import { writeFile } from 'node:fs/promises'
import { createInterface } from 'node:readline'
import { Agent, request } from 'undici'
import { afterEach, expect, test } from 'vitest'
import type { Entry } from '../../src/gateway/node/simulated/ledger.js'
import type { Fault, PartialPlan } from '../../src/gateway/node/simulated/plan.js'
import { PRICES } from '../../src/gateway/node/simulated/prices.js'
import { startUpstream, type Upstream } from '../../src/gateway/node/simulated/upstream.js'
import { BIN, Folder } from '../cli/support.js'
import { Random } from '../support/random.js'

/** By hand: PARETOBANDIT_SOAK_REQUESTS=100000 npx vitest run test/gateway/soak.test.ts, for an hour. */
const REQUESTS = Number(process.env.PARETOBANDIT_SOAK_REQUESTS ?? 1500)
const AT_ONCE = 50
const RELOAD_EVERY = 100
const LEAVING_SHARE = 0.1
const FAILING_SHARE = 0.1
/** Between the second fifth and the end: buffers that fill up, not what grows with every request. */
const GROWTH_MB_MAX = 100
const KEY = 'pb-soak-0123456789abcdef'
const ENV = {
  CLIENT_KEY: KEY,
  ADMIN_KEY: 'pb-admin-0123456789abcdef',
  UPSTREAM_KEY: 'sk-upstream-0123456789',
}
const MODELS = ['sim-small', 'sim-middle', 'sim-large']

const folder = new Folder()
const open: { child?: ChildProcess; upstream?: Upstream } = {}

afterEach(async () => {
  await open.upstream?.close()
  const { child } = open
  if (child === undefined || child.exitCode !== null) return
  child.kill('SIGKILL')
  await new Promise((resolve) => child.once('close', resolve))
})

interface Line {
  readonly msg: string
  readonly url?: string
  readonly prompt?: string
  readonly costUsd?: number | null
  readonly isMeasured?: boolean
}

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

function planOf(isStreamed: boolean, random: Random): PartialPlan {
  const delays = { firstTokenMs: random.below(10), betweenTokensMs: random.below(3) }
  if (random.next() >= FAILING_SHARE) return { delays }
  const faults: Fault[] = [
    { kind: 'status', status: 500 },
    { kind: 'status', status: 429 },
  ]
  if (isStreamed)
    for (const kind of ['error-event', 'reset', 'cut'] as const) faults.push({ kind, afterPieces: 3 })
  return { delays, fault: faults[random.below(faults.length)] }
}

/** The bin in a process of its own, and all that it writes. */
async function startBin(): Promise<{ child: ChildProcess; url: string; lines: Line[] }> {
  const child = spawn(process.execPath, [BIN, 'serve', 'soak.json'], {
    cwd: folder.path,
    env: { ...process.env, ...ENV },
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  open.child = child
  const lines: Line[] = []
  createInterface({ input: child.stdout }).on('line', (text) => lines.push(JSON.parse(text)))
  await expect
    .poll(() => child.exitCode !== null || lines.some(({ msg }) => msg === 'ready'), { timeout: 30_000 })
    .toBe(true)
  return { child, url: lines[0].url ?? '', lines }
}

function residentMb({ pid }: ChildProcess): number {
  const [, kb] = /^VmRSS:\s+(\d+)/m.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? []
  return Number(kb) / 1024
}

function socketCount({ pid }: ChildProcess): number {
  const targets = readdirSync(`/proc/${pid}/fd`).map((fd) => {
    try {
      return readlinkSync(`/proc/${pid}/fd/${fd}`)
    } catch {
      return ''
    }
  })
  return targets.filter((target) => target.startsWith('socket:')).length
}

const numberOf = (text: string) => Number(/\(request (\d+)\)/.exec(text)?.[1] ?? -1)

async function ask(url: string, dispatcher: Agent, number: number, random: Random): Promise<void> {
  const isStreamed = random.next() < 0.5
  const leaving = random.next() < LEAVING_SHARE ? new AbortController() : null
  const leaveMs = random.below(40)
  if (leaving !== null) setTimeout(() => leaving.abort(), leaveMs)
  try {
    const { body } = await request(`${url}/v1/chat/completions`, {
      method: 'POST',
      headers: { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' },
      body: JSON.stringify({
        model: 'auto',
        stream: isStreamed,
        messages: [{ role: 'user', content: `Hello (request ${number})` }],
      }),
      dispatcher,
      ...(leaving === null ? {} : { signal: leaving.signal }),
    })
    await body.dump({ limit: 1e7 })
  } catch (error) {
    // Whoever left has no answer, and a stream that broke off upstream may break off here.
    if (leaving === null && !/terminated|aborted|closed/i.test(String(error))) throw error
  }
}

/** What is wrong between the lines of the gateway and the entries of the upstream: nothing, if no cent was lost. */
function differences(lines: readonly Line[], entries: readonly Entry[]): string[] {
  const billedUsd = new Map<number, number>()
  for (const { text, costUsd } of entries)
    billedUsd.set(numberOf(text), (billedUsd.get(numberOf(text)) ?? 0) + costUsd)
  return lines.flatMap(({ prompt = '', costUsd, isMeasured }) => {
    const number = numberOf(prompt)
    const billed = billedUsd.get(number) ?? 0
    const booked = costUsd ?? 0
    const isRight = isMeasured === false ? booked > 0 : Math.abs(booked - billed) < 1e-9
    return isRight ? [] : [`request ${number}: booked ${booked}, billed ${billed}`]
  })
}

test.runIf(process.platform === 'linux')(
  'traffic with streams, clients that leave, failures and reloads: no cent lost, nothing left open, memory bounded',
  async () => {
    const random = new Random(15)
    const plans = new Random(16)
    const upstream = await startUpstream({
      apiKey: ENV.UPSTREAM_KEY,
      script: ({ isStreamed }) => planOf(isStreamed, plans),
    })
    open.upstream = upstream
    await writeFile(`${folder.path}/soak.json`, configText(upstream, 10_000))
    const { child, url, lines } = await startBin()
    const socketsBefore = socketCount(child)
    const dispatcher = new Agent({ connections: AT_ONCE })
    let next = 0
    let warmMb = 0
    const person = async () => {
      while (next < REQUESTS) {
        const number = next++
        if (number === Math.floor(REQUESTS * 0.4)) warmMb = residentMb(child)
        if (number % RELOAD_EVERY === RELOAD_EVERY - 1) {
          await writeFile(`${folder.path}/soak.json`, configText(upstream, 10_000 + number))
          child.kill('SIGHUP')
        }
        await ask(url, dispatcher, number, random)
      }
    }
    await Promise.all(Array.from({ length: AT_ONCE }, person))
    await upstream.idle()
    const told = () => lines.filter(({ msg }) => msg === 'request')
    const stats = async () => {
      const headers = { authorization: `Bearer ${ENV.ADMIN_KEY}` }
      const { body } = await request(`${url}/admin/stats`, { headers, dispatcher })
      return (await body.json()) as {
        pacer: { spendUsd: number; reservedUsd: number }
        pending: { unsettled: number }
      }
    }
    await expect.poll(async () => (await stats()).pending.unsettled, { timeout: 30_000 }).toBe(0)
    // A client that left before its request came whole may leave no line.
    await expect
      .poll(() => told().length, { timeout: 30_000 })
      .toBeGreaterThan(REQUESTS * (1 - LEAVING_SHARE))
    const { pacer } = await stats()
    const endMb = residentMb(child)
    const bookedUsd = () => told().reduce((sum, { costUsd }) => sum + (costUsd ?? 0), 0)
    await expect.poll(bookedUsd, { timeout: 10_000 }).toBeCloseTo(pacer.spendUsd, 9)
    expect(pacer.reservedUsd).toBeCloseTo(0, 12)
    expect(differences(told(), upstream.entries)).toEqual([])
    expect(pacer.spendUsd).toBeGreaterThanOrEqual(upstream.costUsd() - 1e-9)
    expect(told().some(({ isMeasured }) => isMeasured === false)).toBe(true)
    expect(lines.filter(({ msg }) => msg === 'config reloaded').length).toBeGreaterThan(1)
    expect(lines.filter(({ msg }) => /bug|gateway failed|store fails/.test(msg))).toEqual([])
    expect(endMb - warmMb).toBeLessThan(GROWTH_MB_MAX)
    await dispatcher.close()
    await upstream.close()
    await expect.poll(() => socketCount(child), { timeout: 20_000 }).toBeLessThanOrEqual(socketsBefore)
    child.kill('SIGTERM')
    expect(await new Promise((resolve) => child.once('close', resolve))).toBe(0)
  },
  4 * 3_600_000,
)
