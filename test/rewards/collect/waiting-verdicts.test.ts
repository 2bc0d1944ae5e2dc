import { describe, expect, it } from 'vitest'
import { WaitingVerdicts } from '../../../src/rewards/collect/waiting-verdicts.js'

const VERDICT = { value: 1, isFirm: false }

describe('verdicts that wait', () => {
  it('wait no longer than they may, also where that was made less, and no timer has fired', () => {
    let now = 0
    let waitMs = 3_600_000
    const applied: string[] = []
    const verdicts = new WaitingVerdicts(
      {
        router: {
          reward(id) {
            applied.push(id)
            return { durable: Promise.resolve() }
          },
          checkReward() {},
        },
        settings: () => ({ windowMs: 0, waitMs, weights: { validator: 1 }, calibrated: null }),
        now: () => now,
        after: () => () => {},
        draw: () => 0,
        onError: () => {},
        store: { isShared: false, put: async () => true, remove: async () => true, entries: async () => [] },
      },
      () => {},
    )
    verdicts.add('a', VERDICT)
    now = 30_000
    verdicts.add('b', VERDICT)
    expect(applied).toEqual([])
    waitMs = 60_000
    now = 70_000
    verdicts.add('c', VERDICT)
    expect(applied).toEqual(['a'])
    now = 100_000
    verdicts.add('d', VERDICT)
    expect(applied).toEqual(['a', 'b'])
    verdicts.close()
    expect(applied).toEqual(['a', 'b', 'c', 'd'])
  })
})
