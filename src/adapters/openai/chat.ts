import { isRecord } from '../../base/check.js'
import type { Json } from '../../base/json.js'
import { chatNeeds } from '../../index.js'
import { outputLimit, type Surface } from './surface.js'

/** `client.chat.completions`. */
export const chatSurface: Surface = {
  format: 'chat',
  path: ['chat', 'completions'],
  helpers: ['parse', 'stream'],
  loops: ['runTools'],
  prompt: ({ messages }) => messages,
  limits: ({ max_completion_tokens, max_tokens, n }) => outputLimit(max_completion_tokens ?? max_tokens, n),
  needs: chatNeeds,
  sent: (body, model) => ({
    ...body,
    model,
    // A stream tells its usage only if it is asked to.
    ...(body.stream === true
      ? { stream_options: { ...recordOf(body.stream_options), include_usage: true } }
      : {}),
  }),
  failureIn: (answer) => {
    if (!isRecord(answer)) return answer ?? 'nothing'
    if (Array.isArray(answer.choices)) return null
    // Some servers write an error so, with status 200.
    return answer.error ?? (answer.object === 'error' ? answer : null)
  },
  isBefore: (event) => {
    if (!isRecord(event) || isRecord(event.usage) || !Array.isArray(event.choices)) return false
    return event.choices.every((choice) => !isRecord(choice) || saysNothing(choice))
  },
  isShown: (event, body) => {
    if (recordOf(body.stream_options).include_usage === true || !isRecord(event)) return true
    return !(Array.isArray(event.choices) && event.choices.length === 0 && isRecord(event.usage))
  },
}

/** Of a choice that names its role, and no more. */
function saysNothing({ delta, finish_reason: finish }: Json): boolean {
  const { role: _, ...said } = recordOf(delta)
  return (finish ?? null) === null && Object.values(said).every((each) => each === null || each === '')
}

function recordOf(value: unknown): Json {
  return isRecord(value) ? value : {}
}
