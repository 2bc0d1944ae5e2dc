import { afterEach, describe, expect, it } from 'vitest'
import { refusedWording, Wordings } from '../../../src/gateway/completions/wordings.js'
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

  /** As one that fetches what a request names, and quotes what it could not take: by the second try there is something else. */
  const quoting = (say: (asked: string) => string): Script => {
    let asked = 0
    return ({ body }) => {
      const text = JSON.stringify(body.messages)
      if (!text.includes('picture') || ++asked > 1) return {}
      return { fault: { kind: 'status', status: 400, message: say(text) } }
    }
  }

  it.each([
    [
      'an address that a request names',
      'https://a.test/stream_options/picture.png',
      (text: string) => `The picture is not supported: ${text}`,
    ],
    ['what stands at an address', 'https://a.test/picture', () => 'unknown kind of picture: stream_options'],
    ['a text, escaped', 'a picture of STREAM\u005foptions', () => 'Unexpected picture: stream_options'],
  ])('is told from one that quotes %s', async (_, url, say) => {
    const server = await gatewayServer({ models: [modelTree('sim-small')], script: quoting(say) })
    const content = [{ type: 'image_url', image_url: { url: 'U' } }]
    const body = JSON.stringify({ ...ASK, messages: [{ role: 'user', content }] }).replace('"U"', `"${url}"`)
    expect((await server.post(CHAT, body)).status).toBe(400)
    await (await server.post(CHAT, ASK)).text()
    const sent = server.upstream.entries.map(({ request }) => request.body.stream_options)
    expect(sent).toEqual([{ include_usage: true }, { include_usage: true }])
    expect((await server.over(2)).at(-1)).toMatchObject({ outcome: 'answered', isMeasured: true })
  })

  it.each([
    ['by its field', { error: { message: 'no such option, unknown', param: 'stream_options' } }],
    [
      'by a list of mistakes',
      {
        detail: [
          {
            type: 'extra_forbidden',
            loc: ['body', 'stream_options', 'include_usage'],
            msg: 'Extra inputs are not permitted',
          },
        ],
      },
    ],
    [
      'by such a list in its message',
      {
        object: 'error',
        message: { detail: [{ type: 'extra_forbidden', loc: ['body', 'stream_options'], msg: 'Extra' }] },
      },
    ],
  ])('says so of the option itself, whatever a request has in it: %s', (_, answer) => {
    const body = { messages: [{ role: 'user', content: 'stream_options at https://a.test' }] }
    const changes = { stream_options: { include_usage: true } }
    expect(refusedWording(400, JSON.stringify(answer), body, changes)).toBe('no-usage')
    const other = JSON.stringify(answer).replace('stream_options', 'temperature')
    expect(refusedWording(400, other, body, changes)).toBeNull()
  })

  it('is told from an error that is of another option by its field', () => {
    const changes = { stream_options: { include_usage: true }, max_tokens: 7 }
    for (const word of ['stream_options', 'max_tokens']) {
      const error = { message: `unsupported value of seed, beside ${word}`, param: 'seed' }
      expect(refusedWording(400, JSON.stringify({ error }), { messages: HELLO }, changes)).toBeNull()
    }
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
