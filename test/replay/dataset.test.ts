import { describe, expect, it } from 'vitest'
import { ParetoBanditError } from '../../src/base/errors.js'
import { defaultEncoder } from '../../src/features/default-encoder.js'
import { autoBudgets, parseBudgets } from '../../src/replay/budgets.js'
import { parseOutcomes } from '../../src/replay/dataset.js'
import { buildTable } from '../../src/replay/table.js'
import { MODELS, makeRows, toJsonl } from './helpers.js'

const GOOD = {
  id: 'a',
  source: 's',
  prompt: 'p',
  features: [0.5, 1],
  outcomes: { m: { reward: 1, costUsd: 0 } },
}

function failure(act: () => unknown): ParetoBanditError {
  try {
    act()
  } catch (error) {
    if (error instanceof ParetoBanditError) return error
    throw error
  }
  throw new Error('expected a ParetoBanditError')
}

describe('parseOutcomes', () => {
  it('reads rows, skips empty lines and tolerates a missing line end', () => {
    const rows = parseOutcomes(
      `${JSON.stringify(GOOD)}\r\n\n${JSON.stringify({ ...GOOD, id: 'b', extra: 1 })}`,
      'f',
    )
    expect(rows.map((row) => row.id)).toEqual(['a', 'b'])
    expect(rows[0].features).toEqual([0.5, 1])
  })

  const outcome = (value: unknown) => ({ ...GOOD, outcomes: { m: value } })
  it.each([
    ['not JSON', '{"id": ', 'expected JSON'],
    ['an array', '[1]', 'expected an object, got an array of 1'],
    ['no id', { ...GOOD, id: '' }, 'id: expected a non-empty string'],
    ['no prompt', { ...GOOD, prompt: 5 }, 'prompt: expected a string, got 5'],
    ['no outcomes', { ...GOOD, outcomes: [] }, 'outcomes: expected an object'],
    [
      'a reward above 1',
      outcome({ reward: 1.5, costUsd: 0 }),
      '"m"].reward: expected a number in [0, 1], got 1.5',
    ],
    ['a reward below 0', outcome({ reward: -0.1, costUsd: 0 }), 'reward: expected a number in [0, 1]'],
    ['a text reward', outcome({ reward: '1', costUsd: 0 }), 'reward: expected a number'],
    [
      'a negative cost',
      outcome({ reward: 1, costUsd: -1 }),
      'costUsd: expected a number in [0, 1000000000000], got -1',
    ],
    ['a huge cost', '{"id":"a","prompt":"","outcomes":{"m":{"reward":1,"costUsd":1e999}}}', 'costUsd'],
    ['a null outcome', outcome(null), 'expected {reward, costUsd}, got null'],
    [
      'a cost beyond the limit',
      outcome({ reward: 1, costUsd: 1.1e12 }),
      'costUsd: expected a number in [0, 1000000000000]',
    ],
    [
      'too many features',
      { ...GOOD, features: new Array(1025).fill(0) },
      'features: expected at most 1024 numbers, got 1025',
    ],
    [
      'other features',
      { ...GOOD, features: [1] },
      'features: expected 2 numbers as in the rows before, got 1',
    ],
    ['text features', { ...GOOD, features: ['x', 1] }, 'features[0]: expected a number'],
    ['a huge feature', { ...GOOD, features: [1e9, 1] }, 'features[0]'],
  ])('refuses %s, naming file and line', (_, line, message) => {
    const text = `${JSON.stringify(GOOD)}\n\n${typeof line === 'string' ? line : JSON.stringify(line)}\n`
    const error = failure(() => parseOutcomes(text, 'data.jsonl'))
    expect(error.code).toBe('DATA_INVALID')
    expect(error.message).toMatch(/^data\.jsonl:3: /)
    expect(error.message).toContain(message)
  })

  it('refuses an empty file', () => {
    expect(failure(() => parseOutcomes('\n', 'data.jsonl')).message).toContain('empty file')
  })

  it('keeps a model called __proto__ an ordinary one', () => {
    const line = '{"id":"a","prompt":"p","outcomes":{"__proto__":{"reward":1,"costUsd":2}}}'
    expect(Object.keys(parseOutcomes(line, 'f')[0].outcomes)).toEqual(['__proto__'])
  })
})

