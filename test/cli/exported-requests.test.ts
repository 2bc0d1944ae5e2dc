import { describe, expect, test } from 'vitest'
import { ExportedRequests } from '../../src/cli/state/exported-requests.js'
import type { LoggedEvent } from '../../src/events/events.js'
import { rewardedEvent, routedEvent } from '../support/events.js'

const header = (settings = {}) => ({ version: 1, settings: { rewardLow: 0, rewardHigh: 1, ...settings } })
const settled = (id: string, costUsd: number): LoggedEvent => ({
  type: 'settled',
  at: 1,
  id,
  model: 'large',
  costUsd,
  latencyMs: null,
  logCostRatio: 0,
  logLatency: null,
  tokens: null,
  usageFlags: null,
})
const failed = (id: string): LoggedEvent => ({
  type: 'failed',
  at: 1,
  id,
  model: 'large',
  costUsd: 0,
  tokens: null,
  usageFlags: null,
  latencyMs: null,
  retryAfterMs: null,
})

describe('events of a log that several write', () => {
  test('count once, by their number and by what they are about', () => {
    const requests = new ExportedRequests(header(), true)
    expect([1, 2, 2, 1, 3].map((number) => requests.isKnown('a', number))).toEqual([
      false,
      false,
      true,
      true,
      false,
    ])
    expect(requests.isKnown('b', 1)).toBe(false)
    expect(requests.take(routedEvent('a.1', { model: 'large' }))).toBe(true)
    expect(requests.take(routedEvent('a.1'))).toBe(false)
    expect(requests.take(settled('a.1', 0.5))).toBe(true)
    expect(requests.take(settled('a.1', 0.6))).toBe(false)
    expect(requests.take(failed('a.1'))).toBe(false)
    expect(requests.take(rewardedEvent('a.1', 0.25))).toMatchObject({
      id: 'a.1',
      outcomes: { large: { reward: 0.25, costUsd: 0.5 } },
    })
    expect(requests.take(rewardedEvent('a.1', 1))).toBe(false)
    expect(requests.take(rewardedEvent('a.9', 1))).toBe(false)
    requests.take(routedEvent('a.2'))
    expect(requests.take(failed('a.2'))).toBe(true)
    expect(requests.take(settled('a.2', 1))).toBe(false)
  })

  test('of requests older than the log are given once, and make no outcome', () => {
    const requests = new ExportedRequests(header(), false)
    expect(requests.take(settled('a.1', 0.5))).toBe(true)
    expect(requests.take(settled('a.1', 0.5))).toBe(false)
    expect(requests.take(rewardedEvent('a.1', 0.5))).toBe(true)
  })

  test('are remembered as long as the fold remembers, rewards brought to [0, 1]', () => {
    const requests = new ExportedRequests(header({ pendingCapacity: 2, rewardLow: -1, rewardHigh: 3 }), true)
    for (const id of ['a.1', 'a.2', 'a.3']) requests.take(routedEvent(id, { model: 'large' }))
    expect(requests.take(settled('a.1', 1))).toBe(false)
    requests.take(settled('a.3', 1))
    expect(requests.take(rewardedEvent('a.3', 1))).toMatchObject({
      outcomes: { large: { reward: 0.5, costUsd: 1 } },
    })
  })
})
