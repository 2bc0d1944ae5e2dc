import type { Answer } from './answer.js'
import { chat, chatMistake, openAiError } from './chat-protocol.js'
import { embeddings, embeddingTokens } from './embeddings.js'
import type { Protocol } from './frame.js'
import type { JsonRecord } from './json.js'
import { countTokens, messages, messagesMistake } from './messages-protocol.js'
import type { Plan, Surface, UpstreamRequest } from './plan.js'
import { responses, responsesMistake } from './responses-protocol.js'
import { NO_TOKENS } from './tokens.js'

export interface Route {
  readonly method: 'GET' | 'POST'
  readonly path: string
  readonly surface: Surface
  readonly protocol: Protocol
  /** What is wrong with a body; null: nothing. */
  mistake(body: JsonRecord, headers: Readonly<Record<string, string>>): string | null
}

const fine = () => null
const models: Protocol = { ...chat, error: openAiError }

export const ROUTES: readonly Route[] = [
  { method: 'POST', path: '/v1/chat/completions', surface: 'chat', protocol: chat, mistake: chatMistake },
  {
    method: 'POST',
    path: '/v1/responses',
    surface: 'responses',
    protocol: responses,
    mistake: responsesMistake,
  },
  {
    method: 'POST',
    path: '/v1/messages',
    surface: 'messages',
    protocol: messages,
    mistake: (body, headers) => messagesMistake(body, headers),
  },
  {
    method: 'POST',
    path: '/v1/messages/count_tokens',
    surface: 'count_tokens',
    protocol: countTokens,
    mistake: (body, headers) => messagesMistake(body, headers, false),
  },
  { method: 'POST', path: '/v1/embeddings', surface: 'embeddings', protocol: embeddings, mistake: fine },
  { method: 'GET', path: '/v1/models', surface: 'models', protocol: models, mistake: fine },
]

export function modelList(ids: readonly string[]): JsonRecord {
  const data = ids.map((id) => ({ id, object: 'model', created: 1_700_000_000, owned_by: 'simulated' }))
  return { object: 'list', data }
}

/** What is charged for a prompt alone; null: the request asks for an answer. */
export function promptOnly({ surface, body }: UpstreamRequest, plan: Plan): Answer | null {
  if (surface !== 'embeddings' && surface !== 'count_tokens') return null
  const tokens = surface === 'embeddings' ? (plan.tokens.input ?? embeddingTokens(body)) : 0
  return { ending: 'stop', input: { ...NO_TOKENS, input: tokens }, pieces: [], calls: [] }
}
