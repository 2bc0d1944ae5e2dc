import Anthropic from '@anthropic-ai/sdk'
import { ContextOverflowError, ModelAbortError } from '@langchain/core/errors'
import { APICallError, generateObject, jsonSchema } from 'ai'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { makeBench, X } from '../support/router.js'

const MODELS = [
  { id: 'small', inputUsdPerMTok: 1, outputUsdPerMTok: 10 },
  { id: 'large', inputUsdPerMTok: 3, outputUsdPerMTok: 30 },
]
const ANSWER = { usage: { prompt_tokens: 1000, completion_tokens: 100 } }
const TOO_LONG = "This model's maximum context length is 8192 tokens"

/** What the router books where the first call throws this and another model would answer. */
async function booked(error: unknown) {
  const { router } = await makeBench({ policy: 'dollar', models: MODELS, forcedExploration: 0 })
  const told: { kind: string; isBilled: boolean }[] = []
  for (const kind of ['settled', 'failed', 'cancelled'] as const)
    router.on(kind, ({ costUsd }) => told.push({ kind, isBilled: costUsd > 0 }))
  let pauseMs: number | null = null
  router.on('failed', ({ retryAfterMs }) => {
    pauseMs = retryAfterMs
  })
  let calls = 0
  const outcome = await router
    .run(X, {}, () => {
      if (calls++ > 0) return ANSWER
      throw error
    })
    .then(
      () => 'answered',
      (thrown) => (thrown === error ? 'thrown' : thrown),
    )
  await router.close()
  return { first: told[0], outcome, pauseMs }
}

const made = (error: object, more: object): object => Object.assign(error, more)
const headers = { 'retry-after': '7' }

