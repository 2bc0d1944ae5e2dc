import { ChatOpenAI } from '@langchain/openai'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import { reward as rewardSdk, routed as routedModel } from '../../src/adapters/ai-sdk/index.js'
import {
  RoutedChatModel,
  reward as rewardChat,
  routingMiddleware,
} from '../../src/adapters/langchain/index.js'
import { routed } from '../../src/adapters/openai/index.js'
import { createRouter } from '../../src/index.js'

const small = { id: 'small', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }
const large = { id: 'large', inputUsdPerMTok: 3, outputUsdPerMTok: 6 }
const router = await createRouter<string>({ models: [small, large], kernel: 'js' })
const openai = new OpenAI({ apiKey: 'k' })
const chat = new ChatOpenAI({ model: 'x', apiKey: 'k' })
const sdk = { specificationVersion: 'v3', doGenerate: async () => {}, doStream: async () => {} }

const CLIENT = (options: object) => routed(openai, router, options)
const SDK = (options: object) => routedModel(router, { models: { small: sdk }, ...options } as never)
const CHAT = (options: object) =>
  new RoutedChatModel({ router, models: { small: chat }, ...options } as never)
const AGENT = (options: object) =>
  routingMiddleware((config) => config, { router, models: { small: chat }, ...options } as never)

function thrown(work: () => unknown): unknown {
  try {
    work()
  } catch (error) {
    return error
  }
  return null
}

describe('options of the adapters', () => {
  it.each<[string, (options: object) => unknown, object, object]>([
    ['openai', CLIENT, { nam: {} }, { code: 'UNKNOWN_OPTION', field: 'nam' }],
    ['openai', CLIENT, { capabilitys: {} }, { code: 'UNKNOWN_OPTION', field: 'capabilitys' }],
    ['openai', CLIENT, { names: { smal: 'x' } }, { code: 'UNKNOWN_MODEL', field: 'names["smal"]' }],
    ['openai', CLIENT, { clients: { lrge: openai } }, { code: 'UNKNOWN_MODEL', field: 'clients["lrge"]' }],
    ['openai', CLIENT, { capabilities: { smal: ['tools'] } }, { code: 'UNKNOWN_MODEL' }],
    ['openai', CLIENT, { names: { small: 7 } }, { code: 'INVALID_ARGUMENT', field: 'names["small"]' }],
    ['openai', CLIENT, { names: { small: '' } }, { code: 'INVALID_ARGUMENT', field: 'names["small"]' }],
    ['openai', CLIENT, { clients: { small: {} } }, { code: 'INVALID_ARGUMENT', field: 'clients["small"]' }],
    ['AI SDK', SDK, { capabilitys: {} }, { code: 'UNKNOWN_OPTION', field: 'capabilitys' }],
    ['AI SDK', SDK, { models: { smal: sdk } }, { code: 'UNKNOWN_MODEL', field: 'models["smal"]' }],
    ['AI SDK', SDK, { models: { small: 'x' } }, { code: 'INVALID_ARGUMENT', field: 'models["small"]' }],
    ['AI SDK', SDK, { models: { small: {} } }, { code: 'INVALID_ARGUMENT', field: 'models["small"]' }],
    ['AI SDK', SDK, { capabilities: { smal: ['tools'] } }, { code: 'UNKNOWN_MODEL' }],
    ['LangChain', CHAT, { models: { smal: chat } }, { code: 'UNKNOWN_MODEL', field: 'models["smal"]' }],
    ['LangChain', CHAT, { models: { small: 'x' } }, { code: 'INVALID_ARGUMENT', field: 'models["small"]' }],
    ['LangChain', CHAT, { models: { small: {} } }, { code: 'INVALID_ARGUMENT', field: 'models["small"]' }],
    ['LangChain', CHAT, { capabilities: { smal: ['tools'] } }, { code: 'UNKNOWN_MODEL' }],
    [
      'LangChain agents',
      AGENT,
      { models: { smal: chat } },
      { code: 'UNKNOWN_MODEL', field: 'models["smal"]' },
    ],
  ])('of %s that are wrong are refused when it is made: %#', (_, make, options, error) => {
    expect(thrown(() => make({}))).toBeNull()
    expect(thrown(() => make(options))).toMatchObject(error)
  })

  it('come with the nearest spelling of a model, or all options', () => {
    expect(() => CLIENT({ names: { smal: 'x' } })).toThrow(
      'no model "smal" is registered; did you mean \'small\'?',
    )
    expect(() => CLIENT({ nam: {} })).toThrow('known: auto, names, clients')
  })

  it('of another type are told what came', async () => {
    expect(() => CLIENT({ auto: 7 })).toThrow('auto: expected the name of a model, got a number')
    expect(() => CLIENT({ session: 'x' })).toThrow('session: expected a function, got a string')
    expect(() => SDK({ capabilities: 'x' })).toThrow(
      'capabilities: expected an object of lists, got a string',
    )
    expect(() => routingMiddleware(7 as never, {} as never)).toThrow(
      "of the package 'langchain', got a number",
    )
    await expect(rewardSdk(7 as never, 1)).rejects.toThrow('not of long ago, got a number')
    await expect(rewardChat(null as never, 1)).rejects.toThrow('not of long ago, got null')
  })

  it('of no client or no router are refused', () => {
    for (const client of [{}, { chat: {} }, null, 7])
      expect(thrown(() => routed(client as never, router))).toMatchObject({ field: 'client' })
    for (const none of [{}, null, 7])
      expect(thrown(() => routed(openai, none as never))).toMatchObject({ field: 'router' })
    // Of somebody who did not await the router.
    expect(() => routed(openai, Promise.resolve(router) as never)).toThrow(
      'router: expected a router, got a promise that nobody awaited',
    )
  })

  it('hold while their models come and go', async () => {
    const own = await createRouter<string>({ models: [small, large], kernel: 'js' })
    const models = { small: chat, large: chat }
    const model = new RoutedChatModel({ router: own, models })
    const client = routed(openai, own, { names: { small: 'a', large: 'b' } })
    own.removeModel('large')
    expect(model.bindTools([])).toBeInstanceOf(RoutedChatModel)
    expect(thrown(() => client.withOptions({ timeout: 5 }))).toBeNull()
  })
})
