import { describe, expect, it } from 'vitest'
import { textDraw } from '../../../src/base/text-hash.js'
import { answerOf } from '../../../src/rewards/answer-of.js'
import type { Graded, JudgeReply, Question } from '../../../src/rewards/judge/grading.js'
import { gradeOf, questionOf, RUBRIC } from '../../../src/rewards/judge/grading.js'
import { Judge, type JudgeSettings } from '../../../src/rewards/judge/judge.js'
import { JudgeAccount } from '../../../src/rewards/judge/judge-account.js'
import type { AnswerFormat } from '../../../src/rewards/validators/contract.js'
import { Timers } from '../timers.js'

const GRADED: Graded = { prompt: [{ role: 'user', content: 'Where?' }], text: 'Paris', calls: [] }
const CAP = { usd: 1, per: 'hour', usdPerGrade: 0.25 } as const
type Ask = (question: Question) => Promise<JudgeReply | null>

function start(ask: Ask, more: Partial<JudgeSettings> = {}) {
  const timers = new Timers()
  const rewards: [string, number][] = []
  const errors: unknown[] = []
  const judge = new Judge({
    settings: () => ({ share: 1, rubric: null, cap: null, ...more }),
    draw: (decision) => textDraw(decision),
    after: timers.after,
    now: () => timers.now,
    ask,
    reward: async (...reward) => void rewards.push(reward),
    onError: (error) => void errors.push(error),
  })
  const grade = async (count: number) => {
    for (let i = 0; i < count; i++) judge.grade(`d.${i}`, GRADED)
    await timers.pass(50)
  }
  return { judge, timers, rewards, errors, grade }
}

