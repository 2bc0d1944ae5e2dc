import { expect, it } from 'vitest'
import { differenceLines } from '../../../src/gateway/logs/difference-lines.js'

const STORE = '/data/a: b.db'
const applied = 'budget is $1 in the options and was $2 in the log, and is in force now'

function linesOf(differences: readonly string[], warnings: readonly string[]) {
  const lines: [string, unknown][] = []
  differenceLines(
    (level, fields) => lines.push([level, fields]),
    (text) => text.replace('sk-1', '…'),
    differences,
    warnings,
  )
  return lines
}

it('tells a difference that holds apart from one of the same words in a tenant', () => {
  const ofTenant = `tenants[a].${applied}`
  const warning = `${STORE}: ${ofTenant}: a command had set the other since $3 was in the options`
  expect(linesOf([applied, ofTenant], [warning])).toEqual([
    ['info', { difference: applied }],
    ['warn', { difference: warning }],
  ])
})

it('finds the warning of a difference that has characters nobody sees, and hides secrets', () => {
  const held = 'models[\u0007] is sk-1 in the options and absent in the log, which holds'
  const warning = `${STORE}: models[\\u0007] is sk-1 in the options and absent in the log, which holds`
  expect(linesOf([held], [warning])).toEqual([['warn', { difference: warning.replace('sk-1', '…') }]])
})

it('has twenty lines at most, and says how many more there are', () => {
  const all = Array.from(
    { length: 25 },
    (_, i) => `option${i} is 1 in the options and 2 in the log, which holds`,
  )
  const lines = linesOf(all, [])
  expect(lines).toHaveLength(21)
  expect(lines[20]).toEqual(['warn', { more: 5 }])
})
