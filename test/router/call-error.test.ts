import { describe, expect, it } from 'vitest'
import { makeBench, X } from '../support/router.js'

const MODELS = [
  { id: 'small', inputUsdPerMTok: 1, outputUsdPerMTok: 10 },
  { id: 'large', inputUsdPerMTok: 3, outputUsdPerMTok: 30 },
]
const SIZE = { inputTokens: 1000, expectedOutputTokens: 100 } as const

const thrown = (more: object): Error => Object.assign(new Error('no'), more)

/** An error as each client throws it: of this status, and with these headers, where its errors have any. */
const CLIENTS: readonly [string, (status: number, headers: Record<string, string>) => unknown, boolean][] = [
  ['openai', (status, headers) => thrown({ status, headers: new Headers(headers) }), true],
  ['the AI SDK', (statusCode, responseHeaders) => thrown({ statusCode, responseHeaders }), true],
  [
    'the AI SDK, after its tries',
    (statusCode, responseHeaders) => thrown({ lastError: thrown({ statusCode, responseHeaders }) }),
    true,
  ],
  ['axios', (status, headers) => thrown({ response: { status, headers } }), true],
  ['got', (statusCode, headers) => thrown({ response: { statusCode, headers } }), true],
  // What is called `status` need not be a number.
  [
    'one with a status in words',
    (status, headers) => thrown({ status: 'no', response: { status, headers } }),
    true,
  ],
  // @aws-sdk/client-bedrock-runtime 3: no `status`, and `$response` is not enumerable.
  [
    'AWS',
    (httpStatusCode, headers) =>
      Object.defineProperty(
        thrown({ name: 'ThrottlingException', $fault: 'client', $metadata: { httpStatusCode, attempts: 1 } }),
        '$response',
        { value: { statusCode: httpStatusCode, headers }, enumerable: false },
      ),
    true,
  ],
  [
    'Cohere',
    (statusCode, headers) => thrown({ statusCode, rawResponse: { headers: new Headers(headers) } }),
    true,
  ],
  ['Hugging Face', (status) => thrown({ httpResponse: { status, body: {} } }), false],
  ['Ollama', (status_code) => thrown({ error: 'no', status_code }), false],
  [
    'an application, around that of openai',
    (status, headers) => new Error('the model', { cause: thrown({ status, headers: new Headers(headers) }) }),
    true,
  ],
]

/** What is booked of a call that fails so. */
async function booked(error: unknown, triesMax: number) {
  const { router } = await makeBench({ policy: 'dollar', models: MODELS, forcedExploration: 0 })
  const told: { kind: string; costUsd: number; retryAfterMs: number | null }[] = []
  router.on('failed', ({ costUsd, retryAfterMs }) => told.push({ kind: 'failed', costUsd, retryAfterMs }))
  router.on('cancelled', ({ costUsd }) => told.push({ kind: 'cancelled', costUsd, retryAfterMs: null }))
  const run = router.run(X, { ...SIZE, triesMax }, () => {
    throw error
  })
  await expect(run).rejects.toBe(error)
  return told
}

describe.each(CLIENTS)('an error of %s', (_, make, hasHeaders) => {
  it('that refuses costs nothing, and its pause is kept', async () => {
    const retryAfterMs = hasHeaders ? 7000 : null
    expect(await booked(make(429, { 'retry-after': '7' }), 1)).toEqual([
      { kind: 'failed', costUsd: 0, retryAfterMs },
    ])
  })

  it('that says that the request is wrong blames no model, and nobody else is asked', async () => {
    expect(await booked(make(400, {}), 2)).toMatchObject([{ kind: 'cancelled', costUsd: 0 }])
  })

  it('of an answer that came and could not be read is booked at what was reserved', async () => {
    const told = await booked(make(200, {}), 1)
    expect(told).toMatchObject([{ kind: 'failed', retryAfterMs: null }])
    expect(told[0].costUsd).toBeGreaterThan(0)
  })
})

it.each(['ECONNREFUSED', 'ConnectionRefused', 'FailedToOpenSocket', 'CERT_HAS_EXPIRED'])(
  'a connection that was never there costs nothing: %s',
  async (code) => {
    const fetched = new TypeError('fetch failed', { cause: thrown({ code }) })
    // The last is the AI SDK's, after its tries.
    for (const error of [thrown({ code }), fetched, thrown({ lastError: thrown({ cause: fetched }) })])
      expect(await booked(error, 1)).toMatchObject([{ kind: 'failed', costUsd: 0 }])
  },
)

it('of tries that the AI SDK made by itself each may be billed, not the last alone', async () => {
  const refused = thrown({ statusCode: 429, responseHeaders: {} })
  const down = new TypeError('fetch failed', { cause: thrown({ code: 'ECONNREFUSED' }) })
  const full = thrown({ code: 'EMFILE' })
  const lost = [thrown({ statusCode: 504, responseHeaders: {} }), thrown({ code: 'ECONNRESET' })]
  for (const last of [refused, down, full]) {
    for (const each of lost) {
      const [told] = await booked(thrown({ errors: [each, last], lastError: last }), 1)
      expect(told.costUsd).toBeGreaterThan(0)
    }
    const [told] = await booked(thrown({ errors: [refused, last], lastError: last }), 1)
    expect(told.costUsd).toBe(0)
  }
})

it.each(['EMFILE', 'ENFILE'])(
  'a connection that this process may not open is no fault of its model: %s',
  async (code) => {
    for (const error of [thrown({ code }), new TypeError('fetch failed', { cause: thrown({ code }) })])
      expect((await booked(error, 1))[0]).toMatchObject({ kind: 'cancelled', costUsd: 0 })
  },
)

/** As `fetch` of Node throws it where the name of a host cannot be looked up. */
const unnamed = (code: string) =>
  new TypeError('fetch failed', {
    cause: Object.assign(new Error(`getaddrinfo ${code} api.example`), { code, syscall: 'getaddrinfo' }),
  })

describe('a name that cannot be looked up', () => {
  it.each(['EINVAL', 'EBUSY', 'EMFILE'])('for want of a file is no fault of its model: %s', async (code) => {
    const error = unnamed(code)
    for (const each of [error, error.cause, thrown({ cause: error }), thrown({ lastError: error })])
      expect((await booked(each, 1))[0]).toMatchObject({ kind: 'cancelled', costUsd: 0 })
    // Another code on top is its client's own.
    expect((await booked(thrown({ code: 'ERR_CLIENT', cause: error }), 1))[0]).toMatchObject({
      kind: 'cancelled',
      costUsd: 0,
    })
  })

  it.each(['ENOTFOUND', 'EAI_FAIL', 'ENOMEM'])('costs nothing: %s', async (code) => {
    expect(await booked(unnamed(code), 1)).toMatchObject([{ kind: 'failed', costUsd: 0 }])
  })

  it.each(['EINVAL', 'EBUSY'])('is not what fails with %s elsewhere: it may be billed', async (code) => {
    const error = new TypeError('fetch failed', { cause: thrown({ code, syscall: 'write' }) })
    const [told] = await booked(error, 1)
    expect(told.kind).toBe('failed')
    expect(told.costUsd).toBeGreaterThan(0)
  })
})

it('an error that is its own cause says nothing', async () => {
  const error = thrown({})
  Object.assign(error, { cause: error, lastError: error })
  const [told] = await booked(error, 1)
  expect(told.costUsd).toBeGreaterThan(0)
})
