import { isRecord, type Json } from '../json.js'
import { callOf, outputLimit, type Surface } from './surface.js'

/** `client.chat.completions.create`. */
export const chatSurface: Surface = {
  create: (client, body, options) => callOf(client, ['chat', 'completions', 'create'], body, options),
  prompt: ({ messages }) => messages,
  limits: ({ max_completion_tokens, max_tokens }) => outputLimit(max_completion_tokens ?? max_tokens),
  sent: (body, model) => ({
    ...body,
    model,
    // A stream tells its usage only if it is asked to.
    ...(body.stream === true
      ? { stream_options: { ...recordOf(body.stream_options), include_usage: true } }
      : {}),
  }),
  isShown: (event, body) => {
    if (recordOf(body.stream_options).include_usage === true || !isRecord(event)) return true
    return !(Array.isArray(event.choices) && event.choices.length === 0 && isRecord(event.usage))
  },
}

function recordOf(value: unknown): Json {
  return isRecord(value) ? value : {}
}
