import { describe, expect, test } from 'vitest'
import { createLogImport, type ImportedRow, type LogImportOptions } from '../../../src/evaluate/index.js'
import {
  batchInput,
  batchOutput,
  langfuse,
  langfuseExport,
  langfuseScore,
  liteLlm,
  openAi,
  PRICES,
  type Told,
  told,
} from './logs.js'

const CALLS = told(6)
const NO_TOKENS = { prompt_tokens: 0, completion_tokens: 0, total_tokens: 0 }

function imported(records: readonly unknown[], options: LogImportOptions = {}) {
  const log = createLogImport(options)
  const rows = records.flatMap((record, i) => log.take(record, `log:${i + 1}`))
  return { rows, report: log.finish() }
}

function priorRows(calls: readonly Told[], idOf: (call: Told) => string = ({ id }) => id): ImportedRow[] {
  return calls.map((call) => ({
    id: idOf(call),
    prompt: call.prompt,
    outcomes: { [call.model]: { reward: expect.closeTo(call.reward, 12), costUsd: call.costUsd } },
  }))
}

describe('LiteLLM spend logs', () => {
  const stars = { reward: 'metadata.feedback.stars', rewardRange: [1, 5] } as const

  test('are read with their cost, messages and a reward of metadata', () => {
    const { rows, report } = imported(
      CALLS.map((call) => liteLlm(call)),
      stars,
    )
    expect(rows).toEqual(priorRows(CALLS))
    expect(report).toMatchObject({ rowsIn: 6, rowsUsed: 6, rowsWritten: 6, leftOut: [] })
    expect(report.costs).toMatchObject({ fromLog: 6, fromPrices: 0, differing: 0 })
  })

  test('are read where JSON columns are texts, and where the request is in a column of its own', () => {
    const asTexts = liteLlm(CALLS[0])
    const cells = Object.fromEntries(
      Object.entries(asTexts).map(([name, value]) => [
        name,
        typeof value === 'object' ? JSON.stringify(value) : String(value),
      ]),
    )
    const apart = liteLlm(CALLS[1], {
      messages: {},
      proxy_server_request: { model: 'chat', messages: [{ role: 'user', content: CALLS[1].prompt }] },
    })
    const payload = { ...liteLlm(CALLS[2]), id: CALLS[2].id, response_cost: CALLS[2].costUsd }
    const { request_id: _, spend: __, ...standard } = payload
    const { rows, report } = imported([cells, apart, standard], stars)
    expect(report.leftOut).toEqual([])
    expect(rows).toEqual(priorRows(CALLS.slice(0, 3)))
  })

  test('are read where somebody chose the columns and left out the kind of call', () => {
    const chosen = CALLS.map((call) => {
      const { request_id, startTime, model, messages, spend, metadata } = liteLlm(call)
      return { request_id, startTime, model, messages, spend, metadata }
    })
    const { rows, report } = imported(chosen, stars)
    expect(report.leftOut).toEqual([])
    expect(rows).toEqual(priorRows(CALLS))
  })

  test('leave out what no model answered, and say why', () => {
    const records = [
      liteLlm(CALLS[0], { status: 'failure' }),
      liteLlm(CALLS[1], { cache_hit: 'True' }),
      liteLlm(CALLS[2], { call_type: 'aembedding' }),
      liteLlm(CALLS[3], { call_type: 'aimage_generation' }),
      liteLlm(CALLS[4], { messages: {} }),
      liteLlm(CALLS[5], { messages: [{ role: 'user', content: 'redacted-by-litellm' }] }),
      liteLlm({ ...CALLS[0], id: 'x' }, { metadata: {} }),
      liteLlm({ ...CALLS[0], id: 'y' }, { model: '', model_group: '' }),
      liteLlm({ ...CALLS[0], id: 'z' }, { spend: 0, ...NO_TOKENS, response: {} }),
      liteLlm({ ...CALLS[0], id: 'x' }),
      liteLlm({ ...CALLS[0], id: 'x' }),
    ]
    const { rows, report } = imported(records, stars)
    expect(rows).toEqual(priorRows([{ ...CALLS[0], id: 'x' }]))
    expect(report.leftOut).toEqual([
      { reason: 'embeddings', count: 1, first: 'log:3' },
      { reason: 'other-call', count: 1, first: 'log:4' },
      { reason: 'failed', count: 1, first: 'log:1' },
      { reason: 'cache-hit', count: 1, first: 'log:2' },
      { reason: 'duplicate', count: 1, first: 'log:11' },
      { reason: 'no-model', count: 1, first: 'log:8' },
      { reason: 'no-prompt', count: 2, first: 'log:5' },
      { reason: 'no-usage', count: 1, first: 'log:9' },
      { reason: 'no-reward', count: 1, first: 'log:7' },
    ])
  })

  test('a model group can be the name that is renamed', () => {
    const { rows } = imported([liteLlm(CALLS[0])], { ...stars, names: { chat: 'any' } })
    expect(rows[0]).toMatchObject({ outcomes: { any: { costUsd: CALLS[0].costUsd } } })
  })
})

