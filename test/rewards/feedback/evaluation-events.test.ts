import { describe, expect, it } from 'vitest'
import { evaluationReward, readEvaluations } from '../../../src/rewards/feedback/evaluation-events.js'

const attribute = (key: string, value: object) => ({ key, value })
const otlp = (...attributes: object[]) => ({ eventName: 'gen_ai.evaluation.result', attributes })
const NAME = attribute('gen_ai.evaluation.name', { stringValue: 'Relevance' })
const RESPONSE = attribute('gen_ai.response.id', { stringValue: 'chatcmpl-1' })
const SCORE = attribute('gen_ai.evaluation.score.value', { doubleValue: 0.8 })
const decisionOf = (id: string) => (id === 'chatcmpl-1' ? 'r.1' : null)
const REWARD = { decision: 'r.1', value: 0.8, weight: 1, source: 'judge', idempotencyKey: 'otel:Relevance' }

describe('an event of an evaluation', () => {
  it.each([
    ['of OTLP', otlp(NAME, RESPONSE, SCORE), REWARD],
    [
      'of an SDK',
      {
        eventName: 'gen_ai.evaluation.result',
        attributes: {
          'gen_ai.evaluation.name': 'Relevance',
          'gen_ai.response.id': 'chatcmpl-1',
          'gen_ai.evaluation.score.value': 0.8,
        },
      },
      REWARD,
    ],
    [
      'of a span',
      {
        name: 'gen_ai.evaluation.result',
        attributes: {
          'gen_ai.evaluation.name': 'Relevance',
          'paretobandit.decision': 'r.1',
          'gen_ai.evaluation.score.label': 'fail',
        },
      },
      { ...REWARD, value: 0 },
    ],
    [
      'whose name is an attribute, and whose score a whole number as text',
      {
        attributes: [
          attribute('event.name', { stringValue: 'gen_ai.evaluation.result' }),
          attribute('gen_ai.evaluation.name', { stringValue: 'stars' }),
          attribute('gen_ai.evaluation.score.value', { intValue: '4' }),
          RESPONSE,
        ],
      },
      { ...REWARD, value: 0.75, source: 'person', idempotencyKey: 'otel:stars' },
    ],
    ['of another answer', otlp(NAME, SCORE, attribute('gen_ai.response.id', { stringValue: 'x' })), null],
    ['of no answer', otlp(NAME, SCORE), null],
    ['that is another', { eventName: 'gen_ai.choice', attributes: [] }, null],
  ])('%s', (_, event, reward) => {
    const metrics = [{ name: 'stars', worst: 1, best: 5, source: 'person' }]
    expect(evaluationReward(event, { metrics, decisionOf })).toEqual(reward)
  })

  it.each([[null], ['text'], [7]])('is an object: %j', (event) => {
    expect(() => evaluationReward(event)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })

  it('has a score on its scale, or a word that is known', () => {
    const off = attribute('gen_ai.evaluation.score.value', { doubleValue: 3 })
    const word = attribute('gen_ai.evaluation.score.label', { stringValue: 'purple' })
    for (const more of [[off], [word], []])
      expect(() => evaluationReward(otlp(NAME, RESPONSE, ...more), { decisionOf })).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      )
  })
})

describe('an export of logs', () => {
  const body = (...logRecords: unknown[]) => ({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] })

  it('has the rewards of its evaluations, and counts those that are invalid', () => {
    const good = otlp(NAME, RESPONSE, SCORE)
    const read = readEvaluations(
      body(good, { body: { stringValue: 'x' } }, otlp(NAME), otlp(NAME, RESPONSE), null),
      {
        decisionOf,
      },
    )
    expect(read).toEqual({ rewards: [REWARD], refused: 2 })
  })

  it('is read as far as ten thousand records', () => {
    const { rewards, refused } = readEvaluations(body(...Array(10_100).fill(otlp(NAME, RESPONSE, SCORE))))
    expect(rewards).toHaveLength(10_000)
    expect(refused).toBe(1)
  })

  it.each([[null], [{}], [{ resourceLogs: 7 }]])('is one, or is refused: %j', (given) => {
    expect(() => readEvaluations(given)).toThrow(expect.objectContaining({ code: 'INVALID_ARGUMENT' }))
  })
})
