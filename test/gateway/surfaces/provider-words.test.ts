import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import { closeAll, eventsOf, gatewayServer, HELLO, modelTree } from './gateway-server.js'

const ends: (() => void)[] = []
afterEach(async () => {
  await closeAll()
  for (const end of ends.splice(0)) end()
})

const CHAT = '/v1/chat/completions'
const PRICES = { inputUsdPerMTok: 1, outputUsdPerMTok: 2 }
const USAGE = { prompt_tokens: 1000, completion_tokens: 500, total_tokens: 1500 }
/** Of the model that answers. */
const ANSWER_USD = 0.002

type Answer = (response: ServerResponse, isStreamed: boolean) => void

const eventOf = (value: object) => `data: ${JSON.stringify(value)}\n\n`

function answerWell(response: ServerResponse, isStreamed: boolean): void {
  if (!isStreamed) {
    const choices = [{ index: 0, message: { role: 'assistant', content: 'well' }, finish_reason: 'stop' }]
    response.writeHead(200, { 'content-type': 'application/json' })
    response.end(JSON.stringify({ choices, usage: USAGE }))
    return
  }
  response.writeHead(200, { 'content-type': 'text/event-stream' })
  response.write(eventOf({ choices: [{ index: 0, delta: { content: 'well' } }] }))
  response.write(eventOf({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] }))
  response.end(`${eventOf({ choices: [], usage: USAGE })}data: [DONE]\n\n`)
}

const error =
  (status: number, body: unknown): Answer =>
  (response) =>
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body))

/** What a provider sends with a status of 200: whole, or as a stream that ends as chats do. */
const sent =
  (body: object, isEnded = true): Answer =>
  (response, isStreamed) => {
    response.writeHead(200, { 'content-type': isStreamed ? 'text/event-stream' : 'application/json' })
    response.end(isStreamed ? eventOf(body) + (isEnded ? 'data: [DONE]\n\n' : '') : JSON.stringify(body))
  }

