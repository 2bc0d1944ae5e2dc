import { spawn } from 'node:child_process'
import { cpSync, existsSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import type { Upstream } from '../../src/gateway/node/simulated/upstream.js'
import { MODELS, startProvider } from '../examples/provider.js'
import { Application, CODE, MANIFEST, PACK_MS_MAX } from '../packaging/packed.js'
import { program, RUNTIMES } from './installed.js'
import { WORKERD, Worker } from './workerd.js'

const ROOT = fileURLToPath(new URL('../../', import.meta.url))
const CLIENTS = ['ai', '@ai-sdk/openai-compatible', '@langchain/openai', 'openai', 'hono']
/** A Worker has no files, and no sockets of Redis. */
const OF_NODE = ['paretobandit/store/sqlite', 'paretobandit/store/redis', 'paretobandit/gateway/node']

/** Loads every entry, and asks the application once. */
const RUN = `
const [body, names] = process.argv.slice(2)
const loaded = []
for (const name of JSON.parse(names)) if (Object.keys(await import(name)).length > 0) loaded.push(name)
const { default: application } = await import('./application.mjs')
const answer = await application.fetch(new Request('http://application/', { method: 'POST', body }))
console.log(JSON.stringify({ loaded, told: await answer.json() }))
process.exit(0)`

interface Spent {
  readonly usd: number
  readonly unsettled: number
  readonly rewarded: number
}
type Told = Readonly<Record<string, Spent>>

describe('the package as npm packs it', () => {
  let application: Application
  let upstream: Upstream
  let body: string

  beforeAll(async () => {
    application = new Application()
    const peers = Object.keys(MANIFEST.peerDependencies)
    application.link(...[...CLIENTS, ...peers].filter((name) => existsSync(`${ROOT}node_modules/${name}`)))
    cpSync(`${ROOT}test/runtimes/application.mjs`, application.path('application.mjs'))
    cpSync(`${ROOT}examples`, application.path('examples'), { recursive: true })
    application.write('run.mjs', RUN)
    upstream = await startProvider()
    body = JSON.stringify({ baseUrl: upstream.baseUrl, models: MODELS })
  }, PACK_MS_MAX)
  afterAll(async () => {
    await upstream?.close()
    application?.remove()
  })

  /** What was spent and rewarded is what the provider counts since then. */
  async function check(told: Told, before: number): Promise<void> {
    expect(Object.keys(told).sort()).toEqual(['aiSdk', 'gateway', 'langchain', 'openai'])
    for (const [name, { unsettled, rewarded }] of Object.entries(told))
      expect([name, unsettled, rewarded]).toEqual([name, 0, 1])
    const entries = upstream.entries.slice(before)
    expect(entries.map(({ ended }) => ended)).toEqual(['answered', 'answered', 'answered', 'answered'])
    const billed = entries.reduce((sum, { costUsd }) => sum + costUsd, 0)
    const booked = Object.values(told).reduce((sum, { usd }) => sum + usd, 0)
    expect(booked).toBeGreaterThan(0)
    expect(Math.abs(booked - billed)).toBeLessThan(1e-9)
  }

  describe.each(RUNTIMES)('in $name', ({ name, file, run }) => {
    const found = program(name, [file, file.replace('-glibc', '')])
    it.skipIf(found === null)(
      'loads every entry, and each adapter books what the provider counts',
      async () => {
        const before = upstream.entries.length
        const output = await outputOf(found ?? '', [...run, 'run.mjs', body, JSON.stringify(CODE)])
        const { loaded, told } = JSON.parse(output) as { loaded: string[]; told: Told }
        expect(loaded).toEqual(CODE)
        await check(told, before)
      },
    )
  })

  describe.skipIf(WORKERD === null)('in Cloudflare’s workerd', () => {
    const compatibilityDate = '2026-01-01'

    async function inWorker(source: object, use: (worker: Worker) => Promise<void>): Promise<void> {
      const worker = new Worker()
      try {
        const bindings = { OPENAI_API_KEY: 'sk-test', OPENAI_BASE_URL: upstream.baseUrl }
        await worker.start(source, { compatibilityDate, bindings })
        await use(worker)
      } finally {
        worker.stop()
      }
    }

    it('loads every entry but those of Node, and each adapter books what the provider counts', async () => {
      const names = CODE.filter((name) => !OF_NODE.includes(name))
      const lines = names.map((name, i) => `import * as entry${i} from '${name}'`)
      const counts = names.map((_, i) => `Object.keys(entry${i}).length`)
      application.write(
        'worker.mjs',
        `${lines.join('\n')}
import application from './application.mjs'
export default {
  fetch: (request) => request.method === 'POST' ? application.fetch(request) : Response.json([${counts}]),
}`,
      )
      await inWorker({ entryPoints: [application.path('worker.mjs')] }, async (worker) => {
        const loaded = (await (await worker.fetch('/')).json()) as number[]
        expect(loaded.filter((count) => count > 0)).toHaveLength(names.length)
        const before = upstream.entries.length
        const answer = await worker.fetch('/', { method: 'POST', body })
        expect(answer.status, worker.printed).toBe(200)
        await check((await answer.json()) as Told, before)
      })
    })

    it('runs examples/hono-worker.mjs', async () => {
      const entryPoints = [application.path('examples/hono-worker.mjs')]
      await inWorker({ entryPoints }, async (worker) => {
        const before = upstream.costUsd()
        const post = (path: string, json: object) =>
          worker.fetch(path, { method: 'POST', body: JSON.stringify(json) })
        const answer = await post('/chat', { prompt: 'Why is the sky blue?' })
        expect(answer.status, worker.printed).toBe(200)
        expect((await answer.text()).length).toBeGreaterThan(10)
        const id = answer.headers.get('x-decision')
        expect((await post('/feedback', { id, reward: 1 })).status).toBe(204)
        const { pacer } = (await (await worker.fetch('/stats')).json()) as { pacer: { spendUsd: number } }
        expect(pacer.spendUsd).toBeGreaterThan(0)
        expect(Math.abs(pacer.spendUsd - (upstream.costUsd() - before))).toBeLessThan(1e-9)
      })
    })
  })

  function outputOf(command: string, args: readonly string[]): Promise<string> {
    const child = spawn(command, args, { cwd: application.folder, stdio: ['ignore', 'pipe', 'pipe'] })
    let output = ''
    let problems = ''
    child.stdout.setEncoding('utf8').on('data', (text: string) => {
      output += text
    })
    child.stderr.setEncoding('utf8').on('data', (text: string) => {
      problems += text
    })
    return new Promise((resolve, reject) => {
      child.once('error', reject)
      child.once('close', (code) => (code === 0 ? resolve(output) : reject(new Error(problems + output))))
    })
  }
})
