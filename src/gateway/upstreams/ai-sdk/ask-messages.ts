import { type Json, numberOf, objectOf, objectsOf, textOf } from '../../../base/json.js'
import { RequestError } from '../../protocols/adapter.js'
import {
  addToolResult,
  CallNames,
  cachedOptions,
  fileOf,
  given,
  settingsOf,
  textsOf,
} from './asked-settings.js'
import type { Asking, PromptMessage } from './model.js'
import { signedOptions } from './signature.js'

/** A message of Anthropic's. @throws RequestError for what no model of the AI SDK takes */
export function askMessages(body: Json): Asking {
  const tools = objectsOf(body.tools).map(toolOf)
  const thinking = objectOf(body.thinking)
  const format = objectOf(objectOf(body.output_config)?.format) ?? objectOf(body.output_format)
  const schema = format?.type === 'json_schema' ? objectOf(format.schema) : null
  return {
    request: given({
      prompt: promptOf(body),
      ...settingsOf(body, ['max_tokens']),
      responseFormat: schema === null ? undefined : { type: 'json', schema },
      tools: tools.length > 0 ? tools : undefined,
      toolChoice: tools.length > 0 ? choiceOf(objectOf(body.tool_choice)) : undefined,
    }),
    effort: textOf(objectOf(body.output_config)?.effort) || null,
    thinking:
      thinking?.type === 'adaptive'
        ? thinking.type
        : thinking?.type === 'enabled'
          ? numberOf(thinking.budget_tokens)
          : null,
    cacheControl: objectOf(body.cache_control),
  }
}

function toolOf(tool: Json): Json {
  if (typeof tool.name !== 'string' || objectOf(tool.input_schema) === null)
    throw new RequestError('tools: this model takes tools with an input_schema alone')
  return given({
    type: 'function',
    name: tool.name,
    description: typeof tool.description === 'string' ? tool.description : undefined,
    inputSchema: tool.input_schema,
    ...cachedOptions(tool),
  })
}

function choiceOf(choice: Json | null): Json | undefined {
  const type = textOf(choice?.type)
  if (type === 'any') return { type: 'required' }
  if (type === 'tool') return { type, toolName: textOf(choice?.name) }
  return type === 'auto' || type === 'none' ? { type } : undefined
}

function promptOf({ system, messages }: Json): PromptMessage[] {
  const prompt: PromptMessage[] = []
  if (typeof system === 'string') prompt.push({ role: 'system', content: system })
  for (const part of objectsOf(system))
    prompt.push({ role: 'system', content: textOf(part.text), ...cachedOptions(part) })
  const names = new CallNames()
  for (const { role, content } of objectsOf(messages)) {
    const blocks: readonly Json[] =
      typeof content === 'string' ? [{ type: 'text', text: content }] : objectsOf(content)
    if (role === 'assistant') {
      prompt.push({ role, content: blocks.flatMap((block) => saidOf(block, names)) })
      continue
    }
    if (role === 'system') {
      prompt.push({ role, content: textsOf(content) })
      continue
    }
    const results = blocks.filter(({ type }) => type === 'tool_result')
    for (const result of results) addToolResult(prompt, resultOf(result, names))
    const parts = blocks.filter(({ type }) => type !== 'tool_result').flatMap(partsOf)
    if (parts.length > 0) prompt.push({ role: 'user', content: parts })
  }
  return prompt
}

function saidOf(block: Json, names: CallNames): Json[] {
  switch (block.type) {
    case 'text':
      return [{ type: 'text', text: textOf(block.text), ...cachedOptions(block) }]
    case 'thinking':
      return [{ type: 'reasoning', text: textOf(block.thinking), ...signedOptions(textOf(block.signature)) }]
    case 'redacted_thinking':
      return [
        { type: 'reasoning', text: '', providerOptions: { anthropic: { redactedData: textOf(block.data) } } },
      ]
    case 'tool_use': {
      const id = textOf(block.id)
      const name = textOf(block.name)
      names.set(id, name)
      return [
        {
          type: 'tool-call',
          toolCallId: id,
          toolName: name,
          input: block.input ?? {},
          ...cachedOptions(block),
        },
      ]
    }
    default:
      throw new RequestError(`messages: this model takes no block of type ${JSON.stringify(block.type)}`)
  }
}

function resultOf(block: Json, names: CallNames): Json {
  const toolCallId = textOf(block.tool_use_id)
  const value = textsOf(block.content)
  const output = { type: block.is_error === true ? 'error-text' : 'text', value }
  return { type: 'tool-result', toolCallId, toolName: names.of(toolCallId), output, ...cachedOptions(block) }
}

/** What is known of a document stands before it: files of the SDK have a name at most. */
function partsOf(block: Json): Json[] {
  const beside = block.type === 'document' ? [textOf(block.title), textOf(block.context)] : []
  const text = beside.filter((each) => each !== '').join('\n')
  return [...(text === '' ? [] : [{ type: 'text', text }]), partOf(block)]
}

function partOf(block: Json): Json {
  if (block.type === 'text') return { type: 'text', text: textOf(block.text), ...cachedOptions(block) }
  const source = objectOf(block.source)
  if ((block.type !== 'image' && block.type !== 'document') || source === null)
    throw new RequestError(`messages: this model takes no block of type ${JSON.stringify(block.type)}`)
  const fallback = block.type === 'image' ? 'image/*' : 'application/pdf'
  const mediaType = textOf(source.media_type) || fallback
  if (source.type === 'base64')
    return { type: 'file', mediaType, data: textOf(source.data), ...cachedOptions(block) }
  if (source.type === 'text') return { type: 'text', text: textOf(source.data), ...cachedOptions(block) }
  return { ...fileOf(textOf(source.url), mediaType), ...cachedOptions(block) }
}
