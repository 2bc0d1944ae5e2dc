import { spawnSync } from 'node:child_process'
import { mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** What a program does that uses the package: every option may be `undefined`, as it is where it comes from a settings file. */
const PROGRAM = `
import { createRouter, fitPriors, type JournalSettings, type ModelSpec, type RouteOptions, type RouterOptions, type TenantOptions } from 'paretobandit'
import { memoryStore } from 'paretobandit/store/memory'
import { sqliteStore } from 'paretobandit/store/sqlite'
import { redisStore } from 'paretobandit/store/redis'

/** Names of options that may be left out, and not be undefined. */
type Open<T> = {
  [K in keyof T]-?: {} extends Pick<T, K> ? (Record<K, undefined> extends Pick<T, K> ? never : K) : never
}[keyof T]
const open = <T,>(_: [Open<T>] extends [never] ? true : Open<T>): void => {}
open<{ a?: number }>('a')
open<RouterOptions>(true)
open<NonNullable<RouterOptions['budget']>>(true)
open<RouteOptions>(true)
open<TenantOptions>(true)
open<JournalSettings>(true)
open<ModelSpec>(true)
open<NonNullable<RouterOptions['caps']>[number]>(true)
open<Parameters<typeof memoryStore>[0] & {}>(true)
open<Parameters<typeof sqliteStore>[1] & {}>(true)
open<Parameters<typeof redisStore>[0]>(true)
open<Parameters<typeof fitPriors>[1]>(true)

const setting = (): number | undefined => undefined
const models = [
  { id: 'a', inputUsdPerMTok: 1, outputUsdPerMTok: 2, cachedInputUsdPerMTok: setting(), tiers: undefined },
  { id: 'b', inputUsdPerMTok: 1, outputUsdPerMTok: 2 },
] as const
await using router = await createRouter({
  models,
  budget: { usdPerRequest: 0.01, burst: setting() },
  caps: [{ usd: 1, per: 'day', window: undefined, timeZone: undefined }],
  tenants: [{ id: 'x', budget: undefined, caps: undefined }],
  latency: undefined,
  epsilon: setting(),
  clock: undefined,
  journal: undefined,
})
const decision = router.route('hello', { maxCostUsd: setting(), tenant: undefined })
const model: 'a' | 'b' = decision.model
router.settle(decision.id, { inputTokens: 1, outputTokens: 1, cachedInputTokens: setting(), latencyMs: undefined })
router.addModel({ id: 'c', inputUsdPerMTok: 1, outputUsdPerMTok: 2, batchDiscount: undefined }, { forcedExploration: setting() })
export { model }
`

const BASE = {
  target: 'ES2022',
  module: 'NodeNext',
  moduleResolution: 'NodeNext',
  strict: true,
  exactOptionalPropertyTypes: true,
  skipLibCheck: false,
  noEmit: true,
}

describe('the declarations of dist/', () => {
  it.each([
    ['in a browser', { lib: ['ES2022', 'DOM'], types: [] }, /./],
    ['in Node', { lib: ['ES2023'], types: ['node'] }, null],
  ] as const)(
    'take undefined for every option under exactOptionalPropertyTypes, %s',
    (_, options, stores) => {
      mkdirSync(join(ROOT, 'build'), { recursive: true })
      const folder = mkdtempSync(join(ROOT, 'build/declarations-'))
      try {
        // Stores of SQLite and Redis need the types of Node.
        const program = stores === null ? PROGRAM : PROGRAM.replace(/^.*(sqlite|redis)Store.*$/gm, '')
        writeFileSync(join(folder, 'program.mts'), program)
        const config = { compilerOptions: { ...BASE, ...options }, files: ['program.mts'] }
        writeFileSync(join(folder, 'tsconfig.json'), JSON.stringify(config))
        const tsc = [join(ROOT, 'node_modules/typescript/bin/tsc'), '-p', folder]
        const { stdout } = spawnSync(process.execPath, tsc, { encoding: 'utf8' })
        expect(stdout).toBe('')
      } finally {
        rmSync(folder, { recursive: true, force: true })
      }
    },
    60_000,
  )
})
