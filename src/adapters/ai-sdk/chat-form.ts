import { isRecord } from '../../base/check.js'
import type { Json } from '../../base/json.js'
import { chatEvent } from '../heard-answer.js'
import type { CallOptions, Generated } from './language-model.js'

/** A call of the SDK as a chat asks, as far as its answer is checked by it. */
export function chatRequest({ prompt, tools, responseFormat, maxOutputTokens }: CallOptions): Json {
  const functions = (Array.isArray(tools) ? tools : []).filter(
    (tool) => isRecord(tool) && tool.type === 'function',
  )
  return {
    messages: prompt,
    max_tokens: maxOutputTokens,
    ...(functions.length === 0
      ? {}
      : {
          tools: functions.map(({ name, inputSchema }) => ({
            type: 'function',
            function: { name, parameters: inputSchema },
          })),
        }),
    ...(isRecord(responseFormat) && responseFormat.type === 'json'
      ? {
          response_format: {
            type: 'json_schema',
            schema: responseFormat.schema,
            json_schema: responseFormat,
          },
        }
      : {}),
  }
}

export function wholeOf({ content, finishReason, response }: Generated): Json {
  const calls = content.filter(
    ({ type, providerExecuted }) => type === 'tool-call' && providerExecuted !== true,
  )
  return chatEvent({
    id: isRecord(response) ? response.id : undefined,
    text: content.map(({ type, text }) => (type === 'text' && typeof text === 'string' ? text : '')).join(''),
    calls: calls.map(({ toolName, input }) => ({ name: toolName, args: input })),
    finish: unified(finishReason),
  })
}

/** A part of a stream. Each call comes whole. */
export function pieceOf({
  type,
  id,
  delta,
  toolCallId,
  toolName,
  input,
  finishReason,
  providerExecuted,
}: Json): Json {
  if (type === 'response-metadata') return chatEvent({ id })
  if (type === 'text-delta') return chatEvent({ text: String(delta) })
  if (type === 'finish') return chatEvent({ finish: unified(finishReason) })
  if (type !== 'tool-call' || providerExecuted === true) return {}
  return chatEvent({ calls: [{ index: toolCallId, name: toolName, args: input }] })
}

/** A text, or from specification v3 on what it is called at all providers beside what it is called at this one. */
export function unified(finishReason: unknown): unknown {
  return isRecord(finishReason) ? finishReason.unified : finishReason
}
