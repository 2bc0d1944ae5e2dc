import { spawn } from 'node:child_process'
import { mkdtempSync, rmSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { Store } from '../../src/log/store.js'
import { redisStore } from '../../src/store/redis/index.js'
import { sqliteStore } from '../../src/store/sqlite/index.js'
import { hasRedis, RedisServer } from '../support/redis-server.js'
import { MODELS } from '../support/router.js'

/** Generous: a process that ends does so in half a second. */
const END_MS = 20_000

const folder = mkdtempSync(join(tmpdir(), 'pareto-end-'))
let files = 0
let redis: RedisServer | undefined

beforeAll(async () => {
  if (hasRedis) redis = await RedisServer.start()
})
afterAll(async () => {
  rmSync(folder, { recursive: true, force: true })
  await redis?.stop()
})

interface Place {
  readonly name: string
  readonly skip: boolean
  /** A log of its own: how a program opens it, and how the test does. */
  log(): { readonly code: string; readonly open: (() => Store) | null }
}

const PLACES: readonly Place[] = [
  { name: 'none', skip: false, log: () => ({ code: 'undefined', open: null }) },
  {
    name: 'memory',
    skip: false,
    log: () => ({
      code: "(await import('paretobandit/store/memory')).memoryStore()",
      open: null,
    }),
  },
  {
    name: 'SQLite',
    skip: false,
    log: () => {
      const file = join(folder, `${++files}.db`)
      const code = `(await import('paretobandit/store/sqlite')).sqliteStore(${JSON.stringify(file)})`
      return { code, open: () => sqliteStore(file) }
    },
  },
  {
    name: 'Redis',
    skip: !hasRedis,
    log: () => {
      const options = { url: redis?.url ?? '', stream: `end-${++files}` }
      const code = `(await import('paretobandit/store/redis')).redisStore(${JSON.stringify(options)})`
      return { code, open: () => redisStore(options) }
    },
  },
]

/** Runs a program to its end. */
async function run(
  store: string,
  body: string,
): Promise<{ code: number | null; stdout: string; ms: number }> {
  const program = `
    import { createRouter } from 'paretobandit'
    const options = { name: 'r', dimension: 3, kernel: 'js', models: ${JSON.stringify(MODELS)} }
    const store = ${store}
    ${body}
  `
  const started = performance.now()
  const child = spawn(process.execPath, ['--input-type=module', '-e', program], {
    stdio: ['ignore', 'pipe', 'inherit'],
  })
  const timer = setTimeout(() => child.kill('SIGKILL'), END_MS)
  let stdout = ''
  child.stdout.on('data', (chunk) => {
    stdout += chunk
  })
  const code = await new Promise<number | null>((resolve) => child.on('close', resolve))
  clearTimeout(timer)
  return { code, stdout, ms: performance.now() - started }
}

for (const { name, skip, log } of PLACES) {
  describe.skipIf(skip)(`a program with a router on ${name}, not closed`, () => {
    it('ends when its work is done, and has lost nothing', async () => {
      const { code, open } = log()
      const result = await run(
        code,
        `const router = await createRouter({ ...options, store })
         for (let i = 0; i < 50; i++) router.settle(router.route([i, 0, 1]).id, { costUsd: 1 })`,
      )
      expect(result).toMatchObject({ code: 0, stdout: '' })
      if (open === null) return
      const router = await createRouter({ name: 'r', dimension: 3, kernel: 'js', store: open() })
      expect(router.stats().models.reduce((sum, { settled }) => sum + settled, 0)).toBe(50)
      await router.close()
    })

    it('is alive while it awaits what is to be durable', async () => {
      const { code } = log()
      const result = await run(
        code,
        `const router = await createRouter({ ...options, store })
         const { id } = router.route([0, 0, 1])
         await router.reward(id, 1).durable
         console.log('durable')
         router.settle(id, { costUsd: 1 })
         await router.flush()
         console.log('flushed')
         await new Promise((resolve) => setTimeout(resolve, 50))
         await router.close()
         console.log('closed')`,
      )
      expect(result).toMatchObject({ code: 0, stdout: 'durable\nflushed\nclosed\n' })
    })
  })
}

describe('a program whose store is away', () => {
  it.skipIf(!hasRedis)('hears what close has to say, though nothing else keeps it alive', async () => {
    const server = await RedisServer.start()
    try {
      const settings = JSON.stringify({ url: server.url, stream: 'away' })
      const result = await run(
        `(await import('paretobandit/store/redis')).redisStore(${settings})`,
        `const router = await createRouter({ ...options, store, journal: { closeMs: 1000, onStoreError: () => {} } })
         await router.flush()
         process.kill(${server.pid}, 'SIGKILL')
         await new Promise((resolve) => setTimeout(resolve, 200))
         router.route([0, 0, 1])
         await router.close().catch(({ code }) => console.log(code))`,
      )
      expect(result).toMatchObject({ code: 0, stdout: 'STORE_UNREACHABLE\n' })
    } finally {
      await server.stop()
    }
  })

  it('ends after closeMs without any progress', async () => {
    const failing = `{
      ...Object.fromEntries(['open', 'read', 'writeSnapshot', 'snapshots', 'close'].map((name) => [name, (...args) => inner[name](...args)])),
      description: 'failing', isShared: false, leases: null,
      append: async () => { throw new Error('away') },
    }`
    const result = await run(
      `await import('paretobandit/store/memory').then(({ memoryStore }) => { const inner = memoryStore(); return ${failing} })`,
      `const router = await createRouter({ ...options, store, journal: { closeMs: 1000, onStoreError: () => {} } })
       router.route([0, 0, 1])`,
    )
    expect(result.code).toBe(0)
    expect(result.ms).toBeGreaterThan(1000)
  })
})
