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

  test('end with a call that was broken off, whoever tells it again', () => {
    const requests = new ExportedRequests(header(), true)
    const cancelled = (id: string): LoggedEvent => ({
      ...{ type: 'cancelled', at: 1, id, model: 'large', costUsd: 0.5 },
      ...{ latencyMs: null, tokens: null, usageFlags: null },
    })
    for (const id of ['a.1', 'a.2', 'a.3']) requests.take(routedEvent(id, { model: 'large' }))
    expect(requests.take(cancelled('a.1'))).toBe(true)
    for (const late of [cancelled('a.1'), settled('a.1', 1), failed('a.1'), rewardedEvent('a.1', 1)])
      expect(requests.take(late)).toBe(false)
    requests.take(settled('a.2', 1))
    expect(requests.take(cancelled('a.2'))).toBe(false)
    requests.take(failed('a.3'))
    expect(requests.take(cancelled('a.3'))).toBe(false)
  })

  test('have the cost of the latest bill, once each', () => {
    const billed = (id: string, costUsd: number): LoggedEvent & { type: 'billed' } => ({
      ...{ type: 'billed', at: 1, id, model: 'large', costUsd, latencyMs: null },
      ...{ logCostRatioChange: 0, tokens: null, usageFlags: null },
    })
    const requests = new ExportedRequests(header(), true)
    for (const bill of [billed('a.1', 3), billed('a.1', 0.25), billed('a.2', 0.5)]) requests.takeBill(bill)
    for (const id of ['a.1', 'a.2', 'a.3']) requests.take(routedEvent(id, { model: 'large' }))
    requests.take(settled('a.1', 1000))
    expect(requests.take(rewardedEvent('a.1', 1))).toMatchObject({ outcomes: { large: { costUsd: 0.25 } } })
    // A request that nobody settled before newer ones pushed it out.
    expect(requests.take(rewardedEvent('a.2', 1))).toMatchObject({ outcomes: { large: { costUsd: 0.5 } } })
    expect(requests.take(settled('a.2', 0.5))).toBe(true)
    expect(requests.take(billed('a.2', 0.5))).toBe(true)
    expect(requests.take(rewardedEvent('a.3', 1))).toBe(true)
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
