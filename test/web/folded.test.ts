import { expect, it } from 'vitest'
import type { Mark } from '../../src/gateway/dashboard/shape.js'
import { folded } from '../../web/dashboard/folded.js'

const mark = (number: number, more: Partial<Mark>): Mark => ({
  number,
  at: 1000 * number,
  kind: 'alarm',
  type: 'availability',
  model: 'small',
  tenant: null,
  text: '',
  ...more,
})

it('of downs, ups and drifts of a model the latest stands for all, and everything else stays', () => {
  const marks = [
    mark(1, { kind: 'change', type: 'budget-set', model: null }),
    ...Array.from({ length: 200 }, (_, i) =>
      mark(2 + i, i % 2 === 0 ? {} : { kind: 'recovery', text: 'it answers again' }),
    ),
    mark(202, { kind: 'change', type: 'budget-set', model: null }),
    mark(203, { model: 'large' }),
    mark(204, { type: 'drift', text: 'its reward is not what it was: down' }),
    mark(205, { type: 'drift', text: 'its latency is not what it was: up' }),
    mark(206, { type: 'drift', text: 'its latency is not what it was: up' }),
  ]
  expect(folded(marks).map(({ number, kind, model, times }) => [number, kind, model, times])).toEqual([
    [1, 'change', null, 1],
    [200, 'alarm', 'small', 100],
    [201, 'recovery', 'small', 100],
    [202, 'change', null, 1],
    [203, 'alarm', 'large', 1],
    [204, 'alarm', 'small', 1],
    [206, 'alarm', 'small', 2],
  ])
})

it('of a pause and an outage of one model each has its own, whatever their figures', () => {
  const marks = [
    mark(1, { text: 'its provider asked for a pause of 2 s' }),
    mark(2, { text: 'it is taken for down: 7.4 % of its recent calls failed' }),
    mark(3, { text: 'its provider asked for a pause of 30 s' }),
    mark(4, { text: 'it is taken for down: 52 % of its recent calls failed' }),
  ]
  expect(folded(marks).map(({ number, times }) => [number, times])).toEqual([
    [3, 2],
    [4, 2],
  ])
})
