import { isRecord } from '../../base/check.js'
import { type Json, textOf } from '../../base/json.js'
import type { UpstreamError } from './adapter.js'

/** An error that stands where an answer should: of OpenAI, and of OpenRouter, which gives its status. */
export function openAiError(value: Json): UpstreamError | null {
  const { error } = value
  if (error === undefined || error === null) return null
  if (!isRecord(error))
    return { message: typeof error === 'string' ? error : 'an error', type: '', status: null }
  const status = [error.code, error.status, value.status].find(
    (each) => typeof each === 'number' && each >= 400 && each < 600,
  )
  return {
    message: textOf(error.message) || 'an error without a message',
    type: textOf(error.type) || textOf(error.code),
    status: typeof status === 'number' ? status : statusOfType(textOf(error.type) || textOf(error.code)),
  }
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

/** The status that an error of this type has where it comes before an answer. */
export function statusOfType(type: string): number | null {
  return STATUSES[type] ?? null
}

export function openAiErrorEvent(message: string, code: string): string {
  const error = { message, type: 'server_error', param: null, code }
  return `data: ${JSON.stringify({ error })}\n\n`
}
