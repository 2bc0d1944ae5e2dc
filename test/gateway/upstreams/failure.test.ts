import { describe, expect, it } from 'vitest'
import {
  failureOfConnection,
  failureOfError,
  failureOfStatus,
} from '../../../src/gateway/upstreams/failure.js'

const NOW = Date.parse('2026-01-01T00:00:00Z')

const DETAIL = [{ type: 'extra_forbidden', loc: ['body', 'x'], msg: 'Extra inputs are not permitted' }]

describe('what an upstream says of a request that it refuses', () => {
  it.each<readonly [string, unknown, string]>([
    ['OpenAI and Anthropic', { error: { message: 'no x' } }, 'no x'],
    ['Gemini', [{ error: { code: 400, message: 'no x', status: 'INVALID_ARGUMENT' } }], 'no x'],
    ['Cohere', { message: 'no x' }, 'no x'],
    ['Ollama', { error: 'no x' }, 'no x'],
    [
      'Mistral',
      { object: 'error', message: { detail: DETAIL }, type: 'invalid_request_error' },
      JSON.stringify({ detail: DETAIL }),
    ],
    ['vLLM, of a body', { detail: DETAIL }, JSON.stringify(DETAIL)],
    ['FastAPI', { detail: 'no x' }, 'no x'],
    ['nobody', { error: {}, message: 7, detail: null }, 'the upstream answered 422'],
    ['a list of nothing', [], 'the upstream answered 422'],
  ])('is heard by its client, as %s writes it', (_, body, said) => {
    const { kind, message } = failureOfStatus(422, JSON.stringify(body), null, NOW)
    expect([kind, message]).toEqual(['caller', said])
  })

  it.each<readonly [number, unknown]>([
    // OpenRouter: what a client says was found unfit.
    [403, { error: { code: 403, message: 'no x', metadata: { reasons: ['x'], flagged_input: 'x' } } }],
    // Headers of the client's that its protocol knows are passed on.
    [431, '<html>'],
  ])('is the fault of its client, and of no model: %i', (status, body) => {
    const failure = failureOfStatus(status, JSON.stringify(body), null, NOW)
    expect(failure).toMatchObject({ kind: 'caller', code: 'upstream_rejected', status, isRefusal: false })
  })

  it('is for the operator to mend where it is of a proxy on the way, which wants a password: 407', () => {
    const failure = failureOfStatus(407, '<html><p>Cache Access Denied</p></html>', null, NOW)
    const detail = 'a proxy on the way wants a user and a password: Cache Access Denied'
    expect(failure).toMatchObject({ kind: 'operator', detail, mayBeBilled: false })
  })

  it('is of a bounded length where it is a list', () => {
    const detail = Array.from({ length: 1000 }, () => DETAIL[0])
    expect(failureOfStatus(400, JSON.stringify({ detail }), null, NOW).message).toHaveLength(2000)
    const deep = `{"detail":${'['.repeat(50_000)}${']'.repeat(50_000)}}`
    expect(failureOfStatus(400, deep, null, NOW).message).toBe('the upstream answered 400')
  })
})

const named = (message: string, more: object = {}) => ({ error: { message, ...more } })

