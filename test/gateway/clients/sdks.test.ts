import { execFile } from 'node:child_process'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { promisify } from 'node:util'
import { createAnthropic } from '@ai-sdk/anthropic'
import { createOpenAI } from '@ai-sdk/openai'
import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { HumanMessage, SystemMessage, ToolMessage } from '@langchain/core/messages'
import { tool as langChainTool } from '@langchain/core/tools'
import { ChatOpenAI, OpenAIEmbeddings } from '@langchain/openai'
import { generateText, jsonSchema, type LanguageModel, Output, stepCountIs, streamText, tool } from 'ai'
import { afterEach, describe, expect, it } from 'vitest'
import type { Script } from '../../../src/gateway/node/simulated/plan.js'
import { eventsOf } from '../surfaces/gateway-server.js'
import { ASK, CLIENT_KEY, startGateway, type TestGateway, type TestGatewayOptions } from './gateway.js'

const open: TestGateway[] = []
afterEach(async () => {
  for (const gateway of open.splice(0)) await gateway.close()
})

async function started(options: TestGatewayOptions = {}): Promise<TestGateway> {
  const gateway = await startGateway(options)
  open.push(gateway)
  return gateway
}

/** Both ledgers say the same, and nothing is left open. */
async function mustAgree(gateway: TestGateway, requests: number): Promise<void> {
  await gateway.over(requests)
  expect(gateway.upstream.entries.length).toBe(requests)
  expect(gateway.upstream.costUsd()).toBeGreaterThan(0)
  expect(Math.abs(gateway.bookedUsd() - gateway.upstream.costUsd())).toBeLessThan(1e-9)
  expect(gateway.router.stats().pacer.reservedUsd).toBe(0)
  expect(gateway.failures).toEqual([])
}

const PROMPT = ASK.messages[0].content
/** A tool is called once; what it gave is answered in words. */
const TOOL_ONCE: Script = ({ body }) =>
  /"role":"tool"|tool_result|function_call_output/.test(JSON.stringify(body))
    ? { toolCalls: 0 }
    : { toolCalls: 1 }
const CITY = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const } },
  required: ['city'],
  additionalProperties: false,
}

/** Each provider of the AI SDK with the surface that it calls. */
const PROVIDERS: readonly (readonly [name: string, of: (url: string) => LanguageModel])[] = [
  [
    '@ai-sdk/openai, chat',
    (url) => createOpenAI({ apiKey: CLIENT_KEY, baseURL: `${url}/v1` }).chat('sim-middle'),
  ],
  [
    '@ai-sdk/openai, responses',
    (url) => createOpenAI({ apiKey: CLIENT_KEY, baseURL: `${url}/v1` })('sim-middle'),
  ],
  ['@ai-sdk/anthropic', (url) => createAnthropic({ apiKey: CLIENT_KEY, baseURL: `${url}/v1` })('sim-claude')],
  [
    '@ai-sdk/openai-compatible',
    (url) =>
      createOpenAICompatible({
        name: 'gateway',
        apiKey: CLIENT_KEY,
        baseURL: `${url}/v1`,
        includeUsage: true,
      })('sim-middle'),
  ],
]

describe.each(PROVIDERS)('the AI SDK by %s', (_name, modelOf) => {
  it('gets whole texts and streams, with their usage', async () => {
    const gateway = await started()
    const model = modelOf(gateway.url)
    const whole = await generateText({ model, prompt: PROMPT, maxOutputTokens: 500, maxRetries: 0 })
    expect(whole.text.length).toBeGreaterThan(10)
    const streamed = streamText({ model, prompt: PROMPT, maxOutputTokens: 500, maxRetries: 0 })
    let text = ''
    for await (const part of streamed.textStream) text += part
    expect(text.length).toBeGreaterThan(10)
    expect(await streamed.finishReason).toBe('stop')
    const usages = [whole.usage, await streamed.usage]
    await mustAgree(gateway, 2)
    expect(usages.map(({ inputTokens, outputTokens }) => [inputTokens, outputTokens])).toEqual(
      gateway.upstream.entries.map(({ tokens }) => [tokens.input, tokens.output]),
    )
  })

  it('goes round with tools, whole and streamed', async () => {
    const gateway = await started({ script: TOOL_ONCE })
    const asked: unknown[] = []
    const tools = {
      weather: tool({
        description: 'of a city',
        inputSchema: jsonSchema<{ city: string }>(CITY),
        execute: async (input) => {
          asked.push(input)
          return { sky: 'grey' }
        },
      }),
    }
    const options = {
      model: modelOf(gateway.url),
      prompt: PROMPT,
      tools,
      stopWhen: stepCountIs(4),
      maxOutputTokens: 500,
      maxRetries: 0,
    }
    const whole = await generateText(options)
    expect([whole.steps.length, whole.text.length > 0]).toEqual([2, true])
    const streamed = streamText(options)
    await streamed.consumeStream()
    expect([(await streamed.steps).length, (await streamed.text).length > 0]).toEqual([2, true])
    expect(asked).toEqual([1, 2].map(() => ({ city: expect.any(String) })))
    await mustAgree(gateway, 4)
  })

  it('hears why a stream broke off', async () => {
    const gateway = await started({ script: () => ({ fault: { kind: 'reset', afterPieces: 2 } }) })
    const errors: unknown[] = []
    const streamed = streamText({
      model: modelOf(gateway.url),
      prompt: PROMPT,
      maxOutputTokens: 500,
      maxRetries: 0,
      onError: ({ error }) => void errors.push(error),
    })
    await streamed.consumeStream()
    expect(errors).toHaveLength(1)
    const told = `${JSON.stringify(errors[0])} ${errors[0]}`
    expect(told).toContain('the upstream closed the connection')
    // As an event that it knows, and not as one that it cannot read.
    expect(told).not.toContain('validation')
    await gateway.over(1)
  })
})

