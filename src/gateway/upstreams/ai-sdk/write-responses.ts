import type { Json } from '../../../base/json.js'
import type { Block, Finish, WholeAnswer } from './answer-parts.js'
import { signatureOf } from './signature.js'
import { responsesUsage, type Tokens } from './tokens.js'
import { type Head, namedEvent, openAiErrorBody, type StreamWriter, type Writer } from './writer.js'

export const RESPONSES_WRITER: Writer = { whole, stream, error: openAiErrorBody }

interface Ending {
  readonly finish: Finish
  readonly tokens: Tokens | null
}

function responseOf(head: Head, output: readonly Json[], ending: Ending | null): Json {
  const reason =
    ending?.finish === 'length'
      ? 'max_output_tokens'
      : ending?.finish === 'content-filter'
        ? 'content_filter'
        : null
  return {
    id: `resp_${head.id}`,
    object: 'response',
    created_at: head.createdSeconds,
    status: ending === null ? 'in_progress' : reason === null ? 'completed' : 'incomplete',
    error: null,
    incomplete_details: reason === null ? null : { reason },
    instructions: null,
    metadata: {},
    model: head.model,
    output,
    parallel_tool_calls: !head.isOneCall,
    // Nobody keeps it: no request can go on with its id.
    store: false,
    temperature: null,
    tool_choice: 'auto',
    tools: [],
    top_p: null,
    usage: ending?.tokens == null ? null : responsesUsage(ending.tokens),
  }
}

function whole(head: Head, { blocks, finish, tokens }: WholeAnswer): Json {
  return responseOf(
    head,
    blocks.map((block, i) => itemOf(head, block, i, true)),
    { finish, tokens },
  )
}

function itemOf({ id }: Head, block: Block, index: number, isWhole: boolean): Json {
  const status = isWhole ? 'completed' : 'in_progress'
  if (block.kind === 'text') {
    const content = isWhole ? [textPart(block.text)] : []
    return { id: `msg_${id}_${index}`, type: 'message', status, role: 'assistant', content }
  }
  if (block.kind === 'call') {
    const { name, input } = block
    return {
      id: `fc_${id}_${index}`,
      type: 'function_call',
      status,
      call_id: block.id,
      name,
      arguments: input,
    }
  }
  const signature = signatureOf(block.metadata)
  return {
    id: `rs_${id}_${index}`,
    type: 'reasoning',
    summary: isWhole && block.text !== '' ? [summaryPart(block.text)] : [],
    ...(signature === '' ? {} : { encrypted_content: signature }),
  }
}

function textPart(text: string): Json {
  return { type: 'output_text', text, annotations: [], logprobs: [] }
}

function summaryPart(text: string): Json {
  return { type: 'summary_text', text }
}

function stream(head: Head): StreamWriter {
  const items: Json[] = []
  const open = new Map<string, { block: Block; readonly index: number; readonly texts: string[] }>()
  let sequence = 0
  const event = (type: string, fields: Json) => namedEvent({ type, sequence_number: sequence++, ...fields })
  const at = (index: number) => ({ item_id: items[index].id, output_index: index })
  return {
    begin: () =>
      event('response.created', { response: responseOf(head, [], null) }) +
      event('response.in_progress', { response: responseOf(head, [], null) }),
    write(piece) {
      switch (piece.kind) {
        case 'begin': {
          const { key, block } = piece
          const index = items.length
          const item = itemOf(head, block, index, false)
          items.push(item)
          open.set(key, { block, index, texts: [] })
          const added = event('response.output_item.added', { output_index: index, item })
          if (block.kind === 'text')
            return (
              added +
              event('response.content_part.added', { ...at(index), content_index: 0, part: textPart('') })
            )
          if (block.kind === 'reasoning')
            return (
              added +
              event('response.reasoning_summary_part.added', {
                ...at(index),
                summary_index: 0,
                part: summaryPart(''),
              })
            )
          return added
        }
        case 'more': {
          const found = open.get(piece.key)
          if (found === undefined) return ''
          found.texts.push(piece.text)
          const { kind } = found.block
          const where = at(found.index)
          const delta = piece.text
          if (kind === 'text')
            return event('response.output_text.delta', { ...where, content_index: 0, delta, logprobs: [] })
          if (kind === 'reasoning')
            return event('response.reasoning_summary_text.delta', { ...where, summary_index: 0, delta })
          return event('response.function_call_arguments.delta', { ...where, delta })
        }
        case 'end': {
          const found = open.get(piece.key)
          if (found === undefined) return ''
          open.delete(piece.key)
          const { block, index, texts } = found
          const text = texts.join('')
          const full: Block =
            block.kind === 'call'
              ? { ...block, input: text }
              : block.kind === 'text'
                ? { ...block, text }
                : { ...block, text, metadata: piece.metadata ?? block.metadata }
          const item = itemOf(head, full, index, true)
          items[index] = item
          const where = at(index)
          const done =
            block.kind === 'text'
              ? event('response.output_text.done', { ...where, content_index: 0, text, logprobs: [] }) +
                event('response.content_part.done', { ...where, content_index: 0, part: textPart(text) })
              : block.kind === 'reasoning'
                ? event('response.reasoning_summary_text.done', { ...where, summary_index: 0, text }) +
                  event('response.reasoning_summary_part.done', {
                    ...where,
                    summary_index: 0,
                    part: summaryPart(text),
                  })
                : event('response.function_call_arguments.done', {
                    ...where,
                    name: block.name,
                    arguments: text,
                  })
          return done + event('response.output_item.done', { output_index: index, item })
        }
        case 'finish': {
          const { finish, tokens } = piece
          const response = responseOf(head, items, { finish, tokens })
          return event(`response.${response.status}`, { response })
        }
      }
    },
  }
}