describe('errors of calls', () => {
  it.each([
    ['the client of OpenAI', new OpenAI.APIUserAbortError()],
    ['the client of Anthropic', new Anthropic.APIUserAbortError()],
    ['LangChain', new ModelAbortError('aborted')],
    ['axios', made(new Error('canceled'), { name: 'CanceledError', code: 'ERR_CANCELED' })],
    ['Next.js', made(new Error('aborted'), { name: 'ResponseAborted' })],
    ['Mistral', made(new Error('aborted'), { name: 'RequestAbortedError' })],
    ['the web', new DOMException('aborted', 'AbortError')],
  ])('ask no other model where the application broke the call off: %s', async (_, error) => {
    // It was sent: the provider may bill it.
    expect(await booked(error)).toMatchObject({
      first: { kind: 'cancelled', isBilled: true },
      outcome: 'thrown',
    })
  })

  it.each([
    [
      'OpenAI',
      OpenAI.APIError.generate(
        400,
        { error: { message: 'x', code: 'context_length_exceeded' } },
        undefined,
        new Headers(),
      ),
    ],
    [
      'a server that speaks as OpenAI',
      OpenAI.APIError.generate(400, { error: { message: TOO_LONG } }, undefined, new Headers()),
    ],
    [
      'Anthropic',
      Anthropic.APIError.generate(
        400,
        {
          type: 'error',
          error: {
            type: 'invalid_request_error',
            message: 'prompt is too long: 210000 tokens > 200000 maximum',
          },
        },
        undefined,
        new Headers(),
      ),
    ],
    [
      'the AI SDK',
      new APICallError({
        message: 'Bad Request',
        url: 'x',
        requestBodyValues: {},
        statusCode: 400,
        responseBody: `{"error":{"message":"${TOO_LONG}"}}`,
      }),
    ],
    ['LangChain', ContextOverflowError.fromError(new Error(TOO_LONG))],
    [
      'the SDK of AWS',
      made(new Error('Input is too long for requested model.'), {
        name: 'ValidationException',
        $metadata: { httpStatusCode: 400 },
      }),
    ],
  ])('ask another model, and blame none, where a request is too long for one: %s', async (_, error) => {
    expect(await booked(error)).toMatchObject({
      first: { kind: 'cancelled', isBilled: false },
      outcome: 'answered',
    })
  })

  it.each([
    [
      'the SDK of AWS',
      { name: 'ThrottlingException', $metadata: { httpStatusCode: 429 }, $response: { headers } },
    ],
    ['Ollama', { status_code: 429, headers }],
    ['Hugging Face', { httpResponse: { status: 429, headers } }],
    ['axios', { response: { status: 429, headers } }],
    ['one of another', { cause: { status: 429, headers: new Headers(headers) } }],
    ['retries of the AI SDK', { lastError: { statusCode: 429, responseHeaders: headers } }],
  ])(
    'cost nothing where a provider refused the call, and say how long it wants to be left alone: %s',
    async (_, more) => {
      expect(await booked(made(new Error('refused'), more))).toMatchObject({
        first: { kind: 'failed', isBilled: false },
        outcome: 'answered',
        pauseMs: 7000,
      })
    },
  )

  it.each([
    ['the SDK of AWS', { name: 'ValidationException', $metadata: { httpStatusCode: 400 } }],
    ['Ollama', { status_code: 400 }],
    ['Hugging Face', { httpResponse: { status: 422 } }],
    ['one of another', { cause: { cause: { status: 400 } } }],
  ])('are the request’s own where it is wrong whoever gets it: %s', async (_, more) => {
    expect(await booked(made(new Error('wrong'), more))).toMatchObject({
      first: { kind: 'cancelled', isBilled: false },
      outcome: 'thrown',
    })
  })

  const ofOpenAi = (status: number, message: string, code = 'invalid_request_error') =>
    OpenAI.APIError.generate(status, { error: { message, code } }, undefined, new Headers())
  const BALANCE = 'Your credit balance is too low to access the Anthropic API. Please go to Plans & Billing.'

  it.each<readonly [string, unknown]>([
    [
      'Anthropic',
      Anthropic.APIError.generate(
        400,
        { type: 'error', error: { type: 'invalid_request_error', message: BALANCE } },
        undefined,
        new Headers(),
      ),
    ],
    [
      'Gemini through the AI SDK',
      new APICallError({
        message: 'API key not valid. Please pass a valid API key.',
        url: 'x',
        requestBodyValues: {},
        statusCode: 400,
      }),
    ],
    ['Groq', ofOpenAi(400, 'The model `x` has been decommissioned.', 'model_decommissioned')],
  ])('are the model’s where a key, an account or a name is refused with 400: %s', async (_, error) => {
    expect(await booked(error)).toMatchObject({
      first: { kind: 'failed', isBilled: false },
      outcome: 'answered',
    })
  })

  it.each<readonly [string, unknown]>([
    ['what its model wrote is no call', ofOpenAi(400, 'x', 'tool_use_failed')],
    ['it is too large for a minute', ofOpenAi(413, 'Request too large for model `x` on tokens per minute')],
    ['OpenAI says so', ofOpenAi(429, 'Request too large for gpt-4o on tokens per min (TPM): Limit 30000')],
  ])('ask another model, and blame none, where %s', async (_, error) => {
    expect(await booked(error)).toMatchObject({
      first: { kind: 'cancelled', isBilled: false },
      outcome: 'answered',
    })
  })

  it.each<readonly [string, unknown]>([
    [
      'Ollama',
      made(new Error('registry.ollama.ai/library/gemma:7b does not support tools'), { status_code: 400 }),
    ],
    ['DeepSeek', ofOpenAi(400, 'deepseek-reasoner does not support Function Calling')],
    ['Gemini', ofOpenAi(400, 'Function calling is not enabled for models/gemma-3-1b-it')],
    ['Groq', ofOpenAi(400, '`tool calling` is not supported with this model')],
    [
      'vLLM',
      ofOpenAi(400, '"auto" tool choice requires --enable-auto-tool-choice and --tool-call-parser to be set'),
    ],
    [
      'OpenRouter',
      ofOpenAi(404, 'No endpoints found that support tool use. To learn more, visit: https://x'),
    ],
    ['OpenRouter, of pictures', ofOpenAi(404, 'No endpoints found that support image input')],
    ['one that takes no pictures', ofOpenAi(400, 'This model does not support images')],
    ['OpenAI, of a member', ofOpenAi(400, 'x', 'unsupported_parameter')],
    ['OpenAI, of a value', ofOpenAi(400, 'x', 'unsupported_value')],
    ['a proxy', ofOpenAi(400, "Unsupported parameter: 'temperature' is not supported with this model.")],
    [
      'the AI SDK',
      new APICallError({
        message: 'gemma does not support tools',
        url: 'x',
        requestBodyValues: {},
        statusCode: 400,
      }),
    ],
  ])(
    'ask another model, and blame none, where one does not take what a request has: %s',
    async (_, error) => {
      expect(await booked(error)).toMatchObject({
        first: { kind: 'cancelled', isBilled: false },
        outcome: 'answered',
      })
    },
  )

  it('say in the body when a limit begins again, as OpenRouter does', async () => {
    // By the clock of the bench.
    const at = String(1_700_000_000_000 + 40_000)
    const error = {
      message: 'Rate limit exceeded',
      code: 429,
      metadata: { headers: { 'X-RateLimit-Reset': at } },
    }
    for (const each of [
      OpenAI.APIError.generate(429, { error }, undefined, new Headers()),
      new APICallError({
        message: 'Rate limit exceeded',
        url: 'x',
        requestBodyValues: {},
        statusCode: 429,
        responseHeaders: {},
        responseBody: JSON.stringify({ error }),
      }),
    ]) {
      expect(await booked(each)).toMatchObject({ first: { kind: 'failed' }, pauseMs: 40_000 })
    }
  })

  it('of a limit that has begun again already, by a clock that is ahead, pause their model as long as any', async () => {
    const error = {
      message: 'Rate limit exceeded',
      code: 429,
      metadata: { headers: { 'X-RateLimit-Reset': String(1_700_000_000_000 - 2000) } },
    }
    // 0 would be no pause at all; null is the one of any failure.
    expect(await booked(OpenAI.APIError.generate(429, { error }, undefined, new Headers()))).toMatchObject({
      first: { kind: 'failed' },
      pauseMs: null,
    })
  })

  it('are the request’s own where the body beside the message quotes what a client has written', async () => {
    const message = 'Invalid value'
    const error = new APICallError({
      message,
      url: 'x',
      requestBodyValues: {},
      statusCode: 400,
      responseHeaders: {},
      responseBody: JSON.stringify({ error: { message, input: 'it does not support images' } }),
    })
    expect(await booked(error)).toMatchObject({ first: { kind: 'cancelled' }, outcome: 'thrown' })
  })

  it('are the request’s own where OpenRouter says that it was found unfit', async () => {
    const error = {
      message: 'input was flagged',
      code: 403,
      metadata: { reasons: ['violence'], flagged_input: 'x' },
    }
    expect(await booked(OpenAI.APIError.generate(403, { error }, undefined, new Headers()))).toMatchObject({
      first: { kind: 'cancelled', isBilled: false },
      outcome: 'thrown',
    })
  })

  it('are the request’s own where xAI finds it unfit', async () => {
    expect(await booked(ofOpenAi(403, 'Content violates usage guidelines. Failed check: X'))).toMatchObject({
      first: { kind: 'cancelled', isBilled: false },
      outcome: 'thrown',
    })
  })

  it('say how long to wait in the body alone, as Gemini through the AI SDK', async () => {
    const error = new APICallError({
      message: 'quota',
      url: 'x',
      requestBodyValues: {},
      statusCode: 429,
      responseHeaders: {},
      responseBody: '{"error":{"details":[{"retryDelay":"7s"}]}}',
    })
    expect(await booked(error)).toMatchObject({ first: { kind: 'failed' }, pauseMs: 7000 })
  })

  it.each([408, 504, 520, 524, 200])('may be billed where the answer was lost: status %i', async (status) => {
    expect(await booked(made(new Error('lost'), { status }))).toMatchObject({
      first: { kind: 'failed', isBilled: true },
      outcome: 'answered',
    })
  })

  it('are billed at the usage that they tell, as that of the AI SDK for an answer that is no object', async () => {
    const { router } = await makeBench({ policy: 'dollar', models: MODELS, forcedExploration: 0 })
    const told: number[] = []
    router.on('failed', ({ costUsd }) => told.push(costUsd))
    const small = {
      specificationVersion: 'v3',
      provider: 'ours',
      modelId: 'small',
      supportedUrls: {},
      doGenerate: async () => ({
        content: [{ type: 'text', text: 'Sorry' }],
        finishReason: { unified: 'stop', raw: 'stop' },
        usage: { inputTokens: { total: 1000 }, outputTokens: { total: 100 } },
        warnings: [],
      }),
    }
    const options = { candidates: ['small'], inputTokens: 5000, maxOutputTokens: 5000 }
    const run = router.run(X, options, () =>
      generateObject({ model: small as never, prompt: 'Hi', schema: jsonSchema({ type: 'object' }) }),
    )
    await expect(run).rejects.toMatchObject({ name: 'AI_NoObjectGeneratedError' })
    expect(told).toEqual([expect.closeTo(0.002, 12)])
    await router.close()
  })
})
