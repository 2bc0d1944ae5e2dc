import type { Surface } from '../logs/request-record.js'
import type { Json } from '../protocols/adapter.js'
import { objectOf, objectsOf, textOf } from '../protocols/json-read.js'

/** What a request asks an answer to be. */
export interface Contract {
  /** JSON that fits this; true: any JSON; null: nothing is asked. */
  readonly schema: unknown
  /** Schemas of arguments, by tool; null: it has none, FREE_TEXT: what it takes is no JSON. */
  readonly tools: ReadonlyMap<string, unknown> | null
}

/** Of a tool that takes a text as it is. */
export const FREE_TEXT = Symbol('a text as it is')

const NOTHING: Contract = { schema: null, tools: null }

export function contractOf(surface: Surface, body: Json): Contract {
  switch (surface) {
    case 'chat':
      return { schema: chatSchema(objectOf(body.response_format)), tools: toolsOf(body) }
    case 'responses':
      return { schema: formatSchema(objectOf(objectOf(body.text)?.format)), tools: toolsOf(body) }
    case 'messages': {
      const format = objectOf(objectOf(body.output_config)?.format) ?? objectOf(body.output_format)
      return { schema: formatSchema(format), tools: toolsOf(body) }
    }
    default:
      return NOTHING
  }
}

/** Whether there is anything to check. */
export function isBinding({ schema, tools }: Contract): boolean {
  return schema !== null || tools !== null
}

function chatSchema(format: Json | null): unknown {
  if (format?.type === 'json_schema') return objectOf(format.json_schema)?.schema ?? true
  return formatSchema(format)
}

function formatSchema(format: Json | null): unknown {
  if (format?.type === 'json_object') return true
  return format?.type === 'json_schema' ? (format.schema ?? true) : null
}

/**
 * Chat has `{ function: { name, parameters } }` and `{ custom: { name } }`, responses `{ name, parameters }` and
 * `{ type: 'custom', name }`, messages `{ name, input_schema }`.
 */
function toolsOf(body: Json): Contract['tools'] {
  const tools = new Map<string, unknown>()
  for (const tool of [...objectsOf(body.tools), ...objectsOf(body.functions)]) {
    const inner = objectOf(tool.function) ?? objectOf(tool.custom) ?? tool
    const name = textOf(inner.name)
    const schema = inner.parameters ?? inner.input_schema ?? null
    if (name !== '') tools.set(name, schema === null && tool.type === 'custom' ? FREE_TEXT : schema)
  }
  return tools.size === 0 ? null : tools
}
