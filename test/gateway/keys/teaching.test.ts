import { afterEach, describe, expect, it } from 'vitest'
import {
  CLIENT_KEY,
  closeAll,
  gatewayServer,
  HELLO,
  modelTree,
  OTHER_KEY,
} from '../surfaces/gateway-server.js'

afterEach(closeAll)

/** Whatever they say counts, and all answers are graded. */
const REWARDS = {
  windowMs: 0,
  weights: { validator: 1 },
  validators: { repeatMs: 60_000 },
  judge: { model: 'sim-middle', share: 1, capUsdPerDay: 1 },
  links: { secret: '$LINK_SECRET' },
}
/** No answer fits it. */
const IMPOSSIBLE = {
  type: 'json_schema',
  json_schema: { name: 'none', schema: { type: 'object', required: ['a'], properties: { a: false } } },
}

async function served(teaches: boolean) {
  const server = await gatewayServer({
    models: [modelTree('sim-small'), modelTree('sim-middle')],
    random: () => 0.5,
    script: ({ body }) =>
      JSON.stringify(body).includes('You grade answers') ? { text: '{"score": 7}' } : {},
    tree: {
      rewards: REWARDS,
      tenants: [{ id: 'acme' }],
      keys: [
        { name: 'stranger', value: '$CLIENT_KEY', tenant: 'acme', teaches },
        { name: 'backend', value: '$OTHER_KEY', tenant: 'acme' },
      ],
    },
  })
  let answers = 0
  const ask = async (more: object = {}) => {
    const body = { model: 'sim-small', messages: HELLO, ...more }
    const response = await server.post('/v1/chat/completions', body)
    expect([response.status, await response.text()]).toMatchObject([200, expect.any(String)])
    await server.over(++answers)
    return response.headers.get('x-paretobandit-decision') ?? ''
  }
  const give = async (decision_id: string, key: string) => {
    const headers = { authorization: `Bearer ${key}` }
    const response = await server.post('/v1/feedback', { decision_id, value: 0 }, headers)
    return { status: response.status, body: await response.json() }
  }
  const linksOf = async (id: string) => {
    const headers = { authorization: `Bearer ${CLIENT_KEY}` }
    const response = await fetch(`${server.url}/v1/decisions/${id}`, { headers })
    return ((await response.json()) as { links: unknown }).links
  }
  /** Once all that waits is applied: rewards are told to no process that has ended. */
  const learned = async () => {
    await server.close()
    const [{ rewarded, settled }] = server.router.stats().models
    return { rewarded, settled }
  }
  return { ask, give, linksOf, learned }
}

describe('a key that does not teach', () => {
  it('rates no answer: by feedback, by links, by repeating itself, by schemas, by a judge', async () => {
    const { ask, give, linksOf, learned } = await served(false)
    const id = await ask()
    expect(await give(id, CLIENT_KEY)).toMatchObject({
      status: 403,
      body: { error: { code: 'feedback_not_allowed' } },
    })
    expect(await linksOf(id)).toBeNull()
    await ask()
    await ask({ response_format: IMPOSSIBLE })
    expect(await learned()).toEqual({ rewarded: 0, settled: 3 })
  })

  it('has its answers rated by others of its tenant', async () => {
    const { ask, give, learned } = await served(false)
    expect(await give(await ask(), OTHER_KEY)).toMatchObject({ status: 200, body: { status: 'taken' } })
    expect(await learned()).toEqual({ rewarded: 1, settled: 1 })
  })
})

it('a key that teaches has all of these learned', async () => {
  const { ask, give, linksOf, learned } = await served(true)
  const id = await ask()
  expect(await linksOf(id)).toEqual({ up: expect.any(String), down: expect.any(String) })
  // The judge may have been first.
  expect([200, 409]).toContain((await give(id, CLIENT_KEY)).status)
  await ask()
  await ask({ response_format: IMPOSSIBLE })
  expect(await learned()).toEqual({ rewarded: 3, settled: 3 })
})
