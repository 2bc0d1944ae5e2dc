import { checkOneOf, checkRecord } from '../../base/check.js'
import { type Json, listOf, objectOf, objectsOf, textOf } from '../../base/json.js'
import { reading } from '../../base/read-once.js'

/** How requests and answers are written: OpenAI's chat completions and responses, Anthropic's messages. */
export const ANSWER_FORMATS = ['chat', 'responses', 'messages'] as const
export type AnswerFormat = (typeof ANSWER_FORMATS)[number]

/** What a request asks an answer to be. */
export interface Contract {
  /** JSON that fits this; true: any JSON; null: nothing is asked. */
  readonly schema: unknown
  /** Schemas of arguments, by tool; null: it has none, FREE_TEXT: what it takes is no JSON. */
  readonly tools: ReadonlyMap<string, unknown> | null
  /** Tokens that the answer may have. Null or left out: nobody limits it. */
  readonly tokensMax?: number | null | undefined
}

/** No longer an answer is a label, a number or a yes: models write on behind it until they are cut. */
const LABEL_TOKENS_MAX = 32

/** Of a tool that takes a text as it is. */
export const FREE_TEXT = Symbol('a text as it is')

/** Nothing is asked but an answer. */
export const NO_CONTRACT: Contract = { schema: null, tools: null, tokensMax: null }

/** What a request asks its answer to be. @throws INVALID_ARGUMENT */
export function contractOf(format: AnswerFormat, body: Json): Contract {
  checkRecord(body, 'request')
  const known = checkOneOf(format, ANSWER_FORMATS, 'format')
  return reading('request', () => asked(known, body))
}

function asked(format: AnswerFormat, body: Json): Contract {
  switch (format) {
    case 'chat':
      return {
        schema: chatSchema(objectOf(body.response_format)),
        tools: toolsOf(body),
        tokensMax: countOf(body.max_completion_tokens ?? body.max_tokens),
      }
    case 'responses':
      return {
        schema: formatSchema(objectOf(objectOf(body.text)?.format)),
        tools: toolsOf(body),
        tokensMax: countOf(body.max_output_tokens),
      }
    case 'messages': {
      const format = objectOf(objectOf(body.output_config)?.format) ?? objectOf(body.output_format)
      return { schema: formatSchema(format), tools: toolsOf(body), tokensMax: countOf(body.max_tokens) }
    }
  }
}

function countOf(value: unknown): number | null {
  return typeof value === 'number' && value > 0 ? value : null
}

/** Whether an answer may only be so long as a label is. That it was cut tells nothing of one that has a text. @throws INVALID_ARGUMENT */
export function asksForLabel(contract: Contract): boolean {
  checkRecord(contract, 'contract')
  return reading('contract', () => {
    const { schema, tokensMax } = contract
    return schema === null && typeof tokensMax === 'number' && tokensMax <= LABEL_TOKENS_MAX
  })
}

/** Whether there is anything to check. @throws INVALID_ARGUMENT */
export function isBinding(contract: Contract): boolean {
  checkRecord(contract, 'contract')
  return reading('contract', () => contract.schema !== null || contract.tools !== null)
}

function chatSchema(format: Json | null): unknown {
  if (format?.type === 'json_schema') return objectOf(format.json_schema)?.schema ?? true
  return formatSchema(format)
}

function formatSchema(format: Json | null): unknown {
  if (format?.type === 'json_object') return true
  return format?.type === 'json_schema' ? (format.schema ?? true) : null
}

/** Tools that come in the middle of a conversation: of Anthropic in a block of a message, of OpenAI in an item of the input. */
function hasLaterTools({ messages, input }: Json): boolean {
  const isAddition = ({ type }: Json) => type === 'tool_addition'
  return (
    listOf(input).some((item) => objectsOf(objectOf(item)?.tools).length > 0) ||
    listOf(messages).some((message) => objectsOf(listOf(objectOf(message)?.content)).some(isAddition))
  )
}

/**
 * Chat has `{ function: { name, parameters } }` and `{ custom: { name } }`, responses `{ name, parameters }` and
 * `{ type: 'custom', name }` and `{ type: 'namespace', tools }` of these, messages `{ name, input_schema }`.
 */
function toolsOf(body: Json): Contract['tools'] {
  const given = [...objectsOf(body.tools), ...objectsOf(body.functions)]
  if (given.length === 0) return null
  // Which tools a search finds, or has found before, is not told here.
  if (given.some(({ type }) => type === 'tool_search') || hasLaterTools(body)) return null
  const tools = new Map<string, unknown>()
  for (const tool of given.flatMap((each) => (each.type === 'namespace' ? objectsOf(each.tools) : [each]))) {
    const inner = objectOf(tool.function) ?? objectOf(tool.custom) ?? tool
    const name = textOf(inner.name)
    const schema = inner.parameters ?? inner.input_schema ?? null
    if (name !== '') tools.set(name, schema === null && tool.type === 'custom' ? FREE_TEXT : schema)
  }
  return tools.size === 0 ? null : tools
}
