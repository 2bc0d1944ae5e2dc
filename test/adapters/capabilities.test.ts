import { createOpenAICompatible } from '@ai-sdk/openai-compatible'
import { HumanMessage } from '@langchain/core/messages'
import { tool } from '@langchain/core/tools'
import { ChatOpenAI } from '@langchain/openai'
import * as ai from 'ai'
import OpenAI from 'openai'
import { describe, expect, it } from 'vitest'
import * as aiSdk from '../../src/adapters/ai-sdk/index.js'
import { RoutedChatModel } from '../../src/adapters/langchain/index.js'
import * as openai from '../../src/adapters/openai/index.js'
import type { Capability } from '../../src/index.js'
import { Provider } from './provider.js'

const MODELS = ['sim-small', 'sim-middle', 'sim-large']
/** sim-large takes what the others do not; nobody takes files. */
const CAPABILITIES = {
  'sim-small': ['tools'],
  'sim-middle': ['images'],
  'sim-large': ['tools', 'images', 'jsonSchema', 'audio'],
} as const
const ALL_BUT_FILES = {
  'sim-small': [],
  'sim-middle': CAPABILITIES['sim-large'],
  'sim-large': ['images'],
} as const
const MISSING_FILES = {
  code: 'NO_ELIGIBLE_MODEL',
  message: expect.stringContaining(
    'sim-small: takes no files; sim-middle: takes no files; sim-large: takes no files',
  ),
  missing: { 'sim-small': ['files'], 'sim-middle': ['files'], 'sim-large': ['files'] },
}
const SCHEMA = {
  type: 'object' as const,
  properties: { city: { type: 'string' as const } },
  required: ['city'],
  additionalProperties: false,
}
const PIXEL =
  'iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNk+M9QDwADhgGAWjR9awAAAABJRU5ErkJggg=='
const IMAGE = `data:image/png;base64,${PIXEL}`

type Capabilities = Readonly<Record<string, readonly Capability[]>>
const run = { triesMax: MODELS.length }

type Need = 'text' | 'tools' | 'jsonSchema' | 'images' | 'audio' | 'files'

const provider = new Provider(MODELS)

/** Each adapter: asks for something that needs more than text. */
const ADAPTERS: Readonly<Record<string, (need: Need, capabilities?: Capabilities) => Promise<unknown>>> = {
  'the chats of openai': (need, capabilities) => {
    const parts = {
      images: { type: 'image_url' as const, image_url: { url: IMAGE } },
      audio: { type: 'input_audio' as const, input_audio: { data: 'AAAA', format: 'wav' as const } },
      files: {
        type: 'file' as const,
        file: { file_data: 'data:application/pdf;base64,AAAA', filename: 'a.pdf' },
      },
    }
    const part = need === 'images' || need === 'audio' || need === 'files' ? [parts[need]] : []
    return openAiClient(capabilities).chat.completions.create({
      model: 'auto',
      messages: [{ role: 'user', content: [{ type: 'text', text: 'Hello' }, ...part] }],
      ...(need === 'tools'
        ? { tools: [{ type: 'function', function: { name: 'look', parameters: SCHEMA } }] }
        : {}),
      ...(need === 'jsonSchema'
        ? {
            response_format: {
              type: 'json_schema',
              json_schema: { name: 'city', schema: SCHEMA, strict: true },
            },
          }
        : {}),
    })
  },
  'the responses of openai': (need, capabilities) => {
    const parts = {
      images: { type: 'input_image' as const, image_url: IMAGE, detail: 'auto' as const },
      files: {
        type: 'input_file' as const,
        file_data: 'data:application/pdf;base64,AAAA',
        filename: 'a.pdf',
      },
    }
    const part = need === 'images' || need === 'files' ? [parts[need]] : []
    return openAiClient(capabilities).responses.create({
      model: 'auto',
      input: [{ role: 'user', content: [{ type: 'input_text', text: 'Hello' }, ...part] }],
      ...(need === 'tools'
        ? { tools: [{ type: 'function' as const, name: 'look', parameters: SCHEMA, strict: true }] }
        : {}),
      ...(need === 'jsonSchema'
        ? { text: { format: { type: 'json_schema' as const, name: 'city', schema: SCHEMA, strict: true } } }
        : {}),
    })
  },
  'the AI SDK': (need, capabilities) => {
    const chat = createOpenAICompatible({ name: 'sim', apiKey: 'k', baseURL: provider.upstream.baseUrl })
    const models = Object.fromEntries(MODELS.map((id) => [id, chat(id)]))
    const model = aiSdk.routed(provider.router, { models, capabilities, run })
    const media = { images: 'image/png', audio: 'audio/wav', files: 'application/pdf' }
    const part =
      need === 'images' || need === 'audio' || need === 'files'
        ? [{ type: 'file' as const, data: PIXEL, mediaType: media[need] }]
        : []
    const asked = {
      model,
      messages: [{ role: 'user' as const, content: [{ type: 'text' as const, text: 'Hello' }, ...part] }],
      maxRetries: 0,
    }
    if (need === 'jsonSchema') return ai.generateObject({ ...asked, schema: ai.jsonSchema(SCHEMA) })
    const tools = {
      look: ai.tool({ inputSchema: ai.jsonSchema<object>(SCHEMA), execute: async () => 'seen' }),
    }
    return need === 'tools' ? ai.generateText({ ...asked, tools }) : ai.generateText(asked)
  },
  LangChain: (need, capabilities) => {
    const configuration = { baseURL: provider.upstream.baseUrl }
    const of = (model: string) => new ChatOpenAI({ model, apiKey: 'k', configuration, maxRetries: 0 })
    const models = Object.fromEntries(MODELS.map((id) => [id, of(id)]))
    const model = new RoutedChatModel({ router: provider.router, models, capabilities, run })
    const parts = {
      images: { type: 'image_url', image_url: { url: IMAGE } },
      audio: { type: 'input_audio', input_audio: { data: 'AAAA', format: 'wav' } },
      files: { type: 'file', file: { file_data: 'data:application/pdf;base64,AAAA', filename: 'a.pdf' } },
    }
    const part = need === 'images' || need === 'audio' || need === 'files' ? [parts[need]] : []
    const message = new HumanMessage({ content: [{ type: 'text', text: 'Hello' }, ...part] })
    const look = tool(async () => 'seen', { name: 'look', description: 'Looks.', schema: SCHEMA })
    if (need === 'tools') return model.bindTools([look]).invoke([message])
    if (need !== 'jsonSchema') return model.invoke([message])
    const format = { type: 'json_schema', json_schema: { name: 'city', schema: SCHEMA, strict: true } }
    return model.bindTools([], { response_format: format } as never).invoke([message])
  },
}

