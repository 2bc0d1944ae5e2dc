import { describe, expect, test } from 'vitest'
import { parse } from 'yaml'
import type { Tree } from '../gateway/config/example.js'
import { folderOfInit, LIST, TWO } from './init-list.js'

const folder = folderOfInit()
const words = ['init', '-', '--prices', 'list.json']

describe('init, by what lists really say', () => {
  test('beside a free model it says a budget that a config may have, and none where all are free', async () => {
    const { large } = LIST.openai.models
    const free = { cost: { input: 0, output: 0 } }
    await folder.write('list.json', { openai: { models: { large, free } } })
    const accepted = ['--model', 'openai/free', '--accept', 'openai/free']
    const { stdout } = await folder.run([...words, '--model', 'openai/large', ...accepted])
    const taken = stdout.replace(/^# (?=budget)/m, '')
    expect(parse(taken)).toMatchObject({ budget: { usdPerRequest: 0.0021 } })
    await folder.write('taken.yaml', taken)
    expect(await folder.ok(['check-config', 'taken.yaml'])).toContain('budget $0.0021 per request')
    expect((await folder.run([...words, ...accepted])).stdout).not.toContain('usdPerRequest')
  })

  test('of a long list a person at a terminal sees both ends, and a script everything', async () => {
    const models = Object.fromEntries(
      Array.from({ length: 100 }, (_, i) => [`m${i}`, { cost: { input: i + 1, output: 2 * i + 2 } }]),
    )
    await folder.write('list.json', { openai: { models } })
    const ask = ['init', '--no-secrets', '--prices', 'list.json']
    const idsIn = (text: string) => [...text.matchAll(/^openai\/m(\d+) /gm)].map(([, i]) => Number(i))
    expect(idsIn(await folder.ok(ask))).toEqual(Array.from({ length: 100 }, (_, i) => i))
    const { stdout } = process
    const before = Object.getOwnPropertyDescriptor(stdout, 'isTTY')
    Object.defineProperty(stdout, 'isTTY', { value: true, configurable: true })
    try {
      const seen = await folder.ok(ask)
      const ends = [
        ...Array.from({ length: 15 }, (_, i) => i),
        ...Array.from({ length: 15 }, (_, i) => 85 + i),
      ]
      expect(idsIn(seen)).toEqual(ends)
      expect(seen).toContain('70 more are between them. All of them: the same command with | less')
    } finally {
      if (before === undefined) Reflect.deleteProperty(stdout, 'isTTY')
      else Object.defineProperty(stdout, 'isTTY', before)
    }
  })

  test('a model that was given up is taken by its name, and that is said', async () => {
    const { stderr } = await folder.run([...words, '--model', 'openai/nano', '--model', 'openai/old'])
    expect(stderr).toContain(
      'note: openai/old: the list has it as given up by its provider: requests that go to it may fail',
    )
    expect(stderr).not.toContain('openai/nano: the list has it')
  })

  test('models of the realtime API alone are no models for chats', async () => {
    const costs = { input_cost_per_token: 4e-6, output_cost_per_token: 16e-6, litellm_provider: 'openai' }
    const chat = { ...costs, mode: 'chat' }
    await folder.write('list.json', {
      live: { ...chat, supported_endpoints: ['/v1/realtime'] },
      both: { ...chat, supported_endpoints: ['/v1/chat/completions', '/v1/realtime'] },
      long: { ...costs, mode: 'responses', supported_endpoints: ['/v1/responses', '/v1/batch'] },
      odd: { ...chat, supported_endpoints: [] },
      // As a list that was made by hand has it.
      bare: costs,
    })
    const rows = (await folder.ok(['init', '--prices', 'list.json'])).match(/^openai\/\w+/gm)
    expect(rows?.sort()).toEqual(['openai/bare', 'openai/both', 'openai/long', 'openai/odd'])
    await folder.refused(
      [...words, '--model', 'openai/live', '--model', 'openai/both'],
      /--model: expected models for chats, as list\.json has others under openai\/live/,
    )
  })

  test("a model whose output is free and whose input is not makes embeddings: it is refused before '--accept' is offered", async () => {
    const { stderr } = await folder.run([...words, ...TWO, '--model', 'openai/embed'])
    expect(stderr).toMatch(/expected models for chats, .* under openai\/embed: .*kind: embeddings/)
    expect(stderr).not.toContain('--accept')
  })

  test("OpenRouter's list has sizes and capabilities of models that their own providers serve", async () => {
    await folder.write('list.json', {
      data: [
        {
          id: 'openai/nano',
          pricing: { prompt: '0.000001', completion: '0.000002' },
          architecture: { input_modalities: ['text', 'image'], output_modalities: ['text'] },
          context_length: 2000,
        },
      ],
    })
    const { stdout } = await folder.run([...words, '--model', 'openai/nano'])
    expect((parse(stdout) as Tree).models).toMatchObject([
      { id: 'openai/nano', contextTokens: 2000, capabilities: ['tools', 'jsonSchema', 'images'] },
    ])
  })

  test('thinking counts as output: that is said where a model reasons, and only there', async () => {
    const said = '# What a model thinks is output, too: those that reason may cost a multiple of this'
    expect((await folder.run([...words, ...TWO])).stdout).toContain(said)
    await folder.write('list.json', { openai: { models: { plain: { cost: { input: 1, output: 2 } } } } })
    expect((await folder.run([...words, '--model', 'openai/plain'])).stdout).not.toContain(said)
  })
})
