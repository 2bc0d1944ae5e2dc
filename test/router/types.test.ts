import { describe, expect, expectTypeOf, it } from 'vitest'
import {
  type BatchReceipt,
  type ChatMessage,
  createRouter,
  type Decision,
  type ModelSpec,
  type Receipt,
  type Router,
  type RouterOptions,
} from '../../src/index.js'

const PRICE = { inputUsdPerMTok: 1, outputUsdPerMTok: 2 }

/** As the packages of providers have them: interfaces, of which each has other fields. */
interface TextPart {
  type: 'text'
  text: string
  cache_control?: { type: 'ephemeral' }
}
interface ImagePart {
  type: 'image_url'
  image_url: { url: string; detail?: 'auto' | 'low' | 'high' }
}
interface UserMessage {
  role: 'user'
  content: string | (TextPart | ImagePart)[]
  name?: string
}
interface AssistantMessage {
  role: 'assistant'
  content?: string | TextPart[] | null
  refusal?: string | null
  tool_calls?: { id: string; type: 'function'; function: { name: string; arguments: string } }[]
}
interface ToolMessage {
  role: 'tool'
  content: string
  tool_call_id: string
}

describe('messages of a chat', () => {
  it('are literals with the fields of any provider', async () => {
    const router = await createRouter({ models: [{ id: 'a', ...PRICE }] })
    const image = { url: 'data:image/png;base64,' }
    const { model } = router.route([
      { role: 'system', content: 'Be brief.', name: 'house' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?', cache_control: { type: 'ephemeral' } },
          { type: 'image_url', image_url: image },
          { type: 'input_image', image_url: image.url, detail: 'low' },
          'And that?',
        ],
      },
      {
        role: 'assistant',
        content: null,
        tool_calls: [{ id: 'a', type: 'function', function: { name: 'look', arguments: '{}' } }],
      },
      { role: 'assistant', tool_calls: [{ id: 'b' }] },
      { role: 'tool', content: '42', tool_call_id: 'a' },
      {
        role: 'user',
        content: [{ type: 'tool_result', tool_use_id: 'b', content: [{ type: 'text', text: '7' }] }],
      },
    ])
    expect(model).toBe('a')
    router.routeMany([[{ role: 'user', content: 'hi', name: 'someone' }], 'two'])
    // @ts-expect-error: a message has a role
    expect(() => router.route([{ content: 'hi', name: 'someone' }])).toThrow('role')
    // @ts-expect-error: a text is a string
    expect(() => router.route([{ role: 'user', content: 7 }])).toThrow('content')
  })

  it("are those of the types of providers' packages", async () => {
    const router = await createRouter({ models: [{ id: 'a', ...PRICE }] })
    const messages: (UserMessage | AssistantMessage | ToolMessage)[] = [
      {
        role: 'user',
        content: [
          { type: 'text', text: 'hi' },
          { type: 'image_url', image_url: { url: '' } },
        ],
      },
      { role: 'assistant', tool_calls: [] },
      { role: 'tool', content: '42', tool_call_id: 'a' },
    ]
    expect(router.route(messages).model).toBe('a')
    const chat: ChatMessage = { role: 'user', content: [{ type: 'text', text: 'hi' }] }
    expect(router.route([chat]).model).toBe('a')
  })
})

describe('the ids of models', () => {
  it('are the type of a decision, where they are given', async () => {
    const router = await createRouter({
      models: [
        { id: 'small', ...PRICE },
        { id: 'large', ...PRICE },
      ],
      dimension: 3,
    })
    expectTypeOf(router).toEqualTypeOf<Router<'small' | 'large'>>()
    expectTypeOf(router.route).returns.toEqualTypeOf<Decision<'small' | 'large'>>()
    expectTypeOf(router.routeMany).returns.toEqualTypeOf<Decision<'small' | 'large'>[]>()
    expectTypeOf(router.routeAsync).returns.resolves.toEqualTypeOf<Decision<'small' | 'large'>>()
    const clients = { small: 1, large: 2 }
    expect(clients[router.route([0, 0, 1]).model]).toBeGreaterThan(0)
    // @ts-expect-error: it has no such model
    expect(router.route([0, 0, 1]).model === 'medium').toBe(false)
    // Whoever takes any router takes this one.
    expectTypeOf(router).toExtend<Router>()
    const decision: Decision = router.route([0, 0, 1])
    expect(decision.model).toMatch(/small|large/)
  })

  it('are any text where they are not known, or more are to come', async () => {
    expectTypeOf(await createRouter({ dimension: 3 })).toEqualTypeOf<Router>()
    const models: readonly ModelSpec[] = [{ id: 'a', ...PRICE }]
    expectTypeOf(await createRouter({ models, dimension: 3 })).toEqualTypeOf<Router>()
    const options: RouterOptions = { models, dimension: 3 }
    expectTypeOf(await createRouter(options)).toEqualTypeOf<Router>()
    expectTypeOf(
      await createRouter<string>({ models: [{ id: 'a', ...PRICE }], dimension: 3 }),
    ).toEqualTypeOf<Router>()
  })

  it('leave a receipt for what batches are asked for, whatever `each` is', async () => {
    const router = await createRouter({ models: [{ id: 'a', ...PRICE }], dimension: 3 })
    const plain = router.settleMany([], { each: undefined })
    expectTypeOf(plain).toEqualTypeOf<Receipt>()
    expectTypeOf(router.settleMany([], { each: false })).toEqualTypeOf<Receipt>()
    expectTypeOf(router.rewardMany([], {})).toEqualTypeOf<Receipt>()
    expectTypeOf(router.rewardMany([], { each: undefined })).toEqualTypeOf<Receipt>()
    expectTypeOf(router.rewardMany([], { each: true })).toEqualTypeOf<BatchReceipt>()
    const each = Math.random() < 2
    const either = router.settleMany([], { each })
    expectTypeOf(either).toEqualTypeOf<Receipt | BatchReceipt>()
    expectTypeOf(router.rewardMany([], { each })).toEqualTypeOf<Receipt | BatchReceipt>()
    expect(['results' in plain, 'results' in either]).toEqual([false, true])
  })

  it('leave misspelt options refused', async () => {
    // @ts-expect-error: it is called `dimension`
    await expect(createRouter({ dimensions: 3 })).rejects.toThrow('dimensions')
    const models = [{ id: 'a', ...PRICE, inputUsdPerMtok: 1 }] as const
    await expect(createRouter({ models: [{ ...models[0] }], dimension: 3 })).rejects.toThrow(
      'inputUsdPerMtok',
    )
  })
})
