import { type Json, objectOf, objectsOf, textOf } from '../../../base/json.js'
import { RequestError } from '../../protocols/adapter.js'
import { reasoningBudget } from '../../protocols/json-read.js'
import {
  addToolResult,
  argumentsOf,
  CallNames,
  cachedOptions,
  detailOptions,
  fileOf,
  given,
  responseFormatOf,
  settingsOf,
  textsOf,
} from './asked-settings.js'
import type { Asking, PromptMessage } from './model.js'

/** A chat completion. @throws RequestError for what no model of the AI SDK takes */
export function askChat(body: Json): Asking {
  const tools = objectsOf(body.tools).map(toolOf)
  const effort = textOf(body.reasoning_effort) || textOf(objectOf(body.reasoning)?.effort)
  return {
    request: given({
      prompt: promptOf(objectsOf(body.messages)),
      ...settingsOf(body, ['max_tokens', 'max_completion_tokens']),
      responseFormat: responseFormatOf(objectOf(body.response_format)),
      tools: tools.length > 0 ? tools : undefined,
      toolChoice: tools.length > 0 ? choiceOf(body.tool_choice) : undefined,
    }),
    effort: effort || null,
    thinking: reasoningBudget(body) || null,
    cacheControl: null,
  }
}

function toolOf(tool: Json): Json {
  const { name, description, parameters, strict } = objectOf(tool.function) ?? {}
  if (typeof name !== 'string') throw new RequestError('tools: expected functions')
  return given({
    type: 'function',
    name,
    description: typeof description === 'string' ? description : undefined,
    inputSchema: objectOf(parameters) ?? { type: 'object', properties: {} },
    strict: typeof strict === 'boolean' ? strict : undefined,
  })
}

/** `auto`, `none` and `required` are called alike. */
export function choiceOf(choice: unknown): Json | undefined {
  if (choice === 'auto' || choice === 'none' || choice === 'required') return { type: choice }
  const named = objectOf(choice)
  const name = textOf(objectOf(named?.function)?.name) || textOf(named?.name)
  return name === '' ? undefined : { type: 'tool', toolName: name }
}

function promptOf(messages: readonly Json[]): PromptMessage[] {
  const prompt: PromptMessage[] = []
  const names = new CallNames()
  for (const { role, content, tool_calls, tool_call_id, reasoning_content, reasoning } of messages) {
    if (role === 'system' || role === 'developer')
      prompt.push({ role: 'system', content: textsOf(content), ...cachedOptions(cachedPart(content)) })
    else if (role === 'user') prompt.push({ role, content: partsOf(content) })
    else if (role === 'assistant') {
      const thought = textOf(reasoning_content) || textOf(reasoning)
      const text = textsOf(content)
      const calls = objectsOf(tool_calls).map((call) => callOf(call, names))
      const parts = [
        ...(thought === '' ? [] : [{ type: 'reasoning', text: thought }]),
        ...(text === '' ? [] : [{ type: 'text', text }]),
        ...calls,
      ]
      prompt.push({ role, content: parts })
    } else if (role === 'tool') {
      const toolCallId = textOf(tool_call_id)
      const output = { type: 'text', value: textsOf(content) }
      addToolResult(prompt, { type: 'tool-result', toolCallId, toolName: names.of(toolCallId), output })
    } else throw new RequestError(`messages: this model takes no role ${JSON.stringify(role)}`)
  }
  return prompt
}

/** The last part that is to be cached: with all before it. */
function cachedPart(content: unknown): Json {
  if (typeof content === 'string') return {}
  return objectsOf(content).findLast(({ cache_control: cached }) => objectOf(cached) !== null) ?? {}
}

function callOf(call: Json, names: CallNames): Json {
  const { name, arguments: input } = objectOf(call.function) ?? {}
  const id = textOf(call.id)
  names.set(id, textOf(name))
  const extra = objectOf(call.extra_content)
  return {
    type: 'tool-call',
    toolCallId: id,
    toolName: textOf(name),
    input: argumentsOf(input),
    ...(extra === null ? {} : { providerOptions: extra }),
  }
}

function partsOf(content: unknown): Json[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return objectsOf(content).map((part) => {
    switch (part.type) {
      case 'text':
        return { type: 'text', text: textOf(part.text), ...cachedOptions(part) }
      case 'image_url':
        return {
          ...fileOf(textOf(objectOf(part.image_url)?.url) || textOf(part.image_url), 'image/*'),
          ...detailOptions(objectOf(part.image_url)?.detail),
          ...cachedOptions(part),
        }
      case 'input_audio': {
        const { data, format } = objectOf(part.input_audio) ?? {}
        return {
          type: 'file',
          mediaType: `audio/${format === 'mp3' ? 'mpeg' : textOf(format)}`,
          data: textOf(data),
        }
      }
      case 'file': {
        const { file_data, filename } = objectOf(part.file) ?? {}
        return fileOf(textOf(file_data), 'application/pdf', textOf(filename) || undefined)
      }
      default:
        throw new RequestError(`messages: this model takes no part of type ${JSON.stringify(part.type)}`)
    }
  })
}
