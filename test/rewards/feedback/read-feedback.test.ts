import { describe, expect, it } from 'vitest'
import { type MetricScale, readFeedback } from '../../../src/rewards/feedback/read-feedback.js'
import { wrong } from '../../support/errors.js'

const DEFAULTS = { decision: 'r.1', weight: 1, source: 'client', idempotencyKey: null, counts: true }

describe('feedback', () => {
  it.each([
    [
      'ours',
      { decision_id: 'r.1', value: 0.5, source: 'person', weight: 2 },
      { value: 0.5, source: 'person', weight: 2 },
    ],
    [
      'TensorZero, a float',
      { inference_id: 'r.1', metric_name: 'rating', value: 4 },
      { value: 0.75, source: 'person' },
    ],
    ['TensorZero, a boolean', { inference_id: 'r.1', metric_name: 'solved', value: false }, { value: 0 }],
    [
      'TensorZero, a comment',
      { inference_id: 'r.1', metric_name: 'comment', value: 'good' },
      { value: 0, counts: false },
    ],
    [
      'TensorZero, a trial',
      { inference_id: 'r.1', metric_name: 'x', value: 1, dryrun: true },
      { value: 1, counts: false },
    ],
    ['TensorZero, an episode', { episode_id: 'e.1', metric_name: 'x', value: true }, { value: 1 }],
    [
      'the semantic router, a verdict',
      { replay_id: 'r.1', target: 'model', verdict: 'underpowered' },
      { value: 0 },
    ],
    ['the semantic router, a score', { replay_id: 'r.1', verdict: 'good_fit', score: 0.3 }, { value: 0.3 }],
    [
      'the semantic router, of a plugin',
      { replay_id: 'r.1', target: 'plugin', verdict: 'good_fit' },
      { value: 1, counts: false },
    ],
    ['Portkey', { trace_id: 'r.1', value: -5, weight: 0.5 }, { value: 0.25, weight: 0.5 }],
    [
      'ours, with ids of others beside it',
      { decision_id: 'r.1', value: 1, trace_id: '4bf92f3577b34da6', episode_id: 'e.7', replay_id: 'p' },
      { value: 1 },
    ],
    [
      'ours, with ids that are null',
      { decision_id: 'r.1', inference_id: null, trace_id: null, value: 0.5 },
      { value: 0.5 },
    ],
    ['Portkey, with ids that are null', { trace_id: 'r.1', decision_id: null, value: 10 }, { value: 1 }],
  ])('is read as %s has it', (_, body, told) => {
    const metrics = [{ name: 'rating', worst: 1, best: 5, source: 'person' }]
    const episode = (id: string) => (id === 'e.1' ? 'r.1' : null)
    expect(readFeedback(body, { metrics, episode })).toEqual({ ...DEFAULTS, ...told })
  })

  it('is of a client where a metric does not say whose it is', () => {
    const metrics = [wrong<MetricScale>({ name: 'rating', worst: 1, best: 5 })]
    const body = { decision_id: 'r.1', metric: 'rating', value: 5 }
    expect(readFeedback(body, { metrics })).toEqual({ ...DEFAULTS, value: 1 })
  })

  it('is the worst of what is so where less is better, and the best of what is not', () => {
    const metrics = [{ name: 'made_up', worst: 1, best: 0, source: 'client' }]
    for (const [value, counts] of [
      [true, 0],
      [false, 1],
      [1, 0],
    ] as const) {
      expect(readFeedback({ decision_id: 'r.1', metric: 'made_up', value }, { metrics }).value).toBe(counts)
      const body = { inference_id: 'r.1', metric_name: 'made_up', value }
      expect(readFeedback(body, { metrics }).value).toBe(counts)
    }
  })

  it('is refused on a scale that has one value, which would always be the best', () => {
    const metrics = [{ name: 'flat', worst: 3, best: 3, source: 'client' }]
    expect(() => readFeedback({ decision_id: 'r.1', metric: 'flat', value: 3 }, { metrics })).toThrow(
      /metrics\[0\]\.best: expected another value than the worst/,
    )
  })

  it('is refused with a score that is no number: the verdict beside it says less', () => {
    for (const score of ['0.1', true, {}])
      expect(() => readFeedback({ replay_id: 'r.1', verdict: 'good', score })).toThrow(/^score: expected/)
    expect(readFeedback({ replay_id: 'r.1', verdict: 'good', score: null }).value).toBe(1)
  })

  it('keeps its key, of the body or of the request', () => {
    const body = { decision_id: 'r.1', value: 1 }
    expect(readFeedback(body, { idempotencyKey: 'header' }).idempotencyKey).toBe('header')
    expect(
      readFeedback({ ...body, idempotency_key: 'body' }, { idempotencyKey: 'header' }).idempotencyKey,
    ).toBe('body')
  })

  it('is refused with a key that is no text, or longer than is kept: it would count twice, or not at all', () => {
    const body = { decision_id: 'r.1', value: 1 }
    for (const idempotency_key of [7, true, ['k'], { k: 1 }, 'k'.repeat(257)])
      expect(() => readFeedback({ ...body, idempotency_key })).toThrow(/^idempotency_key: expected a text/)
    expect(() => readFeedback(body, { idempotencyKey: 'k'.repeat(257) })).toThrow(/^idempotencyKey/)
    for (const idempotency_key of ['', null, undefined])
      expect(readFeedback({ ...body, idempotency_key }).idempotencyKey).toBeNull()
    const longest = 'k'.repeat(256)
    expect(readFeedback({ ...body, idempotency_key: longest }).idempotencyKey).toBe(longest)
  })

  it('is refused where its metric is nearly one that has a scale: on another, nothing would say that it was missed', () => {
    const metrics = [{ name: 'rating', worst: 1, best: 5, source: 'person' }]
    const given = (metric: string) => [
      { decision_id: 'r.1', metric, value: 1 },
      { inference_id: 'r.1', metric_name: metric, value: 1 },
    ]
    for (const body of [...given('ratign'), ...given('Rating')])
      expect(() => readFeedback(body, { metrics })).toThrow(/metric.*rating/)
    for (const body of given('rating')) expect(readFeedback(body, { metrics }).value).toBe(0)
    for (const body of [...given('helpful'), ...given('')])
      expect(readFeedback(body, { metrics }).value).toBe(1)
  })

  it.each([
    [null, 'body'],
    ['text', 'body'],
    [{}, 'decision_id'],
    [{ decision_id: 'r.1' }, 'value'],
    [{ decision_id: 'r.1', value: 2 }, 'value'],
    [{ decision_id: 'r.1', value: Number.NaN }, 'value'],
    [{ decision_id: 'r.1', value: 1, weight: -1 }, 'weight'],
    [{ decision_id: 'r.1', value: 1, source: 'boss' }, 'source'],
    [{ inference_id: '', metric_name: 'x', value: 1 }, 'inference_id'],
    [{ episode_id: 'e.1', metric_name: 'x', value: 1 }, 'episode_id'],
    [{ replay_id: 'r.1', verdict: 'constructor' }, 'verdict'],
    [{ trace_id: 'r.1', value: 11 }, 'value'],
  ])('is refused where it says nothing: %j', (body, field) => {
    expect(() => readFeedback(body)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT', field }))
  })
})
