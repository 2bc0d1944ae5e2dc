import { expect, it } from 'vitest'
import { createRouter } from '../../../src/create-router.js'
import { expectCode } from '../../support/errors.js'
import { digest, X } from '../../support/router.js'
import { withText } from '../../support/snapshot-bytes.js'

const CAP = { usd: 100, per: 'day' } as const
const options = {
  models: [{ id: 'only', inputUsdPerMTok: 0, outputUsdPerMTok: 1000 }],
  dimension: 3,
  kernel: 'js',
  clock: () => Date.UTC(2026, 9, 24, 12),
} as const

/** A router with a tenant that is gone, and a request that was charged at two times. */
async function started() {
  let now = Date.UTC(2026, 9, 23, 12)
  const router = await createRouter({
    ...options,
    clock: () => now,
    caps: [CAP],
    tenants: [{ id: 't', caps: [CAP] }],
  })
  const { id } = router.route(X, { tenant: 't' })
  router.settle(id, { costUsd: 2 })
  now = options.clock()
  router.correct(id, { costUsd: 5 })
  router.route(X, { tenant: 't' })
  router.removeTenant('t')
  return router
}

type Own = Readonly<Record<string, unknown>>

const snapshotWith = (bytes: Uint8Array, edit: (own: Own) => Own) =>
  withText(bytes, (text) => ({ ...text, own: edit(text.own as Own) }))

it('what is remembered of tenants that are gone and of requests with several charges comes back from a snapshot', async () => {
  const bytes = (await started()).snapshot()
  const copy = await createRouter(options)
  copy.restore(snapshotWith(bytes, (own) => own))
  expect(Buffer.from(copy.snapshot()).equals(bytes)).toBe(true)
})

it.each([
  ['splits', 'none'],
  ['splits', [['1.1']]],
  ['splits', [[1, []]]],
  ['splits', [['1.1', [[0, 5]]]]],
  ['splits', [['1.1', [[-1, 5]]]]],
  ['splits', [['1.1', [[1, null]]]]],
  ['splits', [['1.1', Array(9).fill([1, 5])]]],
  ['departures', {}],
  ['departures', [[0, 't', null]]],
  ['departures', [[2, 't', null]]],
  ['departures', [[1, 5, null]]],
  ['departures', [[1, 't', 'now']]],
  [
    'departures',
    [
      [1, 't', null],
      [1, 't', null],
    ],
  ],
  ['departed', 'nobody'],
  ['departed', [{ tenant: 't' }]],
  ['departed', [{ tenant: 't', caps: [], numbers: [], carriedUsd: [], handed: [], countsOn: 1 }]],
  ['departed', [{ tenant: 't', caps: [CAP], numbers: [[1]], carriedUsd: [0], handed: [null] }]],
])('a snapshot whose %s are %j is refused, and changes nothing', async (name, value) => {
  const bytes = (await started()).snapshot()
  const copy = await createRouter(options)
  const before = digest(copy)
  expectCode(
    () => copy.restore(snapshotWith(bytes, (own) => ({ ...own, [name]: value }))),
    'SNAPSHOT_INVALID',
  )
  expect(digest(copy)).toBe(before)
})

it.each([
  ['aside', 'all'],
  ['aside', []],
  ['aside', [[1]]],
  ['aside', [[-1, 5]]],
  ['aside', [[1, 'now']]],
  ['handed', [[1, 5, 'yes']]],
  ['handed', [[0, 5, true]]],
  ['caps', {}],
])('a snapshot whose caps that are away have %s %j is refused', async (name, value) => {
  const router = await createRouter({ ...options, caps: [CAP] })
  router.setCaps([])
  const bytes = router.snapshot()
  const changed = snapshotWith(bytes, (own) => {
    const { retired } = own
    expect(retired).toHaveProperty(name)
    return { ...own, retired: { ...(retired as object), [name]: value } }
  })
  const copy = await createRouter(options)
  expectCode(() => copy.restore(changed), 'SNAPSHOT_INVALID')
  copy.restore(bytes)
  expect(digest(copy)).toBe(digest(router))
})
