import { afterEach, describe, expect, it } from 'vitest'
import { Wordings } from '../../../src/gateway/completions/wordings.js'
import type { ModelConfig, UpstreamConfig } from '../../../src/gateway/config/config.js'
import type { PartialPlan, Script } from '../../../src/gateway/node/simulated/plan.js'
import { closeAll, eventsOf, gatewayServer, HELLO, modelTree } from './gateway-server.js'

afterEach(closeAll)

const CHAT = '/v1/chat/completions'
const ASK = { model: 'sim-small', messages: HELLO, stream: true }
const MISTRAL = 'extra_forbidden: body.stream_options.include_usage: Extra inputs are not permitted'
const SENT: PartialPlan = { usage: { isUnasked: true } }

/** As Mistral's API: it sends the usage of every stream, and refuses whoever asks for it. */
const refusing =
  (status: number, message: string): Script =>
  ({ body }) =>
    body.stream_options === undefined ? SENT : { fault: { kind: 'status', status, message } }

describe('a provider that takes no stream_options.include_usage', () => {
  it.each([
    [422, MISTRAL],
    [400, "property 'stream_options' is unsupported, did you mean 'stream'?"],
  ])('is asked once, and then without: %i', async (status, message) => {
    const server = await gatewayServer({
      models: [modelTree('sim-small')],
      script: refusing(status, message),
    })
    for (const include_usage of [true, false, undefined]) {
      const stream_options = include_usage === undefined ? {} : { stream_options: { include_usage } }
      const response = await server.post(CHAT, { ...ASK, ...stream_options })
      expect(response.status).toBe(200)
      const events = eventsOf(await response.text())
      expect(events.at(-1)).toBe('[DONE]')
      expect(events.some((data) => /"usage":\{.*"cost":/.test(data))).toBe(include_usage === true)
    }
    await server.over(3)
    expect(server.upstream.entries).toHaveLength(4)
    expect(server.records).toMatchObject(
      [1, 2, 3].map(() => ({ outcome: 'answered', tries: 1, isMeasured: true })),
    )
    expect(server.ledger().spendUsd).toBeCloseTo(server.upstream.costUsd(), 12)
    expect(server.ledger().reservedUsd).toBe(0)
  })

  it('is told from a client that says something wrong beside it, or of it', async () => {
    const server = await gatewayServer({
      models: [modelTree('sim-small')],
      script: ({ body }) =>
        JSON.stringify(body).includes('wrong')
          ? { fault: { kind: 'status', status: 400, message: `${MISTRAL}, wrong` } }
          : {},
    })
    const wrong = [{ role: 'user', content: 'wrong' }]
    const options = { include_usage: true, wrong: 1 }
    for (const more of [{ stream_options: options }, { messages: wrong }, { messages: wrong, stream: false }])
      expect((await server.post(CHAT, { ...ASK, ...more })).status).toBe(400)
    // Of these only the second could have been due to the option.
    expect(server.upstream.entries).toHaveLength(4)
    await (await server.post(CHAT, ASK)).text()
    const [{ request }] = server.upstream.entries.slice(-1)
    expect(request.body.stream_options).toEqual({ include_usage: true })
    expect((await server.over(4)).at(-1)).toMatchObject({ outcome: 'answered', isMeasured: true })
  })

  it('is asked again after an hour', () => {
    let now = 0
    const wordings = new Wordings(() => now)
    const model = { upstreamModel: 'm' } as ModelConfig
    const upstream = { baseUrl: 'https://x.test/v1' } as UpstreamConfig
    expect(wordings.has('no-usage', model, upstream)).toBe(false)
    wordings.add('no-usage', model, upstream)
    now += 3_599_999
    expect(wordings.has('no-usage', model, upstream)).toBe(true)
    expect(wordings.has('no-usage', { ...model, upstreamModel: 'n' }, upstream)).toBe(false)
    now++
    expect(wordings.has('no-usage', model, upstream)).toBe(false)
  })
})
