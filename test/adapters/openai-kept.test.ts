import OpenAI from 'openai'
import { expect, it } from 'vitest'
import { routed, runOf } from '../../src/adapters/openai/index.js'
import { KEPT_MAX, KeptResponses } from '../../src/adapters/openai/kept-responses.js'
import { startUpstream } from '../../src/gateway/node/simulated/upstream.js'
import { Provider } from './provider.js'

const provider = new Provider(['sim-small', 'sim-middle', 'sim-large'])
const ELSEWHERE = 'sim-large'
const OPTIONS = { apiKey: 'none', maxRetries: 0 } as const

it('goes on with a response where it is kept, however the one before came', async () => {
  const other = await startUpstream()
  const clients = { [ELSEWHERE]: new OpenAI({ ...OPTIONS, baseURL: other.baseUrl }) }
  const client = routed(new OpenAI({ ...OPTIONS, baseURL: provider.upstream.baseUrl }), provider.router, {
    clients,
  })
  const ask = { model: 'auto', input: 'Hi' }
  const begin = [
    () => client.responses.create(ask),
    () => client.responses.stream(ask).finalResponse(),
    () => client.withOptions({ timeout: 10_000 }).responses.parse(ask),
    async () => {
      let id = ''
      for await (const event of await client.responses.create({ ...ask, stream: true }))
        if (event.type === 'response.completed') id = event.response.id
      return { id }
    },
  ]
  for (let turn = 0; turn < 24; turn++) {
    const isElsewhere = turn % 2 === 1
    // Whoever is left out at first is free to answer later.
    if (isElsewhere) for (const id of ['sim-small', 'sim-middle']) provider.router.disable(id)
    else provider.router.disable(ELSEWHERE)
    let { id } = await begin[turn % begin.length]()
    for (const model of ['sim-small', 'sim-middle', ELSEWHERE]) provider.router.enable(model)
    for (let step = 0; step < 3; step++) {
      const answer = await client.responses.create({ ...ask, previous_response_id: id })
      expect(runOf(answer)?.decision.model === ELSEWHERE).toBe(isElsewhere)
      id = answer.id
    }
  }
  const unknown = client.responses.create({ ...ask, previous_response_id: 'resp_of_another_process' })
  await expect(unknown).rejects.toMatchObject({ status: 400 })
  await other.close()
})

it('remembers the latest ten thousand, and conversations too', () => {
  const kept = new KeptResponses()
  for (let i = 0; i <= KEPT_MAX; i++) kept.heard({ object: 'response', id: `resp_${i}` }, 'sim-small')
  expect(kept.modelOf({ previous_response_id: 'resp_0' })).toBeNull()
  expect(kept.modelOf({ previous_response_id: 'resp_1' })).toBe('sim-small')
  const response = { object: 'response', id: 'resp', conversation: { id: 'conv' } }
  kept.heard({ type: 'response.created', response }, ELSEWHERE)
  for (const conversation of ['conv', { id: 'conv' }]) expect(kept.modelOf({ conversation })).toBe(ELSEWHERE)
  for (const other of [
    {},
    { conversation: null },
    { conversation: 7 },
    { previous_response_id: 'conversation' },
  ])
    expect(kept.modelOf(other)).toBeNull()
})
