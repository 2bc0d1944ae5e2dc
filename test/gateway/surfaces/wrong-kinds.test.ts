import { afterEach, expect, it } from 'vitest'
import type { Tree } from '../config/example.js'
import { closeAll, gatewayServer, HELLO } from './gateway-server.js'
import { changed, KINDS, placesIn } from './kinds.js'

afterEach(closeAll)

const SCHEMA = { type: 'object', properties: { a: { type: 'string' } } }
const PNG = 'data:image/png;base64,AAAA'

/** Most of what clients send, each with a model that takes it. */
const BODIES: readonly (readonly [path: string, model: string | null, body: Tree])[] = [
  [
    '/v1/chat/completions',
    'sim-small',
    {
      messages: [
        { role: 'system', content: 'a' },
        {
          role: 'user',
          content: [
            { type: 'text', text: 'hi' },
            { type: 'image_url', image_url: { url: PNG } },
            { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
            { type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA' } },
          ],
        },
        {
          role: 'assistant',
          content: null,
          tool_calls: [{ id: 'c', type: 'function', function: { name: 'f', arguments: '{}' } }],
        },
        { role: 'tool', tool_call_id: 'c', content: 'r' },
      ],
      tools: [{ type: 'function', function: { name: 'f', description: 'd', parameters: SCHEMA } }],
      tool_choice: 'auto',
      response_format: { type: 'json_schema', json_schema: { name: 's', schema: SCHEMA } },
      stream: true,
      stream_options: { include_usage: true },
      max_tokens: 10,
      max_completion_tokens: 10,
      n: 1,
      best_of: 1,
      seed: 1,
      metadata: { session_id: 's' },
      reasoning_effort: 'low',
      reasoning: { max_tokens: 5 },
      prediction: { type: 'content', content: 'x' },
      modalities: ['text'],
      documents: ['d'],
      deferred: false,
      functions: [{ name: 'f', parameters: SCHEMA }],
    },
  ],
  [
    '/v1/messages',
    'sim-claude',
    {
      max_tokens: 50,
      system: [{ type: 'text', text: 's', cache_control: { type: 'ephemeral' } }],
      messages: [
        {
          role: 'user',
          content: [
            { type: 'text', text: 'x' },
            { type: 'image', source: { type: 'base64', media_type: 'image/png', data: 'AAAA' } },
          ],
        },
        {
          role: 'assistant',
          content: [
            { type: 'thinking', thinking: 't', signature: 's' },
            { type: 'tool_use', id: 'i', name: 'f', input: {} },
          ],
        },
        { role: 'user', content: [{ type: 'tool_result', tool_use_id: 'i', content: 'r' }] },
        {
          role: 'system',
          content: [
            {
              type: 'tool_addition',
              tool: { type: 'tool_definition', definition: { name: 'g', input_schema: SCHEMA } },
            },
          ],
        },
      ],
      compaction: { type: 'summarize', instructions: 'i' },
      providerOptions: { gateway: null },
      tools: [{ name: 'f', description: 'd', input_schema: SCHEMA }],
      tool_choice: { type: 'auto' },
      stream: true,
      metadata: { user_id: 'u' },
      thinking: { type: 'enabled', budget_tokens: 1024 },
    },
  ],
  [
    '/v1/responses',
    'sim-small',
    {
      input: [
        {
          type: 'message',
          role: 'user',
          content: [
            { type: 'input_text', text: 'x' },
            { type: 'input_image', image_url: PNG },
          ],
        },
        { type: 'function_call', call_id: 'c', name: 'f', arguments: '{}' },
        { type: 'function_call_output', call_id: 'c', output: 'r' },
        {
          type: 'additional_tools',
          role: 'developer',
          tools: [{ type: 'namespace', name: 'n', tools: [{ type: 'custom', name: 'f' }] }],
        },
      ],
      instructions: 'i',
      tools: [{ type: 'function', name: 'f', parameters: SCHEMA }],
      text: { format: { type: 'json_schema', name: 's', schema: SCHEMA } },
      reasoning: { effort: 'low' },
      max_output_tokens: 20,
      stream: true,
      metadata: { session_id: 's' },
      store: false,
    },
  ],
  ['/v1/embeddings', 'sim-embed', { input: ['a', 'b'], encoding_format: 'float' }],
  ['/v1/messages/count_tokens', 'sim-claude', { messages: HELLO }],
  ['/v1/route', 'sim-small', { messages: HELLO, max_tokens: 5 }],
  [
    '/v1/feedback',
    null,
    { decision_id: 'x', value: 1, weight: 1, source: 'person', metric: 'm', idempotency_key: 'k' },
  ],
]

it.each(BODIES)(
  'no value of any kind in a body makes the gateway fail, or loses a cent: %s',
  async (path, model, body) => {
    const server = await gatewayServer({ tree: { retries: { cooldownMs: 0 } } })
    let count = 0
    for (const at of placesIn(body))
      for (const kind of KINDS) {
        if (at.length === 0) continue
        // Whole answers now and then.
        const isWhole = 'stream' in body && at[0] !== 'stream' && ++count % 4 === 0
        const given = changed({ ...body, ...(isWhole ? { stream: false } : {}) }, at, kind) as Tree
        const response = await server.post(path, { ...(model === null ? {} : { model }), ...given })
        const text = await response.text()
        const what = `${at.join('.')} = ${JSON.stringify(kind)}: ${text.slice(0, 300)} ${server.problems.join()}`
        expect(response.status, what).toBeLessThan(500)
        expect(server.problems, what).toEqual([])
      }
    await server.upstream.idle()
    await expect.poll(() => server.ledger().reservedUsd).toBe(0)
    const { spendUsd } = server.ledger()
    expect(spendUsd).toBeGreaterThan(server.upstream.costUsd() - 1e-12)
    // An empty text for an embedding counts no tokens, as a usage does that says nothing: what was reserved is booked.
    expect(spendUsd).toBeLessThan(server.upstream.costUsd() + (path === '/v1/embeddings' ? 1e-6 : 1e-12))
    expect(server.router.stats().models.map(({ failed }) => failed)).toEqual([0, 0, 0, 0])
  },
  60_000,
)
