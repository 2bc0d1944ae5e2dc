import { readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const EXAMPLES = fileURLToPath(new URL('../../examples/', import.meta.url))
const TESTS = fileURLToPath(new URL('./', import.meta.url))
const read = (file: string): string => readFileSync(file, 'utf8')

const FILES = readdirSync(EXAMPLES, { recursive: true, encoding: 'utf8' }).filter((file) =>
  /^(?!.*dist\/).*\.[a-z]+$/.test(file),
)
/** What examples read; `gateway.yaml` and `models.json` have tests of their own. */
const BESIDE = ['README.md', 'prices.mjs', 'http.mjs', 'gateway.yaml', 'models.json']
const RUN = FILES.filter((file) => !BESIDE.includes(file))

describe('the list of examples', () => {
  it('has every file', () => {
    expect(RUN.length).toBeGreaterThanOrEqual(8)
    const readme = read(`${EXAMPLES}README.md`)
    expect(FILES.filter((file) => file !== 'README.md' && !readme.includes(`](${file})`))).toEqual([])
  })

  it('is of short files that begin with what they need', () => {
    for (const file of RUN) {
      const lines = read(EXAMPLES + file)
        .trimEnd()
        .split('\n')
      expect([file, lines.length <= 60]).toEqual([file, true])
      expect([file, lines.slice(0, 3).some((line) => /npm install paretobandit\b/.test(line))]).toEqual([
        file,
        true,
      ])
    }
  })

  it('is of files that tests run', () => {
    const tests = readdirSync(TESTS).filter((file) => file.endsWith('.test.ts') && file !== 'list.test.ts')
    const text = tests.map((file) => read(TESTS + file)).join('\n')
    expect(RUN.filter((file) => !text.includes(file.replace('/index.html', '')))).toEqual([])
  })
})
