import type { AIMessageChunk, BaseMessage } from '@langchain/core/messages'
import type { Json } from '../../base/json.js'
import { chatEvent } from '../heard-answer.js'

const ROLES: Readonly<Record<string, string>> = { human: 'user', ai: 'assistant' }

/** Messages as a chat has them. Which tools there are only their models know. */
export function chatRequest(messages: readonly BaseMessage[]): Json {
  return {
    messages: messages.map((message) => {
      const type = message.getType()
      // What is no text tells this message from others.
      const parts = message.content
      return { role: Object.hasOwn(ROLES, type) ? ROLES[type] : type, content: message.text, parts }
    }),
  }
}

export function wholeOf(message: AIMessageChunk): Json {
  const calls = message.tool_calls ?? []
  return chatEvent({
    id: message.id,
    text: message.text,
    calls: calls.map(({ name, args }) => ({ name, args: JSON.stringify(args) })),
    finish: finishOf(message),
  })
}

export function pieceOf(message: AIMessageChunk): Json {
  return chatEvent({
    id: message.id,
    text: message.text,
    calls: (message.tool_call_chunks ?? []).map(({ index, name, args }) => ({ index, name, args })),
    finish: finishOf(message),
  })
}

function finishOf({ response_metadata }: BaseMessage): unknown {
  const { finish_reason, stop_reason } = response_metadata
  return finish_reason ?? stop_reason
}
