import { createServer, type ServerResponse } from 'node:http'
import type { AddressInfo } from 'node:net'
import { afterEach, describe, expect, it } from 'vitest'
import {
  CLIENT_KEY,
  closeAll,
  type GatewayServer,
  gatewayServer,
  HELLO,
  modelTree,
} from './gateway-server.js'

const ends: (() => void)[] = []
afterEach(async () => {
  await closeAll()
  for (const end of ends.splice(0)) end()
})

const PRICES = { inputUsdPerMTok: 1, outputUsdPerMTok: 2 }
/** Of 1,000 tokens read and 50,000 written: more than is reserved for any request here. */
const BILL_USD = 0.101

/** A gateway before an upstream that answers each request in the same way. */
async function gatewayBefore(
  answer: (response: ServerResponse) => void,
  upstreams: readonly string[] = ['openai', 'anthropic'],
) {
  const upstream = createServer((request, response) => {
    request.resume().on('end', () => answer(response))
  })
  await new Promise<void>((resolve) => upstream.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    upstream.closeAllConnections()
    upstream.close()
  })
  const baseUrl = `http://127.0.0.1:${(upstream.address() as AddressInfo).port}/v1`
  return gatewayServer({
    models: upstreams.map((upstream, i) =>
      modelTree(i === upstreams.indexOf(upstream) ? upstream : `${upstream}-${i}`, {
        upstream,
        prices: PRICES,
      }),
    ),
    tree: {
      upstreams: ['openai', 'anthropic'].map((id) => ({ id, protocol: id, baseUrl })),
      retries: { cooldownMs: 0 },
    },
  })
}

/** The same before an upstream that streams these bytes, and then closes its connection or breaks it off. */
function gatewayBeforeStream(text: string, isReset = false) {
  return gatewayBefore((response) => {
    response.writeHead(200, { 'content-type': 'text/event-stream' })
    if (isReset) response.write(text, () => setTimeout(() => response.destroy(), 20))
    else response.end(text)
  })
}

/** The same before one model of OpenAI's form, whose whole answer is this. */
function gatewayBeforeAnswer(answer: object, status = 200) {
  return gatewayBefore(
    (response) =>
      response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(answer)),
    ['openai'],
  )
}

const HELLO_CHOICES = [{ index: 0, message: { role: 'assistant', content: 'hello' }, finish_reason: 'stop' }]

const eventOf = (value: Readonly<Record<string, unknown>>) =>
  `${typeof value.type === 'string' ? `event: ${value.type}\n` : ''}data: ${JSON.stringify(value)}\n\n`
const COUNTS = { prompt_tokens: 1000, completion_tokens: 50_000 }
const CHUNK = eventOf({ choices: [{ index: 0, delta: { content: 'hello' } }] })
const FINISH = eventOf({ choices: [{ index: 0, delta: {}, finish_reason: 'stop' }] })
const USAGE = eventOf({ choices: [], usage: COUNTS })
const RESPONSE_USAGE = { input_tokens: 1000, output_tokens: 50_000 }
const MESSAGE =
  eventOf({
    type: 'message_start',
    message: { content: [], usage: { input_tokens: 1000, output_tokens: 1 } },
  }) + eventOf({ type: 'content_block_delta', index: 0, delta: { type: 'text_delta', text: 'hello' } })
const RESPONSE = eventOf({ type: 'response.output_text.delta', delta: 'hello' })

const ASKS = {
  chat: ['/v1/chat/completions', { model: 'openai', messages: HELLO, stream: true }],
  messages: ['/v1/messages', { model: 'anthropic', messages: HELLO, max_tokens: 100, stream: true }],
  responses: ['/v1/responses', { model: 'openai', input: 'Say hello.', stream: true }],
} as const

async function ask(server: GatewayServer, surface: keyof typeof ASKS): Promise<string> {
  const [path, body] = ASKS[surface]
  return (await server.post(path, body)).text()
}

