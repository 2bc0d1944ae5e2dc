import { describe, expect, it } from 'vitest'
import { defaultEncoder } from '../../src/features/default-encoder.js'
import type { Tell } from '../../web/playground/messages.js'
import { Pace } from '../../web/playground/play/pace.js'
import { Stage } from '../../web/playground/play/stage.js'

/** A clock that goes on by so much with each look at it. */
function clockOf(stepMs: number) {
  const clock = { now: 0, read: () => (clock.now += stepMs) }
  return clock
}

describe('the pace', () => {
  it('owes what the clock says, and measures what was played', () => {
    let now = 0
    const pace = new Pace(() => now)
    for (let i = 0; i < 200; i++) {
      now += 10
      const due = pace.due(1000)
      pace.played(due)
    }
    expect(pace.measuredPerSecond).toBeCloseTo(1000, 6)
  })

  it('owes parts of a request too, and never more than a quarter of a second', () => {
    let now = 0
    const pace = new Pace(() => now)
    now = 60
    expect(pace.due(10)).toBe(0)
    now = 120
    expect(pace.due(10)).toBe(1)
    now = 60_000
    expect(pace.due(10_000)).toBe(2500)
    pace.restart()
    now = 60_001
    expect(pace.due(1000)).toBe(1)
  })
})

describe('the worker’s side', () => {
  async function staged(stepMs = 0.5) {
    const told: Tell[] = []
    const clock = clockOf(stepMs)
    const stage = new Stage(defaultEncoder(), clock.read, (message) => told.push(message))
    await stage.ask({ type: 'start', link: 'rate=10000', source: 'simulated' })
    return { stage, told, clock, views: () => told.filter((message) => message.type === 'view') }
  }

  it('plays in slices: a turn ends after a few milliseconds, whatever is due', async () => {
    const { stage, clock } = await staged()
    await stage.ask({ type: 'play', isOn: true })
    clock.now += 1e6
    const before = clock.now
    expect(stage.turn()).toBe(true)
    expect(clock.now - before).toBeLessThan(20)
  })

  it('sends no view before the one before it is drawn', async () => {
    const { stage, clock, views } = await staged()
    await stage.ask({ type: 'play', isOn: true })
    for (let i = 0; i < 50; i++) {
      clock.now += 100
      stage.turn()
    }
    expect(views()).toHaveLength(1)
    await stage.ask({ type: 'drawn' })
    clock.now += 100
    stage.turn()
    expect(views()).toHaveLength(2)
  })

  it('says what was wrong with what was asked, and goes on', async () => {
    const { stage, told } = await staged()
    await stage.ask({ type: 'start', link: 'budget=lots', source: 'simulated' })
    expect(told.at(-1)).toEqual({
      type: 'refused',
      what: 'start',
      message: 'budget: expected a number, got "lots"',
    })
    await stage.ask({ type: 'start', link: '', source: new File(['no'], 'a.jsonl') })
    expect(told.at(-1)).toMatchObject({ type: 'refused', what: 'start' })
    await stage.ask({ type: 'step', count: 100 })
    stage.turn()
    expect(told.at(-1)).toMatchObject({ type: 'view', view: { requests: 100 } })
  })
})
