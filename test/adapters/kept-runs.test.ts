import { setFlagsFromString } from 'node:v8'
import { runInNewContext } from 'node:vm'
import { AIMessage, AIMessageChunk } from '@langchain/core/messages'
import { RunnableLambda } from '@langchain/core/runnables'
import { describe, expect, it } from 'vitest'
import * as sdk from '../../src/adapters/ai-sdk/index.js'
import * as chain from '../../src/adapters/langchain/index.js'
import { createRouter, type Router } from '../../src/index.js'

setFlagsFromString('--expose-gc')
const gc: () => void = runInNewContext('gc')

const USAGE = { inputTokens: { total: 10 }, outputTokens: { total: 3 } }

const makeRouter = (): Promise<Router<string>> =>
  createRouter<string>({ models: [{ id: 'small', inputUsdPerMTok: 1, outputUsdPerMTok: 2 }] })

/** Objects that come by: whether any of them is still kept when nobody else has it. */
class Watched {
  private readonly refs: WeakRef<object>[] = []

  see<T extends object>(value: T): T {
    this.refs.push(new WeakRef(value))
    return value
  }

  async kept(): Promise<number> {
    // References that were read in this turn count as kept until the next.
    for (let i = 0; i < 5; i++) {
      await new Promise((resolve) => setImmediate(resolve))
      gc()
    }
    return this.refs.filter((ref) => ref.deref() !== undefined).length
  }
}

describe('what is kept of a run for a reward that comes later', () => {
  it('is neither the prompt nor the answer, of run', async () => {
    const router = await makeRouter()
    const watched = new Watched()
    const ask = async () => {
      const prompt = watched.see([{ role: 'user', content: 'Hi' }])
      const { reward } = await router.run(prompt, {}, () =>
        watched.see({ usage: { input_tokens: 10 }, prompt }),
      )
      return reward
    }
    const rewards = [await ask(), await ask()]
    expect(await watched.kept()).toBe(0)
    for (const reward of rewards) await reward(1).durable
    expect(router.stats().models[0].rewarded).toBe(2)
    await router.close()
  })

  it('is neither the request nor the answer, of a model of the AI SDK', async () => {
    const router = await makeRouter()
    const watched = new Watched()
    const small = {
      specificationVersion: 'v3',
      provider: 'ours',
      modelId: 'small',
      supportedUrls: {},
      doGenerate: async (options: { readonly prompt: object }) => ({
        content: [{ type: 'text', text: 'Hi' }],
        finishReason: { unified: 'stop', raw: 'stop' },
        usage: USAGE,
        request: watched.see({ body: options.prompt }),
        response: watched.see({ body: {} }),
      }),
      doStream: async (_options: object) => ({
        request: watched.see({ body: 'Hi' }),
        stream: new ReadableStream({
          start(controller) {
            controller.enqueue(watched.see({ type: 'text-delta', id: '1', delta: 'Hi' }))
            controller.enqueue({ type: 'finish', finishReason: { unified: 'stop' }, usage: USAGE })
            controller.close()
          },
        }),
      }),
    }
    const model = sdk.routed(router, { models: { small } })
    const generate = async () => {
      const prompt = watched.see([{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }])
      const { providerMetadata } = (await model.doGenerate({ prompt } as never)) as object as {
        providerMetadata: object
      }
      return { providerMetadata: structuredClone(providerMetadata) }
    }
    const stream = async () => {
      const prompt = watched.see([{ role: 'user', content: [{ type: 'text', text: 'Hi' }] }])
      const { stream } = (await model.doStream({ prompt } as never)) as unknown as {
        stream: ReadableStream<{ type: string; providerMetadata: object }>
      }
      let providerMetadata = {}
      for await (const part of stream)
        if (part.type === 'finish') providerMetadata = structuredClone(part.providerMetadata)
      return { providerMetadata }
    }
    const results = [await generate(), await stream(), await generate()]
    expect(await watched.kept()).toBe(0)
    for (const result of results) {
      expect((await sdk.runOf(result))?.decision.model).toBe('small')
      await sdk.reward(result, 1)
    }
    expect(router.stats().models[0].rewarded).toBe(3)
    await router.close()
  })

  it('is neither the messages nor the answer, of a chat model of LangChain', async () => {
    const router = await makeRouter()
    const watched = new Watched()
    const small = RunnableLambda.from(() => watched.see(new AIMessageChunk('Hi')))
    const chat = new chain.RoutedChatModel({ router, models: { small } })
    const invoke = async () => {
      const asked = watched.see(new AIMessage('Hi'))
      const { response_metadata } = watched.see(await chat.invoke([asked]))
      return new AIMessage({ content: '', response_metadata: structuredClone(response_metadata) })
    }
    const stream = async () => {
      let told: object = {}
      for await (const piece of await chat.stream([watched.see(new AIMessage('Hi'))]))
        told = { ...told, ...structuredClone(watched.see(piece).response_metadata) }
      return new AIMessage({ content: '', response_metadata: told })
    }
    const messages = [await invoke(), await stream(), await invoke()]
    expect(await watched.kept()).toBe(0)
    for (const message of messages) await chain.reward(message, 1)
    expect(router.stats().models[0].rewarded).toBe(3)
    await router.close()
  })
})
