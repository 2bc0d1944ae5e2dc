import { type ChildProcess, spawn } from 'node:child_process'
import { mkdirSync, mkdtempSync, readFileSync, rmSync, writeFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, afterEach, beforeAll, describe, expect, it } from 'vitest'
import type { PartialPlan } from '../../src/gateway/node/simulated/plan.js'
import { PRICES } from '../../src/gateway/node/simulated/prices.js'
import { startUpstream, type Upstream } from '../../src/gateway/node/simulated/upstream.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const HOST = `${ROOT}test/examples/host.mjs`
const PAGE = readFileSync(`${ROOT}docs/GATEWAY.md`, 'utf8')
const KEY = 'pb-client-0123456789abcdef'
const HEADERS = { authorization: `Bearer ${KEY}`, 'content-type': 'application/json' }

/** The files that the page prints: by the names in their first lines. */
const PRINTED = new Map(
  [...PAGE.matchAll(/```(?:ts|js)\n\/\/ (\S+)[^\n]*\n([\s\S]*?)```/g)].map(([, name, code]) => [name, code]),
)

let folder: string
let plan: PartialPlan = {}
let upstream: Upstream
let child: ChildProcess | null = null

beforeAll(async () => {
  upstream = await startUpstream({ apiKey: 'sk-test', script: () => plan })
  mkdirSync(`${ROOT}build`, { recursive: true })
  // In this package, so that it finds itself by its name.
  folder = mkdtempSync(`${ROOT}build/own-server-`)
  const config = {
    store: { kind: 'memory' },
    upstreams: [{ id: 'up', protocol: 'openai', baseUrl: upstream.baseUrl, apiKey: '$UPSTREAM_KEY' }],
    models: [{ id: 'sim-small', upstream: 'up', prices: PRICES['sim-small'] }],
    rewards: { windowMs: 0 },
    keys: [{ name: 'client', value: '$CLIENT_KEY' }],
  }
  writeFileSync(`${folder}/gateway.yaml`, JSON.stringify(config))
})
afterEach(() => void child?.kill('SIGKILL'))
afterAll(async () => {
  await upstream.close()
  rmSync(folder, { recursive: true, force: true })
})

function write(name: string, code: string): string {
  const path = `${folder}/${name}`
  mkdirSync(path.slice(0, path.lastIndexOf('/')), { recursive: true })
  writeFileSync(path, code)
  return path
}

/** Starts a program of the reader's, and waits for where it listens. */
function start(...args: readonly string[]): Promise<string> {
  const env = { ...process.env, UPSTREAM_KEY: 'sk-test', CLIENT_KEY: KEY }
  const started = spawn(process.execPath, args, { cwd: folder, env, stdio: ['ignore', 'pipe', 'pipe'] })
  child = started
  let output = ''
  return new Promise((resolve, reject) => {
    for (const stream of [started.stdout, started.stderr])
      stream.setEncoding('utf8').on('data', (text: string) => {
        output += text
        const [address] = /http:\/\/127\.0\.0\.1:\d+/.exec(output) ?? []
        if (address !== undefined) resolve(address)
      })
    started.once('exit', () => reject(new Error(output)))
  })
}

const SERVERS = [
  [
    'a route handler',
    async () => {
      write('llm.ts', PRINTED.get('llm.ts') ?? '')
      const route = write(
        'app/api/llm/[...path]/route.ts',
        PRINTED.get('app/api/llm/[...path]/route.ts') ?? '',
      )
      const outfile = `${folder}/route.mjs`
      const how = { bundle: true, packages: 'external', format: 'esm', platform: 'node' } as const
      await build({ ...how, entryPoints: [route], outfile })
      return start(HOST, outfile)
    },
  ],
  [
    "Node's own server",
    async () => {
      const code = (PRINTED.get('server.mjs') ?? '').replace('server.listen(3000)', 'server.listen(0)')
      const tell = "server.once('listening', () => console.log('http://127.0.0.1:' + server.address().port))"
      return start(write('server.mjs', `${code}\n${tell}\n`))
    },
  ],
] as const

describe('a gateway in a server of the reader’s own, as docs/GATEWAY.md prints it', () => {
  it.each(SERVERS)('%s answers, takes a reward, and breaks off what its client leaves', async (_, begin) => {
    const url = `${await begin()}/api/llm`
    const send = (path: string, body: object, signal: AbortSignal | null = null) =>
      fetch(url + path, { method: 'POST', headers: HEADERS, body: JSON.stringify(body), signal })
    const chat = { model: 'auto', messages: [{ role: 'user', content: 'Why is the sky blue?' }] }
    const answer = await send('/v1/chat/completions', chat)
    expect([answer.status, (await answer.text()).length > 10]).toEqual([200, true])
    const decision_id = answer.headers.get('x-paretobandit-decision')
    expect((await send('/v1/feedback', { decision_id, value: 1 })).status).toBe(200)
    expect((await fetch(`${url}/v1/models`, { headers: HEADERS })).status).toBe(200)

    const index = upstream.entries.length
    plan = { fault: { kind: 'stall', afterPieces: 2 } }
    const left = new AbortController()
    const stream = await send('/v1/chat/completions', { ...chat, stream: true }, left.signal)
    await stream.body?.getReader().read()
    plan = {}
    left.abort()
    const { ended } = await upstream.until(({ request, ended }) => request.index === index && ended !== null)
    expect(ended).toBe('left')
  })
})
