import { type Json, objectOf, objectsOf, textOf } from '../../../base/json.js'
import { RequestError } from '../../protocols/adapter.js'
import { choiceOf } from './ask-chat.js'
import {
  addToolResult,
  argumentsOf,
  CallNames,
  detailOptions,
  fileOf,
  given,
  responseFormatOf,
  settingsOf,
  textsOf,
} from './asked-settings.js'
import type { Asking, PromptMessage } from './model.js'
import { signedOptions } from './signature.js'

/** A response of OpenAI's. @throws RequestError for what no model of the AI SDK takes */
export function askResponses(body: Json): Asking {
  const tools = objectsOf(body.tools).map(toolOf)
  return {
    request: given({
      prompt: promptOf(body),
      ...settingsOf(body, ['max_output_tokens']),
      responseFormat: responseFormatOf(objectOf(objectOf(body.text)?.format)),
      tools: tools.length > 0 ? tools : undefined,
      toolChoice: tools.length > 0 ? choiceOf(body.tool_choice) : undefined,
    }),
    effort: textOf(objectOf(body.reasoning)?.effort) || null,
    thinking: null,
    cacheControl: null,
  }
}

function toolOf({ type, name, description, parameters, strict }: Json): Json {
  if (type !== 'function' || typeof name !== 'string')
    throw new RequestError(`tools: this model takes functions, and no ${JSON.stringify(type)}`)
  return given({
    type,
    name,
    description: typeof description === 'string' ? description : undefined,
    inputSchema: objectOf(parameters) ?? { type: 'object', properties: {} },
    strict: typeof strict === 'boolean' ? strict : undefined,
  })
}

function promptOf({ instructions, input }: Json): PromptMessage[] {
  const prompt: PromptMessage[] = []
  if (typeof instructions === 'string') prompt.push({ role: 'system', content: instructions })
  if (typeof input === 'string') prompt.push({ role: 'user', content: [{ type: 'text', text: input }] })
  const names = new CallNames()
  for (const item of objectsOf(input)) addItem(prompt, item, names)
  return prompt
}

function addItem(prompt: PromptMessage[], item: Json, names: CallNames): void {
  const { role, content } = item
  switch (item.type ?? 'message') {
    case 'message': {
      if (role === 'system' || role === 'developer')
        prompt.push({ role: 'system', content: textsOf(content) })
      else if (role === 'assistant') addSaid(prompt, { type: 'text', text: textsOf(content) })
      else prompt.push({ role: 'user', content: partsOf(content) })
      return
    }
    case 'reasoning': {
      const options = signedOptions(textOf(item.encrypted_content))
      addSaid(prompt, { type: 'reasoning', text: textsOf(item.summary), ...options })
      return
    }
    case 'function_call': {
      const id = textOf(item.call_id)
      const name = textOf(item.name)
      names.set(id, name)
      const input = argumentsOf(item.arguments)
      addSaid(prompt, { type: 'tool-call', toolCallId: id, toolName: name, input })
      return
    }
    case 'function_call_output': {
      const id = textOf(item.call_id)
      const output = { type: 'text', value: textsOf(item.output) }
      addToolResult(prompt, { type: 'tool-result', toolCallId: id, toolName: names.of(id), output })
      return
    }
    default:
      throw new RequestError(`input: this model takes no item of type ${JSON.stringify(item.type)}`)
  }
}

/** Items of one turn of the model are one message. */
function addSaid(prompt: PromptMessage[], part: Json): void {
  const last = prompt.at(-1)
  if (last?.role === 'assistant')
    prompt[prompt.length - 1] = { role: 'assistant', content: [...last.content, part] }
  else prompt.push({ role: 'assistant', content: [part] })
}

function partsOf(content: unknown): Json[] {
  if (typeof content === 'string') return [{ type: 'text', text: content }]
  return objectsOf(content).map((part) => {
    if (part.type === 'input_text' || part.type === 'text') return { type: 'text', text: textOf(part.text) }
    if (part.type === 'input_image')
      return { ...fileOf(textOf(part.image_url), 'image/*'), ...detailOptions(part.detail) }
    if (part.type === 'input_file') {
      const url = textOf(part.file_data) || textOf(part.file_url)
      return fileOf(url, 'application/pdf', textOf(part.filename) || undefined)
    }
    throw new RequestError(`input: this model takes no part of type ${JSON.stringify(part.type)}`)
  })
}
