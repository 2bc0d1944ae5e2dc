import { existsSync, readdirSync, readFileSync } from 'node:fs'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'

const ROOT = fileURLToPath(new URL('../..', import.meta.url))

function read(file: string): string {
  return readFileSync(`${ROOT}${file}`, 'utf8')
}

/** From a heading of docs/OPERATIONS.md to the next. */
function section(heading: string): string {
  const [, rest] = read('docs/OPERATIONS.md').split(`\n## ${heading}\n`)
  return rest.split('\n## ')[0]
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

  it('names with every promise the test that holds it', () => {
    const promises = section('What is promised').split(/^- /m).slice(1)
    expect(promises.length).toBeGreaterThan(30)
    const testsOf = (text: string) => [...text.matchAll(/`(test\/[\w./-]+)`/g)].map(([, file]) => file)
    const untested = promises.filter((promise) => testsOf(promise).length === 0)
    expect(untested.map((promise) => promise.slice(0, 40))).toEqual([])
    const gone = testsOf(read('docs/OPERATIONS.md')).filter((file) => !existsSync(`${ROOT}${file}`))
    expect(gone).toEqual([])
  })

  it('lists every check of the chaos run, with what it found, and names no other', () => {
    const checks = readdirSync(`${ROOT}chaos/checks`).map(
      (file) => /^export const name = '(.*)'$/m.exec(read(`chaos/checks/${file}`))?.[1] ?? file,
    )
    const listed = [...section('The chaos run').matchAll(/^\| ([^|]+) \| holds \|/gm)].map(([, name]) => name)
    expect(listed.sort()).toEqual(checks.sort())
    const named = [...section('What is promised').matchAll(/(?<![*\w])\*([^*]+)\*(?!\*)/g)]
    const names = named.map(([, name]) => name.replace(/\s+/g, ' '))
    expect(names).toContain('kill -9')
    expect(names.filter((name) => !checks.some((check) => check.includes(name)))).toEqual([])
  })

  it('says what is not promised, beside what is', () => {
    const limits = section('What is not promised')
    expect(limits).toContain('**A damaged `-wal`.**')
    expect(limits).toContain('**One foreign entry stops all replicas.**')
  })

  it('names every setting of journals', () => {
    const [settings] = read('src/log/journal-settings.ts').split('declare module')
    const names = [...settings.matchAll(/readonly (\w+)\?:/g)].map(([, name]) => name)
    expect(names).toContain('snapshotEvents')
    const text = read('docs/OPERATIONS.md')
    expect(names.filter((name) => !text.includes(`\`${name}\``))).toEqual([])
  })
})
