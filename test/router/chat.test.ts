import { describe, expect, it } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import type { AsyncEncoder, Encoder } from '../../src/features/encoder.js'
import { expectCode, expectRejection, wrong } from '../support/errors.js'
import { MODELS, makeBench } from '../support/router.js'

/** What an encoder was given. */
function hearing(): { readonly texts: string[]; readonly encoder: Encoder } {
  const texts: string[] = []
  const encodeInto = (text: string, out: Float64Array, offset: number): void => {
    texts.push(text)
    out.fill(1, offset, offset + 3)
  }
  return { texts, encoder: { name: 'hearing', dimension: 3, encodeInto } }
}

describe('messages of a chat', () => {
  it('are their texts in order, whatever else they hold', async () => {
    const { texts, encoder } = hearing()
    const { router } = await makeBench({ encoder, dimension: 3 })
    router.route([{ role: 'user', content: 'hi' }])
    router.route([
      { role: 'system', content: 'Be brief.' },
      {
        role: 'user',
        content: [
          { type: 'text', text: 'What is this?' },
          { type: 'image_url', ...{ image_url: { url: 'data:,' } } },
          { type: 'input_text', text: 'And that?' },
          'So?',
        ],
      },
      { role: 'assistant', content: null, ...{ tool_calls: [{ id: 'a' }] } },
      { role: 'assistant', ...{ tool_calls: [{ id: 'b' }] } },
      { role: 'tool', content: '42', ...{ tool_call_id: 'a' } },
    ])
    router.routeMany([[{ role: 'user', content: 'one' }], 'two'])
    expect(texts).toEqual(['hi', 'Be brief.\n\nWhat is this?\n\nAnd that?\n\nSo?\n\n42', 'one', 'two'])
  })

  it('wait for an encoder that has to', async () => {
    const texts: string[] = []
    const encode = async (text: string) => {
      texts.push(text)
      return [1, 1, 1]
    }
    const encoder: AsyncEncoder = { name: 'slow', dimension: 3, encode }
    const { router } = await makeBench({ encoder, dimension: 3 })
    await router.routeAsync([{ role: 'user', content: [{ type: 'text', text: 'hi' }] }])
    expect(texts).toEqual(['hi'])
    await expectRejection(
      router.routeAsync(wrong([{ role: 'user', content: 5 }])),
      'INVALID_ARGUMENT',
      'input[0].content',
    )
  })

  it('go where their text goes, by the encoder that comes with the package', async () => {
    const make = () => createRouter({ models: MODELS, kernel: 'js', name: 'r', clock: () => 0 })
    const [a, b] = [await make(), await make()]
    for (const prompt of ['Prove that 2 is prime.', '証明して', '']) {
      a.route(prompt)
      b.route([{ role: 'user', content: prompt }])
    }
    expect(b.snapshot()).toEqual(a.snapshot())
  })

  it('are refused with the place, where they are invalid', async () => {
    const { router } = await makeBench({ encoder: hearing().encoder, dimension: 3 })
    const refused: [unknown, string][] = [
      [[{ role: 'user', content: 'a' }, 'b'], 'input[1]'],
      [[{ role: 'user', content: 'a' }, null], 'input[1]'],
      [[{ content: 'a' }], 'input[0].role'],
      [[{ role: 'user' }], 'input[0].content'],
      [[{ role: 'user', contents: 'a' }], 'input[0].content'],
      [[{ role: 'user', content: 5 }], 'input[0].content'],
      [[{ role: 'user', content: [5] }], 'input[0].content[0]'],
      [[{ role: 'user', content: [{ type: 'text', txt: 'a' }] }], 'input[0].content[0].text'],
      [{ role: 'user', content: 'a' }, 'input'],
    ]
    const before = router.snapshot()
    for (const [input, field] of refused)
      expectCode(() => router.route(wrong(input)), 'INVALID_ARGUMENT', field)
    expectCode(() => router.routeMany([wrong([{ role: 5 }])]), 'INVALID_ARGUMENT', 'inputs[0][0].role')
    expect(router.snapshot()).toEqual(before)
    const { router: vectors } = await makeBench()
    expectCode(() => vectors.route([{ role: 'user', content: 'a' }]), 'NO_ENCODER', 'input')
  })

  it('are not taken for a vector where one is missing, or where they are plain texts', async () => {
    const { router } = await makeBench({ encoder: hearing().encoder, dimension: 3 })
    const message = { role: 'user', content: 'a' }
    const refused: [unknown, string, string][] = [
      [['hi', 'there'], 'input[0]', '"hi"'],
      [[null], 'input[0]', 'null'],
      [[undefined, message], 'input[0]', 'undefined'],
      [Object.assign([], { 1: message }), 'input[0]', 'undefined'],
      [[1, message], 'input[1]', 'an object'],
      [[1, 2, 3, '4'], 'input[3]', '"4"'],
    ]
    const got = ({ message }: Error) => message.split(', got ')[1]
    for (const [input, field, shown] of refused) {
      const one = expectCode(() => router.route(wrong(input)), 'INVALID_ARGUMENT', field)
      const many = expectCode(
        () => router.routeMany([wrong(input)]),
        'INVALID_ARGUMENT',
        field.replace('input', 'inputs[0]'),
      )
      const waiting = await expectRejection(router.routeAsync(wrong(input)), 'INVALID_ARGUMENT', field)
      expect([one, many, waiting].map(got)).toEqual([shown, shown, shown])
    }
    const short = expectCode(() => router.route([1, 2]), 'DIMENSION_MISMATCH', 'input')
    expect(short.message).toBe('input: expected a vector of 3 numbers, got 2 numbers')
  })

  it('are read once, and may call the router', async () => {
    const { texts, encoder } = hearing()
    const { router } = await makeBench({ encoder, dimension: 3 })
    let reads = 0
    const message = {
      role: 'user',
      get content(): string {
        reads++
        router.route('inner')
        return 'outer'
      },
    }
    router.route([message])
    expect([reads, texts]).toEqual([1, ['inner', 'outer']])
    const broken = {
      role: 'user',
      get content(): string {
        throw new Error('no')
      },
    }
    expectCode(() => router.route([broken]), 'INVALID_ARGUMENT', 'input')
  })
})

describe('bytes', () => {
  it.each([
    Uint8Array,
    Uint8ClampedArray,
    Int8Array,
    Uint16Array,
    Int16Array,
    Uint32Array,
    Int32Array,
    Buffer,
  ])('are no context: %o', async (Type) => {
    const { router } = await makeBench()
    const bytes = Type === Buffer ? Buffer.alloc(3) : new (Type as Uint8ArrayConstructor)(3)
    const error = expectCode(() => router.route(wrong(bytes)), 'INVALID_ARGUMENT', 'input')
    expect(error.message).toContain('a vector of numbers')
    expectCode(() => router.routeMany([wrong(bytes)]), 'INVALID_ARGUMENT', 'inputs[0]')
    await expectRejection(router.routeAsync(wrong(bytes)), 'INVALID_ARGUMENT', 'input')
  })

  it('are not what arrays and floats are', async () => {
    const { router } = await makeBench()
    for (const vector of [[1, 0, 1], Float64Array.of(1, 0, 1), Float32Array.of(1, 0, 1)]) {
      router.route(vector)
      await router.routeAsync(vector)
    }
    expect(router.stats().requests).toBe(6)
  })
})