function openAiClient(capabilities?: Capabilities): OpenAI {
  const client = new OpenAI({ apiKey: 'k', baseURL: provider.upstream.baseUrl })
  return openai.routed(client, provider.router, { capabilities, run })
}

/** The models that a request may go to: all of them are asked where each one fails. */
async function asked(
  call: (need: Need, capabilities?: Capabilities) => Promise<unknown>,
  need: Need,
  capabilities?: Capabilities,
): Promise<Set<string>> {
  await provider.rename(Object.fromEntries(MODELS.map((id) => [id, id])))
  provider.plan = () => ({ fault: { kind: 'status', status: 500 } })
  const before = provider.upstream.entries.length
  await expect(async () => call(need, capabilities)).rejects.toThrow()
  return new Set(provider.upstream.entries.slice(before).map(({ request }) => request.model))
}

describe.each(Object.entries(ADAPTERS))('capabilities of models in %s', (name, call) => {
  it('keep requests from models that cannot take them', async () => {
    expect(await asked(call, 'text', CAPABILITIES)).toEqual(new Set(MODELS))
    expect(await asked(call, 'tools', CAPABILITIES)).toEqual(new Set(['sim-small', 'sim-large']))
    expect(await asked(call, 'images', CAPABILITIES)).toEqual(new Set(['sim-middle', 'sim-large']))
    expect(await asked(call, 'jsonSchema', CAPABILITIES)).toEqual(new Set(['sim-large']))
    if (name !== 'the responses of openai')
      expect(await asked(call, 'audio', CAPABILITIES)).toEqual(new Set(['sim-large']))
  })

  it('say what each model lacks where none can, before anything is sent', async () => {
    await expect(call('files', ALL_BUT_FILES)).rejects.toMatchObject(MISSING_FILES)
    expect(provider.upstream.entries).toHaveLength(0)
    expect(provider.router.stats().requests).toBe(0)
  })

  it('are all, where nothing is said', async () => {
    for (const need of ['tools', 'images', 'files'] as const)
      expect(await asked(call, need)).toEqual(new Set(MODELS))
    const some = { 'sim-small': [] }
    expect(await asked(call, 'images', some)).toEqual(new Set(['sim-middle', 'sim-large']))
  })

  it('are a list of known ones', async () => {
    const wrong = { 'sim-small': ['smell'] } as unknown as Capabilities
    await expect(async () => call('text', wrong)).rejects.toMatchObject({
      code: 'INVALID_ARGUMENT',
      field: 'capabilities["sim-small"]',
    })
    await expect(async () => call('text', [] as never)).rejects.toMatchObject({ code: 'INVALID_ARGUMENT' })
  })
})