/** Streams whose last event has the usage. */
const LAST_HAS_USAGE = [
  ['chat', CHUNK + FINISH + USAGE],
  [
    'messages',
    MESSAGE +
      eventOf({
        type: 'message_delta',
        delta: { stop_reason: 'end_turn' },
        usage: { output_tokens: 50_000 },
      }),
  ],
  [
    'responses',
    RESPONSE +
      eventOf({
        type: 'response.completed',
        response: { status: 'completed', usage: RESPONSE_USAGE },
      }),
  ],
] as const

describe('a stream whose last event has no end', () => {
  it.each(LAST_HAS_USAGE)('is whole where that event is: %s', async (surface, text) => {
    const server = await gatewayBeforeStream(text.trimEnd())
    const answer = await ask(server, surface)
    expect(answer).not.toContain('upstream_broke_off')
    const [record] = await server.over(1)
    expect(record).toMatchObject({ outcome: 'answered', code: null, isMeasured: true })
    expect(record.costUsd).toBeCloseTo(BILL_USD, 9)
  })

  it.each(LAST_HAS_USAGE)('has lost that event where it is cut: %s', async (surface, text) => {
    const server = await gatewayBeforeStream(text.trimEnd().slice(0, -3))
    const answer = await ask(server, surface)
    const [record] = await server.over(1)
    expect([surface, answer.includes('upstream_malformed'), record.isMeasured]).toEqual([
      surface,
      false,
      false,
    ])
    expect([surface, record.code]).toEqual([surface, surface === 'chat' ? null : 'upstream_broke_off'])
    expect(server.ledger().reservedUsd).toBe(0)
  })
})

describe('a reason why an answer ended', () => {
  it.each([true, false])('that is empty says that it has not: broken off %s', async (isReset) => {
    const early = { index: 0, delta: { content: 'hello' }, finish_reason: '' }
    const text = eventOf({ choices: [early], usage: { prompt_tokens: 1, completion_tokens: 1 } })
    const server = await gatewayBeforeStream(text, isReset)
    const answer = await ask(server, 'chat')
    expect(answer).toContain('upstream_broke_off')
    const [record] = await server.over(1)
    expect(record).toMatchObject({ outcome: 'failed', code: 'upstream_broke_off' })
  })
})

describe('a usage', () => {
  it('is found in whatever choice it stands', async () => {
    const choices = [
      { index: 1, delta: {}, finish_reason: 'stop' },
      { index: 0, delta: {}, finish_reason: 'stop', usage: COUNTS },
    ]
    const server = await gatewayBeforeStream(`${CHUNK}${eventOf({ choices })}data: [DONE]\n\n`)
    await ask(server, 'chat')
    const [record] = await server.over(1)
    expect([record.isMeasured, record.costUsd]).toEqual([true, expect.closeTo(BILL_USD, 9)])
  })

  it('of a response that the upstream cancelled is billed', async () => {
    const cancelled = { type: 'response.cancelled', response: { status: 'cancelled', usage: RESPONSE_USAGE } }
    const server = await gatewayBeforeStream(RESPONSE + eventOf(cancelled))
    const answer = await ask(server, 'responses')
    expect(answer).toContain('upstream_error')
    const [record] = await server.over(1)
    expect([record.isMeasured, record.costUsd]).toEqual([true, expect.closeTo(BILL_USD, 9)])
  })
})

const OVERLOADED = { message: 'Overloaded', type: 'overloaded_error' }
const START = (usage: object) => eventOf({ type: 'message_start', message: { content: [], usage } })
const MESSAGE_ERROR = eventOf({ type: 'error', error: OVERLOADED })
const BLOCK = eventOf({
  type: 'content_block_start',
  index: 0,
  content_block: { type: 'text', text: '' },
})
const ROLE = { choices: [{ index: 0, delta: { role: 'assistant', content: '' } }] }

