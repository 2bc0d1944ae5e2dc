import { expect, it } from 'vitest'
import { clockAheadLog } from '../../../src/gateway/logs/clock-ahead.js'
import { createRouter } from '../../../src/index.js'

const DAY_MS = 86_400_000
const NOW = Date.UTC(2026, 10, 30, 12)

it('a cap whose period a clock began that ran ahead is named, once, until time has caught up', async () => {
  let time = NOW + 3650 * DAY_MS
  const caps = [{ usd: 1, per: 'day' }] as const
  const router = await createRouter<string>({
    models: [{ id: 'm', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }],
    caps,
    tenants: [{ id: 'acme', caps: [{ usd: 1, per: 'month' }] }],
    clock: () => time,
  })
  const lines: unknown[] = []
  const look = clockAheadLog(
    router,
    () => ['acme', 'was removed'],
    (level, fields) => lines.push({ level, ...fields }),
    () => time,
  )
  router.cancel(router.route('hello', { tenant: 'acme' }).id)
  look()
  expect(lines).toEqual([])
  time = NOW
  look()
  look()
  const [day, month] = [Date.UTC(2036, 10, 27), Date.UTC(2036, 10, 1)]
  const said = [
    { level: 'error', cap: 'day', begins: new Date(day).toISOString(), aheadMs: day - NOW },
    {
      level: 'error',
      tenant: 'acme',
      cap: 'month',
      begins: new Date(month).toISOString(),
      aheadMs: month - NOW,
    },
  ]
  expect(lines).toEqual(said)
  // A second less is no fault of anybody.
  time = day - 1000
  look()
  time = NOW
  look()
  expect(lines).toHaveLength(4)
  await router.close()
})

it('of more tenants than are looked at one line says how many were left out, where a cap is ahead', async () => {
  let time = NOW + 3650 * DAY_MS
  const router = await createRouter<string>({
    models: [{ id: 'm', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }],
    caps: [{ usd: 1, per: 'day' }],
    clock: () => time,
  })
  const lines: object[] = []
  const look = clockAheadLog(
    router,
    () => Array.from({ length: 1003 }, (_, i) => `t${i}`),
    (_, fields) => lines.push(fields),
    () => time,
  )
  router.cancel(router.route('hello').id)
  look()
  expect(lines).toEqual([])
  time = NOW
  look()
  look()
  expect(lines).toEqual([expect.objectContaining({ cap: 'day' }), { tenantsLeftOut: 3 }])
  await router.close()
})
