import { type ChildProcess, spawn } from 'node:child_process'
import { readFile, rm } from 'node:fs/promises'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { PartialPlan } from '../../src/gateway/node/simulated/plan.js'
import type { Upstream } from '../../src/gateway/node/simulated/upstream.js'
import type { RouterStats } from '../../src/index.js'
import { startProvider } from './provider.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const HOST = fileURLToPath(new URL('host.mjs', import.meta.url))
/** The route handler as its framework compiles it; in this package, so that it finds the packages that it imports. */
const ROUTE = `${ROOT}build/examples/route-${process.pid}.mjs`
const NEXT = '/api/chat'

/** How each is started, and where it answers, takes rewards and tells how it goes. */
const SERVERS = [
  ['express.mjs', [`${ROOT}examples/express.mjs`], 'POST /chat', 'POST /feedback', 'GET /stats'],
  [
    'hono-worker.mjs',
    [HOST, `${ROOT}examples/hono-worker.mjs`],
    'POST /chat',
    'POST /feedback',
    'GET /stats',
  ],
  ['next/app/api/chat/route.ts', [HOST, ROUTE], `POST ${NEXT}`, `PUT ${NEXT}`, `GET ${NEXT}`],
] as const

beforeAll(async () => {
  const route = await readFile(`${ROOT}examples/next/app/api/chat/route.ts`, 'utf8')
  await build({
    // As its first lines tell whoever copies it: with the files that it reads beside it.
    stdin: {
      contents: route.replaceAll("from '../../../../", "from './"),
      loader: 'ts',
      resolveDir: `${ROOT}examples`,
    },
    outfile: ROUTE,
    bundle: true,
    packages: 'external',
    format: 'esm',
    platform: 'node',
    logLevel: 'error',
  })
})
afterAll(() => rm(ROUTE, { force: true }))

