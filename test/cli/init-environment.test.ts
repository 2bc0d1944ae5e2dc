import { describe, expect, test, vi } from 'vitest'
import { folderOfInit, SECRET, TWO } from './init-list.js'

const folder = folderOfInit()
const words = ['init', '-', '--prices', 'list.json']

describe('init, in odd environments', () => {
  test('says which keys the next lines need, where they are elsewhere', async () => {
    vi.stubEnv('OPENAI_API_KEY', '')
    const listed = await folder.ok(['init', '--prices', 'list.json', '--no-secrets'])
    expect(listed).toContain('$ paretobandit init --no-secrets --prices list.json --model')
    const models = [...TWO, '--model', 'google/flash', '--no-secrets']
    const elsewhere = await folder.run([...words, ...models])
    expect(elsewhere.stderr).toMatch(
      /^next, with OPENAI_API_KEY and GEMINI_API_KEY in the environment:\n {2}\$ /m,
    )
    vi.stubEnv('OPENAI_API_KEY', SECRET)
    const some = await folder.run([...words, ...models])
    expect(some.stderr).toMatch(/^next, with GEMINI_API_KEY in the environment:$/m)
    vi.stubEnv('GOOGLE_GENERATIVE_AI_API_KEY', SECRET)
    const all = await folder.run([...words, ...models])
    expect(all.stderr).toMatch(/^next:$/m)
    // The variable of the AI SDK's users.
    expect(all.stdout).toContain('apiKey: $GOOGLE_GENERATIVE_AI_API_KEY')
  })

  test('says what the address of a provider ends in', async () => {
    vi.stubEnv('OPENAI_BASE_URL', 'https://api.openai.com')
    await folder.refused(
      [...words, ...TWO],
      /OPENAI_BASE_URL: expected .*, such as https:\/\/api\.openai\.com\/v1: set it/,
    )
  })
})