describe('the AI SDK', () => {
  it('gets objects of a schema', async () => {
    const gateway = await started()
    const model = createOpenAI({ apiKey: CLIENT_KEY, baseURL: `${gateway.url}/v1` }).chat('sim-middle')
    const { output } = await generateText({
      model,
      prompt: PROMPT,
      output: Output.object({ schema: jsonSchema<{ city: string }>(CITY) }),
      maxRetries: 0,
    })
    expect(output).toEqual({ city: expect.any(String) })
    await mustAgree(gateway, 1)
  })

  it('that breaks off in the middle pays for what was reserved', async () => {
    const gateway = await started({ script: () => ({ fault: { kind: 'stall', afterPieces: 2 } }) })
    const abort = new AbortController()
    const { textStream } = streamText({
      model: createOpenAI({ apiKey: CLIENT_KEY, baseURL: `${gateway.url}/v1` }).chat('sim-middle'),
      prompt: PROMPT,
      abortSignal: abort.signal,
      maxRetries: 0,
    })
    for await (const _ of textStream) abort.abort()
    await gateway.over(1)
    expect(gateway.bookings).toEqual([
      { kind: 'cancelled', id: expect.any(String), costUsd: expect.any(Number) },
    ])
    expect(gateway.bookedUsd()).toBeGreaterThan(0)
  })

  it('knows what went wrong, and whether to try again', async () => {
    const gateway = await started({
      tree: { retries: { triesMax: 1, cooldownMs: 0 } },
      script: () => ({ fault: { kind: 'status', status: 429 } }),
    })
    const openai = createOpenAI({ apiKey: CLIENT_KEY, baseURL: `${gateway.url}/v1` })
    const told = (model: LanguageModel) =>
      generateText({ model, prompt: PROMPT, maxOutputTokens: 500, maxRetries: 0 }).then(
        () => null,
        ({ statusCode, isRetryable }) => [statusCode, isRetryable],
      )
    expect(await told(openai.chat('sim-middle'))).toEqual([429, true])
    expect(await told(openai.chat('no-such-model'))).toEqual([404, false])
    expect(
      await told(
        createAnthropic({ apiKey: 'pb-wrong-0123456789', baseURL: `${gateway.url}/v1` })('sim-claude'),
      ),
    ).toEqual([401, false])
  })
})

describe('LangChain by @langchain/openai', () => {
  const chat = ({ url }: TestGateway, more: object = {}) =>
    new ChatOpenAI({
      apiKey: CLIENT_KEY,
      model: 'sim-middle',
      maxRetries: 0,
      configuration: { baseURL: `${url}/v1` },
      ...more,
    })

  it('gets whole answers and streams, of chat and of responses', async () => {
    const gateway = await started()
    for (const useResponsesApi of [false, true]) {
      const model = chat(gateway, { useResponsesApi })
      const whole = await model.invoke([new SystemMessage('Be brief.'), new HumanMessage(PROMPT)])
      expect(whole.text.length).toBeGreaterThan(10)
      expect(whole.usage_metadata).toMatchObject({ output_tokens: expect.any(Number) })
      let text = ''
      let counted = 0
      for await (const chunk of await model.stream(PROMPT)) {
        text += chunk.text
        if (chunk.usage_metadata !== undefined) counted++
      }
      expect([text.length > 10, counted > 0]).toEqual([true, true])
    }
    await mustAgree(gateway, 4)
  })

  it('goes round with tools, and gets objects of a schema', async () => {
    const gateway = await started({
      script: (request) => (request.body.tools === undefined ? {} : TOOL_ONCE(request)),
    })
    const weather = langChainTool(async () => 'grey', {
      name: 'weather',
      description: 'of a city',
      schema: CITY,
    })
    const model = chat(gateway).bindTools([weather])
    const first = await model.invoke(PROMPT)
    const [call] = first.tool_calls ?? []
    expect(call).toMatchObject({ name: 'weather', args: { city: expect.any(String) } })
    const result = new ToolMessage({ content: 'grey', tool_call_id: call.id ?? '' })
    const second = await model.invoke([new HumanMessage(PROMPT), first, result])
    expect(second.text.length).toBeGreaterThan(0)
    const structured = chat(gateway).withStructuredOutput(CITY, { method: 'jsonSchema', name: 'city' })
    expect(await structured.invoke(PROMPT)).toEqual({ city: expect.any(String) })
    await mustAgree(gateway, 3)
  })

  it('embeds', async () => {
    const gateway = await started()
    const embeddings = new OpenAIEmbeddings({
      apiKey: CLIENT_KEY,
      model: 'sim-embed',
      maxRetries: 0,
      configuration: { baseURL: `${gateway.url}/v1` },
    })
    const vectors = await embeddings.embedDocuments(['one', 'two'])
    expect(vectors.map(({ length }) => length > 0)).toEqual([true, true])
    await mustAgree(gateway, 1)
  })
})