describe.each(SERVERS)('examples/%s', (_name, args, chat, feedback, stats) => {
  let plan: PartialPlan = {}
  let upstream: Upstream
  let child: ChildProcess
  let origin = ''

  beforeAll(async () => {
    upstream = await startProvider(() => plan)
    const env = { ...process.env, OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: upstream.baseUrl, PORT: '0' }
    child = spawn(process.execPath, args, { env, stdio: ['ignore', 'pipe', 'pipe'] })
    origin = await addressOf(child)
  })
  afterAll(async () => {
    child.kill('SIGKILL')
    await upstream.close()
  })

  function send(to: string, body?: unknown, signal?: AbortSignal): Promise<Response> {
    const [method, path] = to.split(' ')
    const json = {
      headers: { 'content-type': 'application/json' },
      body: body === 'no JSON' ? '{' : JSON.stringify(body),
    }
    return fetch(origin + path, {
      method,
      ...(body === undefined ? {} : json),
      ...(signal === undefined ? {} : { signal }),
    })
  }

  async function told(): Promise<RouterStats> {
    return (await (await send(stats)).json()) as RouterStats
  }

  function sum({ models }: RouterStats, name: 'rewarded' | 'cancelled' | 'failed'): number {
    return models.reduce((total, model) => total + model[name], 0)
  }

  it('answers as a stream, books what the provider counts, and takes one reward', async () => {
    const answer = await send(chat, { prompt: 'Why is the sky blue?' })
    expect(answer.status).toBe(200)
    expect((await answer.text()).length).toBeGreaterThan(10)
    const id = answer.headers.get('x-decision')
    expect(id).toMatch(/\.1$/)
    await upstream.idle()
    const after = await told()
    expect(after.pending.unsettled).toBe(0)
    expect(upstream.costUsd()).toBeGreaterThan(0)
    expect(Math.abs(after.pacer.spendUsd - upstream.costUsd())).toBeLessThan(1e-9)
    expect((await send(feedback, { id, reward: 0.9 })).status).toBe(204)
    expect((await send(feedback, { id, reward: 0.9 })).status).toBe(400)
    expect(sum(await told(), 'rewarded')).toBe(1)
  })

  it('says what is wrong with a request, and asks nobody', async () => {
    const before = upstream.entries.length
    for (const [to, body] of [
      [chat, {}],
      [chat, { prompt: 7 }],
      [chat, 'no JSON'],
      [feedback, null],
      [feedback, { id: 'r.99', reward: 1 }],
      [feedback, { id: 7, reward: 'good' }],
    ] as const) {
      const answer = await send(to, body)
      expect([to, body, answer.status]).toEqual([to, body, 400])
      expect(await answer.json()).toEqual({ error: expect.any(String) })
    }
    expect(upstream.entries).toHaveLength(before)
  })

  it.each([
    [401, 502, 'no model has answered'],
    [404, 502, 'no model has answered'],
    [500, 502, 'no model has answered'],
    [400, 400, 'the model refuses the request'],
  ] as const)('tells a caller nothing of what the provider says with %s', async (given, status, error) => {
    plan = { fault: { kind: 'status', status: given, message: 'Incorrect API key provided: sk-SECRET' } }
    const answer = await send(chat, { prompt: 'Why is snow white?' })
    plan = {}
    expect([answer.status, await answer.json()]).toEqual([status, { error }])
    expect([...answer.headers.values()].join()).not.toContain('SECRET')
  })

  it('passes on how long a provider asks to be left alone', async () => {
    plan = { fault: { kind: 'status', status: 429, retryAfter: { form: 'ms', ms: 1200 } } }
    const answer = await send(chat, { prompt: 'Why is coal black?' })
    plan = {}
    expect([answer.status, answer.headers.get('retry-after')]).toEqual([429, '2'])
    expect(await answer.json()).toEqual({ error: 'too many requests' })
  })

  it('breaks the connection where an answer breaks off', async () => {
    plan = { fault: { kind: 'reset', afterPieces: 2 } }
    const answer = await send(chat, { prompt: 'Why is the rose red?' })
    plan = {}
    await expect(answer.text()).rejects.toThrow()
  })

  it('takes no body of megabytes', async () => {
    const before = upstream.entries.length
    const answer = await send(chat, { prompt: 'x'.repeat(5_000_000) })
    expect(answer.status).toBe(413)
    expect(await answer.json()).toEqual({ error: expect.any(String) })
    expect(upstream.entries).toHaveLength(before)
  })

  it('asks another model where one fails, and says it where both do', async () => {
    const before = upstream.entries.length
    const failed = sum(await told(), 'failed')
    plan = { fault: { kind: 'status', status: 500 } }
    const answer = await send(chat, { prompt: 'Why is the sea blue?' })
    plan = {}
    expect(answer.status).toBeGreaterThanOrEqual(500)
    expect(await answer.json()).toEqual({ error: expect.any(String) })
    expect(new Set(upstream.entries.slice(before).map(({ request }) => request.model)).size).toBe(2)
    expect(sum(await told(), 'failed') - failed).toBe(2)
  })

  it('breaks off and books what its user has left', async () => {
    const before = await told()
    const index = upstream.entries.length
    plan = { fault: { kind: 'stall', afterPieces: 2 } }
    const left = new AbortController()
    const answer = await send(chat, { prompt: 'Why is grass green?' }, left.signal)
    await answer.body?.getReader().read()
    plan = {}
    left.abort()
    const { ended } = await upstream.until(({ request, ended }) => request.index === index && ended !== null)
    expect(ended).toBe('left')
    let after = await told()
    while (after.pending.unsettled > 0) after = await told()
    expect(sum(after, 'cancelled') - sum(before, 'cancelled')).toBe(1)
    expect(sum(after, 'failed')).toBe(sum(before, 'failed'))
    expect(after.pacer.spendUsd).toBeGreaterThan(before.pacer.spendUsd)
  })
})

/** What it prints when it listens. */
function addressOf(child: ChildProcess): Promise<string> {
  let output = ''
  return new Promise((resolve, reject) => {
    for (const stream of [child.stdout, child.stderr])
      stream?.setEncoding('utf8').on('data', (text: string) => {
        output += text
        const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(output) ?? []
        if (address !== undefined) resolve(address)
      })
    child.once('exit', () => reject(new Error(output)))
  })
}

it('examples/express.mjs says that its port is in use, and ends', async () => {
  const start = (port: string) =>
    spawn(process.execPath, [`${ROOT}examples/express.mjs`], {
      env: { ...process.env, OPENAI_API_KEY: 'sk-test', PORT: port },
      stdio: ['ignore', 'pipe', 'pipe'],
    })
  const first = start('0')
  try {
    const second = start(new URL(await addressOf(first)).port)
    let said = ''
    second.stderr.setEncoding('utf8').on('data', (text: string) => {
      said += text
    })
    const code = await new Promise((resolve) => second.once('close', resolve))
    expect(said).toContain('EADDRINUSE')
    expect(said).not.toContain('TypeError')
    expect(code).toBe(1)
  } finally {
    first.kill('SIGKILL')
  }
})
