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
