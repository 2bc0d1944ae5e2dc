import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { link, readFile, stat, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { finished } from 'node:stream/promises'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import { beforeEach, describe, expect, it } from 'vitest'
import { parseDecisionLog } from '../../src/evaluate/log.js'
import { parseOutcomes } from '../../src/replay/dataset.js'
import { expectCode } from '../support/errors.js'
import { BIN, Folder, MODELS } from './support.js'

const folder = new Folder()

const ROWS = Array.from({ length: 60 }, (_, i) => ({
  id: `p${i}`,
  prompt: `question number ${i} about rivers`,
  features: [i / 60, 1],
  outcomes: Object.fromEntries(
    MODELS.map(({ id }, m) => [id, { reward: (m + (i % 3)) / 5, costUsd: 0.001 * (m + 1) }]),
  ),
}))
const DECISIONS = Array.from({ length: 160 }, (_, i) => ({
  id: `p${i}`,
  context: [i / 160, 1],
  model: MODELS[i % 2].id,
  propensity: 0.5,
  eligible: [MODELS[0].id, MODELS[1].id],
  reward: (i % 5) / 5,
  costUsd: 0.001,
}))
const jsonl = (rows: readonly object[]) => `${rows.map((row) => JSON.stringify(row)).join('\n')}\n`

/** Each command that reads lines, by the flag that names its file. */
const READERS = {
  replay: (data: string) => [
    ...['replay', '--data', data, '--models', 'models.json', '--cold', '--seeds', '1', '--kernel', 'js'],
  ],
  'replay --train': (data: string) => [
    ...['replay', '--data', 'rows.jsonl', '--train', data, '--models', 'models.json'],
    ...['--seeds', '1', '--kernel', 'js'],
  ],
  tune: (data: string) => [
    'tune',
    '--data',
    data,
    '--models',
    'models.json',
    '--seeds',
    '1',
    '--kernel',
    'js',
  ],
  'fit-priors': (data: string) => ['fit-priors', '--data', data, '--out', 'priors.json'],
  evaluate: (data: string) => ['evaluate', '--log', data, '--policy', 'uniform', '--json'],
} as const
const names = Object.keys(READERS) as (keyof typeof READERS)[]
const linesFor = (name: string) => jsonl(name === 'evaluate' ? DECISIONS : ROWS)

beforeEach(async () => {
  await folder.write('models.json', MODELS)
  await folder.write('rows.jsonl', jsonl(ROWS))
  await folder.write('decisions.jsonl', jsonl(DECISIONS))
})

describe.each(names)('%s', (name) => {
  const args = READERS[name]
  const said = async (file: string) =>
    (await folder.ok(args(file))).replaceAll(file, 'FILE').replace(/[\d,]+ requests\/s/, '')

  it('passes over byte order marks', async () => {
    const lines = linesFor(name)
    const more = lines.replaceAll('"id":"p', '"id":"q')
    await folder.write('plain.jsonl', lines + more)
    await folder.write('marked.jsonl', `\ufeff${lines}\ufeff${more}`)
    await folder.write('models.json', `\ufeff${JSON.stringify(MODELS)}`)
    expect(await said('marked.jsonl')).toBe(await said('plain.jsonl'))
  })

  it('names text and JSON of other kinds', async () => {
    const lines = linesFor(name)
    const utf16 = Buffer.from(`\ufeff${lines}`, 'utf16le')
    const kinds: [string, Uint8Array | string, RegExp][] = [
      ['utf16le', utf16, /utf16le: .*UTF-16.*iconv/],
      ['utf16be', Buffer.from(utf16).swap16(), /utf16be: .*UTF-16/],
      ['utf16', Buffer.from(lines, 'utf16le'), /utf16: .*UTF-16/],
      ['packed', gzipSync(utf16), /packed: .*UTF-16.*iconv/],
      ['twice', gzipSync(gzipSync(lines)), /twice: .*gzip.*gunzip/],
      [
        'array',
        JSON.stringify(
          lines
            .trim()
            .split('\n')
            .map((line) => JSON.parse(line)),
        ),
        /array:1: .*JSON array.*line/,
      ],
      ['csv', 'id,prompt,model,reward\n1,hello,small,0.5\n', /csv:1: .*got CSV: 'paretobandit import-log'/],
      ['tsv', '\ufeff"id"\t"prompt"\n1\thello\n', /tsv:1: .*got CSV/],
      ['page', '<!doctype html><html>404, sorry</html>', /page:1: .*got HTML/],
      ['zeros', Buffer.alloc(300), /zeros:1: .*got zero bytes/],
      ['prose', 'Nothing here is {a: "row"}, to be sure', /prose:1: expected JSON, got 38 characters/],
      ['pretty', `\n[\n  ${lines.trim().split('\n').join(',\n  ')}\n]\n`, /pretty:2: .*JSON array/],
    ]
    for (const [file, content, message] of kinds) {
      await folder.write(file, content)
      await folder.refused(args(file), message)
    }
  })

  it('refuses what is not UTF-8, with its line and byte', async () => {
    const lines = linesFor(name).trim().split('\n')
    // Latin-1 in the third line, and a character that the end of the file cuts.
    const latin = [...lines.slice(0, 2), lines[2].replace('"id":"', '"id":"caf\u00e9'), ...lines.slice(3)]
    await folder.write('latin', Buffer.from(latin.join('\n'), 'latin1'))
    const at = latin[2].indexOf('\u00e9') + 1
    await folder.refused(args('latin'), new RegExp(`latin: .*byte ${at} of line 3 is 0xe9, not UTF-8`))
    const cut = Buffer.concat([
      Buffer.from(`${lines.join('\n')}\n{"id":"`),
      Buffer.from('\u4f60').subarray(0, 2),
    ])
    await folder.write('cut', cut)
    await folder.refused(
      args('cut'),
      new RegExp(`cut: .*byte 8 of line ${lines.length + 1} is 0xe4, not UTF-8`),
    )
    // What was written as U+FFFD is text like any other.
    await folder.write('fine', linesFor(name).replaceAll('"id":"p1"', '"id":"p\ufffd\u4f60"'))
    await folder.ok(args('fine'))
    await folder.write('models.json', Buffer.from('[{"id":"caf\u00e9"}]', 'latin1'))
    if (args('x').includes('models.json'))
      await folder.refused(args('fine'), /models\.json: .*byte 12 of line 1/)
  })

  it('unpacks what is compressed by gzip', async () => {
    const packed = gzipSync(linesFor(name))
    await folder.write('plain', linesFor(name))
    await folder.write('packed.gz', packed)
    expect(await said('packed.gz')).toBe(await said('plain'))
    await folder.write('cut.gz', packed.subarray(0, packed.length - 12))
    await folder.refused(args('cut.gz'), /cut\.gz: it is compressed by gzip and broken: /)
  })

  it('reads standard input', async () => {
    const lines = linesFor(name)
    await folder.ok(args('-'), lines)
    await folder.refused(
      args('-'),
      /^paretobandit: standard input:2: /,
      `${lines.split('\n')[0]}\n{"id": 3}\n`,
    )
    await folder.refused(args('-'), /^paretobandit: standard input:1: .*JSON array/, '[{}]')
  })
})

describe('a file that is larger than the memory', () => {
  it.each([
    ['fit-priors', ['--out', 'priors.json', '--data'], /priors of 1 model from 1200 prompts/],
    ['evaluate', ['--log'], /1200 requests, 1200 evaluated/],
  ] as const)('is read by %s, line by line', async (command, flags, said) => {
    const sink = createWriteStream(join(folder.path, 'large.jsonl'))
    const long = 'rain '.repeat(10_000)
    for (let i = 0; i < 1200; i++) {
      const outcome = { reward: (i % 5) / 5, costUsd: 0.1 }
      const row = {
        id: `${i}`,
        prompt: `${i} ${long}`,
        model: 'small',
        ...outcome,
        outcomes: { small: outcome },
      }
      if (!sink.write(`${JSON.stringify(row)}\n`))
        await new Promise<void>((resolve) => sink.once('drain', () => resolve()))
    }
    await finished(sink.end())
    expect((await stat(join(folder.path, 'large.jsonl'))).size).toBeGreaterThan(5.9e7)
    const args = ['--max-old-space-size=56', BIN, command, ...flags, 'large.jsonl']
    const { stdout } = await promisify(execFile)(process.execPath, args, { cwd: folder.path })
    expect(stdout).toMatch(said)
  })

  it.runIf(process.platform !== 'win32')('is refused where it is read as a whole', async () => {
    const args = ['route', 'Hello', '--models', '/dev/zero']
    await folder.refused(args, /\/dev\/zero: expected at most \d+ bytes, it has more/)
  })
})

describe('readers of the library', () => {
  it.each([
    ['\ufffd\ufffd{\0"\0', /UTF-16/],
    ['{\0"\0i\0d\0', /UTF-16/],
    ['\x1f\ufffd\b\0', /gzip/],
    [' [{"id": 1}]', /a JSON array/],
  ])('name a text that is of another kind: %j', (text, message) => {
    for (const parse of [parseOutcomes, parseDecisionLog])
      expect(expectCode(() => parse(text, 'file'), 'DATA_INVALID', 'file:1').message).toMatch(message)
  })
})

it.each(['replay', 'tune'])('%s takes rows of prompts as docs/USAGE.md says', async (command) => {
  const page = await readFile(new URL('../../docs/USAGE.md', import.meta.url), 'utf8')
  const said = new RegExp(`${command} (--data log\\.jsonl --models \\S*models\\.json[^\\x60\\n]*)`).exec(
    page,
  )?.[1]
  const flags = (said ?? '').replace('examples/models.json', 'models.json').split(' ')
  await folder.write(
    'log.jsonl',
    jsonl(ROWS.map(({ id, outcomes }) => ({ id, prompt: `a ${id}`, outcomes }))),
  )
  await folder.ok([command, ...flags, '--seeds', '1', '--budgets', '0.001', '--kernel', 'js'])
})

it('two inputs cannot both be standard input', async () => {
  await folder.refused(
    ['replay', '--data', '-', '--train', '-', '--models', 'models.json'],
    /--train: expected a file: standard input is --data/,
  )
})

describe('a command writes to nothing that it reads, and to no two things at once', () => {
  const replay = ['replay', '--data', 'rows.jsonl', '--models', 'models.json', '--cold', '--seeds', '1']
  const tune = ['tune', '--data', 'rows.jsonl', '--models', 'models.json', '--seeds', '1']
  const cases: [string[], string][] = [
    [['fit-priors', '--data', 'rows.jsonl', '--out'], 'rows.jsonl'],
    [[...replay, '--json'], 'rows.jsonl'],
    [[...replay, '--report'], 'rows.jsonl'],
    [[...replay, '--report'], 'models.json'],
    [[...replay, '--train', 'decisions.jsonl', '--json'], 'decisions.jsonl'],
    [[...tune, '--json'], 'rows.jsonl'],
    [[...tune, '--json'], 'models.json'],
    [['evaluate', '--log', 'decisions.jsonl', '--report'], 'decisions.jsonl'],
    [['route', 'x', '--models', 'models.json', '--log'], 'models.json'],
    [['route', 'x', '--models', 'models.json', '--state'], 'models.json'],
    [['route', 'x', '--state', 'router.state', '--log'], 'router.state'],
    [['settle', 'r.1', '--cost', '0', '--state', 'router.state', '--log'], 'router.state'],
    [['reward', 'r.1', '1', '--state', 'router.state', '--log'], 'router.state'],
    [['fail', 'r.1', '--state', 'router.state', '--log'], 'router.state'],
    [['settle', 'r.1', '--usage', 'models.json', '--state', 'router.state', '--log'], 'models.json'],
    [['export', 'router.state', '--out'], 'router.state'],
    [['snapshot', 'router.state'], 'router.state'],
    [['conformance', 'rows.jsonl', '--json'], 'rows.jsonl'],
  ]

  it.each(cases)('%j %s', async (args, input) => {
    await folder.kept()
    const before = await folder.read(input)
    await symlink(input, join(folder.path, 'link'))
    await symlink('link', join(folder.path, 'link-of-link'))
    await link(join(folder.path, input), join(folder.path, 'hard'))
    await symlink('.', join(folder.path, 'here'))
    for (const name of [
      input,
      `./${input}`,
      join(folder.path, input),
      'link',
      'link-of-link',
      'hard',
      `here/${input}`,
    ])
      await folder.refused([...args, name], /expected another file than .*, which is (read|written)/)
    expect((await readFile(join(folder.path, input))).equals(before)).toBe(true)
  })

  it('--json and --report of replay, under any name, there or not', async () => {
    await symlink('out', join(folder.path, 'link'))
    for (const [json, report] of [
      ['out', 'link'],
      ['link', 'out'],
      ['link', './link'],
      ['here/out', 'link'],
    ]) {
      await symlink('.', join(folder.path, 'here')).catch(() => {})
      await folder.refused([...replay, '--json', json, '--report', report], /expected another file than/)
    }
  })

  it('and to no database', async () => {
    await folder.kept()
    await folder.kept(1, 'other.state')
    const before = await folder.read('other.state')
    for (const args of [
      ['export', 'router.state', '--out', 'other.state'],
      ['snapshot', 'router.state', 'other.state'],
      ['fit-priors', '--data', 'rows.jsonl', '--out', 'other.state'],
      [...replay, '--report', 'other.state'],
      [...tune, '--json', 'other.state'],
      ['reward', 'r.1', '1', '--state', 'router.state', '--log', 'other.state'],
    ])
      await folder.refused(args, /other\.state: expected a file to write to, it is a database/)
    expect((await folder.read('other.state')).equals(before)).toBe(true)
  })

  it('export says what it replaces', async () => {
    await folder.kept()
    const exported = ['export', 'router.state', '--out', 'events.jsonl']
    expect(await folder.ok(exported)).not.toContain('replaced')
    await folder.write('events.jsonl', 'of another\n')
    expect(await folder.ok(exported)).toMatch(/; the 11 bytes that were in it are replaced\n$/)
  })

  it('beside a log', async () => {
    await folder.kept()
    for (const side of ['-wal', '-shm', '-journal', '-writer'])
      await folder.refused(
        ['export', 'router.state', '--out', `router.state${side}`],
        /expected another file/,
      )
  })

  it('but for what is no file', async () => {
    await symlink('/dev/null', join(folder.path, 'nothing'))
    await folder.ok([...replay, '--json', '/dev/null', '--report', 'nothing'])
  })
})

describe('a prompt that begins with a dash', () => {
  it.each(['-1 + 3 = ?', '- what is this?', '--', '-', '--What?', '-h, he said', '-42'])(
    'gets a hint, and goes behind --: %s',
    async (prompt) => {
      const args = ['route', '--models', 'models.json']
      if (!['--', '-', '-42'].includes(prompt))
        await folder.refused([...args, prompt], /begins with '-' goes behind '--'/)
      expect(await folder.ok([...args, '--', prompt], 'a prompt')).toContain('small')
    },
  )

  it('is no misspelt flag', async () => {
    await folder.refused(
      ['route', 'x', '--modles', 'm'],
      /unknown option '--modles' \(Did you mean --models\?\)$/m,
    )
  })
})

describe('a models file with prices of one token', () => {
  const models = (usd: number) => [
    { id: 'm', inputUsdPerMTok: usd, outputUsdPerMTok: 2 },
    {
      id: 'n',
      inputUsdPerMTok: 1,
      outputUsdPerMTok: 2,
      tiers: [{ aboveInputTokens: 1000, inputUsdPerMTok: usd, outputUsdPerMTok: usd * 2 }],
    },
  ]

  const why = 'got 2.5e-7: if that is the price of one token, write 0.25'

  it('is refused, with what to write', async () => {
    await folder.write('tokens.json', JSON.stringify(models(2.5e-7)))
    await folder.refused(
      ['route', 'hello', '--models', 'tokens.json'],
      new RegExp(
        `^paretobandit: tokens.json: models\\[0\\].inputUsdPerMTok: expected USD per million tokens, .*${why}$`,
        'm',
      ),
    )
  })

  it('is taken by prices import, which mends it, with a warning', async () => {
    await folder.write('tokens.json', JSON.stringify(models(2.5e-7)))
    await folder.write(
      'list.json',
      JSON.stringify([
        { ...models(1)[0], id: 'm' },
        { ...models(1)[0], id: 'n' },
      ]),
    )
    const { stderr } = await folder.run(['prices', 'import', 'list.json', '--models', 'tokens.json'])
    for (const where of ['models[0]', 'models[1].tiers[0]'])
      expect(stderr).toContain(
        `paretobandit: tokens.json: ${where}.inputUsdPerMTok: expected USD per million tokens, ${why}; all costs`,
      )
  })

  it.each([0, 0.0001, 2.5])('is not what a price of %d is', async (usd) => {
    await folder.write('tokens.json', JSON.stringify(models(usd)))
    const { code, stderr } = await folder.run(['route', 'hello', '--models', 'tokens.json'])
    expect([code, stderr]).toEqual([0, ''])
  })
})