describe('requests and answers of OpenAI', () => {
  test('are read from one line, priced where the log has no cost', () => {
    const { rows, report } = imported(
      CALLS.map((call) => openAi(call)),
      { models: PRICES },
    )
    expect(rows).toEqual(priorRows(CALLS, (call) => `chatcmpl-${call.id}`))
    expect(report.costs).toMatchObject({ fromLog: 0, fromPrices: 6 })
  })

  test('are read beside each other, as the responses API has them, and as stored completions', () => {
    const call = CALLS[0]
    const flat = { ...openAi(call).response, messages: openAi(call).request.messages, model: call.model }
    const responses = {
      request: {
        model: call.model,
        instructions: 'Be short.',
        input: [
          { type: 'message', role: 'user', content: [{ type: 'input_text', text: call.prompt }] },
          { type: 'function_call_output', call_id: 'c', output: '1' },
        ],
      },
      response: {
        id: 'resp_1',
        object: 'response',
        output: [],
        usage: { input_tokens: 20, output_tokens: 20, total_tokens: 40 },
      },
      reward: call.reward,
    }
    const page = { object: 'list', data: [{ ...flat, id: 'chatcmpl-2', metadata: { reward: '0.5' } }] }
    const { rows, report } = imported([{ ...flat, reward: call.reward }, responses, page], { models: PRICES })
    expect(report.leftOut).toEqual([])
    expect(rows.map((row) => 'prompt' in row && row.prompt)).toEqual([
      call.prompt,
      `Be short.\n\n${call.prompt}`,
      call.prompt,
    ])
    expect(report.rewards.known).toBe(3)
  })

  test('a batch is joined with its requests by custom id, and the prompts of two models make rows for replay', () => {
    const log = createLogImport({ for: 'replay', models: PRICES })
    const pairs = CALLS.map((call, i) => [call, `task-${Math.floor(i / 2)}`] as const)
    for (const [call, task] of pairs) {
      const prompt = `${task}: rivers`
      expect(log.addRequest(batchInput({ ...call, prompt }, task), 'in')).toBe(true)
      expect(log.addScore({ request_id: `batch_req_${call.id}`, value: call.reward }, 'scores')).toBe(true)
    }
    expect(log.addRequest({ custom_id: 'x' }, 'in')).toBe(false)
    const rows = pairs.flatMap(([call, task], i) => log.take(batchOutput(call, task), `out:${i}`))
    const report = log.finish()
    expect(report).toMatchObject({ rowsIn: 6, rowsUsed: 6, rowsWritten: 3, leftOut: [] })
    expect(rows).toHaveLength(3)
    expect(rows[0]).toMatchObject({
      prompt: 'task-0: rivers',
      outcomes: { small: { reward: CALLS[0].reward }, large: { reward: CALLS[1].reward } },
    })
  })

  test('without a failure may have an error of false, of nothing or of an empty object, and a status', () => {
    const errors = [false, 'false', {}, '{}', [], 0, null, '', 'null', 'None']
    const records = errors.map((error, i) => openAi({ ...CALLS[0], id: `${i}` }, { error, status: 200 }))
    expect(imported(records, { models: PRICES }).report.leftOut).toEqual([])
  })

  test.each([
    { status: 500 },
    { status: '429' },
    { status_code: 503 },
    { statusCode: 400 },
    { response_status: 502 },
    { error: true },
    { error: 'rate limited' },
    { error: { message: 'no' } },
    { error: '{"message": "no"}' },
    { response: { status: 500, body: { usage: { prompt_tokens: 9, completion_tokens: 0 } } } },
    { response: { statusCode: 500, body: {} } },
    { response: { status_code: 'x', status: 500, body: {} } },
    { response: { status: 'failed', usage: { input_tokens: 9, output_tokens: 1 } } },
  ])('that failed are left out as failed: %j', (more) => {
    const { report } = imported([openAi(CALLS[0], more)], { models: PRICES })
    expect(report.leftOut).toEqual([{ reason: 'failed', count: 1, first: 'log:1' }])
  })

  test('stored completions find their messages among the requests by their own id', () => {
    const log = createLogImport({ models: PRICES })
    const [call] = CALLS
    const { request, response } = openAi(call)
    expect(log.addRequest({ id: response.id, messages: request.messages }, 'messages')).toBe(true)
    expect(log.take({ ...response, model: 'small', metadata: { reward: '1' } }, 'log:1')).toMatchObject([
      { id: response.id, prompt: call.prompt, outcomes: { small: { reward: 1 } } },
    ])
  })

  test('leave out what failed, what streams without usage, and requests alone', () => {
    const [call] = CALLS
    const records = [
      batchOutput(call, 'a', { response: { status_code: 400, body: { error: { message: 'no' } } } }),
      batchOutput({ ...call, id: '1' }, 'a', { error: { code: 'batch_expired' }, response: null }),
      batchInput(call, 'a'),
      openAi(
        { ...call, id: '2' },
        { response: { id: 's', choices: [] }, request: { ...openAi(call).request, stream: true } },
      ),
      openAi({ ...call, id: '3' }, { response: { id: 't', choices: [] } }),
      batchOutput({ ...call, id: '4' }, 'never asked'),
    ]
    expect(imported(records, { models: PRICES }).report.leftOut).toEqual([
      { reason: 'request-alone', count: 1, first: 'log:3' },
      { reason: 'failed', count: 2, first: 'log:1' },
      { reason: 'no-prompt', count: 1, first: 'log:6' },
      { reason: 'no-usage', count: 1, first: 'log:5' },
      { reason: 'stream-without-usage', count: 1, first: 'log:4' },
    ])
  })
})

