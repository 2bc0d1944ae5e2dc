import { afterEach, describe, expect, it } from 'vitest'
import type { Fault } from '../../../src/gateway/node/simulated/plan.js'
import { CLIENT_KEY, closeAll, gatewayServer, HELLO, modelTree, OTHER_KEY } from './gateway-server.js'

afterEach(closeAll)

async function served() {
  let fails: Fault | null = null
  const server = await gatewayServer({
    models: [modelTree('sim-small')],
    script: () => (fails === null ? {} : { fault: fails }),
    tree: { retries: { cooldownMs: 60_000 } },
  })
  let pauses = 0
  server.router.on('availability', ({ isAvailable }) => {
    if (!isAvailable) pauses++
  })
  let asked = 0
  const ask = async (count: number, fault: Fault | null = null, key = CLIENT_KEY) => {
    fails = fault
    for (let i = 0; i < count; i++) {
      const body = { model: 'sim-small', messages: HELLO }
      const response = await server.post('/v1/chat/completions', body, { authorization: `Bearer ${key}` })
      await response.text()
      expect(response.ok).toBe(fault === null)
      await server.over(++asked)
    }
  }
  return { ask, pauses: () => pauses }
}

const FAILED: Fault = { kind: 'status', status: 500 }

it('a model that fails once after fifty answers is not paused, and one that fails again is', async () => {
  const { ask, pauses } = await served()
  await ask(50)
  await ask(1, FAILED)
  await ask(49)
  expect(pauses()).toBe(0)
  await ask(1, FAILED)
  expect(pauses()).toBe(1)
})

it('one that has answered a few times is', async () => {
  const { ask, pauses } = await served()
  await ask(10)
  await ask(1, FAILED)
  expect(pauses()).toBe(1)
})

it('a pause that a provider asks for is given, however well its model answers', async () => {
  const { ask, pauses } = await served()
  await ask(50)
  await ask(1, { kind: 'status', status: 429, retryAfter: { form: 'seconds', seconds: 5 } })
  expect(pauses()).toBe(1)
})

describe('a client whose requests make a model fail', () => {
  const theirs = (count: number) => [count, FAILED, OTHER_KEY] as const

  it('does not have it paused for others, whom it answers', async () => {
    const { ask, pauses } = await served()
    await ask(50)
    for (let i = 0; i < 20; i++) {
      await ask(...theirs(1))
      await ask(5)
    }
    expect(pauses()).toBe(0)
    // What it answered meanwhile counts: one failure of another is still one among many.
    await ask(1, FAILED)
    expect(pauses()).toBe(0)
    await ask(...theirs(1))
    expect(pauses()).toBe(1)
  })

  it('is like any other where nobody else is answered', async () => {
    const { ask, pauses } = await served()
    await ask(50)
    await ask(...theirs(1))
    await ask(10, null, OTHER_KEY)
    await ask(4)
    expect(pauses()).toBe(0)
    await ask(...theirs(1))
    expect(pauses()).toBe(1)
  })
})
