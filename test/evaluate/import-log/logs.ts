/** Logs as teams have them, written for these tests: records of each format, with all that a row needs. */

export const PROMPTS = [
  'Name three rivers of France',
  'Write a haiku about rain',
  'Prove that the square root of 2 is irrational',
  'What is the capital of Peru?',
] as const

export const PRICES = [
  { id: 'small', inputUsdPerMTok: 0.5, outputUsdPerMTok: 1 },
  { id: 'large', inputUsdPerMTok: 5, outputUsdPerMTok: 20 },
] as const

/** A call in plain words: what each format says of it. */
export interface Told {
  readonly id: string
  readonly model: string
  readonly prompt: string
  readonly reward: number
  readonly costUsd: number
  readonly inputTokens: number
  readonly outputTokens: number
  readonly at: string
}

export function told(count: number, models: readonly string[] = ['small', 'large']): Told[] {
  return Array.from({ length: count }, (_, i) => ({
    id: `call-${i}`,
    model: models[i % models.length],
    prompt: `${PROMPTS[i % PROMPTS.length]} (${Math.floor(i / models.length)})`,
    reward: ((i * 7) % 11) / 10,
    costUsd: i % models.length === 0 ? 0.00003 : 0.0005,
    inputTokens: 20,
    outputTokens: i % models.length === 0 ? 20 : 20,
    at: new Date(Date.UTC(2026, 4, 1, 0, i)).toISOString(),
  }))
}

function answer({ id, model, inputTokens, outputTokens }: Told) {
  return {
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    model: `${model}-2026-01-01`,
    choices: [{ index: 0, message: { role: 'assistant', content: 'An answer.' }, finish_reason: 'stop' }],
    usage: {
      prompt_tokens: inputTokens,
      completion_tokens: outputTokens,
      total_tokens: inputTokens + outputTokens,
    },
  }
}

/** A row of LiteLLM_SpendLogs, its JSON columns as objects. */
export function liteLlm(call: Told, more: object = {}) {
  return {
    request_id: call.id,
    call_type: 'acompletion',
    api_key: '88dc28d0f030c55ed4ab77ed8faf098196cb1c05df778539800c9f1243fe6b4b',
    spend: call.costUsd,
    total_tokens: call.inputTokens + call.outputTokens,
    prompt_tokens: call.inputTokens,
    completion_tokens: call.outputTokens,
    startTime: call.at.replace('Z', ''),
    endTime: call.at,
    model: call.model,
    model_id: '',
    model_group: 'chat',
    custom_llm_provider: 'openai',
    user: 'u1',
    metadata: { user_api_key_team_id: 't1', feedback: { stars: 1 + 4 * call.reward } },
    cache_hit: 'False',
    request_tags: [],
    team_id: 't1',
    messages: [{ role: 'user', content: call.prompt }],
    response: answer(call),
    status: 'success',
    ...more,
  }
}

/** A line with the request and its response. */
export function openAi(call: Told, more: object = {}) {
  return {
    request: { model: call.model, messages: [{ role: 'user', content: call.prompt }] },
    response: answer(call),
    reward: call.reward,
    timestamp: call.at,
    ...more,
  }
}

/** A line of the batch API's input, and the line of its output. */
export function batchInput(call: Told, customId: string) {
  const body = { model: call.model, messages: [{ role: 'user', content: call.prompt }] }
  return { custom_id: customId, method: 'POST', url: '/v1/chat/completions', body }
}

export function batchOutput(call: Told, customId: string, more: object = {}) {
  const body = { ...answer(call), model: call.model }
  return {
    id: `batch_req_${call.id}`,
    custom_id: customId,
    response: { status_code: 200, request_id: `req-${call.id}`, body },
    error: null,
    ...more,
  }
}

/** An observation of Langfuse's API. */
export function langfuse(call: Told, more: object = {}) {
  return {
    id: call.id,
    traceId: `trace-${call.id}`,
    type: 'GENERATION',
    name: 'answer',
    startTime: call.at,
    endTime: call.at,
    model: call.model,
    modelParameters: { temperature: 1 },
    input: [{ role: 'user', content: call.prompt }],
    output: { role: 'assistant', content: 'An answer.' },
    level: 'DEFAULT',
    usageDetails: {
      input: call.inputTokens,
      output: call.outputTokens,
      total: call.inputTokens + call.outputTokens,
    },
    costDetails: { total: call.costUsd },
    calculatedTotalCost: call.costUsd,
    ...more,
  }
}

/** The same of an export to a bucket, whose input is a text. */
export function langfuseExport(call: Told) {
  return {
    id: call.id,
    trace_id: `trace-${call.id}`,
    type: 'GENERATION',
    start_time: call.at.replace('T', ' ').replace('Z', ''),
    provided_model_name: call.model,
    input: JSON.stringify([{ role: 'user', content: call.prompt }]),
    usage_details: { input: call.inputTokens, output: call.outputTokens },
    total_cost: call.costUsd,
    level: 'DEFAULT',
  }
}

export function langfuseScore(call: Told, more: object = {}) {
  return {
    id: `score-${call.id}`,
    traceId: `trace-${call.id}`,
    observationId: call.id,
    name: 'helpful',
    value: call.reward,
    dataType: 'NUMERIC',
    ...more,
  }
}

export function lines(records: readonly unknown[]): string {
  return records.map((record) => `${JSON.stringify(record)}\n`).join('')
}

/** CSV as databases export it: objects are JSON in a cell. */
export function csv(records: readonly object[], delimiter = ','): string {
  const names = Object.keys(records[0])
  const cell = (value: unknown) => {
    const text = typeof value === 'object' && value !== null ? JSON.stringify(value) : String(value ?? '')
    return /["\n,;\t]/.test(text) ? `"${text.replaceAll('"', '""')}"` : text
  }
  const rows = records.map((record) => new Map(Object.entries(record)))
  return [names, ...rows.map((row) => names.map((name) => cell(row.get(name))))]
    .map((cells) => `${cells.join(delimiter)}\n`)
    .join('')
}
