import { stat } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { printable, visible } from '../../src/base/visible.js'
import { createRouter } from '../../src/create-router.js'
import { escapeHtml } from '../../src/report/escape.js'
import { hint, label } from '../../src/report/svg.js'
import { expectCode, wrong } from '../support/errors.js'
import { Folder, MODELS } from './support.js'

const folder = new Folder()
/** Clears a screen, sets a title, turns the text around, ends a line and forges another. */
const ID =
  'a\u001b[2J\u001b]0;t\u0007\u202eb\u2066\u009b1m\nDAMAGE: none\u200f\r\ufe0f\u{e0041}\u3164\u115f\u2800\u00a0\u200d'
const ACTED_ON = /(?!\n)[\p{Cc}\p{Cf}\p{Zl}\p{Zp}\p{Default_Ignorable_Code_Point}\u2800\u00a0]/u

async function state(): Promise<void> {
  const price = { inputUsdPerMTok: 1, outputUsdPerMTok: 1 }
  await folder.write('models.json', [
    { id: ID, ...price },
    { id: 'plain', ...price },
  ])
  await folder.ok(['route', 'x', '--models', 'models.json', '--state', 'router.state', '--candidates', ID])
}

describe('what ids hold is never acted on by a terminal', () => {
  test('in route, feedback, stats, inspect and export, as text and as JSON', async () => {
    await state()
    const outputs = [
      await folder.ok(['route', 'x', '--state', 'router.state', '--candidates', ID]),
      await folder.ok(['route', 'x', '--state', 'router.state', '--json']),
      await folder.ok(['settle', 'r.1', '--cost', '0.01', '--state', 'router.state']),
      await folder.ok(['reward', 'r.1', '0.5', '--state', 'router.state']),
      await folder.ok(['fail', 'r.2', '--state', 'router.state']),
      await folder.ok(['stats', '--state', 'router.state']),
      await folder.ok(['stats', '--state', 'router.state', '--json']),
      await folder.ok(['inspect', 'router.state']),
      await folder.ok(['inspect', 'router.state', '--json']),
      await folder.ok(['export', 'router.state']),
    ]
    for (const output of outputs) {
      expect(output).not.toMatch(ACTED_ON)
      expect(output).not.toMatch(/^DAMAGE/m)
    }
    // JSON says the same as before.
    expect(JSON.parse(outputs[6]).models[0].id).toBe(ID)
  })

  test('in what replay says', async () => {
    const price = { inputUsdPerMTok: 1, outputUsdPerMTok: 1 }
    await folder.write('models.json', [
      { id: ID, ...price },
      { id: 'plain', ...price },
    ])
    const outcomes = { [ID]: { reward: 1, costUsd: 0.001 }, plain: { reward: 0.5, costUsd: 0.0001 } }
    const rows = Array.from({ length: 40 }, (_, i) =>
      JSON.stringify({ id: `${i}`, prompt: `p ${i}`, outcomes }),
    )
    await folder.write('rows.jsonl', rows.join('\n'))
    const args = [
      'replay',
      '--data',
      'rows.jsonl',
      '--models',
      'models.json',
      '--budgets',
      '0.001',
      '--features',
      'encode',
      '--seeds',
      '1',
    ]
    const output = await folder.ok(args)
    expect(output).toContain('\\u001b')
    expect(output).not.toMatch(ACTED_ON)
  })

  test('in reports of replay and evaluate, and in messages of the library', async () => {
    for (const write of [escapeHtml, hint, (text: string) => label(text, 0, 0, { class: text })])
      expect(write(`${ID}<b>`)).not.toMatch(ACTED_ON)
    expect(escapeHtml('a\ufe0f<b>\n')).toBe('a\\ufe0f&lt;b&gt;\n')
    const router = await createRouter({ models: MODELS, dimension: 3, kernel: 'js' })
    const calls = [
      () => router.route([1, 1, 1], { candidates: [wrong<'small'>(ID)] }),
      () => router.removeModel(wrong<'small'>(ID)),
    ]
    for (const call of calls) {
      const { message } = expectCode(call, 'UNKNOWN_MODEL')
      expect(message).not.toMatch(ACTED_ON)
      expect(message).not.toContain('\n')
    }
  })

  test('and errors', async () => {
    await state()
    await folder.refused(
      ['route', 'x', '--state', 'router.state', '--candidates', '\u202ex\u001b'],
      /no model/,
    )
  })

  test.each([
    ['a zero-width space', 'gpt\u200b-4', 'gpt\\u200b-4'],
    ['a byte order mark', '\ufeffgpt', '\\ufeffgpt'],
    ['a soft hyphen', 'g\u00adpt', 'g\\u00adpt'],
    ['a word joiner', 'gpt\u2060', 'gpt\\u2060'],
    ['a joiner beside a Latin letter', 'gp\u200dt', 'gp\\u200dt'],
    ['a joiner at the end', '模型\u200d', '模型\\u200d'],
    ['a Cyrillic id with a joiner', 'аб\u200cв', 'аб\\u200cв'],
    ['a tag character', 'gpt\u{e0041}', 'gpt\\udb40\\udc41'],
    ['a filler', 'gpt\u3164', 'gpt\\u3164'],
    ['a filler of half the width', 'gpt\uffa0', 'gpt\\uffa0'],
    ['a filler of Hangul', '\u115f\u1160가', '\\u115f\\u1160가'],
    ['a variation selector', 'gpt\ufe0f', 'gpt\\ufe0f'],
    ['a rare variation selector', '模\u{e0101}', '模\\udb40\\udd01'],
    ['a selector of Mongolian', 'ᠠ\u180b', 'ᠠ\\u180b'],
    ['a joiner between ideographs', '模\u200d型', '模\\u200d型'],
    ['an emoji of several, which has joiners and selectors', '👨\u200d👩 ❤\ufe0f', '👨\\u200d👩 ❤\\ufe0f'],
    ['a word of Persian that has a joiner', 'می\u200cخواهم', 'می\\u200cخواهم'],
    ['a grapheme joiner', 'a\u034fb', 'a\\u034fb'],
    ['empty Braille', 'a\u2800', 'a\\u2800'],
    ['a number sign of Arabic', 'a\u0600', 'a\\u0600'],
    ['an annotation', 'a\ufff9b\ufffb', 'a\\ufff9b\\ufffb'],
    ['a beam of music', 'a\u{1d173}', 'a\\ud834\\udd73'],
    ['a format of shorthand', 'a\u{1bca0}', 'a\\ud82f\\udca0'],
    ['lines and paragraphs', 'a\u2028b\u2029', 'a\\u2028b\\u2029'],
    ['spaces of other kinds', 'a\u00a0b\u2003c\u3000', 'a\\u00a0b\\u2003c\\u3000'],
  ])('what takes no room is shown: %s', (_, text, shown) => {
    expect([visible(text), printable(text)]).toEqual([shown, shown])
  })

  test('other text stays what it is', () => {
    const text = 'größer 模型 \u{1f468}🚀 שלום مرحبا ক্ষ é e\u0301'
    expect([visible(text), printable(text)]).toEqual([text, text])
    expect([visible('a\tb\nc'), printable('a\nc')]).toEqual(['a\\u0009b\\u000ac', 'a\nc'])
  })
})

describe.skipIf(process.platform === 'win32')('files that hold what a router knows', () => {
  test('are for their owner alone', async () => {
    await state()
    await folder.ok(['route', 'x', '--state', 'router.state', '--log', 'log.jsonl'])
    await folder.ok(['snapshot', 'router.state', 'router.snapshot'])
    await folder.ok(['restore', 'router.snapshot', 'again.state'])
    await folder.ok(['export', 'router.state', '--out', 'events.jsonl'])
    const files = ['router.state', 'router.snapshot', 'again.state', 'events.jsonl', 'log.jsonl']
    for (const file of files) {
      const { mode } = await stat(join(folder.path, file))
      expect([file, (mode & 0o777).toString(8)]).toEqual([file, '600'])
    }
  })
})
