import { readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

function read(file: string): string {
  return readFileSync(`${ROOT}${file}`, 'utf8')
}

describe('docs/OPERATIONS.md', () => {
  it('tells what to do about every code that a store or a journal throws', () => {
    const all = [...read('src/base/errors.ts').matchAll(/'((?:STORE|LOG|JOURNAL)_[A-Z_]+)'/g)].map(
      ([, code]) => code,
    )
    // That one is of `evaluate`, whose logs are files.
    const codes = all.filter((code) => code !== 'LOG_UNSUPPORTED')
    expect(codes).toContain('STORE_LOCKED')
    expect(codes).toContain('JOURNAL_FULL')
    const runbook = read('docs/OPERATIONS.md')
    const missing = codes.filter((code) => !runbook.includes(`| \`${code}\` |`))
    expect(missing).toEqual([])
  })

  it('names every setting of journals', () => {
    const [settings] = read('src/log/journal-settings.ts').split('declare module')
    const names = [...settings.matchAll(/readonly (\w+)\?:/g)].map(([, name]) => name)
    expect(names).toContain('snapshotEvents')
    const text = read('docs/OPERATIONS.md')
    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([])
  })
})
