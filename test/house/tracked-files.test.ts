import { execFileSync, spawnSync } from 'node:child_process'
import { existsSync } from 'node:fs'
import { join } from 'node:path'
import { describe, expect, it } from 'vitest'
import { ROOT } from './imports.js'

describe.skipIf(!existsSync(join(ROOT, '.git')))('files of the repository', () => {
  it('are files: a symbolic link leads nowhere on other machines, and none stands for installed packages', () => {
    const listed = execFileSync('git', ['ls-files', '--stage'], {
      cwd: ROOT,
      encoding: 'utf8',
      maxBuffer: 2 ** 26,
    })
    const files = listed.split('\n').filter((line) => line !== '')
    expect(files.length).toBeGreaterThan(500)
    const isLink = (line: string) => line.startsWith('120000 ')
    const isInstalled = (line: string) => /(^|[\t/])node_modules(\/|$)/.test(line)
    expect(files.filter((line) => isLink(line) || isInstalled(line))).toEqual([])
  })

  it('have no marks of a merge that was not ended', () => {
    // `git grep` gives 1 where nothing is found; this file has the marks in pieces.
    const marks = `^(${'<'.repeat(7)}|${'>'.repeat(7)}|[|]{7}) `
    const found = spawnSync('git', ['grep', '-nIE', marks], { cwd: ROOT, encoding: 'utf8' })
    expect([found.status, found.stdout]).toEqual([1, ''])
  })
})
