import { expect, it } from 'vitest'
import type { Bucket, DashboardData } from '../../src/gateway/dashboard/shape.js'
import { data, take } from '../../web/dashboard/state.js'

const bucket = (at: number, requests: number): Bucket => ({
  at,
  requests,
  failed: 0,
  refused: 0,
  spendUsd: 0,
  allowanceUsd: 0,
  shadowPrice: null,
  models: [],
})

/** As far as the page's state looks at it. */
const sent = (isUpdate: boolean, from: number, buckets: readonly Bucket[]) =>
  ({
    isUpdate,
    history: [{ name: 'the last hour', widthMs: 10, from, buckets }],
    marks: [],
    decisions: [],
    stats: { models: [] },
  }) as unknown as DashboardData

it('a page that is open for long shows what one that was just opened would: no bucket from before its stretch of time', () => {
  const shown = () => data.value?.history[0].buckets.map(({ at, requests }) => [at, requests])
  take(sent(false, 0, [bucket(0, 1), bucket(30, 2)]))
  take(sent(true, 20, [bucket(70, 3), bucket(30, 4)]))
  expect(shown()).toEqual([
    [30, 4],
    [70, 3],
  ])
  // Nothing has come, and time has passed.
  take(sent(true, 50, []))
  expect(shown()).toEqual([[70, 3]])
  take(sent(true, 900, []))
  expect(shown()).toEqual([])
})
