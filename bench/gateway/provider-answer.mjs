// The answer of the provider that does nothing else.

export const USAGE = { prompt_tokens: 20, completion_tokens: 40, total_tokens: 60 }
export const HEAD = { id: 'chatcmpl-1', created: 1, model: 'mock' }
/** A whole one, as it comes. */
export const WHOLE = JSON.stringify({
  ...HEAD,
  object: 'chat.completion',
  choices: [{ index: 0, message: { role: 'assistant', content: 'word '.repeat(40) }, finish_reason: 'stop' }],
  usage: USAGE,
})