describe('an error before anything of an answer', () => {
  const billOf = async (surface: keyof typeof ASKS, text: string) => {
    const server = await gatewayBeforeStream(text)
    expect(await ask(server, surface)).toContain('Overloaded')
    const [{ tries, outcome, isMeasured, costUsd }] = await server.over(1)
    expect([surface, outcome, isMeasured, tries]).toEqual([surface, 'failed', true, 1])
    expect(server.ledger()).toEqual({ spendUsd: costUsd, reservedUsd: 0 })
    return costUsd
  }

  it.each([
    ['chat', eventOf({ ...ROLE, usage: COUNTS }) + eventOf({ error: OVERLOADED })],
    ['chat', eventOf({ error: OVERLOADED, usage: COUNTS })],
    [
      'messages',
      START({ input_tokens: 1000, output_tokens: 1 }) +
        eventOf({ type: 'message_delta', delta: {}, usage: { output_tokens: 50_000 } }) +
        MESSAGE_ERROR,
    ],
    [
      'responses',
      eventOf({
        type: 'response.failed',
        response: { status: 'failed', error: OVERLOADED, usage: RESPONSE_USAGE },
      }),
    ],
  ] as const)('costs what its usage says: %s', async (surface, text) => {
    expect(await billOf(surface, text)).toBeCloseTo(BILL_USD, 9)
  })

  it.each([
    ['chat', eventOf(ROLE) + eventOf({ error: OVERLOADED })],
    ['messages', START({ input_tokens: 1000, output_tokens: 1 }) + MESSAGE_ERROR],
    ['messages', START({ input_tokens: 1000, output_tokens: 1 }) + BLOCK + MESSAGE_ERROR],
    [
      'responses',
      eventOf({ type: 'response.created', response: { status: 'in_progress', usage: null } }) +
        eventOf({ type: 'response.failed', response: { status: 'failed', error: OVERLOADED, usage: null } }),
    ],
  ] as const)('costs nothing where none counts the answer: %s', async (surface, text) => {
    expect(await billOf(surface, text)).toBe(0)
  })
})

it('a count of tokens waits for as long as its upstream says', async () => {
  const server = await gatewayBefore((response) => {
    response.writeHead(429, { 'retry-after': '7' }).end('{}')
  })
  const response = await server.post('/v1/messages/count_tokens', { model: 'anthropic', messages: HELLO })
  expect([response.status, response.headers.get('retry-after')]).toEqual([429, '7'])
})

describe('a wait of years that an upstream asks for', () => {
  const waits = [
    { 'retry-after': '315360000' },
    { 'retry-after': 'Fri, 01 Jan 2100 00:00:00 GMT' },
    { 'retry-after-ms': '1e300' },
  ]
  const asks = [
    ['/v1/chat/completions', { model: 'auto', messages: HELLO }],
    ['/v1/responses', { model: 'auto', input: 'hi' }],
    ['/v1/messages', { model: 'anthropic', messages: HELLO, max_tokens: 9 }],
    ['/v1/messages/count_tokens', { model: 'anthropic', messages: HELLO }],
  ] as const
  it.each(asks)('is an hour for clients of %s', async (path, body) => {
    for (const status of [429, 503])
      for (const wait of waits) {
        const server = await gatewayBefore((response) => {
          response.writeHead(status, wait).end('{}')
        })
        const { headers } = await server.post(path, body)
        const told = [headers.get('retry-after'), headers.get('retry-after-ms')]
        expect([status, wait, told]).toEqual([status, wait, ['3600', '3600000']])
      }
  })
})

describe('a request that the upstream refuses', () => {
  it.each([
    ['in its own words', JSON.stringify({ error: { message: 'too long', type: 'invalid_request_error' } })],
    ['in no words', ''],
    ['with a page', '<!doctype html>'],
  ])('is no failure: %s', async (_, text) => {
    const server = await gatewayBefore((response) => {
      response.statusCode = 400
      response.end(text)
    })
    for (const stream of [true, false])
      expect((await server.post('/v1/chat/completions', { ...ASKS.chat[1], stream })).status).toBe(400)
    const refused = { outcome: 'refused', code: 'upstream_rejected', costUsd: 0, tries: 1 }
    expect(await server.over(2)).toMatchObject([refused, refused])
  })
})

const WORDS = 'word '.repeat(40_000)
const ANSWER = JSON.stringify({
  choices: [{ index: 0, message: { role: 'assistant', content: WORDS }, finish_reason: 'stop' }],
  usage: COUNTS,
})

