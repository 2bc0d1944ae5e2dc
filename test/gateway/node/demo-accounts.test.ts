import { expect, test } from 'vitest'
import { agreementOf, type BookedRequest } from '../../../src/gateway/node/demo/accounts.js'
import type { Entry } from '../../../src/gateway/node/simulated/ledger.js'

test('what was booked stands beside what was billed, apart for answers that broke off', () => {
  const booked: BookedRequest[] = [
    { outcome: 'answered', model: 'a', costUsd: 2, isMeasured: true, tries: 1 },
    { outcome: 'cancelled', model: 'a', costUsd: 5, isMeasured: false, tries: 1 },
    { outcome: 'failed', model: 'a', costUsd: 0, tries: 1 },
    { outcome: 'refused', model: null, costUsd: null, tries: 0 },
  ]
  const entries = [
    { isUsageSent: true, costUsd: 1.5 },
    { isUsageSent: false, costUsd: 3 },
    { isUsageSent: false, costUsd: 0 },
  ] as Entry[]
  expect(agreementOf({ spendUsd: 7, reservedUsd: 1 }, booked, entries)).toEqual({
    ledgerUsd: 7,
    reservedUsd: 1,
    measured: { requests: 1, bookedUsd: 2, billedUsd: 1.5 },
    unmeasured: { requests: 1, bookedUsd: 5, billedUsd: 3 },
  })
})