describe('a key, an account or a name of a model that a provider refuses with 400', () => {
  it.each<readonly [string, unknown]>([
    [
      'Anthropic, without a balance',
      named('Your credit balance is too low to access the Claude API. Please go to Plans & Billing.'),
    ],
    [
      'Anthropic, at its limit',
      named(
        'You have reached your specified API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.',
      ),
    ],
    [
      'Anthropic, of a workspace',
      named(
        'You have reached your specified workspace API usage limits. You will regain access on 2026-12-01 at 00:00 UTC.',
      ),
    ],
    ['Anthropic, of an organization', named('This organization has been disabled.')],
    [
      'Gemini',
      [named('API key not valid. Please pass a valid API key.', { code: 400, status: 'INVALID_ARGUMENT' })],
    ],
    ['Gemini, by its reason', [named('x', { details: [{ reason: 'API_KEY_INVALID' }] })]],
    [
      'Gemini, elsewhere',
      [named('User location is not supported for the API use.', { status: 'FAILED_PRECONDITION' })],
    ],
    [
      'Alibaba',
      named('Access denied, please make sure your account is in good standing.', { code: 'Arrearage' }),
    ],
    [
      'OpenAI',
      named('Billing hard limit has been reached', { code: 'billing_hard_limit_reached', param: null }),
    ],
    ['OpenAI, of a model', named('x', { code: 'model_not_found', param: 'model' })],
    ['Mistral', { object: 'error', message: 'Invalid model: small', type: 'invalid_model', code: '1500' }],
    [
      'Perplexity',
      named("Invalid model 'x'. Permitted models can be found in the documentation", {
        type: 'invalid_model',
        code: 400,
      }),
    ],
    ['OpenRouter', named('some/model is not a valid model ID', { code: 400 })],
    ['DeepSeek', named('Model Not Exist', { type: 'invalid_request_error', code: 'invalid_request_error' })],
    ['Bedrock', { message: 'The provided model identifier is invalid.' }],
  ])('is for the operator to mend: %s', (_, body) => {
    expect(failureOfStatus(400, JSON.stringify(body), null, NOW)).toMatchObject({
      kind: 'operator',
      message: 'the upstream answered 400',
      isRefusal: true,
    })
  })

  it.each<readonly [string, unknown]>([
    ['the name of a member', named('Your credit balance is too low: Extra inputs are not permitted')],
    [
      'one with an address',
      named(
        'Incorrect API key provided: x You can obtain an API key from https://console.x.ai: Extra inputs are not permitted',
      ),
    ],
    [
      'a value',
      named("Invalid value: 'API key not valid'. Supported values are: 'a'.", {
        code: 'invalid_value',
        param: 'x',
      }),
    ],
    ['a name that ends it', named('Unknown parameter: x is not a valid model ID')],
    ['the model of a tool', named('x', { code: 'model_not_found', param: 'tools[0].model' })],
  ])('is not what a client writes into its request: %s', (_, body) => {
    expect(failureOfStatus(400, JSON.stringify(body), null, NOW).kind).toBe('caller')
  })
})

describe('a wait in the body of an answer', () => {
  it.each([
    [
      'as OpenRouter has it',
      { 'X-RateLimit-Limit': '20', 'X-RateLimit-Reset': String(NOW + 40_000) },
      40_000,
    ],
    ['as a number', { 'X-RateLimit-Reset': NOW + 40_000 }, 40_000],
    ['by another spelling', { 'x-ratelimit-reset': `${NOW + 40_000}` }, 40_000],
    ['that is over', { 'X-RateLimit-Reset': `${NOW - 1}` }, null],
    ['that is now', { 'X-RateLimit-Reset': `${NOW}` }, null],
    ['in another unit', { 'X-RateLimit-Reset': '60' }, null],
    ['of no time', { 'X-RateLimit-Reset': 'soon' }, null],
    ['of years', { 'X-RateLimit-Reset': `${'9'.repeat(40)}` }, null],
  ])('may be the time when a limit begins again: %s', (_, headers, ms) => {
    const body = { error: { message: 'Rate limit exceeded', code: 429, metadata: { headers } } }
    expect(failureOfStatus(429, JSON.stringify(body), null, NOW).retryAfterMs).toBe(ms)
    expect(failureOfStatus(429, JSON.stringify(body), 7000, NOW).retryAfterMs).toBe(7000)
    const error = { message: 'Rate limit exceeded', type: '', status: 429 }
    expect(failureOfError(error, body, NOW).retryAfterMs).toBe(ms)
  })

  it('is not taken from words of a client that are quoted', () => {
    const message = JSON.stringify({ metadata: { headers: { 'X-RateLimit-Reset': `${NOW + 40_000}` } } })
    expect(failureOfStatus(429, JSON.stringify({ error: { message } }), null, NOW).retryAfterMs).toBeNull()
  })

  const body = JSON.stringify([named('quota', { details: [{ retryDelay: '34.074824224s' }] })])

  it('counts where no header says one', () => {
    expect(failureOfStatus(429, body, null, NOW).retryAfterMs).toBe(34_075)
    expect(failureOfStatus(503, body, null, NOW).retryAfterMs).toBe(34_075)
    expect(failureOfStatus(429, body, 7000, NOW).retryAfterMs).toBe(7000)
  })

  it.each(['"34"', '"-1s"', '"1e9s"', '34', 'null', `"${'9'.repeat(400)}s"`])(
    'counts for nothing in another form: %s',
    (told) => {
      expect(failureOfStatus(429, `{"error":{"retryDelay":${told}}}`, null, NOW).retryAfterMs).toBeNull()
    },
  )
})

