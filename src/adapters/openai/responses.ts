import { isRecord } from '../../base/check.js'
import { responsesNeeds } from '../../index.js'
import { outputLimit, type Surface } from './surface.js'

/** `client.responses`. */
export const responsesSurface: Surface = {
  format: 'responses',
  path: ['responses'],
  helpers: ['parse', 'stream'],
  loops: [],
  prompt: ({ instructions, input }) => {
    const said = typeof input === 'string' ? [{ role: 'user', content: input }] : messagesIn(input)
    const all = typeof instructions === 'string' ? [{ role: 'system', content: instructions }, ...said] : said
    // A conversation that goes on with what a tool has said.
    return all.length === 0 ? '' : all
  },
  limits: ({ max_output_tokens }) => outputLimit(max_output_tokens),
  needs: responsesNeeds,
  sent: (body, model) => ({ ...body, model }),
  failureIn: (answer) => {
    if (!isRecord(answer)) return answer ?? 'nothing'
    if (answer.type === 'error') return isRecord(answer.error) ? answer.error : answer
    const { response } = answer
    const whole = answer.type === 'response.failed' && isRecord(response) ? response : answer
    const isFailed = whole !== answer || whole.status === 'failed'
    const isAnswer = typeof answer.type === 'string' || Array.isArray(answer.output)
    if (isFailed || !isAnswer) return whole.error ?? (isFailed ? 'a response that failed' : null)
    return null
  },
  isBefore: (event) => isRecord(event) && BEFORE.has(String(event.type)),
  isShown: () => true,
}

/** Events that come before anything is said. */
const BEFORE = new Set([
  'response.created',
  'response.queued',
  'response.in_progress',
  'response.output_item.added',
  'response.content_part.added',
])

/** Items that somebody said; calls of tools and what came of them are not routed by. */
function messagesIn(input: unknown): unknown[] {
  if (!Array.isArray(input)) return []
  return input.filter((item) => isRecord(item) && typeof item.role === 'string')
}