describe('Langfuse', () => {
  test('observations are joined with scores of the observation, or of its trace', () => {
    const log = createLogImport({ reward: 'helpful' })
    CALLS.forEach((call, i) => {
      const score = langfuseScore(call, i % 2 === 0 ? {} : { observationId: null })
      expect(log.addScore(score, 'scores')).toBe(true)
    })
    expect(log.addScore({ name: 'tone', value: 1, traceId: 't' }, 'scores')).toBe(true)
    const rows = CALLS.flatMap((call, i) =>
      log.take(i === 0 ? langfuseExport(call) : langfuse(call), `o:${i}`),
    )
    expect(rows).toEqual(priorRows(CALLS))
    expect(log.finish()).toMatchObject({ leftOut: [], otherScores: { tone: 1 } })
  })

  test('of several scores the latest counts, in whatever order they come; without times the last', () => {
    const at = (value: unknown, timestamp: unknown, more: object = {}) =>
      langfuseScore(CALLS[0], { value, timestamp, ...more })
    const rewardOf = (scores: readonly object[], isWithin: boolean) => {
      const log = createLogImport({ reward: 'helpful' })
      if (!isWithin) for (const score of scores) log.addScore(score, 'scores')
      const [row] = log.take(langfuse(CALLS[0], isWithin ? { scores } : {}), 'o:1')
      return 'outcomes' in row ? row.outcomes.small.reward : null
    }
    const first = at(0, '2026-11-01T00:00:00Z')
    const second = at(0.5, '2026-11-02T00:00:00Z')
    const edited = at(1, '2026-10-01T00:00:00Z', { updatedAt: '2026-11-03T00:00:00Z' })
    const sameTime = at(0.25, '2026-11-02T00:00:00Z')
    for (const isWithin of [false, true]) {
      expect(rewardOf([first, second], isWithin)).toBe(0.5)
      expect(rewardOf([second, first], isWithin)).toBe(0.5)
      expect(rewardOf([second, edited, first], isWithin)).toBe(1)
      expect(rewardOf([second, sameTime], isWithin)).toBe(0.25)
      expect(rewardOf([second, at(0.75, undefined)], isWithin)).toBe(0.75)
      expect(rewardOf([at(0.75, 'whenever'), first], isWithin)).toBe(0)
    }
  })

  test('scores that no call has are told', () => {
    const log = createLogImport({ reward: 'helpful', for: 'evaluate' })
    for (const call of CALLS)
      log.addScore(langfuseScore(call, { traceId: 'x', observationId: 'y' }), 'scores')
    log.addScore(langfuseScore(CALLS[0]), 'scores')
    for (const call of CALLS) log.take(langfuse(call), 'log')
    expect(log.finish().scores).toEqual({ read: 7, calls: 1 })
  })

  test('a trace brings its observations and scores, and only calls of models are rows', () => {
    const [first, second] = CALLS
    const trace = {
      id: 'trace',
      observations: [
        langfuse(first),
        langfuse(second, { id: 'tool', type: 'SPAN' }),
        langfuse({ ...second, id: 'bad' }, { level: 'ERROR' }),
        langfuse({ ...second, id: 'emb' }, { type: 'EMBEDDING' }),
      ],
      scores: [langfuseScore(first, { name: 'helpful' }), langfuseScore(second, { name: 'tone' })],
    }
    const { rows, report } = imported([trace], { reward: 'helpful' })
    expect(rows).toEqual(priorRows([first]))
    expect(report).toMatchObject({ rowsIn: 4, rowsUsed: 1 })
    expect(report.leftOut.map(({ reason }) => reason)).toEqual(['not-a-generation', 'embeddings', 'failed'])
  })

  test('parts of usage beside the whole are priced once, and words are worth what they are given', () => {
    const bare = { calculatedTotalCost: null, costDetails: {} }
    const beside = {
      input: 100,
      input_cached_tokens: 50,
      output: 10,
      output_reasoning_tokens: 30,
      total: 190,
    }
    const within = {
      input: 150,
      input_cached_tokens: 50,
      output: 40,
      output_reasoning_tokens: 30,
      total: 190,
    }
    const records = [
      langfuse(CALLS[0], { ...bare, usageDetails: beside, scores: { helpful: ['good'] } }),
      langfuse(CALLS[2], { ...bare, usageDetails: within, scores: { helpful: 'bad' } }),
      langfuse(CALLS[4], { scores: { helpful: 'so so' } }),
    ]
    const { rows, report } = imported(records, {
      models: PRICES,
      reward: 'helpful',
      rewardWords: { good: 1, bad: 0 },
    })
    const costUsd = expect.closeTo((150 * 0.5 + 40 * 1) / 1e6, 15)
    expect(rows).toMatchObject([
      { outcomes: { small: { reward: 1, costUsd } } },
      { outcomes: { small: { reward: 0, costUsd } } },
    ])
    expect(report.leftOut).toEqual([{ reason: 'reward-not-a-number', count: 1, first: 'log:3' }])
  })
})

