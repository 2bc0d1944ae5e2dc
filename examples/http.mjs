// What the servers share. What a provider says of a failure may have keys and prompts in it: it goes to the log, and the caller gets words of ours.
import { ParetoBanditError, retryAfterOf } from 'paretobandit'

/** Characters of a body at most, as Express has it. */
const BODY_MAX = 102_400
const CALLERS_MISTAKE =
  /^(INVALID_ARGUMENT|UNKNOWN_OPTION|UNKNOWN_REQUEST|REQUEST_\w+|ALREADY_\w+|MODEL_REMOVED|TOO_MANY_REWARDS)$/
const REFUSED = [400, 413, 422]

/**
 * The answer to a request that failed.
 * @param {any} error what was thrown
 * @returns {{ status: number, headers: Record<string, string>, body: { error: string } }}
 */
export function failureOf(error) {
  const answer = (status, text, headers = {}) => ({ status, headers, body: { error: text } })
  if (error instanceof ParetoBanditError && CALLERS_MISTAKE.test(error.code))
    return answer(400, error.message)
  // The parsers of bodies say themselves what may be shown.
  if (error?.expose === true && error.status < 500) return answer(error.status, error.message)
  console.error(error)
  if (error?.code === 'BUDGET_EXHAUSTED') return answer(429, 'the budget is spent', { 'retry-after': '60' })
  if (error?.status === 429) {
    const ms = retryAfterOf((name) => error.headers?.get(name) ?? null, Date.now()) ?? 1000
    return answer(429, 'too many requests', { 'retry-after': `${Math.ceil(ms / 1000)}` })
  }
  if (REFUSED.includes(error?.status)) return answer(400, 'the model refuses the request')
  return answer(502, 'no model has answered')
}

/** @param {Request} request @returns {Promise<any>} null for what is no JSON */
export async function jsonOf(request) {
  let text = ''
  for await (const piece of request.body?.pipeThrough(new TextDecoderStream()) ?? []) {
    text += piece
    if (text.length > BODY_MAX)
      throw Object.assign(new Error(`expected at most ${BODY_MAX} characters`), { status: 413, expose: true })
  }
  try {
    return JSON.parse(text)
  } catch {
    return null
  }
}

/**
 * The texts of an answer. One that breaks off breaks the connection; a reader who goes away leaves the answer's own stream, which books what came.
 * @param {AsyncIterable<import('openai').OpenAI.ChatCompletionChunk>} answer @returns {ReadableStream<Uint8Array>}
 */
export function textOf(answer) {
  const events = answer[Symbol.asyncIterator]()
  return new ReadableStream({
    async pull(controller) {
      const { done, value } = await events.next()
      if (done === true) controller.close()
      else controller.enqueue(new TextEncoder().encode(value.choices[0]?.delta.content ?? ''))
    },
    cancel: async () => void (await events.return?.()),
  })
}
