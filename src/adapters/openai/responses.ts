import { responsesNeeds } from '../../index.js'
import { isRecord } from '../json.js'
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
  isShown: () => true,
}

/** Items that somebody said; calls of tools and what came of them are not routed by. */
function messagesIn(input: unknown): unknown[] {
  if (!Array.isArray(input)) return []
  return input.filter((item) => isRecord(item) && typeof item.role === 'string')
}
