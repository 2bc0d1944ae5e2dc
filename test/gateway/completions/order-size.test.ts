import { expect, it } from 'vitest'
import { SIZE_MEMBERS } from '../../../src/gateway/completions/order-size.js'
import { ANTHROPIC_MESSAGES } from '../../../src/gateway/protocols/anthropic-messages.js'
import { OPENAI_CHAT } from '../../../src/gateway/protocols/openai-chat.js'
import { OPENAI_RESPONSES } from '../../../src/gateway/protocols/openai-responses.js'

/** What is read of a body besides: who asks for what, and the conversation itself, which no parameters of a model take the place of. */
const OTHERS = [
  'background',
  'deferred',
  'logprobs',
  'messages',
  'input',
  'metadata',
  'modalities',
  'model',
  'reasoning_effort',
  'stream',
  'stream_options',
  'top_logprobs',
]

it.each([OPENAI_CHAT, ANTHROPIC_MESSAGES, OPENAI_RESPONSES])(
  'every member that says how long a request is counts among parameters of a model: $surface',
  ({ read }) => {
    const names = new Set<string>()
    const body = { model: 'm', messages: [{ role: 'user', content: 'hi' }], input: 'hi' }
    read(
      new Proxy<Record<string, unknown>>(body, {
        get: (target, name) => {
          names.add(String(name))
          return Reflect.get(target, name)
        },
      }),
    )
    expect([...names].filter((name) => !SIZE_MEMBERS.has(name) && !OTHERS.includes(name))).toEqual([])
    expect(names.size).toBeGreaterThan(5)
  },
)
