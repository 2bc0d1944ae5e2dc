import { describe, expect, it } from 'vitest'
import { ALL_EVENTS } from '../../src/policy/all-events.js'
import { POLICIES, POLICY_NAMES } from '../../src/policy/policies.js'

describe.each(POLICY_NAMES)('policy %s', (name) => {
  const { settings, load } = POLICIES[name]

  it('is called what it is listed as', async () => {
    expect((await load()).name).toBe(name)
  })

  it('names the events that it defines before it is loaded', async () => {
    const { events } = await load()
    expect(settings.eventTypes).toEqual(events.map(({ type }) => type))
  })

  it('defines events that stores and the command line can read', async () => {
    const { events } = await load()
    for (const definition of events) expect(ALL_EVENTS).toContain(definition)
  })
})
