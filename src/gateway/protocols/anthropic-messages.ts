import { isRecord } from '../../base/check.js'
import { type Json, objectOf, objectsOf, textOf, textOfContent } from '../../base/json.js'
import { type Capability, partTypes } from '../../index.js'
import { flawOfFinish } from '../../rewards/parts.js'
import { type Asked, type Facts, NO_FACTS, type ProtocolAdapter, RequestError } from './adapter.js'
import { dearerIn } from './dearer.js'
import { inputSize } from './input-size.js'
import { greatestLimit, reasoningBudget, wantedFlag, wantedText } from './json-read.js'
import { openAiError } from './openai-errors.js'
import { blocksBeyond } from './parts-beyond.js'
import { otherInput, sessionIn } from './prompt.js'
import { usageOf, usagePathOf } from './usage.js'

/** `POST /v1/messages`, as Anthropic has it. */
export const ANTHROPIC_MESSAGES: ProtocolAdapter = {
  surface: 'messages',
  format: 'messages',
  protocol: 'anthropic',
  errors: 'anthropic',
  path: '/messages',
  passedHeaders: ['anthropic-version', 'anthropic-beta'],
  read,
  // Its streams have the usage without being asked.
  changes: () => ({}),
  readAnswer,
  keptAs: () => null,
  readEvent: (_event, data) => (data === null ? NO_FACTS : readEvent(data)),
  shown: (data) => data,
  usagePath: usagePathOf,
  errorEvent: (message, code) =>
    `event: error\ndata: ${JSON.stringify({ type: 'error', error: { type: 'api_error', message, code } })}\n\n`,
  endEvent: 'event: message_stop\ndata: {"type":"message_stop"}\n\n',
}

function read(body: Json): Asked {
  const { messages, system } = body
  if (!Array.isArray(messages) || messages.length === 0 || !messages.every(isRecord))
    throw new RequestError('messages: expected a list of messages, not empty')
  const isStreamed = wantedFlag(body, 'stream')
  const types = partTypes(messages.map(({ content }) => content))
  const last = messages.at(-1)
  const lastTypes = partTypes([last?.content])
  const systemText = textOfContent(system)
  return {
    model: wantedText(body, 'model'),
    isStreamed,
    wantsUsage: true,
    needs: needsOf(body, types),
    prompt: [
      ...(systemText === '' ? [] : [{ role: 'system', content: systemText }]),
      ...messages.map(({ role, content }) => ({
        role: textOf(role) || 'user',
        content: textOfContent(content),
      })),
    ],
    other: otherInput(
      [body.tools, body.output_config, body.output_format, body.compaction],
      ownToolTokens(body.tools),
    ),
    size: inputSize([system, messages]),
    maxOutputTokens: greatestLimit(body, ['max_tokens']),
    answers: 1,
    predictedTokens: 0,
    predictedBytes: 0,
    reasoningTokens: reasoningBudget(body),
    dearer: dearerIn(body),
    session: sessionIn(body),
    keptAs: null,
    lock: lastTypes.includes('tool_result')
      ? 'open tool calls'
      : types.includes('thinking') || types.includes('redacted_thinking')
        ? 'thinking signatures'
        : null,
    nativeOnly: nativeOnly(body, messages, types),
  }
}

/** What a tool of the provider's own making is described by, which stands in no request: 250 to 750 tokens. */
const OWN_TOOL_TOKENS = 750

function ownToolTokens(tools: unknown): number {
  return (
    objectsOf(tools).filter(({ type }) => typeof type === 'string' && type !== 'custom').length *
    OWN_TOOL_TOKENS
  )
}

const BLOCKS = new Set([
  'text',
  'image',
  'document',
  'thinking',
  'redacted_thinking',
  'tool_use',
  'tool_result',
])

function nativeOnly(body: Json, messages: readonly Json[], types: readonly string[]): string | null {
  if (objectsOf(body.tools).some((tool) => !isRecord(tool.input_schema))) return "tools of the provider's own"
  if (isRecord(body.compaction)) return 'compaction'
  const other = types.find((type) => !BLOCKS.has(type))
  return other === undefined ? blocksBeyond(messages) : `blocks of type ${JSON.stringify(other.slice(0, 60))}`
}

function needsOf(body: Json, types: readonly string[]): Set<Capability> {
  const needs = new Set<Capability>()
  if (objectsOf(body.tools).length > 0) needs.add('tools')
  if (types.includes('image')) needs.add('images')
  if (types.includes('document')) needs.add('files')
  if (['enabled', 'adaptive'].includes(textOf(objectOf(body.thinking)?.type))) needs.add('reasoning')
  const format = objectOf(objectOf(body.output_config)?.format) ?? objectOf(body.output_format)
  if (format?.type === 'json_schema') needs.add('jsonSchema')
  return needs
}

function readAnswer(answer: Json): Facts {
  if (answer.type === 'error') return { ...NO_FACTS, error: openAiError(answer) }
  const parts = objectsOf(answer.content)
  const text = parts.map(textOfPart).join('')
  const finish = textOf(answer.stop_reason) || null
  return {
    ...NO_FACTS,
    text,
    hasContent: text !== '',
    hasAnswer: parts.some((part) => !isThought(part) && textOfPart(part) !== ''),
    usage: usageOf(answer),
    finish,
    isRefusal: flawOfFinish(finish) === 'refused_answer',
    isTruncated: flawOfFinish(finish) === 'truncated_answer',
  }
}

function textOfPart(part: Json): string {
  const { type } = part
  if (type === 'tool_use' || type === 'server_tool_use' || type === 'mcp_tool_use')
    return textOf(part.name) + (isRecord(part.input) ? JSON.stringify(part.input) : '')
  if (type === 'compaction') return textOf(part.content)
  return textOf(part.text) + textOf(part.thinking) + textOf(part.data)
}

function isThought({ type }: Json): boolean {
  return type === 'thinking' || type === 'redacted_thinking'
}

/** Something of it has come, though it may be empty. */
const THE_ANSWER: Facts['answers'] = [{ index: 0, isEnded: false }]

function readEvent(value: Json): Facts {
  const usage = usageOf(value)
  switch (value.type) {
    case 'message_start':
      // What it counts of the answer is its first token.
      return { ...NO_FACTS, usage, isUsageWhole: false }
    case 'content_block_start': {
      const block = objectOf(value.content_block) ?? {}
      const text = textOfPart(block)
      const hasAnswer = text !== '' && !isThought(block)
      return { ...NO_FACTS, text, hasContent: text !== '', hasAnswer, answers: THE_ANSWER }
    }
    case 'content_block_delta': {
      const delta = objectOf(value.delta) ?? {}
      const summary = delta.type === 'compaction_delta' ? textOf(delta.content) : ''
      const answer = textOf(delta.text) + textOf(delta.partial_json) + summary
      const text = answer + textOf(delta.thinking)
      const hasContent = text !== '' || textOf(delta.signature) !== ''
      return { ...NO_FACTS, text, hasContent, hasAnswer: answer !== '', answers: THE_ANSWER }
    }
    case 'message_delta': {
      const finish = textOf(objectOf(value.delta)?.stop_reason) || null
      return {
        ...NO_FACTS,
        usage,
        finish,
        isRefusal: flawOfFinish(finish) === 'refused_answer',
        isTruncated: flawOfFinish(finish) === 'truncated_answer',
      }
    }
    case 'message_stop':
      return { ...NO_FACTS, usage, isEnd: true }
    case 'error':
      return { ...NO_FACTS, error: openAiError(value) }
    default:
      return NO_FACTS
  }
}