describe('a connection that cannot be made', () => {
  it.each([
    ['EMFILE', /^connect EMFILE: this process may open no more files and sockets: raise its limit/],
    ['ENFILE', /^connect ENFILE: this machine may open no more files/],
  ])('for %s is no fault of the upstream', (code, detail) => {
    const error = Object.assign(new Error(`connect ${code}`), { code })
    for (const each of [error, new TypeError('fetch failed', { cause: error })]) {
      const failure = failureOfConnection(each)
      const told = { kind: 'operator', code: 'gateway_out_of_sockets', status: 503, toldRetryMs: 1000 }
      expect(failure).toMatchObject({ ...told, mayBeBilled: false, isRefusal: false })
      expect(failure.detail).toMatch(detail)
    }
  })

  it.each(['EINVAL', 'EBUSY', 'EMFILE'])(
    'as its name cannot be looked up for want of a file is no fault of the upstream: %s',
    (code) => {
      const message = `getaddrinfo ${code} api.example`
      const cause = Object.assign(new Error(message), { code, syscall: 'getaddrinfo' })
      const fetched = new TypeError('fetch failed', { cause })
      const ofAiSdk = new Error(`Cannot connect to API: ${message}`, { cause })
      for (const each of [cause, fetched, ofAiSdk]) {
        const failure = failureOfConnection(each)
        expect(failure).toMatchObject({ code: 'gateway_out_of_sockets', status: 503, mayBeBilled: false })
        expect(failure.detail).toContain(`${message}: this process may open no more files and sockets`)
      }
    },
  )

  it('as its name is not known costs nothing, whatever the system says of it', () => {
    const cause = Object.assign(new Error('getaddrinfo EAI_FAIL x'), {
      code: 'EAI_FAIL',
      syscall: 'getaddrinfo',
    })
    const failure = failureOfConnection(new TypeError('fetch failed', { cause }))
    expect(failure).toMatchObject({ code: 'upstream_unreachable', mayBeBilled: false })
    const broken = failureOfConnection(
      Object.assign(new Error('write EINVAL'), { code: 'EINVAL', syscall: 'write' }),
    )
    expect(broken).toMatchObject({ code: 'upstream_broke_off', mayBeBilled: true })
  })

  it('of an error that is its own cause may cost something', () => {
    const error = new Error('no')
    Object.assign(error, { cause: error })
    expect(failureOfConnection(error)).toMatchObject({ code: 'upstream_broke_off', mayBeBilled: true })
  })

  it('for a proxy that wants a password is for the operator to mend', () => {
    const error = Object.assign(new Error('it answered 407'), { code: 'ERR_PROXY_REFUSES' })
    const failure = failureOfConnection(error)
    expect(failure).toMatchObject({ kind: 'operator', code: 'upstream_refused', mayBeBilled: false })
    expect(failure.detail).toBe('it answered 407')
  })

  it.each([
    ['EADDRNOTAVAIL', /^connect EADDRNOTAVAIL: this machine has no port left/],
    ['ECONNREFUSED', /^connect ECONNREFUSED$/],
  ])('for %s costs nothing, and says what there is to mend', (code, detail) => {
    const failure = failureOfConnection(Object.assign(new Error(`connect ${code}`), { code }))
    expect(failure).toMatchObject({ code: 'upstream_unreachable', mayBeBilled: false })
    expect(failure.detail).toMatch(detail)
    expect(failure.message).toBe('the upstream cannot be reached')
  })
})
