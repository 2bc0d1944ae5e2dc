import { afterEach, beforeEach, vi } from 'vitest'
import { START_PROVIDERS } from '../../src/cli/init/providers.js'
import { Folder } from './support.js'

export const SECRET = 'sk-this-is-a-secret-0123456789'
const text = { input: ['text', 'image'], output: ['text'] }
const able = { tool_call: true, structured_output: true, reasoning: true, modalities: text }

/** In the shape of models.dev's list. */
export const LIST = {
  openai: {
    models: {
      nano: { ...able, limit: { context: 400_000, output: 128_000 }, cost: { input: 0.05, output: 0.4 } },
      large: { ...able, limit: { context: 400_000, output: 500_000 }, cost: { input: 1.25, output: 10 } },
      old: { ...able, status: 'deprecated', cost: { input: 1, output: 2 } },
      painter: { modalities: { input: ['text'], output: ['image'] }, cost: { input: 1, output: 2 } },
      free: { modalities: text, cost: { input: 0, output: 0 } },
      embed: { modalities: text, cost: { input: 0.02, output: 0 } },
    },
  },
  anthropic: {
    models: {
      haiku: {
        tool_call: true,
        modalities: { input: ['text', 'pdf'], output: ['text'] },
        cost: { input: 1, output: 5, cache_read: 0.1, cache_write: 1.25 },
      },
    },
  },
  google: { models: { flash: { modalities: text, cost: { input: 0.3, output: 2.5 } } } },
}
export const TWO = ['--model', 'openai/nano', '--model', 'openai/large']

/** list.json in a folder of its own for each test, and of the variables that the command reads one key alone: none of this machine's. */
export function folderOfInit(): Folder {
  const folder = new Folder()
  beforeEach(async () => {
    const names = START_PROVIDERS.flatMap(({ keyNames, addressName }) =>
      [...keyNames, addressName ?? []].flat(),
    )
    for (const name of [...names, 'PARETOBANDIT_ADMIN_KEY']) vi.stubEnv(name, '')
    vi.stubEnv('OPENAI_API_KEY', SECRET)
    await folder.write('list.json', LIST)
  })
  afterEach(() => {
    vi.unstubAllEnvs()
  })
  return folder
}