describe('buildTable', () => {
  it('leaves out rows that lack a model of the run', () => {
    const rows = makeRows(4)
    const poor = { ...rows[2], outcomes: { cheap: { reward: 1, costUsd: 1 } } }
    const table = buildTable([rows[0], poor, rows[1]], MODELS, null, 'f')
    expect(table.size).toBe(2)
    expect(table.rewards[4]).toBe(rows[1].outcomes.middle?.reward)
    expect(buildTable([rows[0], poor], [MODELS[0]], null, 'f').size).toBe(2)
  })

  it('says how many rows each model has when none is left', () => {
    const error = failure(() =>
      buildTable(makeRows(3), [...MODELS, { ...MODELS[0], id: 'other' }], null, 'f'),
    )
    expect(error.message).toContain('of 3: cheap 3, middle 3, dear 3, other 0')
  })

  it('takes no stored features without a bias, and says of which row', () => {
    const [row] = makeRows(1)
    const error = failure(() => buildTable([{ ...row, features: [0.5, 0.25] }], [MODELS[0]], null, 'f'))
    expect(error).toMatchObject({
      code: 'DATA_INVALID',
      message: expect.stringContaining(
        `row '${row.id}': expected features that end with 1, the bias, got 0.25; append it`,
      ),
    })
  })

  it('encodes no prompt that is not there: features of the same encoder are taken, and others refused', () => {
    const encoder = defaultEncoder()
    const [model] = MODELS
    const told = new Float64Array(encoder.dimension)
    encoder.encodeInto('Name a river', told, 0)
    const [row] = makeRows(1)
    const bare = { ...row, prompt: '', features: [...told], encoder: encoder.name }
    expect([...buildTable([bare], [model], encoder, 'f').contexts[0]]).toEqual([...told])
    const { encoder: _, ...unnamed } = bare
    for (const other of [
      unnamed,
      { ...bare, encoder: 'another' },
      { ...bare, prompt: ' \n', encoder: 'another' },
    ]) {
      expect(failure(() => buildTable([other], [model], encoder, 'f'))).toMatchObject({
        code: 'DATA_INVALID',
        message: expect.stringContaining(
          `row '${row.id}' has no prompt to encode; its features are played without --features encode`,
        ),
      })
    }
    expect(failure(() => buildTable([{ ...bare, features: null }], [model], encoder, 'f')).message).toContain(
      `row '${row.id}' has no prompt to encode, and no features`,
    )
  })

  it('refuses rows without features unless they are encoded', () => {
    const rows = parseOutcomes(toJsonl([{ ...GOOD, features: null }]), 'f')
    const model = { id: 'm', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }
    expect(failure(() => buildTable(rows, [model], null, 'f')).message).toContain('--features encode')
    const encoder = {
      name: 'ones',
      dimension: 2,
      encodeInto: (_: string, out: Float64Array) => void out.fill(1),
    }
    expect([...buildTable(rows, [model], encoder, 'f').contexts[0]]).toEqual([1, 1])
  })
})

describe('budgets', () => {
  it('spaces auto7 logarithmically between mean costs', () => {
    const costs = [
      { cheap: 1e-5, middle: 1e-3, dear: 1e-2 },
      { cheap: 3e-5, middle: 1e-3, dear: 2.2e-1 },
    ]
    const rows = costs.map((cost, i) => ({
      ...makeRows(1)[0],
      id: String(i),
      outcomes: Object.fromEntries(
        Object.entries(cost).map(([id, costUsd]) => [id, { reward: 0.5, costUsd }]),
      ),
    }))
    // Means 2e-5, 1e-3 and 0.115: a ratio of 5750, whose sixth root is 4.2326.
    const budgets = autoBudgets(buildTable(rows, MODELS, null, 'f'))
    const byHand = [0.00002, 0.0000846528, 0.000358305, 0.00151658, 0.00641912, 0.0271698, 0.115]
    expect(budgets).toHaveLength(7)
    for (const [i, budget] of budgets.entries()) expect(Math.abs(budget / byHand[i] - 1)).toBeLessThan(1e-5)
  })

  it('refuses auto7 when a model is free', () => {
    const rows = makeRows(2).map((row) => ({
      ...row,
      outcomes: { ...row.outcomes, cheap: { reward: 1, costUsd: 0 } },
    }))
    expect(failure(() => autoBudgets(buildTable(rows, MODELS, null, 'f'))).message).toContain(
      "'cheap' is free",
    )
  })

  it('parses lists and refuses anything that is not > 0', () => {
    expect(parseBudgets('3e-4, 0.001', 'budgets')).toEqual([3e-4, 0.001])
    expect(parseBudgets('auto7', 'budgets')).toBe('auto7')
    for (const text of ['', '0', '-1', 'x', '1,,2', 'Infinity', 'auto8']) {
      expect(failure(() => parseBudgets(text, '--budgets')).message).toMatch(
        /^--budgets: expected auto7 or numbers/,
      )
    }
  })
})
