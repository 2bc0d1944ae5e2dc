import { afterEach, describe, expect, it } from 'vitest'
import type { Script } from '../../../src/gateway/node/simulated/plan.js'
import { closeAll, gatewayServer, HELLO, modelTree } from './gateway-server.js'

afterEach(closeAll)

const CHAT = '/v1/chat/completions'

/** As providers say that a request has more than their model can read, or may bring more than it writes. */
const WORDS = [
  "This model's maximum context length is 8192 tokens. However, your messages resulted in 9000 tokens.",
  "This endpoint's maximum context length is 8192 tokens. However, you requested about 9000 tokens.",
  "This model's maximum prompt length is 8192 but the request contains 9000 tokens.",
  'prompt is too long: 200001 tokens > 200000 maximum',
  'input length and `max_tokens` exceed context limit: 190000 + 20000 > 200000',
  'Input is too long for requested model.',
  'The input token count (1200000) exceeds the maximum number of tokens allowed (1048576).',
  'max_tokens is too large: 32000. This model supports at most 16384 completion tokens, whereas you provided 32000.',
  'max_tokens: 100000 > 64000, which is the maximum allowed number of output tokens for claude-sonnet-4-5',
  'Prompt contains 40000 tokens, too large for model with 32768 maximum context length',
]

describe('a request that is too long for one model, or wants too long an answer', () => {
  it.each(WORDS)('goes to another: %s', async (message) => {
    const script: Script = ({ body }) =>
      body.model === 'sim-middle' ? { fault: { kind: 'status', status: 400, message } } : {}
    const server = await gatewayServer({
      models: [modelTree('sim-middle'), modelTree('sim-small')],
      script,
      tree: { retries: { shareMax: 1 } },
    })
    for (let i = 0; i < 6; i++)
      for (const stream of [false, true]) {
        const response = await server.post(CHAT, { model: 'auto', messages: HELLO, stream })
        await response.text()
        expect([response.status, response.headers.get('x-paretobandit-model')]).toEqual([200, 'sim-small'])
      }
    // Who names it hears its provider.
    const named = await server.post(CHAT, { model: 'sim-middle', messages: HELLO })
    expect([named.status, await named.json()]).toMatchObject([400, { error: { message } }])
    expect(server.ledger().spendUsd).toBeCloseTo(server.upstream.costUsd(), 12)
    expect(server.ledger().reservedUsd).toBe(0)
  })

  it('and other mistakes of its client go nowhere else', async () => {
    const server = await gatewayServer({
      models: [modelTree('sim-middle'), modelTree('sim-small')],
      script: () => ({ fault: { kind: 'status', status: 400, message: 'temperature: expected a number' } }),
    })
    expect((await server.post(CHAT, { model: 'auto', messages: HELLO })).status).toBe(400)
    expect(server.upstream.entries).toHaveLength(1)
  })
})
