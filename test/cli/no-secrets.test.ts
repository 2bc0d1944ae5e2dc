import { describe, expect, test } from 'vitest'
import { jsonMistake } from '../../src/cli/json-mistake.js'
import { parseConfigText } from '../../src/gateway/config/config-text.js'
import { Folder, MODELS } from './support.js'

const folder = new Folder()
const SECRETS: readonly (readonly [what: string, text: string])[] = [
  ['variables', 'OPENAI_API_KEY=sk-SECRET\nOTHER=sk-SECRET\n'],
  ['a text', '"sk-SECRET"'],
  ['JSON that breaks off', '{"key": "sk-SECRET", "other": "sk-SECRET'],
  ['JSON with a word', '{\n  "key": sk-SECRET\n}'],
]

describe('a file that is another than was meant', () => {
  test.each(SECRETS)('is not quoted (%s)', async (_, text) => {
    await folder.write('.env', text)
    await folder.write('models.json', { models: MODELS })
    const budget = ['--budget', '1']
    for (const args of [
      ['route', 'rain', '--models', '.env', ...budget],
      ['route', 'rain', '--models', 'models.json', '--priors', '.env', ...budget],
      ['fit-priors', '--data', '.env', '--out', 'priors.json'],
      ['evaluate', '--log', '.env'],
      ['replay', '--data', '.env', '--models', 'models.json'],
      ['check-config', '.env'],
      ['prices', 'import', '.env', '--as', 'a=b'],
    ]) {
      const { code, stdout, stderr } = await folder.run(args)
      expect([args[0], code]).toEqual([args[0], 2])
      expect(stderr).toContain('.env')
      expect(stdout + stderr).not.toMatch(/SECRET|sk-|OPENAI/)
    }
  })

  test.each([
    ['', 'expected JSON, got an empty text'],
    ['{"a": 1', 'expected JSON, it ends too early'],
    ['"sk-SECRET', 'expected JSON, it ends too early'],
    ['KEY=sk-SECRET', 'expected JSON, it is invalid from line 1, column 1'],
    ['{\n "é": SECRET }', 'expected JSON, it is invalid from line 2, column 7'],
    ['[1,\n2,]', 'expected JSON, it is invalid from line 2, column 3'],
    ['[01]', 'expected JSON, it is invalid from line 1, column 3'],
  ])('is told by where it stops being JSON: %j', (text, message) => {
    expect(jsonMistake(text)).toBe(message)
  })

  test.each([
    'a: [1, 2\n"sk-SECRET" }',
    'a: {b: 1}}sk-SECRET',
    'a: @sk-SECRET',
    '%sk-SECRET',
    'a: *sk-SECRET',
    '\t- sk-SECRET',
    "'sk-SECRET",
  ])('is told by where it stops being YAML: %j', (text) => {
    const { mistakes } = parseConfigText(text)
    expect(mistakes.length).toBeGreaterThan(0)
    for (const { message } of mistakes) expect(message).not.toContain('SECRET')
  })
})
