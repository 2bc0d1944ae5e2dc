import { afterEach, expect, it } from 'vitest'
import type { Fault } from '../../../src/gateway/node/simulated/plan.js'
import { closeAll, gatewayServer, HELLO, modelTree } from './gateway-server.js'

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
  const ask = async (count: number, fault: Fault | null = null) => {
    fails = fault
    for (let i = 0; i < count; i++) {
      const response = await server.post('/v1/chat/completions', { model: 'sim-small', messages: HELLO })
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