describe('an answer that is not what was asked for', () => {
  const send = (type: string, text: string) => (response: ServerResponse) => {
    response.writeHead(200, { 'content-type': type })
    response.end(text)
  }
  const billOf = async (isStreamed: boolean, answer: (response: ServerResponse) => void) => {
    const server = await gatewayBefore(answer)
    const response = await server.post('/v1/chat/completions', { ...ASKS.chat[1], stream: isStreamed })
    const { error } = (await response.json()) as { error: { code: string } }
    expect([response.status, error.code]).toEqual([502, 'upstream_malformed'])
    const [record] = await server.over(1)
    expect(server.ledger().reservedUsd).toBe(0)
    return record
  }

  it('is billed by its usage, however long it is, where a stream was asked for', async () => {
    const { isMeasured, costUsd } = await billOf(true, send('application/json', ANSWER))
    expect([isMeasured, costUsd]).toEqual([true, expect.closeTo(BILL_USD, 9)])
  })

  it('is billed by what came of it, where that breaks off or is no JSON', async () => {
    const events = eventOf({ choices: [{ index: 0, delta: { content: WORDS } }] }) + FINISH + USAGE
    const breaksOff = (response: ServerResponse) => {
      response.writeHead(200, { 'content-type': 'application/json', 'content-length': ANSWER.length })
      response.write(ANSWER.slice(0, -100), () => setTimeout(() => response.destroy(), 20))
    }
    const bills = [
      await billOf(true, breaksOff),
      await billOf(true, send('text/plain', events)),
      await billOf(false, send('text/event-stream', events)),
      await billOf(true, send('text/plain', `: wait\n\n${events}`)),
      await billOf(false, send('application/json', ANSWER.slice(0, -1))),
    ]
    // 40,000 words at two dollars a million tokens, and what there is around them.
    for (const { isMeasured, costUsd } of bills) {
      expect(isMeasured).toBe(false)
      expect(costUsd).toBeGreaterThan(0.06)
      expect(costUsd).toBeLessThan(0.24)
    }
  })

  it.each([true, false])('is no answer where it is a page: streamed %s', async (isStreamed) => {
    const { costUsd } = await billOf(isStreamed, send('text/html', `<!doctype html><p>${WORDS}`))
    expect(costUsd).toBeLessThan(0.01)
  })
})

describe('tokens of a request', () => {
  it('are those of all its tries, the parts too', async () => {
    const usage = {
      prompt_tokens: 1000,
      completion_tokens: 500,
      prompt_tokens_details: { cached_tokens: 200 },
      completion_tokens_details: { reasoning_tokens: 100 },
    }
    const choices = HELLO_CHOICES
    let tries = 0
    const server = await gatewayBefore(
      (response) => {
        response.setHeader('content-type', 'application/json')
        response.end(JSON.stringify(tries++ === 0 ? { error: { message: 'no' }, usage } : { choices, usage }))
      },
      ['openai', 'openai'],
    )
    await (await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO })).text()
    const [{ tries: made, tokens }] = await server.over(1)
    expect(made).toBe(2)
    expect(tokens).toEqual({ input: 2000, output: 1000, cachedInput: 400, reasoning: 200 })
  })
})

describe('words of an upstream without end', () => {
  const LONG = 'x'.repeat(60_000)

  it.each<[string, number, object]>([
    ['an error', 400, { error: { message: LONG } }],
    ['an error of a status of 200', 200, { error: { message: LONG } }],
    ['the reason of an end', 200, { choices: [{ message: { content: 'hi' }, finish_reason: LONG }] }],
  ])('are cut in the log, and in what is kept of a decision: %s', async (_, status, answer) => {
    const server = await gatewayBeforeAnswer(answer, status)
    const response = await server.post('/v1/chat/completions', { model: 'openai', messages: HELLO })
    await response.text()
    const [record] = await server.over(1)
    expect(`${record.error}${record.finishReason}`).toContain('xxx')
    expect(JSON.stringify(record).length).toBeLessThan(4000)
    const id = response.headers.get('x-paretobandit-decision')
    const known = await fetch(`${server.url}/v1/decisions/${id}`, {
      headers: { authorization: `Bearer ${CLIENT_KEY}` },
    })
    expect(JSON.stringify(((await known.json()) as { request: object }).request).length).toBeLessThan(4000)
  })

  it('are cut where a kind of tokens is counted by its name', async () => {
    const usage = { prompt_tokens: 10, completion_tokens: 5, [`${LONG}_tokens`]: 7 }
    const server = await gatewayBeforeAnswer({ choices: HELLO_CHOICES, usage })
    await (await server.post('/v1/chat/completions', { model: 'openai', messages: HELLO })).text()
    const text = server.deps()?.metrics.text() ?? ''
    expect(text).toMatch(/paretobandit_unknown_tokens_total\{model="openai",kind="x{60}"\} 7/)
  })

  it('are cut where a stream breaks off', async () => {
    const server = await gatewayBeforeStream(CHUNK + eventOf({ error: { message: LONG } }))
    await ask(server, 'chat')
    const [record] = await server.over(1)
    expect(record.error).toContain('xxx')
    expect(JSON.stringify(record).length).toBeLessThan(4000)
  })
})

