import { describe, expect, it } from 'vitest'
import { failureOfStatus } from '../../../src/gateway/upstreams/failure.js'

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
    const { kind, message } = failureOfStatus(422, JSON.stringify(body), null)
    expect([kind, message]).toEqual(['caller', said])
  })

  it.each<readonly [number, unknown]>([
    // OpenRouter: what a client says was found unfit.
    [403, { error: { code: 403, message: 'no x', metadata: { reasons: ['x'], flagged_input: 'x' } } }],
    // Headers of the client's that its protocol knows are passed on.
    [431, '<html>'],
  ])('is the fault of its client, and of no model: %i', (status, body) => {
    const failure = failureOfStatus(status, JSON.stringify(body), null)
    expect(failure).toMatchObject({ kind: 'caller', code: 'upstream_rejected', status, isRefusal: false })
  })

  it('is of a bounded length where it is a list', () => {
    const detail = Array.from({ length: 1000 }, () => DETAIL[0])
    expect(failureOfStatus(400, JSON.stringify({ detail }), null).message).toHaveLength(2000)
    const deep = `{"detail":${'['.repeat(50_000)}${']'.repeat(50_000)}}`
    expect(failureOfStatus(400, deep, null).message).toBe('the upstream answered 400')
  })
})
