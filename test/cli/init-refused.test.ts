import { readdir } from 'node:fs/promises'
import { describe, expect, test, vi } from 'vitest'
import { folderOfInit, SECRET, TWO } from './init-list.js'

const folder = folderOfInit()

describe('init refuses, and says what to write', () => {
  const words = ['init', '--prices', 'list.json']
  test.each<[string, readonly string[], RegExp]>([
    [
      'no list',
      ['init', ...TWO],
      /--prices: expected a price list, .* https:\/\/models\.dev\/api\.json or https:\/\/raw/,
    ],
    ['an empty list', ['init', '--prices', '', ...TWO], /--prices: expected a path, got an empty text/],
    [
      'no such list',
      ['init', '--prices', 'none.json', ...TWO],
      /none\.json: it cannot be read: no such file/,
    ],
    [
      'a password',
      ['init', '--prices', `https://me:${SECRET}@h/x`, ...TWO],
      /expected no user and no password/,
    ],
    ['no list in it', ['init', '--prices', 'junk.json', ...TWO], /junk\.json: expected LiteLLM's/],
    ['no provider', [...words, '--model', 'nano'], /Expected PROVIDER\/MODEL, such as openai\/gpt-5-nano/],
    ['no model', [...words, '--model', 'openai/'], /Expected PROVIDER\/MODEL/],
    ['a misspelt provider', [...words, '--model', 'opnai/nano'], /Did you mean openai\/nano\?/],
    ['a model twice', [...words, ...TWO, '--model', 'openai/nano'], /Expected openai\/nano once/],
    [
      'a model with blanks',
      [...words, '--model', 'openai/a b'],
      /Expected 1 to 180 visible ASCII characters/,
    ],
    [
      'a model that the list lacks',
      [...words, '--model', 'openai/nanno'],
      /openai\/nanno: the list has no such name; near are openai\/nano, openai\/large; if the list calls it something else: --as openai\/nanno=NAME/,
    ],
    [
      'a wrong name of it',
      [...words, '--model', 'openai/x', '--as', 'openai/x=y'],
      /openai\/x \(y\): the list has no such name$/m,
    ],
    [
      '--as of no model',
      [...words, ...TWO, '--as', 'nano=x'],
      /--as: expected the id of a --model \(openai\/nano, openai\/large\), got 'nano'/,
    ],
    [
      '--accept of no model',
      [...words, ...TWO, '--accept', 'nano'],
      /--accept: expected the id of a --model/,
    ],
    [
      'two models after one --model',
      [...words, '--model', 'openai/nano', 'openai/large'],
      /config: expected a file such as gateway\.yaml, got the model openai\/large: write --model before each/,
    ],
    ['a free model', [...words, '--model', 'openai/free'], /if that is meant: --accept openai\/free/],
    [
      'no key',
      [...words, '--model', 'anthropic/haiku'],
      /export ANTHROPIC_API_KEY=\.\.\., or give --no-secrets/,
    ],
    [
      'unpriced tokens',
      [...words, '--no-secrets', '--model', 'anthropic/haiku'],
      /--unpriced dearest takes the model all the same$/m,
    ],
    ['no budget', [...words, ...TWO, '--usd-per-request', '0'], /Expected dollars: a number above 0/],
    ['words for a budget', [...words, ...TWO, '--usd-per-month', 'much'], /Expected a finite number/],
    [
      'part of a request',
      [...words, ...TWO, '--requests-per-month', '1.5'],
      /Expected a whole number of requests/,
    ],
    [
      'requests alone',
      [...words, ...TWO, '--requests-per-month', '5'],
      /--requests-per-month: expected --usd-per-month beside it/,
    ],
    [
      'two budgets',
      [...words, ...TWO, '--usd-per-month', '1', '--requests-per-month', '5', '--usd-per-request', '1'],
      /--requests-per-month: expected no --usd-per-request beside it/,
    ],
  ])('%s', async (_, args, message) => {
    await folder.write('junk.json', { a: 1 })
    await folder.refused(args, message)
    const { stderr } = await folder.run(args)
    expect(stderr).not.toContain(SECRET)
    expect((await readdir(folder.path)).sort()).toEqual(['junk.json', 'list.json'])
  })

  test.each<[string, string, RegExp]>([
    ['OPENAI_API_KEY', `${SECRET}\n`, /the environment variable OPENAI_API_KEY has spaces or line ends/],
    [
      'PARETOBANDIT_ADMIN_KEY',
      'sk-short',
      /admin\.key: the environment variable PARETOBANDIT_ADMIN_KEY is shorter than 16/,
    ],
    [
      'OPENAI_BASE_URL',
      `https://me:${SECRET}@host/v1`,
      /OPENAI_BASE_URL: expected an http or https address without a user/,
    ],
    ['OPENAI_BASE_URL', `not ${SECRET}`, /OPENAI_BASE_URL: expected an http or https address/],
    [
      'OPENAI_BASE_URL',
      'https://h/v1/chat/completions',
      /OPENAI_BASE_URL: expected .* or what the gateway adds/,
    ],
    [
      'OPENAI_BASE_URL',
      'http://localhost:8787/v1',
      /got that of the gateway itself \(port 8787\), .*: unset OPENAI_BASE_URL/,
    ],
  ])('%s as %s', async (name, value, message) => {
    vi.stubEnv(name, value)
    await folder.refused([...words, ...TWO], message)
    expect((await folder.run([...words, ...TWO])).stderr).not.toContain(value.trim())
    expect(await readdir(folder.path)).toEqual(['list.json'])
  })

  test('where no provider has a key', async () => {
    vi.stubEnv('OPENAI_API_KEY', '')
    await folder.refused(
      words,
      /init: expected the key of a provider in the environment: one of OPENAI_API_KEY, /,
    )
  })
})
