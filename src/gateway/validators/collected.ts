import type { Surface } from '../logs/request-record.js'
import type { Json } from '../protocols/adapter.js'
import { objectOf, objectsOf, textOf } from '../protocols/json-read.js'
import { textOfContent } from '../protocols/prompt.js'

export interface CollectedCall {
  name: string
  args: string
}

/** A longer answer is not checked, nor graded. */
const CHARS_MAX = 256 * 1024

/** An answer put together again: its texts and its calls of tools, whether it came whole or in a stream. */
export class Collected {
  /** By choice. */
  readonly texts = new Map<string, string>()
  readonly calls = new Map<string, CollectedCall>()
  isTooLong = false
  private chars = 0

  constructor(private readonly surface: Surface) {}

  add(value: Json): void {
    if (this.isTooLong) return
    if (this.surface === 'chat') this.addChat(value)
    else if (this.surface === 'messages') this.addMessages(value)
    else if (this.surface === 'responses') this.addResponses(value)
  }

  get text(): string {
    return [...this.texts.values()].join('\n')
  }

  private addChat(value: Json): void {
    for (const choice of objectsOf(value.choices)) {
      const at = String(choice.index ?? 0)
      const said = objectOf(choice.delta) ?? objectOf(choice.message) ?? {}
      this.addText(at, textOfContent(said.content))
      objectsOf(said.tool_calls).forEach((call, i) => {
        const { name, arguments: args, input } = objectOf(call.function) ?? objectOf(call.custom) ?? {}
        this.addCall(`${at}.${call.index ?? i}`, textOf(name), textOf(args) + textOf(input))
      })
      const { name, arguments: args } = objectOf(said.function_call) ?? {}
      if (name !== undefined || args !== undefined) this.addCall(at, textOf(name), textOf(args))
    }
  }

  private addMessages(value: Json): void {
    objectsOf(value.content).forEach((part, i) => {
      if (part.type === 'text') this.addText('0', textOf(part.text))
      if (part.type === 'tool_use')
        this.addCall(String(i), textOf(part.name), JSON.stringify(part.input ?? {}))
    })
    const at = String(value.index ?? 0)
    const block = objectOf(value.content_block)
    if (value.type === 'content_block_start' && block?.type === 'tool_use')
      this.addCall(at, textOf(block.name), '')
    if (value.type === 'content_block_start' && block?.type === 'text') this.addText('0', textOf(block.text))
    const delta = objectOf(value.delta)
    if (delta?.type === 'text_delta') this.addText('0', textOf(delta.text))
    if (delta?.type === 'input_json_delta') this.addCall(at, '', textOf(delta.partial_json))
  }

  /** The last event of a stream has all of it. */
  private addResponses(value: Json): void {
    const response = objectOf(value.response) ?? value
    if (value.type !== undefined && !/^response\.(completed|incomplete)$/.test(textOf(value.type))) return
    objectsOf(response.output).forEach((item, i) => {
      if (item.type === 'function_call' || item.type === 'custom_tool_call')
        this.addCall(String(i), textOf(item.name), textOf(item.arguments) + textOf(item.input))
      for (const part of objectsOf(item.content))
        if (part.type === 'output_text') this.addText(String(i), textOf(part.text))
    })
  }

  private addText(at: string, text: string): void {
    if (text === '' || this.isFull(text)) return
    this.texts.set(at, (this.texts.get(at) ?? '') + text)
  }

  private addCall(at: string, name: string, args: string): void {
    if (this.isFull(name + args)) return
    const known = this.calls.get(at)
    if (known === undefined) this.calls.set(at, { name, args })
    else {
      known.name += name
      known.args += args
    }
  }

  private isFull(more: string): boolean {
    this.chars += more.length
    this.isTooLong ||= this.chars > CHARS_MAX
    return this.isTooLong
  }
}
