import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { program, RUNTIMES } from './installed.js'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))
const VITEST = 'node_modules/vitest/vitest.mjs'
/** The loop of a router, the drivers of SQLite and the store on each of them. */
const FILES = ['router/loop', 'store/sqlite-drivers', 'store/sqlite.test', 'log/stores'].map(
  (name) => `test/${name}`,
)

describe.each(RUNTIMES)('$name', ({ name, file, run, driver }) => {
  const found = program(name, [file, file.replace('-glibc', '')])
  it.skipIf(found === null)(
    'runs the router, and keeps its log in SQLite',
    () => {
      const args = [...run, VITEST, 'run', '--reporter=json', ...FILES]
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
