import { OutputParserException } from '@langchain/core/output_parsers'
import { RunnableLambda } from '@langchain/core/runnables'
import { ChatOpenAI } from '@langchain/openai'
import { describe, expect, expectTypeOf, it } from 'vitest'
import { z } from 'zod'
import { z as z3 } from 'zod/v3'
import { RoutedChatModel } from '../../src/adapters/langchain/index.js'
import { fitting } from '../../src/adapters/langchain/structured-output.js'
import { Provider } from './provider.js'

const MODEL = 'sim-small'
const provider = new Provider([MODEL])

/** A model of LangChain's own, and one that is routed to it. */
function models() {
  const configuration = { baseURL: provider.upstream.baseUrl }
  const alone = new ChatOpenAI({ model: MODEL, apiKey: 'k', configuration, maxRetries: 0 })
  return { alone, routed: new RoutedChatModel({ router: provider.router, models: { [MODEL]: alone } }) }
}

const LOUD = z.object({ answer: z.string().toUpperCase() })
const NEVER = z.object({ answer: z.string().refine(() => false, 'is never right') })
const VIA_TOOL = { method: 'functionCalling' } as const

describe('an answer in the form of a schema of zod', () => {
  it('comes as the schema gives it, as from a model of its own', async () => {
    provider.plan = () => ({ toolCalls: 1 })
    const { alone, routed } = models()
    const given = await routed.withStructuredOutput(LOUD).invoke('The answer?')
    expectTypeOf(given).toEqualTypeOf<{ answer: string }>()
    expect(given.answer).toMatch(/^[^a-z]+$/)
    expect(given).toEqual(await alone.withStructuredOutput(LOUD, VIA_TOOL).invoke('The answer?'))
    const { raw, parsed } = await routed
      .withStructuredOutput(LOUD, { includeRaw: true })
      .invoke('The answer?')
    expect(parsed).toEqual(given)
    expect(raw.type).toBe('ai')
  })

  it('that does not fit is no answer, as from a model of its own, and is booked', async () => {
    provider.plan = () => ({ toolCalls: 1 })
    const { alone, routed } = models()
    const raw = { ...VIA_TOOL, includeRaw: true } as const
    const asked = [
      [alone.withStructuredOutput(NEVER, VIA_TOOL), alone.withStructuredOutput(NEVER, raw)],
      [routed.withStructuredOutput(NEVER, VIA_TOOL), routed.withStructuredOutput(NEVER, raw)],
    ] as const
    for (const [plain, withRaw] of asked) {
      await expect(plain.invoke('The answer?')).rejects.toBeInstanceOf(OutputParserException)
      await expect(plain.invoke('The answer?')).rejects.toThrow(/is never right/)
      expect((await withRaw.invoke('The answer?')).parsed).toBeNull()
    }
    expect([provider.sum('failed'), provider.sum('cancelled')]).toEqual([0, 0])
    const billed = provider.upstream.entries.slice(3).reduce((sum, { costUsd }) => sum + costUsd, 0)
    expect(await provider.bookedUsd()).toBeCloseTo(billed, 9)
  })

  it('streams whole', async () => {
    provider.plan = () => ({ toolCalls: 1 })
    const pieces: unknown[] = []
    for await (const piece of await models().routed.withStructuredOutput(LOUD).stream('The answer?'))
      pieces.push(piece)
    expect(pieces).toEqual([{ answer: expect.stringMatching(/^[^a-z]+$/) }])
  })

  it('is checked where tools were bound before', async () => {
    provider.plan = () => ({ toolCalls: 1 })
    const bound = models().routed.bindTools([])
    if (!(bound instanceof RoutedChatModel)) throw new Error('expected a routed model')
    await expect(bound.withStructuredOutput(NEVER).invoke('The answer?')).rejects.toThrow(/is never right/)
  })
})

describe('the end of a chain', () => {
  const chainOf = (value: unknown) => RunnableLambda.from(() => value)
  const old = {
    safeParseAsync: async (value: unknown) =>
      value === 1
        ? { success: true, data: 2 }
        : { success: false, error: { issues: [{ path: ['a', 0], message: 'is wrong' }] } },
  }
  const standard = Object.assign(() => {}, {
    '~standard': {
      validate: (value: unknown) =>
        value === 1 ? { value: 2 } : { issues: [{ path: [{ key: 'a' }, 0], message: 'is wrong' }] },
    },
  })

  it.each([
    ['an old release of zod', old],
    ['another library of the Standard Schema', standard],
    ['zod 3', z3.literal(1).transform(() => 2)],
  ])('asks a schema of %s', async (_, schema) => {
    expect(await fitting(chainOf(1), schema, false).invoke('')).toBe(2)
    const wrong = await fitting(chainOf(3), schema, false)
      .invoke('')
      .catch((error: unknown) => error)
    expect(wrong).toBeInstanceOf(OutputParserException)
    expect(wrong).toMatchObject({ llmOutput: '3' })
    const raw = { raw: 'r', parsed: 3 }
    expect(await fitting(chainOf(raw), schema, true).invoke('')).toEqual({ raw: 'r', parsed: null })
  })

  it.each([null, undefined, 'text', { type: 'object' }, { safeParseAsync: 1 }, { '~standard': {} }])(
    'is left as it is where a schema checks nothing: %j',
    (schema) => {
      const chain = chainOf(1)
      expect(fitting(chain, schema, false)).toBe(chain)
    },
  )
})