describe('a prompt that is JSON by itself', () => {
  const usage = { input_tokens: 20, output_tokens: 20 }
  const own = ['{"task": "extract", "text": "rain"}', '[1, 2, 3]', '["a", "b"]', '[{"name": "Ann"}]']

  test.each(own)('is the text that it is, in every format: %s', (prompt) => {
    const [call] = CALLS
    const records = [
      { prompt, model: 'small', costUsd: 1, reward: 1 },
      { request: { model: 'small', input: prompt }, response: { id: 'a', usage }, reward: 1 },
      { request: { model: 'small', prompt }, response: { id: 'b', usage }, reward: 1 },
      langfuse(call, { input: prompt, scores: { reward: 1 } }),
      liteLlm({ ...call, id: 'c' }, { messages: prompt, reward: 1 }),
      openAi({ ...call, prompt }),
    ]
    const { rows } = imported(records, { models: PRICES })
    expect(rows.map((row) => 'prompt' in row && row.prompt)).toEqual(records.map(() => prompt))
  })

  test('that holds messages or a request is read as these', () => {
    const messages = [{ role: 'user', content: 'Name a river' }]
    const prompts = [messages, { messages }, { model: 'm', input: 'Name a river' }, messages[0], [messages]]
    const records = prompts.map((prompt) => ({
      prompt: JSON.stringify(prompt),
      model: 'small',
      costUsd: 1,
      reward: 1,
    }))
    const { rows } = imported(records)
    expect(rows.map((row) => 'prompt' in row && row.prompt)).toEqual(prompts.map(() => 'Name a river'))
  })

  test('of messages without a text, as of an image alone, is no prompt', () => {
    const image = [{ role: 'user', content: [{ type: 'image_url', image_url: { url: 'data:' } }] }]
    const records = [image, { messages: image }, image[0], { messages: [] }, {}, []].map((prompt) => ({
      prompt: JSON.stringify(prompt),
      model: 'small',
      costUsd: 1,
      reward: 1,
    }))
    expect(imported(records).report.leftOut).toEqual([
      { reason: 'no-prompt', count: records.length, first: 'log:1' },
    ])
  })
})