describe('a judge of any model', () => {
  it('is shown the conversation, the answer and the rubric, and not who answered', async () => {
    const asked: Question[] = []
    const { grade, rewards } = start(
      async (question) => {
        asked.push(question)
        return '{"score": 8}'
      },
      { rubric: 'Short answers are good ones.' },
    )
    await grade(1)
    expect(rewards).toEqual([['d.0', 0.8]])
    expect(asked[0].system).toContain('Short answers are good ones.')
    expect(asked[0].system).not.toContain(RUBRIC)
    expect(JSON.parse(asked[0].user)).toEqual({
      conversation: GRADED.prompt,
      answer: { text: 'Paris' },
    })
  })

  it('goes on where replies never come, and says so', async () => {
    let isDown = true
    const { judge, timers, rewards, errors, grade } = start(
      async () => (isDown ? new Promise<never>(() => {}) : '{"score": 8}'),
      { cap: { ...CAP, usd: 100 } },
    )
    await grade(20)
    expect(judge.stats).toMatchObject({ asked: 4, failed: 0 })
    isDown = false
    await timers.pass(120_000)
    expect(judge.stats).toMatchObject({ asked: 20, failed: 4, graded: 16, spentUsd: 5 })
    expect(rewards).toHaveLength(16)
    expect(errors.map(String)).toEqual(
      Array(4).fill(expect.stringMatching('judge.ask: expected a reply within 120 s, got none')),
    )
    expect(timers.count).toBe(0)
  })

  it('is shown a long conversation by its beginning and its end', () => {
    const prompt = Array.from({ length: 100 }, (_, i) => ({
      role: 'user',
      content: `${i} ${'x'.repeat(1e5)}`,
    }))
    const { user } = questionOf({ ...GRADED, prompt, text: 'y'.repeat(1e6) })
    expect(user.length).toBeLessThan(200_000)
    expect(user).toContain('"0 x')
    expect(user).toContain('"99 x')
    const { conversation } = JSON.parse(user)
    expect(conversation[1]).toEqual({ role: 'system', content: '[... 84 messages are not shown ...]' })
    expect(conversation).toHaveLength(17)
  })

  it('is shown the end of a long message and of a long answer, and that the middle is not there', () => {
    const content = `A report. ${'x'.repeat(50_000)} What does it say of Rome?`
    const text = `First. ${'y'.repeat(50_000)} Last.`
    const { system, user } = questionOf({
      prompt: [{ role: 'user', content }],
      text,
      calls: [{ name: 'write', args: text }],
    })
    expect(user.length).toBeLessThan(80_000)
    const { conversation, answer } = JSON.parse(user)
    expect(conversation[0].content).toMatch(
      /^A report\. x+\n\[\.\.\. \d+ characters are not shown \.\.\.\]\nx+ What does it say of Rome\?$/,
    )
    for (const shown of [answer.text, answer.calls[0].arguments])
      expect(shown).toMatch(/^First\. .* Last\.$/s)
    expect(system).toContain('characters are not shown')
  })

  it('hears what is no text, and that its provider keeps a conversation', () => {
    const hidden = (what: string) => `[... ${what} is not shown ...]`
    const image = { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } }
    const seen = (format: AnswerFormat, body: object) =>
      answerOf(format, body, {}).prompt.map(({ role, content }) => `${role}: ${content}`)
    const ask = (...content: object[]) => ({ messages: [{ role: 'user', content }] })
    expect(
      seen(
        'chat',
        ask(
          { type: 'text', text: 'What is it?' },
          { type: 'image_url', image_url: { url: 'https://example.com/a.png' } },
          { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
          { type: 'file', file: { file_id: 'f' } },
        ),
      ),
    ).toEqual([`user: What is it?\n${hidden('a picture')}\n${hidden('sound')}\n${hidden('a file')}`])
    expect(
      seen('messages', ask({ type: 'tool_result', tool_use_id: 't', content: [image] }, { ...image })),
    ).toEqual([`user: ${hidden('a picture')}\n${hidden('a picture')}`])
    const input = [
      { type: 'computer_call_output', call_id: 'c', output: { type: 'computer_screenshot', image_url: 'x' } },
      { type: 'function_call_output', call_id: 'c', output: [{ type: 'input_image', image_url: 'x' }] },
      { role: 'user', content: 'And?' },
    ]
    const picture = `tool: ${hidden('a picture')}`
    expect(seen('responses', { input })).toEqual([picture, picture, 'user: And?'])
    const before = `system: ${hidden('what was said before')}`
    for (const kept of [{ previous_response_id: 'r' }, { conversation: { id: 'c' } }])
      expect(seen('responses', { input: 'And?', ...kept })).toEqual([before, 'user: And?'])
    expect(questionOf(GRADED).system).toContain('a picture is not shown')
  })

  it('draws a share of decisions, the same ones each time', () => {
    const { judge } = start(async () => '', { share: 0.1 })
    const ids = Array.from({ length: 5000 }, (_, i) => `router.${i}`)
    const drawn = ids.filter((id) => judge.draws(id))
    expect(drawn.length).toBeGreaterThan(400)
    expect(drawn.length).toBeLessThan(600)
    expect(ids.filter((id) => judge.draws(id))).toEqual(drawn)
  })

  it('has an account of its own: what it may cost at most is set aside, and no grade is begun beyond the cap', async () => {
    let calls = 0
    const { judge, grade, timers } = start(
      async () => {
        calls++
        return { text: '7', costUsd: 0.01 }
      },
      { cap: { ...CAP, usd: 1.25 } },
    )
    await grade(20)
    expect(calls).toBe(20)
    expect(judge.stats).toMatchObject({ asked: 20, graded: 20, overCap: 0 })
    expect(judge.stats.spentUsd).toBeCloseTo(0.2, 12)
    await timers.pass(3_600_000)
    expect(judge.stats.spentUsd).toBe(0)
  })

  it('has one cap a period, though its clock goes back a little, and none without a clock', async () => {
    const { judge, grade, timers } = start(async () => ({ text: '7', costUsd: 0.25 }), { cap: CAP })
    const beginning = Math.ceil(timers.now / 3_600_000) * 3_600_000
    timers.now = beginning + 10
    await grade(4)
    for (const now of [beginning - 100, beginning + 10, beginning - 100]) {
      timers.now = now
      await grade(1)
      expect(judge.stats).toMatchObject({ asked: 4, spentUsd: 1 })
    }
    timers.now = beginning - 10 * 3_600_000
    await grade(1)
    expect(judge.stats).toMatchObject({ asked: 5, spentUsd: 0.25 })
    const account = new JudgeAccount(() => Number.NaN)
    expect(() => account.reserve(CAP)).toThrow()
  })

  it.each([
    ['costs what may be at most where the reply has no cost', '7', 4],
    ['costs what it says, beyond what was set aside too', { text: '7', costUsd: 0.6 }, 4],
    ['costs what may be at most where the model fails', null, 4],
  ])('%s', async (_, reply, asked) => {
    const { judge, grade, timers } = start(async () => reply, { cap: CAP })
    await grade(10)
    expect(judge.stats).toMatchObject({ asked, overCap: 10 - asked })
    await timers.pass(3_600_000)
    await grade(1)
    expect(judge.stats.asked).toBe(asked + 1)
  })

  it('counts replies that are no grade, and failures, and rewards nothing for them', async () => {
    const replies = ['good', '{"score": 11}', '{"score": 10}', 7 as never]
    const { judge, grade, rewards, errors } = start(async () => {
      const reply = replies.shift()
      if (reply === undefined) throw new Error('away')
      return reply
    })
    await grade(5)
    expect(rewards).toEqual([['d.2', 1]])
    expect(judge.stats).toMatchObject({ asked: 5, graded: 1, unreadable: 2, failed: 2 })
    expect(errors).toEqual([new Error('away')])
  })

  it('says so once ten replies in a row were no grade, and again after ten more', async () => {
    let reply = ''
    const { errors, grade } = start(async () => reply)
    await grade(9)
    reply = '{"score": 8}'
    await grade(1)
    reply = 'I would rather not'
    await grade(9)
    expect(errors).toEqual([])
    reply = ' '
    await grade(1)
    expect(errors.map(String)).toEqual([
      expect.stringMatching(
        'judge.ask: expected {"score": N} in a reply, got none in 10 replies in a row, 1 of them empty',
      ),
    ])
    await grade(10)
    expect(errors).toHaveLength(2)
    expect(String(errors[1])).toContain('10 of them empty')
    expect(String(errors[1])).toContain('1000 tokens')
    expect(String(errors[1])).not.toContain('rather')
  })

  it('asks four at a time, and grades no more than a hundred that wait', async () => {
    let underWay = 0
    const { judge, grade } = start(() => {
      underWay++
      return new Promise(() => {})
    })
    await grade(200)
    expect(underWay).toBe(4)
    expect(judge.stats.dropped).toBe(100)
    judge.close()
  })

  it.each([
    ['{"score": 10}', 1],
    ['{ "score":0 }', 0],
    ['Surely. {"score": 2.5}', 0.25],
    ['8/10', 0.8],
    ['{"score": 11}', null],
    ['{"score": -1}', null],
    ['{"score": 1e1}', 1],
    ['{"score": 2} is it, though the answer says {"score": 10}.', null],
    ['The answer says {"score": 10}. {"score": 2}', null],
    ['<think>{"score": 7}? No.</think>\n{"score": 3}', 0.3],
    ['{"score": 4} as I said: {"score": 4.0}', 0.4],
    ['good', null],
    ['', null],
  ])('says %j', (reply, value) => {
    expect(gradeOf(reply)).toBe(value)
  })
})
