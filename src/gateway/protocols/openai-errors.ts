import { isRecord } from '../../base/check.js'
import { type Json, textOf } from '../../base/json.js'
import type { UpstreamError } from './adapter.js'

/**
 * An error that stands where the answer of a chat should: beside its choices, in place of each of them (OpenRouter), in Groq's own field, where a
 * stream was stopped early, or as a status of MiniMax's own, beside 200. Servers with vLLM's, Mistral's and FastChat's forms have it alone, without
 * a name before it.
 */
export function chatError(value: Json): UpstreamError | null {
  const { choices, x_groq: groq, base_resp: base } = value
  const whole = openAiError(value)
  if (whole !== null) return whole
  if (value.object === 'error' || isFastChats(value))
    return openAiError({ error: { message: value.text, ...value } })
  if (isRecord(groq) && isThere(groq.error)) return openAiError(groq)
  if (!Array.isArray(choices) || choices.length === 0) return isRecord(base) ? miniMaxError(base) : null
  const errors = choices.map((choice) =>
    isRecord(choice) && isThere(choice.error) ? openAiError(choice) : null,
  )
  return errors.every((each) => each !== null) ? errors[0] : null
}

/** FastChat's event of an error has the words as its text. */
function isFastChats({ error_code: code, choices }: Json): boolean {
  return typeof code === 'number' && code !== 0 && choices === undefined
}

function isThere(error: unknown): boolean {
  return error !== undefined && error !== null
}

/** MiniMax's codes of the status that others would have; others of its codes say nothing of whose fault it is. */
const MINIMAX: Readonly<Record<number, number>> = {
  1002: 429,
  1004: 401,
  1008: 402,
  1026: 400,
  1039: 429,
  2013: 400,
  2049: 401,
}

function miniMaxError({ status_code: code, status_msg: message }: Json): UpstreamError | null {
  if (typeof code !== 'number' || code === 0) return null
  return { message: textOf(message) || 'an error without a message', type: '', status: MINIMAX[code] ?? null }
}

/** An error that stands where an answer should: of OpenAI, and of OpenRouter, which gives its status. */
export function openAiError(value: Json): UpstreamError | null {
  const { error } = value
  if (error === undefined || error === null) return null
  if (!isRecord(error))
    return { message: typeof error === 'string' ? error : 'an error', type: '', status: null }
  const status = [error.code, error.status, value.status].map(statusIn).find((each) => each !== null)
  return {
    message: textOf(error.message) || 'an error without a message',
    type: textOf(error.type) || textOf(error.code),
    status: status ?? statusOfType(textOf(error.type) || textOf(error.code)),
  }
}

/** Azure and others write it as a text. */
function statusIn(code: unknown): number | null {
  const status = typeof code === 'string' && /^\d{3}$/.test(code) ? Number(code) : code
  return typeof status === 'number' && status >= 400 && status < 600 ? status : null
}

const STATUSES: Readonly<Record<string, number>> = {
  invalid_request_error: 400,
  invalid_prompt: 400,
  context_length_exceeded: 400,
  authentication_error: 401,
  invalid_api_key: 401,
  permission_error: 403,
  not_found_error: 404,
  request_too_large: 413,
  rate_limit_error: 429,
  rate_limit_exceeded: 429,
  insufficient_quota: 429,
  api_error: 500,
  server_error: 500,
  overloaded_error: 529,
}

/** What is wrong with a picture that a client sends, as responses call it: `invalid_image_url`, `image_too_large`, `empty_image_file`. */
const OF_A_PICTURE = /^(?!.*server).*(^|_)image(_|$)/

/** The status that an error of this type has where it comes before an answer. */
export function statusOfType(type: string): number | null {
  return STATUSES[type] ?? (OF_A_PICTURE.test(type) ? 400 : null)
}

export function openAiErrorEvent(message: string, code: string): string {
  const error = { message, type: 'server_error', param: null, code }
  return `data: ${JSON.stringify({ error })}\n\n`
}