describe('named columns', () => {
  test('are read under the names that they are given', () => {
    const records = CALLS.map((call) => ({
      nr: call.id,
      question: call.prompt,
      engine: call.model,
      usd: String(call.costUsd),
      rating: call.reward,
    }))
    const columns = { id: 'nr', prompt: 'question', model: 'engine', cost: 'usd' }
    expect(imported(records, { columns, reward: 'rating' }).rows).toEqual(priorRows(CALLS))
  })

  test.each(['failed', 'http_status'])('leave out calls that column %s says have failed', (name) => {
    const row = { prompt: 'a', model: 'small', costUsd: 1, reward: 1 }
    const options = name === 'failed' ? {} : { columns: { failed: name } }
    const well = [
      undefined,
      null,
      '',
      0,
      '0',
      200,
      '200',
      false,
      'false',
      'No',
      'ok',
      'Success',
      'completed',
      'none',
      '-',
    ]
    expect(
      imported(
        well.map((value) => ({ ...row, [name]: value })),
        options,
      ).report.leftOut,
    ).toEqual([])
    const failed = [
      true,
      'true',
      1,
      '1',
      'yes',
      'failed',
      'Failure',
      'error',
      400,
      '429',
      503,
      'timeout',
      { message: 'no' },
    ]
    expect(
      imported(
        failed.map((value) => ({ ...row, [name]: value })),
        options,
      ).report.leftOut,
    ).toEqual([{ reason: 'failed', count: failed.length, first: 'log:1' }])
  })

  test('what was asked for by a name that no row has is told', () => {
    const record = { prompt: 'a', model: 'small-1', usd: 1, costUsd: 2, stars: 1, p: 0.5 }
    const right = {
      columns: { cost: 'usd' },
      names: { 'small-1': 'small' },
      propensity: 'p',
      reward: 'stars',
    }
    expect(imported([record, {}], right).report.unseen).toEqual([])
    const leftOut = [{ ...record, costUsd: -1 }, { ...record, model: '' }, { metadata: { stars: 1 } }]
    for (const each of leftOut)
      expect(imported([each], { for: 'evaluate', reward: 'stars' }).report).toMatchObject({
        rowsUsed: 0,
        unseen: [],
      })
    const wrong = {
      for: 'evaluate',
      columns: { prompt: 'prompt', cost: 'dollars', at: 'time' },
      names: { a: 'large', b: 'large', 'small-1': 'small' },
      propensity: 'chance',
      reward: 'rating',
    } as const
    const { rows, report } = imported([record], wrong)
    expect(rows).toHaveLength(1)
    expect(report.unseen).toEqual([
      { option: 'columns', what: 'at', name: 'time' },
      { option: 'columns', what: 'cost', name: 'dollars' },
      { option: 'names', what: 'large', name: 'a,b' },
      { option: 'propensity', what: 'propensity', name: 'chance' },
      { option: 'reward', what: 'reward', name: 'rating' },
    ])
  })

  test('of rows of another format are told as not met', () => {
    const { rows, report } = imported([openAi(CALLS[0], { usd: 7 })], {
      models: PRICES,
      columns: { cost: 'usd' },
    })
    expect(rows).toHaveLength(1)
    expect(report.unseen).toEqual([{ option: 'columns', what: 'cost', name: 'usd' }])
  })

  test('a record of no known format is told', () => {
    expect(imported([{ a: 1 }, 'x', null]).report.leftOut).toEqual([
      { reason: 'bad-json', count: 2, first: 'log:2' },
      { reason: 'unknown-format', count: 1, first: 'log:1' },
    ])
  })
})
