import { checkRecord } from '../../base/check.js'
import { expected } from '../../base/errors.js'
import { type Json, objectOf, objectsOf, textOf, textOfContent } from '../../base/json.js'
import { reading } from '../../base/read-once.js'
import { ANSWER_FORMATS, type AnswerFormat } from './contract.js'
import { type AnswerFlaw, flawOfFinish, isAtLimit } from './endings.js'

/** What clients of responses run by rules of their provider's. */
const WORK: ReadonlySet<string> = new Set([
  'computer_call',
  'local_shell_call',
  'shell_call',
  'apply_patch_call',
  'tool_search_call',
  'mcp_approval_request',
])

/** Whether an item of a response asks its client for such work: that is an answer, without a text. @throws INVALID_ARGUMENT */
export function isWork(item: Json): boolean {
  return reading('item', () => {
    const { type, execution } = checkRecord(item, 'item')
    return WORK.has(textOf(type)) && execution !== 'server'
  })
}

export interface CollectedCall {
  /** Of the tool. */
  name: string
  /** JSON as text, as the model wrote it. */
  args: string
}

/** A longer answer is not checked, nor graded. */
const CHARS_MAX = 256 * 1024
/** What a text or a call counts besides, or those that are empty would have no end. */
const CHARS_EACH = 64

/** An answer put together again: its texts and its calls of tools, whether it came whole or in a stream. */
export class CollectedAnswer {
  /** By choice. */
  readonly texts = new Map<string, string>()
  /** Calls of tools, by their places. */
  readonly calls = new Map<string, CollectedCall>()
  /** It has more characters than are looked at (262,144): nothing is said of it. */
  isTooLong = false
  /** Whether its end is where the client's own limit is, and no other end was told. */
  isAtLimit = false
  /** Whether it asks its client for work that is described by no schema: a computer, a shell, a patch. */
  asksForWork = false
  /** Of calls of a chat, by their places: the latest, and how many there were before it. */
  private readonly ids = new Map<string, { id: string; begun: number }>()
  private ending: 'refused_answer' | 'truncated_answer' | null = null
  private chars = 0

  /** A whole answer, or an event of its stream. @throws INVALID_ARGUMENT */
  add(format: AnswerFormat, value: Json): void {
    checkRecord(value, 'value')
    if (format === 'chat') this.addChat(value)
    else if (format === 'messages') this.addMessages(value)
    else if (format === 'responses') this.addResponses(value)
    else throw expected('INVALID_ARGUMENT', 'format', `one of ${ANSWER_FORMATS.join(', ')}`, format)
  }

  /** Why it ended, in the words of its provider. A refusal says more than an end that came too soon. */
  addFinish(reason: unknown): void {
    const said = typeof reason === 'string' ? reason : null
    const flaw = flawOfFinish(said)
    if (flaw === null) return
    this.isAtLimit = isAtLimit(said) && (this.ending === null || this.isAtLimit)
    if (this.ending !== 'refused_answer') this.ending = flaw
  }

  /** What the end of it says, or that there is nothing; null: an answer. */
  get flaw(): Exclude<AnswerFlaw, 'invalid_answer'> | null {
    if (this.ending !== null) return this.ending
    const isEmpty = this.calls.size === 0 && !this.asksForWork && this.text === ''
    return this.isTooLong || !isEmpty ? null : 'empty_answer'
  }

  /** All texts, a line each. */
  get text(): string {
    return [...this.texts.values()].join('\n')
  }

  private addChat(value: Json): void {
    for (const choice of objectsOf(value.choices)) {
      const at = String(choice.index ?? 0)
      const said = objectOf(choice.delta) ?? objectOf(choice.message) ?? {}
      this.addText(at, textOfContent(said.content))
      if (textOf(said.refusal) !== '') this.addFinish('refusal')
      this.addFinish(choice.finish_reason)
      objectsOf(said.tool_calls).forEach((call, i) => {
        const { name, arguments: args, input } = objectOf(call.function) ?? objectOf(call.custom) ?? {}
        this.addCall(
          this.placeOf(call, `${at}.${call.index ?? i}`, textOf(name)),
          textOf(name),
          textOf(args) + textOf(input),
        )
      })
      const { name, arguments: args } = objectOf(said.function_call) ?? {}
      if (name !== undefined || args !== undefined) this.addCall(at, textOf(name), textOf(args))
    }
  }

  /** Some providers number no calls of a stream, or all alike: one with a name and another id is another. */
  private placeOf({ id }: Json, at: string, name: string): string {
    if (this.isTooLong) return at
    const known = this.ids.get(at)
    const said = textOf(id)
    if (known === undefined) this.ids.set(at, { id: said, begun: 0 })
    else if (name !== '' && said !== '' && said !== known.id) {
      known.id = said
      known.begun++
    }
    const begun = known?.begun ?? 0
    return begun === 0 ? at : `${at}.${begun}`
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
    this.addFinish(value.stop_reason ?? delta?.stop_reason)
    if (delta?.type === 'text_delta') this.addText('0', textOf(delta.text))
    if (delta?.type === 'input_json_delta') this.addCall(at, '', textOf(delta.partial_json))
  }

  /** The last event of a stream has all of it. */
  private addResponses(value: Json): void {
    const response = objectOf(value.response) ?? value
    if (value.type !== undefined && !/^response\.(completed|incomplete)$/.test(textOf(value.type))) return
    if (response.status === 'incomplete')
      this.addFinish(textOf(objectOf(response.incomplete_details)?.reason) || 'max_output_tokens')
    objectsOf(response.output).forEach((item, i) => {
      if (item.type === 'function_call' || item.type === 'custom_tool_call')
        this.addCall(String(i), textOf(item.name), textOf(item.arguments) + textOf(item.input))
      this.asksForWork ||= isWork(item)
      for (const part of objectsOf(item.content))
        if (part.type === 'output_text') this.addText(String(i), textOf(part.text))
        else if (part.type === 'refusal') this.addFinish('refusal')
    })
  }

  /** @param at the place of a text among others: texts of one place are pieces of one */
  addText(at: string, text: string): void {
    const known = this.texts.get(at)
    if (text === '' || this.isFull(known === undefined ? at : null, text.length)) return
    this.texts.set(at, (known ?? '') + text)
  }

  /** @param at the place of a call among others */
  addCall(at: string, name: string, args: string): void {
    const known = this.calls.get(at)
    if (this.isFull(known === undefined ? at : null, name.length + args.length)) return
    if (known === undefined) this.calls.set(at, { name, args })
    else {
      known.name += name
      known.args += args
    }
  }

  /** @param begun the place of what begins with it; null: it has begun before */
  private isFull(begun: string | null, moreChars: number): boolean {
    this.chars += moreChars + (begun === null ? 0 : begun.length + CHARS_EACH)
    this.isTooLong ||= this.chars > CHARS_MAX
    return this.isTooLong
  }
}
