import { readFileSync } from 'node:fs'
import fc from 'fast-check'
import { describe, expect, it } from 'vitest'
import { createRouter, type Router } from '../../src/index.js'
import { answerOf, createRewards, type JudgeOptions, type RewardsOptions } from '../../src/rewards/index.js'
import { Timers } from './timers.js'

const MODELS = [{ id: 'one', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }]
const CAP = { usd: 1, per: 'day', usdPerGrade: 0.01 } as const
const request = { messages: [{ role: 'user', content: 'Where?' }] }
const answer = (content: string, id = 'chatcmpl-1') => ({
  id,
  choices: [{ index: 0, message: { content }, finish_reason: 'stop' }],
})

const picture = (data: string) => [
  { type: 'text', text: 'What is it?' },
  { type: 'image_url', image_url: { url: `data:image/png;base64,${data}` } },
]

async function start(options: RewardsOptions = {}, range: readonly [number, number] = [0, 1]) {
  const timers = new Timers()
  const router: Router<string> = await createRouter<string>({
    models: MODELS,
    dimension: 1,
    rewardRange: [...range],
  })
  const rewards = createRewards(router, {
    now: () => timers.now,
    after: timers.after,
    onError: (error) => {
      throw error
    },
    ...options,
  })
  const taught = () => {
    const { rewarded, meanReward } = router.stats().models[0]
    return [rewarded, meanReward]
  }
  return { timers, router, rewards, taught, decide: () => router.route([1]).id }
}

