import { describe, expect, test } from 'vitest'
import { createLogImport, type LogImportOptions } from '../../../src/evaluate/index.js'
import { openAi, PRICES, type Told, told } from './logs.js'

const CALLS = told(6)
const FAILED = { error: { message: 'slow down' } }

function imported(
  records: readonly unknown[],
  options: LogImportOptions = {},
  scores: readonly unknown[] = [],
) {
  const log = createLogImport(options)
  for (const score of scores) expect(log.addScore(score, 'scores')).toBe(true)
  const rows = records.flatMap((record, i) => log.take(record, `log:${i + 1}`))
  return { rows, report: log.finish() }
}

/** The rows that the calls have to become: cost, reward and text as they were. */
function rowsOf(calls: readonly Told[]) {
  return calls.map((call) => ({
    id: call.id,
    prompt: call.prompt,
    outcomes: {
      [call.model]: { reward: expect.closeTo(call.reward, 12), costUsd: expect.closeTo(call.costUsd, 12) },
    },
  }))
}

function reasonsOf(records: readonly unknown[], options: LogImportOptions = {}) {
  return imported(records, options).report.leftOut.map(({ reason, count }) => [reason, count])
}

function portkey(call: Told, more: object = {}) {
  const { request, response } = openAi(call)
  return {
    id: call.id,
    trace_id: `trace-${call.id}`,
    created_at: call.at,
    request: { url: 'https://api.openai.com/v1/chat/completions', body: request },
    response: { body: response },
    is_success: 1,
    ai_org: 'openai',
    ai_model: call.model,
    req_units: call.inputTokens,
    res_units: call.outputTokens,
    cost: 100 * call.costUsd,
    cost_currency: 'USD',
    response_status_code: 200,
    cache_status: 'MISS',
    metadata: { rating: call.reward },
    ...more,
  }
}

describe("Portkey's exports", () => {
  const rating = { reward: 'rating' }

  test('have costs in cents, which are read as dollars, whatever prices say', () => {
    for (const more of [{}, { models: PRICES }]) {
      const { rows, report } = imported(
        CALLS.map((call) => portkey(call)),
        { ...rating, ...more },
      )
      expect(rows).toEqual(rowsOf(CALLS))
      expect(report.costs).toMatchObject({ fromLog: 6, far: 0, differing: 0 })
    }
  })

  test('are read where request and answer are texts, or columns of the body alone, and by the names of models there', () => {
    const asTexts = portkey(CALLS[0])
    const texts = {
      ...asTexts,
      request: JSON.stringify(asTexts.request),
      response: JSON.stringify(asTexts.response),
    }
    const { request, response, ...rest } = portkey(CALLS[1], { ai_model: 'gpt-x' })
    const bodies = { ...rest, 'request.body': request.body, 'response.body': response.body }
    const { rows } = imported([texts, bodies], { ...rating, names: { 'gpt-x': CALLS[1].model } })
    expect(rows).toEqual(rowsOf(CALLS.slice(0, 2)))
  })

  test('are priced by their units where nothing else tells', () => {
    const call = CALLS[0]
    const { report } = imported([portkey(call, { cost: 0, response: null })], { ...rating, models: PRICES })
    expect(report.costs).toMatchObject({ fromPrices: 1 })
    expect(report.models[call.model].costUsd).toBeCloseTo(call.costUsd, 12)
  })

  test('leave out what failed, came from a cache or was no text', () => {
    expect(
      reasonsOf(
        [
          portkey(CALLS[0], { is_success: 0 }),
          portkey(CALLS[1], { response_status_code: '429' }),
          portkey(CALLS[2], { response: { body: FAILED } }),
          portkey(CALLS[3], { cache_status: 'HIT' }),
          portkey(CALLS[4], { cache_status: 'SEMANTIC HIT' }),
          portkey(CALLS[5], { request_url: 'https://api.openai.com/v1/embeddings' }),
        ],
        rating,
      ),
    ).toEqual([
      ['embeddings', 1],
      ['failed', 3],
      ['cache-hit', 2],
    ])
  })
})

function helicone(call: Told, more: object = {}) {
  const { request, response } = openAi(call)
  return {
    response_id: `r-${call.id}`,
    response_status: 200,
    response_body: response,
    request_id: call.id,
    request_created_at: call.at,
    request_body: request,
    request_path: 'https://oai.helicone.ai/v1/chat/completions',
    request_properties: { app: 'x' },
    prompt_tokens: call.inputTokens,
    completion_tokens: call.outputTokens,
    model: `${call.model}-2026-01-01`,
    feedback_rating: call.reward >= 0.5,
    scores: { helpful: call.reward },
    cost: call.costUsd,
    cache_reference_id: '00000000-0000-0000-0000-000000000000',
    ...more,
  }
}

