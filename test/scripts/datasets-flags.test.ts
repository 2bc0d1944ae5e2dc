import { describe, expect, it } from 'vitest'
import { readFlags, setsOf } from '../../scripts/datasets/flags.js'

describe('flags of scripts/datasets.mjs', () => {
  it('plays everything twenty times unless told otherwise, and little for development', () => {
    expect(readFlags(['--data', 'd'])).toEqual({
      ...{ data: 'd', from: null, sets: null, seeds: 20, jobs: 2, json: null, against: null, write: false },
      policies: ['dollar', 'paper', 'thompson'],
    })
    expect(readFlags(['--data', 'd', '--quick'])).toMatchObject({ seeds: 6, policies: ['dollar'] })
    expect(readFlags(['--data', 'd', '--quick', '--seeds', '3', '--policies', 'paper'])).toMatchObject({
      ...{ seeds: 3, policies: ['paper'] },
    })
    expect(
      readFlags(['--data', 'd', '--sets', 'a,b', '--jobs', '4', '--json', 'f', '--write']),
    ).toMatchObject({
      ...{ sets: ['a', 'b'], jobs: 4, json: 'f', write: true },
    })
    expect(readFlags(['--from', 'f', '--write'])).toMatchObject({ data: null, from: 'f', write: true })
  })

  it.each([
    [[], '--data: expected a folder of sets, or --from'],
    [['--data', 'd', '--from', 'f'], '--data: expected a folder of sets, or --from'],
    [['--from', 'f', '--seeds', '3'], '--seeds: goes with --data'],
    [['--from', 'f', '--quick'], '--quick: goes with --data'],
    [['--data', 'd', '--quick', '--write'], '--write: the page is of a whole run'],
    [['--data', 'd', '--seeds', '0'], '--seeds: expected an integer from 1 on, got "0"'],
    [['--data', 'd', '--jobs', ''], '--jobs: expected an integer from 1 on'],
    [
      ['--data', 'd', '--policies', 'dollar,dolar'],
      '--policies: expected dollar, paper, thompson, got "dolar"',
    ],
    [['--data', 'd', '--seed', '1'], '--seed'],
  ])('refuses %j', (args, message) => {
    const refused = () => readFlags(args)
    expect(refused).toThrow(message)
    expect(refused).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('takes the sets of the folder, and refuses one that is not there', () => {
    expect(setsOf({ sets: null }, ['crux', 'mmlu'])).toEqual(['crux', 'mmlu'])
    expect(setsOf({ sets: ['mmlu'] }, ['crux', 'mmlu'])).toEqual(['mmlu'])
    expect(() => setsOf({ sets: ['cruxx'] }, ['crux', 'mmlu'])).toThrow(
      'no set "cruxx"; did you mean \'crux\'?',
    )
    expect(() => setsOf({ sets: null }, [])).toThrow('--data: expected a folder with NAME.jsonl')
  })
})