describe('rewards of a router', () => {
  it('are those of validators, the judge and people together, by weight, once', async () => {
    const { timers, rewards, taught, decide } = await start({
      judge: { ask: () => '{"score": 5}', share: 1, cap: CAP, calibrate: false },
    })
    const decision = decide()
    const asked = { ...request, response_format: { type: 'json_object' } }
    expect(rewards.answered({ decision, ...answerOf('chat', asked, answer('Paris')) })).toBe('invalid_answer')
    await timers.pass(50)
    expect(await rewards.give({ decision, value: 1, source: 'person' })).toBe('taken')
    expect(taught()).toEqual([0, null])
    await timers.pass(60_000)
    // 0 by 0.2, 0.5 by 0.5, 1 by 2.
    expect(taught()).toEqual([1, expect.closeTo((0.25 + 2) / 2.7, 12)])
    expect(rewards.stats()).toMatchObject({ answers: 1, flaws: { invalid_answer: 1 }, judge: { graded: 1 } })
    expect(rewards.agreement().map(({ sources }) => sources)).toEqual([
      ['judge', 'person'],
      ['judge', 'validator'],
      ['person', 'validator'],
    ])
    await expect(rewards.give({ decision, value: 1 })).rejects.toMatchObject({ code: 'ALREADY_REWARDED' })
  })

  it('are in the range of the router', async () => {
    const { rewards, taught, decide } = await start({ windowMs: 0, rewardRange: [-5, 5] }, [-5, 5])
    await rewards.give({ decision: decide(), value: 0.9 })
    expect(taught()).toEqual([1, expect.closeTo(4, 12)])
  })

  it('of an answer that is asked for again within a minute are 0, of the same asker alone', async () => {
    const { timers, rewards, taught, decide } = await start({ weights: { validator: 1 } })
    const ask = (more: object = {}) =>
      rewards.answered({ decision: decide(), ...answerOf('chat', request, answer('Paris')), ...more })
    ask({ owner: 'a' })
    ask({ owner: 'b' })
    await timers.pass(59_000)
    // That was under way when the first was answered.
    ask({ owner: 'b', askedAt: timers.now - 59_001 })
    ask({ owner: 'a' })
    await rewards.close()
    expect(rewards.stats().repeats).toBe(1)
    expect(taught()).toEqual([4, 0.75])
  })

  it.each<[string, 'chat' | 'responses' | 'messages', object, object]>([
    [
      'a step of a loop of tools is none of the step before',
      'responses',
      { input: [{ role: 'user', content: 'Where?' }] },
      {
        input: [
          { role: 'user', content: 'Where?' },
          { type: 'function_call', call_id: 'c', name: 'look', arguments: '{}' },
          { type: 'function_call_output', call_id: 'c', output: 'Paris' },
        ],
      },
    ],
    [
      'the next word of a conversation that the provider keeps',
      'responses',
      { input: 'Go on', previous_response_id: 'resp_1' },
      { input: 'Go on', previous_response_id: 'resp_2' },
    ],
    [
      'another picture with the same words',
      'chat',
      { messages: [{ role: 'user', content: picture('aaaa') }] },
      { messages: [{ role: 'user', content: picture('aaab') }] },
    ],
    [
      'another result of a tool, which is no text',
      'messages',
      { messages: [{ role: 'user', content: [{ type: 'tool_result', content: picture('aaaa') }] }] },
      { messages: [{ role: 'user', content: [{ type: 'tool_result', content: picture('aaab') }] }] },
    ],
    [
      'another question at the end of a long text',
      'chat',
      { messages: [{ role: 'user', content: `${'x'.repeat(50_000)} 1?` }] },
      { messages: [{ role: 'user', content: `${'x'.repeat(50_000)} 2?` }] },
    ],
    [
      'other bytes',
      'chat',
      { messages: [{ role: 'user', content: [{ type: 'file', data: new Uint8Array([1, 2]) }] }] },
      { messages: [{ role: 'user', content: [{ type: 'file', data: new Uint8Array([1, 3]) }] }] },
    ],
  ])('that are asked for again: %s is not, the same is', async (_, format, first, next) => {
    const { rewards, decide } = await start()
    const ask = (body: object) => rewards.answered({ decision: decide(), ...answerOf(format, body, {}) })
    ask(first)
    ask(next)
    expect(rewards.stats().repeats).toBe(0)
    ask({ ...next, metadata: { at: 2 } })
    expect(rewards.stats().repeats).toBe(1)
    await rewards.close()
  })

  it('of a judge who is shown what tools were asked and what they said', () => {
    const call = { name: 'look', arguments: '{"at":"map"}' }
    const result = { role: 'tool', content: 'Paris' }
    const asked = { role: 'user', content: 'Where?' }
    const called = { role: 'assistant', content: 'look({"at":"map"})' }
    const bodies: ['chat' | 'responses' | 'messages', object][] = [
      ['chat', { messages: [asked, { role: 'assistant', tool_calls: [{ function: call }] }, result] }],
      [
        'responses',
        {
          input: [
            asked,
            { type: 'function_call', ...call },
            { type: 'function_call_output', output: 'Paris' },
          ],
        },
      ],
      [
        'messages',
        {
          messages: [
            asked,
            { role: 'assistant', content: [{ type: 'tool_use', name: 'look', input: { at: 'map' } }] },
            { ...result, content: [{ type: 'tool_result', content: 'Paris' }] },
          ],
        },
      ],
    ]
    for (const [format, body] of bodies)
      expect(answerOf(format, body, {}).prompt, format).toEqual([asked, called, result])
  })

  it('are found by what a provider calls an answer', async () => {
    const { timers, rewards, taught, decide } = await start()
    const decision = decide()
    rewards.answered({ decision, ...answerOf('chat', request, answer('Paris', 'chatcmpl-7')) })
    const attributes = [
      { key: 'gen_ai.evaluation.name', value: { stringValue: 'Relevance' } },
      { key: 'gen_ai.response.id', value: { stringValue: 'chatcmpl-7' } },
      { key: 'gen_ai.evaluation.score.value', value: { doubleValue: 0.25 } },
    ]
    const logRecords = [{ eventName: 'gen_ai.evaluation.result', attributes }]
    const read = rewards.evaluations({ resourceLogs: [{ scopeLogs: [{ logRecords }] }] })
    expect(await rewards.giveMany(read.rewards)).toEqual({ taken: 1, known: 0, refused: 0 })
    expect(await rewards.giveMany(read.rewards)).toEqual({ taken: 0, known: 1, refused: 0 })
    await timers.pass(60_000)
    expect(taught()).toEqual([1, 0.25])
    expect(await rewards.giveMany([{ decision, value: 1 }])).toMatchObject({ refused: 1 })
  })

  it('come as feedback in every form, and comments count nothing', async () => {
    const { timers, rewards, taught, decide } = await start({ weights: { expert: 4 } })
    const decision = decide()
    expect(await rewards.feedback({ inference_id: decision, metric_name: 'x', value: true })).toBe('taken')
    expect(await rewards.feedback({ trace_id: decision, value: -10 })).toBe('taken')
    expect(await rewards.feedback({ replay_id: decision, verdict: 'good_fit' })).toBe('taken')
    expect(await rewards.feedback({ decision_id: decision, value: 0, source: 'expert' }, 'k')).toBe('taken')
    expect(await rewards.feedback({ decision_id: decision, value: 0, source: 'expert' }, 'k')).toBe('known')
    expect(await rewards.feedback({ inference_id: decision, metric_name: 'comment', value: 'x' })).toBe(
      'noted',
    )
    await timers.pass(60_000)
    expect(taught()).toEqual([1, expect.closeTo(2 / 7, 12)])
  })

  it('are the same for the same seed, and other answers are graded for another', async () => {
    const drawn = async (seed: number) => {
      const asked: string[] = []
      const ask: JudgeOptions['ask'] = ({ user }) => {
        asked.push(user)
        return '7'
      }
      const timers = new Timers()
      const router = { checkReward: () => {}, reward: () => ({ durable: Promise.resolve() }) }
      const more = { now: () => timers.now, after: timers.after }
      const rewards = createRewards(router, { seed, judge: { ask, share: 0.2, cap: CAP }, ...more })
      for (let i = 0; i < 100; i++) {
        rewards.answered({ decision: `r.${i}`, ...answerOf('chat', request, answer(`answer ${i}`)) })
        await timers.pass(50)
      }
      return asked
    }
    const [first, again, other] = [await drawn(1), await drawn(1), await drawn(2)]
    expect(first.length).toBeGreaterThan(5)
    expect(first.length).toBeLessThan(40)
    expect(again).toEqual(first)
    expect(other).not.toEqual(first)
  })

  it('teach no more of validators alone than these weigh', async () => {
    const { rewards, taught, decide } = await start()
    for (let i = 0; i < 1000; i++)
      rewards.answered({
        decision: decide(),
        ...answerOf('chat', { messages: [{ role: 'user', content: `${i}` }] }, answer('')),
      })
    await rewards.close()
    const [count, mean] = taught()
    expect(count).toBeGreaterThan(150)
    expect(count).toBeLessThan(250)
    expect(mean).toBe(0)
  })

  it('are refused as a whole where one cannot be read', async () => {
    const { rewards, router, taught, decide } = await start({ windowMs: 0 })
    const decision = decide()
    for (const [field, given] of [
      ['reward', null],
      ['reward.decision', { decision: '', value: 1 }],
      ['reward.value', { decision, value: 2 }],
      ['reward.value', { decision, value: Number.NaN }],
      ['reward.value', { decision }],
      ['reward.weight', { decision, value: 1, weight: -1 }],
      ['source', { decision, value: 1, source: 'boss' }],
      ['reward.idempotencyKey', { decision, value: 1, idempotencyKey: 7 }],
    ] as const)
      await expect(rewards.give(given as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT', field })
    await expect(rewards.give({ decision: 'x', value: 1 })).rejects.toMatchObject({ code: 'UNKNOWN_REQUEST' })
    for (const bad of [
      null,
      {},
      { decision: 'x' },
      { decision, prompt: [], contract: null },
      { decision, prompt: [], contract: {}, answer: {} },
    ])
      expect(() => rewards.answered(bad as never)).toThrow(
        expect.objectContaining({ code: 'INVALID_ARGUMENT' }),
      )
    expect(taught()).toEqual([0, null])
    expect(() => createRewards(null as never)).toThrow(expect.objectContaining({ field: 'router' }))
    await router.close()
  })

  it.each<[string, object]>([
    ['windowMs', { windowMs: -1 }],
    ['weights.judge', { weights: { judge: -1 } }],
    ['weights', { weights: Object.fromEntries(Array.from({ length: 20 }, (_, i) => [`s${i}`, 1])) }],
    ['metrics[0].worst', { metrics: [{ name: 'x', worst: Number.NaN, best: 1 }] }],
    ['validators.repeatMs', { validators: { repeatMs: 0.5 } }],
    ['validators.fits', { validators: { fits: 7 } }],
    ['judge.ask', { judge: { cap: CAP } }],
    ['judge.cap', { judge: { ask: () => '' } }],
    ['judge.cap.usd', { judge: { ask: () => '', cap: { ...CAP, usd: 0 } } }],
    ['judge.cap.per', { judge: { ask: () => '', cap: { ...CAP, per: 'year' } } }],
    ['judge.cap.usdPerGrade', { judge: { ask: () => '', cap: { ...CAP, usdPerGrade: undefined } } }],
    ['judge.cap.usdPerGrade', { judge: { ask: () => '', cap: { ...CAP, usdPerGrade: 1.01 } } }],
    ['judge.cap.usdPerGrades', { judge: { ask: () => '', cap: { ...CAP, usdPerGrades: 1 } } }],
    ['judge.shares', { judge: { ask: () => '', cap: CAP, shares: 1 } }],
    ['validators.waitMS', { validators: { waitMS: 1 } }],
    ['metrics[0].source', { metrics: [{ name: 'x', worst: 0, best: 1, source: 'persn' }] }],
    ['rewardRange', { rewardRange: [0, 1, 5] }],
    ['judge.share', { judge: { ask: () => '', cap: CAP, share: 0 } }],
    ['judge.rubric', { judge: { ask: () => '', cap: CAP, rubric: '' } }],
    ['rewardRange', { rewardRange: [1, 0] }],
    ['seed', { seed: -1 }],
    ['now', { now: 7 }],
  ])('have options, and say which of them is wrong: %s', async (field, options) => {
    const router = await createRouter<string>({ models: MODELS, dimension: 1 })
    expect(() => createRewards(router, options as never)).toThrow(expect.objectContaining({ field }))
    expect(() => createRewards(router, { windwoMs: 1 } as never)).toThrow(/windowMs/)
  })

  it('never reach a router twice for a decision, whatever comes in which order', async () => {
    const step = fc.oneof(
      fc.record({ value: fc.constantFrom(0, 0.5, 1), source: fc.constantFrom('client', 'person', 'judge') }),
      fc.constant('answered' as const),
      fc.constant('pass' as const),
    )
    await fc.assert(
      fc.asyncProperty(fc.array(step, { maxLength: 12 }), async (steps) => {
        const given: number[] = []
        const timers = new Timers()
        const rewards = createRewards(
          {
            checkReward: () => {},
            reward: (_, value) => {
              given.push(value)
              return { durable: Promise.resolve() }
            },
          },
          { now: () => timers.now, after: timers.after, weights: { validator: 1 } },
        )
        for (const each of steps) {
          if (each === 'pass') await timers.pass(60_000)
          else if (each === 'answered')
            rewards.answered({ decision: 'r.1', ...answerOf('chat', request, answer('')) })
          else await rewards.give({ decision: 'r.1', ...each }).catch(() => {})
        }
        await rewards.close()
        return given.length <= 1 && given.every((value) => value >= 0 && value <= 1)
      }),
      { numRuns: 50 },
    )
  })
})

describe('docs/REWARDS.md', () => {
  it('has a quick start of ten lines at most that gives a reward', async () => {
    const [, code] = /```js\n([\s\S]*?)```/.exec(readFileSync('docs/REWARDS.md', 'utf8')) ?? []
    const lines = code.split('\n').filter((line) => line !== '')
    expect(lines.length).toBeLessThanOrEqual(10)
    const body = lines.filter((line) => !line.startsWith('import ')).join('\n')
    // As written, with what the reader has: models, a client, a judge.
    const run = new Function(
      ...['createRouter', 'answerOf', 'createRewards', 'models', 'request', 'call', 'ask'],
      `return (async () => {${body}\nreturn { router, rewards } })()`,
    )
    const sent: object[] = []
    const call = async (model: string, asked: object) => {
      sent.push({ model, ...asked })
      return { ...answer('Paris'), usage: { prompt_tokens: 10, completion_tokens: 2 } }
    }
    const { router, rewards } = await run(
      createRouter,
      answerOf,
      createRewards,
      MODELS,
      request,
      call,
      () => '7',
    )
    await rewards.close()
    expect(sent).toEqual([{ model: 'one', ...request }])
    expect(router.stats().models[0]).toMatchObject({ rewarded: 1, meanReward: 1 })
    await router.close()
  })
})
