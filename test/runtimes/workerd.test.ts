import { type ChildProcess, spawn } from 'node:child_process'
import { copyFileSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { createServer } from 'node:net'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { build } from 'esbuild'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { program } from './installed.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const WORKERD = program('workerd', [
  '@cloudflare/workerd-linux-64/bin/workerd',
  '@cloudflare/workerd-linux-arm64/bin/workerd',
  '@cloudflare/workerd-darwin-64/bin/workerd',
  '@cloudflare/workerd-darwin-arm64/bin/workerd',
])

/** Routers made where a Worker starts, and within a request; with the module and without. */
const WORKER = `
import { createRouter } from '${ROOT}dist/index.js'
import kernelModule from 'paretobandit/kernel.wasm'
const models = [
  { id: 'small', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.1 },
  { id: 'large', inputUsdPerMTok: 1.25, outputUsdPerMTok: 10 },
]
const budget = { usdPerRequest: 0.002 }
const atStart = await createRouter({ models, budget })
const atStartOfModule = await createRouter({ models, budget, kernelModule })
const restored = await createRouter({ models, budget, kernelModule })
restored.restore(atStartOfModule.snapshot())
function use(router) {
  const ids = new Set()
  for (let i = 0; i < 50; i++) {
    const { id, model } = router.route('What is ' + i + ' times ' + (i * i) + '?')
    router.settle(id, { costUsd: model === 'large' ? 0.004 : 0.0001 })
    router.reward(id, model === 'large' ? 0.9 : 0.6)
    ids.add(id)
  }
  const { kernel, requests } = router.stats()
  return { kernel, requests, ids: ids.size, origin: [...ids][0].split('.')[0] }
}
export default {
  async fetch() {
    const inRequest = await createRouter({ models, budget })
    const inRequestOfModule = await createRouter({ models, budget, kernelModule, policy: 'paper' })
    const routers = { atStart, atStartOfModule, restored, inRequest, inRequestOfModule }
    return Response.json(Object.fromEntries(Object.entries(routers).map(([name, router]) => [name, use(router)])))
  },
}`

interface Used {
  readonly kernel: string
  readonly requests: number
  readonly ids: number
  readonly origin: string
}

/** In the later one code may be compiled while a Worker starts, in the earlier nowhere. */
describe.each(['2024-01-01', '2026-01-01'])('in Cloudflare\u2019s workerd as of %s', (compatibilityDate) => {
  let folder: string
  let child: ChildProcess | undefined
  let output = ''
  let port = 0

  beforeAll(async () => {
    if (WORKERD === null) return
    folder = mkdtempSync(join(tmpdir(), 'paretobandit-workerd-'))
    await build({
      stdin: { contents: WORKER, resolveDir: ROOT, sourcefile: 'worker.js' },
      outfile: join(folder, 'worker.js'),
      bundle: true,
      format: 'esm',
      target: 'es2022',
      conditions: ['workerd', 'worker', 'browser'],
      external: ['*.wasm'],
      logLevel: 'error',
    })
    copyFileSync(join(ROOT, 'dist/kernel.wasm'), join(folder, 'kernel.wasm'))
    port = await freePort()
    writeFileSync(
      join(folder, 'config.capnp'),
      `using Workerd = import "/workerd/workerd.capnp";
const config :Workerd.Config = (
  services = [(name = "main", worker = .worker)],
  sockets = [(name = "http", address = "127.0.0.1:${port}", http = (), service = "main")],
);
const worker :Workerd.Worker = (
  modules = [
    (name = "worker", esModule = embed "worker.js"),
    (name = "paretobandit/kernel.wasm", wasm = embed "kernel.wasm"),
  ],
  compatibilityDate = "${compatibilityDate}",
);
`,
    )
    child = spawn(WORKERD, ['serve', 'config.capnp'], { cwd: folder, stdio: ['ignore', 'pipe', 'pipe'] })
    const hear = (data: Buffer) => {
      output += data
    }
    for (const stream of [child.stdout, child.stderr]) stream?.on('data', hear)
  })
  afterAll(() => {
    child?.kill('SIGKILL')
    if (WORKERD !== null) rmSync(folder, { recursive: true, force: true })
  })

  it.skipIf(WORKERD === null)('routers are made where a Worker starts, and in its requests', async () => {
    const used = (await answer()) as Readonly<Record<string, Used>>
    for (const { requests, ids } of Object.values(used)) expect([requests, ids]).toEqual([50, 50])
    expect(new Set(Object.values(used).map(({ origin }) => origin)).size).toBe(5)
    for (const { origin } of Object.values(used)) expect(origin).toMatch(/^r-0[a-z0-9]{11}$/)
    expect(used.atStartOfModule.kernel).toBe('wasm')
    expect(used.restored.kernel).toBe('wasm')
    expect(used.inRequestOfModule.kernel).toBe('wasm')
    expect(used.atStart.kernel).toMatch(/^(wasm|js)$/)
  })

  async function answer(): Promise<unknown> {
    for (let i = 0; i < 300; i++) {
      if (child?.exitCode !== null) break
      const response = await fetch(`http://127.0.0.1:${port}/`).catch(() => null)
      if (response?.ok) return response.json()
      if (response !== null) break
      await new Promise((resolve) => setTimeout(resolve, 100))
    }
    throw new Error(`the Worker gave no answer: ${output}`)
  }
})

async function freePort(): Promise<number> {
  const server = createServer()
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve))
  const address = server.address()
  await new Promise((resolve) => server.close(resolve))
  if (address === null || typeof address === 'string') throw new Error('expected a port')
  return address.port
}