describe("Helicone's requests", () => {
  const helpful = { reward: 'helpful' }

  test('are read with their cost and scores, in a page of the API too, and where cells are texts', () => {
    const records = CALLS.map((call) => helicone(call))
    expect(imported(records, helpful).rows).toEqual(rowsOf(CALLS))
    expect(imported([{ data: records, error: null }], helpful).rows).toEqual(rowsOf(CALLS))
    const cells = records.map((record) =>
      Object.fromEntries(
        Object.entries(record).map(([name, value]) => [
          name,
          typeof value === 'object' ? JSON.stringify(value) : String(value),
        ]),
      ),
    )
    expect(imported(cells, helpful).rows).toEqual(rowsOf(CALLS))
  })

  test('have a thumb as well', () => {
    const { report } = imported([helicone({ ...CALLS[0], reward: 1 })], { reward: 'feedback_rating' })
    expect(report.models[CALLS[0].model].meanReward).toBe(1)
  })

  test('leave out what failed, was never answered, came from a cache or has no body', () => {
    expect(
      reasonsOf(
        [
          helicone(CALLS[0], { response_status: 500 }),
          helicone(CALLS[1], { response_status: -3 }),
          helicone(CALLS[2], { cache_reference_id: '2b1c7a52-5a3e-4b53-9d3c-000000000001' }),
          helicone(CALLS[3], { request_body: { helicone_message: 'fetch body from signed_url' } }),
        ],
        helpful,
      ),
    ).toEqual([
      ['failed', 2],
      ['cache-hit', 1],
      ['no-prompt', 1],
    ])
  })
})

function langsmith(call: Told, more: object = {}) {
  return {
    id: call.id,
    run_type: 'llm',
    start_time: call.at.replace('Z', ''),
    parent_run_id: `chain-${call.id}`,
    trace_id: `trace-${call.id}`,
    inputs: { messages: [{ role: 'user', content: call.prompt }] },
    outputs: { generations: [[{ text: 'An answer.' }]] },
    extra: { metadata: { ls_provider: 'openai', ls_model_name: call.model } },
    prompt_tokens: call.inputTokens,
    completion_tokens: call.outputTokens,
    total_tokens: call.inputTokens + call.outputTokens,
    total_cost: String(call.costUsd),
    status: 'success',
    error: null,
    feedback_stats: { stars: { n: 1, avg: call.reward } },
    ...more,
  }
}

describe("LangSmith's runs", () => {
  const stars = { reward: 'stars' }

  test('are read with their cost and the mean of their feedback, in a page of the API too', () => {
    const records = CALLS.map((call) => langsmith(call))
    expect(imported(records, stars).rows).toEqual(rowsOf(CALLS))
    expect(imported([{ runs: records, cursors: { next: null } }], stars).rows).toEqual(rowsOf(CALLS))
  })

  test('have messages as LangChain stores them, of one chat or of several in a list', () => {
    const [call] = CALLS
    const stored = {
      lc: 1,
      type: 'constructor',
      id: ['langchain', 'schema', 'messages', 'HumanMessage'],
      kwargs: { content: call.prompt },
    }
    const inputs = [
      { messages: [[stored]] },
      { messages: [stored] },
      { messages: [{ type: 'human', content: call.prompt }] },
      { messages: [{ type: 'human', data: { content: call.prompt } }] },
      { prompts: [call.prompt] },
      { input: call.prompt },
    ]
    const records = inputs.map((input, i) => langsmith({ ...call, id: `${i}` }, { inputs: input }))
    expect(imported(records, stars).rows).toEqual(rowsOf(inputs.map((_, i) => ({ ...call, id: `${i}` }))))
  })

  test('find feedback of another file, of the run, of its chain or of the whole trace', () => {
    const runs = ['', 'chain-', 'trace-']
    const scores = runs.map((kind, i) => ({
      id: `feedback-${i}`,
      run_id: `${kind}${CALLS[i].id}`,
      key: 'stars',
      score: CALLS[i].reward,
      value: 'as said',
      modified_at: CALLS[i].at,
    }))
    const other = { ...scores[0], key: 'tone' }
    const records = CALLS.slice(0, 3).map((call) => langsmith(call, { feedback_stats: {} }))
    const { rows, report } = imported(records, stars, [...scores, other])
    expect(rows).toEqual(rowsOf(CALLS.slice(0, 3)))
    expect(report.otherScores).toEqual({ tone: 1 })
  })

  test('are priced by their tokens, those of a cache at their price', () => {
    const models = PRICES.map((price) => ({ ...price, cachedInputUsdPerMTok: 0 }))
    const [call] = CALLS
    const free = langsmith(call, {
      total_cost: null,
      completion_tokens: 0,
      prompt_token_details: { cache_read: call.inputTokens },
    })
    const { report } = imported([free], { ...stars, models })
    expect(report.models[call.model]).toMatchObject({ rows: 1, costUsd: 0 })
  })

  test('that are no calls or failed are left out', () => {
    expect(
      reasonsOf(
        [
          langsmith(CALLS[0], { run_type: 'chain' }),
          langsmith(CALLS[1], { run_type: 'embedding' }),
          langsmith(CALLS[2], { status: 'error', error: 'RateLimitError' }),
          langsmith(CALLS[3], { extra: {}, outputs: {} }),
        ],
        stars,
      ),
    ).toEqual([
      ['not-a-generation', 1],
      ['embeddings', 1],
      ['failed', 1],
      ['no-model', 1],
    ])
  })
})