/** A gateway before two models of which the cheap one is answered as a provider does, and the other answers well. */
async function gatewayBefore(answer: Answer) {
  const asked: string[] = []
  const upstream = createServer((request, response) => {
    let text = ''
    request.on('data', (chunk) => {
      text += chunk
    })
    request.on('end', () => {
      const { model, stream } = JSON.parse(text) as { model: string; stream?: boolean }
      asked.push(model)
      if (model === 'odd') answer(response, stream === true)
      else answerWell(response, stream === true)
    })
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    upstream.closeAllConnections()
    upstream.close()
  })
  const baseUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`
  const server = await gatewayServer({
    models: [
      modelTree('odd', { upstream: 'one', prices: { inputUsdPerMTok: 0.01, outputUsdPerMTok: 0.02 } }),
      modelTree('well', { upstream: 'two', prices: PRICES }),
    ],
    tree: {
      upstreams: ['one', 'two'].map((id) => ({ id, protocol: 'openai', baseUrl })),
      retries: { shareMax: 1 },
    },
  })
  const isAvailable = () => server.router.stats().models.find(({ id }) => id === 'odd')?.isAvailable
  return { server, asked, isAvailable }
}

const ask = (isStreamed: boolean, model = 'auto') => ({ model, messages: HELLO, stream: isStreamed })

/** Asks until the odd model has been asked: what came of that request. */
async function asksOdd(answer: Answer, isStreamed: boolean) {
  const { server, asked, isAvailable } = await gatewayBefore(answer)
  for (let i = 0; ; i++) {
    expect(i).toBeLessThan(50)
    const response = await server.post(CHAT, ask(isStreamed))
    const text = await response.text()
    if (!asked.includes('odd')) continue
    const record = (await server.over(i + 1))[i]
    return { server, response, text, record, isAvailable }
  }
}

const BALANCE = {
  type: 'error',
  error: {
    type: 'invalid_request_error',
    message:
      'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing to upgrade or purchase credits.',
  },
}
const GROQ = (code: string, message: string) => ({ error: { message, type: 'invalid_request_error', code } })

describe('a provider that refuses its key, its account or the name of a model with 400', () => {
  it.each<readonly [string, unknown]>([
    ['Anthropic', BALANCE],
    [
      'Groq',
      GROQ('model_decommissioned', 'The model `odd` has been decommissioned and is no longer supported.'),
    ],
    [
      'xAI',
      {
        code: 'Client specified an invalid argument',
        error: 'Incorrect API key provided: sk***gA. You can obtain an API key from https://console.x.ai.',
      },
    ],
  ])('is passed over, and its words are for the operator alone: %s', async (_, body) => {
    for (const isStreamed of [false, true]) {
      const { server, response, text, record } = await asksOdd(error(400, body), isStreamed)
      expect([response.status, response.headers.get('x-paretobandit-model')]).toEqual([200, 'well'])
      expect(text).toContain('well')
      expect(record).toMatchObject({ tries: 2, costUsd: expect.closeTo(ANSWER_USD, 9) })
      const named = await server.post(CHAT, ask(isStreamed, 'odd'))
      const told = await named.text()
      expect([named.status, told.includes('upstream_refused')]).toEqual([502, true])
      expect(told).not.toMatch(/credit|decommissioned|sk\*/)
      expect(JSON.stringify(server.lines)).toMatch(/credit|decommissioned|Incorrect API key/)
    }
  })
})

describe('what its own model has written is refused by Groq', () => {
  it.each(['tool_use_failed', 'json_validate_failed'])('and another model is asked: %s', async (code) => {
    const body = GROQ(code, 'Failed to call a function. Please adjust your prompt.')
    for (const isStreamed of [false, true]) {
      const { response, isAvailable } = await asksOdd(error(400, body), isStreamed)
      expect([response.status, isAvailable()]).toEqual([200, true])
    }
  })
})

describe('a request with more tokens than an account may use in a minute', () => {
  it.each([413, 429])('goes to another model, and keeps none from others: %i', async (status) => {
    const message =
      'Request too large for model `odd` in organization `org_1` on tokens per minute (TPM): Limit 6000, Requested 7166'
    const { response, isAvailable } = await asksOdd(
      error(status, { error: { message, type: 'tokens', code: 'rate_limit_exceeded' } }),
      false,
    )
    expect([response.status, isAvailable()]).toEqual([200, true])
  })
})

describe('a wait that stands in the body of a 429 alone, as Gemini has it', () => {
  it('is kept', async () => {
    const details = [
      { '@type': 'type.googleapis.com/google.rpc.Help' },
      { '@type': 'type.googleapis.com/google.rpc.RetryInfo', retryDelay: '34.5s' },
    ]
    const body = [{ error: { code: 429, message: 'quota', status: 'RESOURCE_EXHAUSTED', details } }]
    const { server } = await gatewayBefore(error(429, body))
    const response = await server.post(CHAT, ask(false, 'odd'))
    expect([response.status, response.headers.get('retry-after')]).toEqual([429, '35'])
  })
})

const CHOICE_ERROR = { code: 502, message: 'Provider returned error' }

describe('an error that a status of 200 hides', () => {
  it.each<readonly [string, Answer]>([
    [
      'of OpenRouter, in its choice',
      sent({
        choices: [{ index: 0, message: { content: '' }, finish_reason: 'error', error: CHOICE_ERROR }],
      }),
    ],
    [
      'of OpenRouter, as its end alone',
      sent({ choices: [{ index: 0, message: { content: '' }, finish_reason: 'error' }] }),
    ],
    [
      'of DeepSeek',
      sent({
        choices: [{ index: 0, delta: { content: '' }, finish_reason: 'insufficient_system_resource' }],
      }),
    ],
    ['of Groq', sent({ choices: [], x_groq: { id: 'req_1', error: 'over capacity' } })],
    ['of MiniMax', sent({ choices: null, base_resp: { status_code: 1002, status_msg: 'rate limit' } })],
    [
      'of Gemini, in a list',
      sent([{ error: { code: 429, message: 'quota', status: 'RESOURCE_EXHAUSTED' } }]),
    ],
    ['without a name before it', sent({ object: 'error', message: 'no memory', code: 50002 })],
    ['of FastChat', sent({ text: 'no memory', error_code: 50002 })],
    ['with its status as a text', sent({ error: { code: '429', message: 'slow down' } })],
  ])('has another model asked, and costs nothing: %s', async (_, answer) => {
    for (const isStreamed of [false, true]) {
      const { response, text, record } = await asksOdd(answer, isStreamed)
      expect([isStreamed, response.status, text.includes('well')]).toEqual([isStreamed, 200, true])
      expect(record).toMatchObject({ tries: 2, costUsd: expect.closeTo(ANSWER_USD, 9) })
    }
  })

  it('is told by the name of its event alone', async () => {
    const answer: Answer = (response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end('event: error\ndata: {"message":"no memory"}\n\n')
    }
    const { text, record } = await asksOdd(answer, true)
    expect([text.includes('well'), record.costUsd]).toEqual([true, expect.closeTo(ANSWER_USD, 9)])
  })

  it.each([
    ['nothing', 'data: [DONE]\n\n'],
    ['no choices', `${eventOf({ choices: [], usage: null })}data: [DONE]\n\n`],
  ])('is a stream with nothing in it but its end: %s', async (_, stream) => {
    const { response, text } = await asksOdd((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.end(stream)
    }, true)
    expect([response.headers.get('x-paretobandit-model'), text.includes('well')]).toEqual(['well', true])
  })

  it('ends a stream that has begun', async () => {
    const { server } = await gatewayBefore((response) => {
      response.writeHead(200, { 'content-type': 'text/event-stream' })
      response.write(eventOf({ choices: [{ index: 0, delta: { content: 'hel' } }] }))
      const choice = { index: 0, delta: { content: '' }, finish_reason: 'error', error: CHOICE_ERROR }
      response.end(`${eventOf({ choices: [choice] })}data: [DONE]\n\n`)
    })
    const response = await server.post(CHAT, ask(true, 'odd'))
    const events = eventsOf(await response.text())
    expect(events.at(-1)).toContain('Provider returned error')
    expect((await server.over(1))[0]).toMatchObject({ outcome: 'failed', code: 'upstream_error' })
  })
})

describe('a picture that a response cannot read', () => {
  it('is the fault of whoever sent it, and of no model', async () => {
    const failed = {
      id: 'resp_1',
      status: 'failed',
      error: { code: 'invalid_image_url', message: 'The image cannot be downloaded.' },
    }
    for (const isStreamed of [false, true]) {
      const { server, isAvailable } = await gatewayBefore(
        sent(isStreamed ? { type: 'response.failed', response: failed } : failed, false),
      )
      const response = await server.post('/v1/responses', { model: 'odd', input: 'x', stream: isStreamed })
      expect([response.status, await response.text()]).toEqual([
        400,
        expect.stringContaining('cannot be downloaded'),
      ])
      expect(isAvailable()).toBe(true)
    }
  })
})

describe('an answer that is compressed in a way that nobody here reads', () => {
  it('is told as that, and another model is asked', async () => {
    const answer: Answer = (response, isStreamed) => {
      const type = isStreamed ? 'text/event-stream' : 'application/json'
      response.writeHead(200, { 'content-type': type, 'content-encoding': 'compress' }).end('\x1f\x9d')
    }
    for (const isStreamed of [false, true]) {
      const { server, response, text } = await asksOdd(answer, isStreamed)
      expect([response.status, text.includes('well')]).toEqual([200, true])
      const named = await gatewayBefore(answer)
      const told = await named.server.post(CHAT, ask(isStreamed, 'odd'))
      expect([told.status, await told.text()]).toEqual([502, expect.stringContaining('content-encoding')])
      expect(server.ledger().reservedUsd).toBe(0)
    }
  })
})

describe('what xAI finds unfit, with 403', () => {
  it('is the fault of whoever said it, and of no model', async () => {
    const body = {
      code: 'The caller does not have permission to execute the specified operation',
      error: 'Content violates usage guidelines. Failed check: SAFETY_CHECK_TYPE_BIO',
    }
    const { server, asked, isAvailable } = await gatewayBefore(error(403, body))
    for (let i = 0; i < 6; i++) {
      const response = await server.post(CHAT, ask(false, 'odd'))
      expect(response.status).toBe(403)
    }
    expect([asked.length, isAvailable()]).toEqual([6, true])
  })
})

describe('an answer without choices whose prompt is counted, as Gemini ends one that it blocks', () => {
  const BLOCKED = { choices: [], usage: { prompt_tokens: 1000, completion_tokens: 0, total_tokens: 1000 } }
  /** What the odd model takes for that prompt. */
  const PROMPT_USD = 1000 * 0.01e-6

  it.each<readonly [string, object]>([
    ['with an empty list', BLOCKED],
    ['without a list', { usage: BLOCKED.usage }],
    ['with none', { ...BLOCKED, choices: null }],
  ])('is told as one, paid for, and no failure of its model: %s', async (_, body) => {
    for (const isStreamed of [false, true]) {
      const { server, asked, isAvailable } = await gatewayBefore(sent(body))
      for (let i = 0; i < 3; i++) {
        const response = await server.post(CHAT, ask(isStreamed, 'odd'))
        const { error: said } = (await response.json()) as { error: { code: string; message: string } }
        expect([response.status, said.code]).toEqual([400, 'upstream_rejected'])
        expect(said.message).toContain('read the prompt and gave no answer')
        expect([asked.length, isAvailable()]).toEqual([i + 1, true])
      }
      for (const record of await server.over(3))
        expect(record).toMatchObject({
          outcome: 'refused',
          isMeasured: true,
          costUsd: expect.closeTo(PROMPT_USD, 12),
        })
      expect(server.ledger().reservedUsd).toBe(0)
    }
  })

  it('has another model asked, as others may answer', async () => {
    for (const isStreamed of [false, true]) {
      const { response, text, record, isAvailable } = await asksOdd(sent(BLOCKED), isStreamed)
      expect([response.status, text.includes('well'), isAvailable()]).toEqual([200, true, true])
      expect(record).toMatchObject({ tries: 2, costUsd: expect.closeTo(ANSWER_USD + PROMPT_USD, 9) })
    }
  })

  it('is a failure of a model that has answered nothing else ten times in a row, and pauses it', async () => {
    let isBlocked = true
    const { server, isAvailable } = await gatewayBefore((response, isStreamed) => {
      if (isBlocked) sent(BLOCKED)(response, isStreamed)
      else answerWell(response, isStreamed)
    })
    const statusOf = async () => (await server.post(CHAT, ask(false, 'odd'))).status
    for (let i = 0; i < 10; i++) expect([i, await statusOf(), isAvailable()]).toEqual([i, 400, true])
    isBlocked = false
    expect(await statusOf()).toBe(200)
    isBlocked = true
    for (let i = 0; i < 10; i++) expect([i, await statusOf(), isAvailable()]).toEqual([i, 400, true])
    expect([await statusOf(), isAvailable()]).toEqual([400, false])
    expect(server.ledger().reservedUsd).toBe(0)
  })

  it('has broken off where its stream has no end: more may have been about to come', async () => {
    const { server, isAvailable } = await gatewayBefore(sent(BLOCKED, false))
    const response = await server.post(CHAT, ask(true, 'odd'))
    expect([response.status, isAvailable()]).toEqual([502, false])
    expect(await response.text()).toContain('"code":"upstream_broke_off"')
    expect((await server.over(1))[0].costUsd).toBeGreaterThan(0)
  })

  it.each<readonly [string, object]>([
    ['that counts an answer', { ...BLOCKED, usage: { ...BLOCKED.usage, completion_tokens: 7 } }],
    ['that has begun', { ...BLOCKED, choices: [{ index: 0, delta: { role: 'assistant' } }] }],
  ])('and any other without an answer is a failure: %s', async (_, body) => {
    const { server, isAvailable } = await gatewayBefore(sent(body))
    const response = await server.post(CHAT, ask(true, 'odd'))
    expect([response.status, isAvailable()]).toEqual([502, false])
  })
})
