import { spawnSync } from 'node:child_process'
import { fileURLToPath } from 'node:url'
import { describe, expect, it } from 'vitest'
import { FlagError, parseFlags } from '../../bench/flags.js'

describe('parseFlags', () => {
  it('reads all flags', () => {
    expect(parseFlags(['--quick', '--json', 'out.json', '--filter', 'd=26'])).toEqual({
      quick: true,
      jsonFile: 'out.json',
      filter: /d=26/,
      markdown: false,
    })
    const none = { quick: false, jsonFile: null, filter: null, markdown: false }
    expect(parseFlags([])).toEqual(none)
    expect(parseFlags(['--markdown'])).toEqual({ ...none, markdown: true })
  })

  it.each([
    [['--fast']],
    [['--json']],
    [['file.json']],
    [['--filter', '(']],
    [['--quick=yes']],
    [['--markdown', '--quick']],
    [['--markdown', '--filter', 'wasm']],
  ])('refuses %j in one line', (args) => {
    expect(() => parseFlags(args)).toThrow(FlagError)
    expect(() => parseFlags(args)).toThrow(/^[^\n]+$/)
  })
})

describe('the bench of the gateway', () => {
  it.each([['--fast'], ['--profile'], ['folder']])(
    'measures nothing for %s, and says in one line what it takes',
    (flag) => {
      const main = fileURLToPath(new URL('../../bench/gateway/main.mjs', import.meta.url))
      const { status, stdout, stderr } = spawnSync(process.execPath, [main, flag], { encoding: 'utf8' })
      expect([status, stdout, stderr]).toEqual([2, '', expect.stringMatching(/^[^\n]+; usage: [^\n]+\n$/)])
    },
  )
})