describe('the SDKs of OpenAI and of Anthropic', () => {
  it('list models, each with what its own provider says of one', async () => {
    const { openai, anthropic } = await started()
    const ofOpenai = (await openai.models.list()).data
    expect(ofOpenai.slice(0, 2).map(({ id, object }) => [id, object])).toEqual([
      ['auto', 'model'],
      ['sim-small', 'model'],
    ])
    const ofAnthropic = await anthropic.models.list()
    const told = { type: 'model', created_at: '1970-01-01T00:00:00Z' }
    expect(ofAnthropic.data).toMatchObject(ofOpenai.map(({ id }) => ({ ...told, id, display_name: id })))
    expect(ofAnthropic).toMatchObject({ has_more: false, first_id: 'auto', last_id: ofOpenai.at(-1)?.id })
    expect(await anthropic.models.retrieve('sim-claude')).toMatchObject({
      ...told,
      display_name: 'sim-claude',
    })
  })

  it('hear which id feedback is by, where they have another at hand', async () => {
    const { openai } = await started()
    const answer = await openai.chat.completions.create(ASK)
    const ids = [answer.id, answer._request_id ?? '']
    for (const id of ids)
      await expect(openai.post('/feedback', { body: { decision_id: id, value: 1 } })).rejects.toMatchObject({
        status: 404,
        message: expect.stringContaining(
          `there is no such decision: expected what an answer to this key has in its header x-paretobandit-decision, or what its request had in x-paretobandit-feedback-id, got "${id}"`,
        ),
      })
  })
})

const run = promisify(execFile)
const hasCurl = await run('curl', ['--version']).then(
  () => true,
  () => false,
)

describe.skipIf(!hasCurl)('curl', () => {
  const curl = async ({ url }: TestGateway, path: string, body: object, ...flags: readonly string[]) => {
    const key = `authorization: Bearer ${CLIENT_KEY}`
    const args = ['-sS', ...flags, url + path, '-H', key, '-H', 'content-type: application/json']
    return (await run('curl', [...args, '-d', JSON.stringify(body)])).stdout
  }
  const ASKS: readonly (readonly [string, object])[] = [
    ['/v1/chat/completions', ASK],
    ['/v1/messages', { ...ASK, model: 'sim-claude', max_tokens: 500 }],
    ['/v1/responses', { model: ASK.model, input: PROMPT }],
  ]

  it('gets every surface, whole and with -N streamed', async () => {
    const gateway = await started()
    for (const [path, body] of ASKS) {
      const whole = JSON.parse(await curl(gateway, path, body))
      expect([path, typeof whole.usage.cost]).toEqual([path, 'number'])
      expect(eventsOf(await curl(gateway, path, { ...body, stream: true }, '-N')).length).toBeGreaterThan(3)
    }
    await mustAgree(gateway, 6)
  })

  it('sends long bodies, which it asks leave for, and bodies in chunks', async () => {
    const gateway = await started()
    const folder = await mkdtemp(join(tmpdir(), 'gateway-curl-'))
    const file = join(folder, 'body.json')
    await writeFile(file, JSON.stringify({ ...ASK, user: 'u'.repeat(2_000_000) }))
    const key = `authorization: Bearer ${CLIENT_KEY}`
    for (const more of ['expect: 100-continue', 'transfer-encoding: chunked']) {
      const args = ['-sS', '-i', `${gateway.url}/v1/chat/completions`, '-H', key, '-H', more]
      const { stdout } = await run('curl', [
        ...args,
        '-H',
        'content-type: application/json',
        '--data-binary',
        `@${file}`,
      ])
      expect([more, /^HTTP\/1\.1 200/m.test(stdout)]).toEqual([more, true])
    }
    await rm(folder, { recursive: true })
    await mustAgree(gateway, 2)
  })

  it('without a key, or with the wrong word, gets an error that says so', async () => {
    const gateway = await started()
    const said = JSON.parse((await run('curl', ['-sS', `${gateway.url}/v1/models`])).stdout)
    expect(said.error.code).toBe('missing_api_key')
    expect(
      JSON.parse(await curl(gateway, '/v1/chat/completions', { ...ASK, stream: 'yes' })).error.code,
    ).toBe('invalid_request')
    expect(gateway.upstream.entries).toEqual([])
  })
})
