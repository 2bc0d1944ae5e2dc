import { type Json, objectOf } from '../../../base/json.js'
import type { Block, Finish, WholeAnswer } from './answer-parts.js'
import { chatUsage } from './tokens.js'
import { dataLine, type Head, openAiErrorBody, type StreamWriter, type Writer } from './writer.js'

const FINISHES: Readonly<Record<Finish, string>> = {
  stop: 'stop',
  length: 'length',
  'content-filter': 'content_filter',
  'tool-calls': 'tool_calls',
  error: 'error',
  other: 'stop',
}

export const CHAT_WRITER: Writer = { whole, stream, error: openAiErrorBody }

function whole({ id, model, createdSeconds }: Head, { blocks, finish, tokens }: WholeAnswer): Json {
  const texts = (kind: 'text' | 'reasoning') =>
    blocks.map((block) => (block.kind === kind ? block.text : '')).join('')
  const calls = blocks.flatMap((block) => (block.kind === 'call' ? [callOf(block)] : []))
  const reasoning = texts('reasoning')
  const text = texts('text')
  const message = {
    role: 'assistant',
    content: text === '' && calls.length > 0 ? null : text,
    ...(reasoning === '' ? {} : { reasoning_content: reasoning }),
    ...(calls.length === 0 ? {} : { tool_calls: calls }),
  }
  return {
    id: `chatcmpl-${id}`,
    object: 'chat.completion',
    created: createdSeconds,
    model,
    choices: [{ index: 0, message, logprobs: null, finish_reason: FINISHES[finish] }],
    ...(tokens === null ? {} : { usage: chatUsage(tokens) }),
  }
}

function callOf({ id, name, input, metadata }: Extract<Block, { readonly kind: 'call' }>): Json {
  return { id, type: 'function', function: { name, arguments: input }, ...extraOf(metadata) }
}

/** What a provider wants back with a call, in the field that Google's own chat completions have for it. */
function extraOf(metadata: Json | null): { readonly extra_content?: Json } {
  if (metadata === null) return {}
  const google = objectOf(metadata.google)
  const signature = google?.thoughtSignature
  return {
    extra_content:
      typeof signature === 'string'
        ? { ...metadata, google: { ...google, thought_signature: signature } }
        : metadata,
  }
}

function stream({ id, model, createdSeconds }: Head): StreamWriter {
  const chunk = (fields: Json) =>
    dataLine({
      id: `chatcmpl-${id}`,
      object: 'chat.completion.chunk',
      created: createdSeconds,
      model,
      ...fields,
    })
  const delta = (said: Json, finish: string | null = null) =>
    chunk({ choices: [{ index: 0, delta: said, logprobs: null, finish_reason: finish }] })
  const blocks = new Map<string, { readonly kind: Block['kind']; readonly index: number }>()
  let calls = 0
  return {
    begin: () => delta({ role: 'assistant', content: '' }),
    write(piece) {
      switch (piece.kind) {
        case 'begin': {
          const { key, block } = piece
          blocks.set(key, { kind: block.kind, index: calls })
          if (block.kind !== 'call') return ''
          return delta({ tool_calls: [{ index: calls++, ...callOf(block) }] })
        }
        case 'more': {
          const block = blocks.get(piece.key)
          if (block?.kind === 'text') return delta({ content: piece.text })
          if (block?.kind === 'reasoning') return delta({ reasoning_content: piece.text })
          const index = block?.index ?? 0
          return delta({ tool_calls: [{ index, function: { arguments: piece.text } }] })
        }
        case 'end': {
          const block = blocks.get(piece.key)
          if (block?.kind !== 'call' || piece.metadata === null) return ''
          return delta({ tool_calls: [{ index: block.index, ...extraOf(piece.metadata) }] })
        }
        case 'finish': {
          const { finish, tokens } = piece
          const usage = tokens === null ? '' : chunk({ choices: [], usage: chatUsage(tokens) })
          return `${delta({}, FINISHES[finish])}${usage}data: [DONE]\n\n`
        }
      }
    },
  }
}