describe('a usage in the words of another protocol', () => {
  it.each([
    ['AI SDK', { inputTokens: 1000, outputTokens: 50_000 }],
    ['Bedrock', { inputTokens: 1000, outputTokens: 50_000, cacheReadInputTokens: 0 }],
    ['Gemini', { promptTokenCount: 1000, candidatesTokenCount: 50_000 }],
    ['AI SDK 4', { promptTokens: 1000, completionTokens: 50_000 }],
  ])('is booked at what it counts at least: %s', async (_, usage) => {
    const server = await gatewayBeforeAnswer({ choices: HELLO_CHOICES, usage })
    await (await server.post('/v1/chat/completions', { model: 'openai', messages: HELLO })).text()
    expect(server.ledger().spendUsd).toBeCloseTo(BILL_USD, 9)
  })
})

describe('a response that asks its client for work alone is an answer', () => {
  const WORK = [
    { type: 'computer_call', call_id: 'c', action: { type: 'click', x: 1, y: 2 }, status: 'completed' },
    {
      type: 'local_shell_call',
      call_id: 'c',
      action: { type: 'exec', command: ['ls'] },
      status: 'completed',
    },
    { type: 'shell_call', call_id: 'c', action: { commands: ['ls'] }, status: 'completed' },
    { type: 'apply_patch_call', call_id: 'c', operation: { type: 'delete_file', path: 'a' } },
    { type: 'tool_search_call', call_id: 'c', execution: 'client', arguments: { goal: 'x' } },
    { type: 'mcp_approval_request', id: 'm', name: 'x', arguments: '{}', server_label: 's' },
  ]
  const tools = [{ type: 'computer_use_preview' }, { type: 'function', name: 'f', parameters: {} }]
  const responseOf = (item: object) => ({
    id: 'r',
    object: 'response',
    status: 'completed',
    output: [item],
    usage: RESPONSE_USAGE,
  })
  const ask = async (server: GatewayServer, stream: boolean) => {
    const body = { model: 'openai', input: 'Open it.', stream, tools }
    await (await server.post('/v1/responses', body)).text()
    const [{ outcome, code, costUsd }] = await server.over(1)
    return [outcome, code, costUsd]
  }

  it.each(WORK)('$type', async (item) => {
    const response = responseOf(item)
    const events = [
      { type: 'response.created', response: { ...response, status: 'in_progress', output: [], usage: null } },
      { type: 'response.output_item.added', output_index: 0, item },
      { type: 'response.output_item.done', output_index: 0, item },
      { type: 'response.completed', response },
    ]
    const streamed = await gatewayBeforeStream(events.map(eventOf).join(''))
    expect(await ask(streamed, true)).toEqual(['answered', null, BILL_USD])
    expect(await ask(await gatewayBeforeAnswer(response), false)).toEqual(['answered', null, BILL_USD])
  })

  it.each([
    { type: 'web_search_call', action: { type: 'search', query: 'x' }, status: 'completed' },
    { type: 'tool_search_call', execution: 'server', arguments: { goal: 'x' } },
    { type: 'reasoning', summary: [] },
  ])('and work of the provider alone is not: $type', async (item) => {
    const server = await gatewayBeforeAnswer(responseOf(item))
    expect(await ask(server, false)).toEqual(['answered', 'empty_answer', BILL_USD])
  })
})
