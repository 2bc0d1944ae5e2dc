import { afterEach, describe, expect, test } from 'vitest'
import { createLogImport, type ImportedDecision } from '../../../src/evaluate/index.js'

function imported(at: unknown) {
  const log = createLogImport({ for: 'evaluate' })
  const [row] = log.take({ id: 'a', prompt: 'Why?', model: 'small', at }, 'log:1') as ImportedDecision[]
  return { at: row.at, times: log.finish().times }
}

const TEN = Date.UTC(2026, 10, 28, 10)

describe('a time is the same whatever the zone of the machine', () => {
  const zone = process.env.TZ
  afterEach(() => {
    if (zone === undefined) delete process.env.TZ
    else process.env.TZ = zone
  })

  test.each([
    '2026-11-28T10:00:00Z',
    '2026-11-28 10:00:00',
    '2026-11-28T10:00',
    '2026-11-28 10:00:00.000000000',
    '2026-11-28 10:00:00,000',
    '2026-11-28 10:00:00+00',
    '2026-11-28 12:00:00+02:00',
    '2026-11-28T05:30:00-0430',
    '2026-11-28 10:00:00 UTC',
    '2026-11-28 10:00:00 +0000 UTC',
    '2026/11/28 10:00:00',
    '2026-11-28 10:00 AM',
    'Sat Nov 28 10:00:00 2026',
    'Nov 28, 2026, 10:00 AM',
    'Sat, 28 Nov 2026 10:00:00 GMT',
    'Sat, 28 Nov 2026 12:00:00 +0200',
    TEN / 1000,
    TEN,
    TEN * 1e3,
    TEN * 1e6,
    String(TEN / 1000),
    String(TEN),
    `${TEN}000`,
    `${TEN / 1000}.000`,
  ])('%j', (at) => {
    for (const TZ of ['UTC', 'Asia/Tokyo', 'America/New_York']) {
      process.env.TZ = TZ
      expect(imported(at)).toEqual({ at: TEN, times: { unread: 0, firstUnread: null } })
    }
  })

  test('dates alone are of their first moment in UTC', () => {
    for (const at of ['2026-11-28', '2026/11/28', '28 Nov 2026', '2026-11-28 12:00 AM'])
      expect(imported(at).at).toBe(Date.UTC(2026, 10, 28))
    expect(imported('2026-11-28 12:30 PM').at).toBe(Date.UTC(2026, 10, 28, 12, 30))
  })
})

describe('a time that nobody can be sure of', () => {
  test.each([
    '03/04/2026',
    '03/04/2026 10:00',
    '28.11.2026 10:00',
    '11/28/26',
    '10:00',
    'hello 5',
    '2026-13-01',
    '2026-02-30',
    '2026-11-28 25:00:00',
    '2026-11-28 13:00 PM',
    '2026',
    '20261128',
    45989.4166,
    -5,
    true,
    {},
  ])('is not guessed, and told: %j', (at) => {
    expect(imported(at)).toEqual({ at: undefined, times: { unread: 1, firstUnread: 'log:1' } })
  })

  test('is told at once, however long it is', () => {
    const many = 200_000
    for (const at of [
      `2026-11-28${'\t'.repeat(many)}x`,
      `${'\t'.repeat(many)}1${'\t'.repeat(many)}x`,
      `Nov 28 2026 ${'Z('.repeat(many)}!`,
      `${'0'.repeat(many)}+`,
    ])
      expect(imported(at)).toEqual({ at: undefined, times: { unread: 1, firstUnread: 'log:1' } })
    expect(imported('Saturday, 28 November 2026 11:00:00 GMT+0100 (Central European Standard Time)').at).toBe(
      TEN,
    )
  })

  test.each([undefined, null, '', ' '])('is missing, and not in doubt: %j', (at) => {
    expect(imported(at)).toEqual({ at: undefined, times: { unread: 0, firstUnread: null } })
  })
})
