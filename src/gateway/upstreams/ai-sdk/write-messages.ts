import { type Json, objectOf, textOf } from '../../../base/json.js'
import type { Block, Finish, WholeAnswer } from './answer-parts.js'
import { argumentsOf } from './asked-settings.js'
import { signatureOf } from './signature.js'
import { messagesUsage, type Tokens } from './tokens.js'
import { errorTypeOf, type Head, namedEvent, type StreamWriter, type Writer } from './writer.js'

const FINISHES: Readonly<Record<Finish, string>> = {
  stop: 'end_turn',
  length: 'max_tokens',
  'content-filter': 'refusal',
  'tool-calls': 'tool_use',
  error: 'end_turn',
  other: 'end_turn',
}

export const MESSAGES_WRITER: Writer = {
  whole,
  stream,
  error: (message, status) => ({ type: 'error', error: { type: errorTypeOf(status), message } }),
}

function finishOf(finish: Finish, rawFinish: string): string {
  return rawFinish === 'stop_sequence' || rawFinish === 'pause_turn' ? rawFinish : FINISHES[finish]
}

function messageOf({ id, model }: Head, content: readonly Json[], stopReason: string | null): Json {
  return {
    id: `msg_${id}`,
    type: 'message',
    role: 'assistant',
    model,
    content,
    stop_reason: stopReason,
    stop_sequence: null,
  }
}

function whole(head: Head, { blocks, finish, rawFinish, tokens }: WholeAnswer): Json {
  return {
    ...messageOf(head, blocks.map(blockOf), finishOf(finish, rawFinish)),
    usage: usageOf(tokens),
  }
}

/** Clients read one in every message, and fail without. One of zeros counts nothing. */
function usageOf(tokens: Tokens | null): Json {
  return tokens === null ? { input_tokens: 0, output_tokens: 0 } : messagesUsage(tokens)
}

function blockOf(block: Block): Json {
  if (block.kind === 'text') return { type: 'text', text: block.text }
  if (block.kind === 'call')
    return {
      type: 'tool_use',
      id: block.id,
      name: block.name,
      input: objectOf(argumentsOf(block.input)) ?? {},
    }
  const hidden = textOf(objectOf(block.metadata?.anthropic)?.redactedData)
  if (hidden !== '') return { type: 'redacted_thinking', data: hidden }
  return { type: 'thinking', thinking: block.text, signature: signatureOf(block.metadata) }
}

function stream(head: Head): StreamWriter {
  const blocks = new Map<string, { readonly kind: Block['kind']; readonly index: number }>()
  const delta = (index: number, said: Json) => namedEvent({ type: 'content_block_delta', index, delta: said })
  return {
    begin: () =>
      namedEvent({
        type: 'message_start',
        message: { ...messageOf(head, [], null), usage: usageOf(null) },
      }),
    write(piece) {
      switch (piece.kind) {
        case 'begin': {
          const index = blocks.size
          blocks.set(piece.key, { kind: piece.block.kind, index })
          return namedEvent({ type: 'content_block_start', index, content_block: blockOf(piece.block) })
        }
        case 'more': {
          const { kind, index } = blocks.get(piece.key) ?? { kind: 'text', index: 0 }
          if (kind === 'text') return delta(index, { type: 'text_delta', text: piece.text })
          if (kind === 'reasoning') return delta(index, { type: 'thinking_delta', thinking: piece.text })
          return delta(index, { type: 'input_json_delta', partial_json: piece.text })
        }
        case 'end': {
          const { kind, index } = blocks.get(piece.key) ?? { kind: 'text', index: 0 }
          const signature = kind === 'reasoning' ? signatureOf(piece.metadata) : ''
          const signed = signature === '' ? '' : delta(index, { type: 'signature_delta', signature })
          return signed + namedEvent({ type: 'content_block_stop', index })
        }
        case 'finish': {
          const { finish, rawFinish, tokens } = piece
          const end = { stop_reason: finishOf(finish, rawFinish), stop_sequence: null }
          const usage = usageOf(tokens)
          return (
            namedEvent({ type: 'message_delta', delta: end, usage }) + namedEvent({ type: 'message_stop' })
          )
        }
      }
    },
  }
}
