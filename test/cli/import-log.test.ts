import { execFile } from 'node:child_process'
import { createWriteStream } from 'node:fs'
import { chmod, readdir, stat, symlink } from 'node:fs/promises'
import { finished } from 'node:stream/promises'
import { promisify } from 'node:util'
import { gzipSync } from 'node:zlib'
import fc from 'fast-check'
import { describe, expect, test } from 'vitest'
import { mulberry32 } from '../../src/base/random.js'
import {
  batchInput,
  batchOutput,
  csv,
  langfuse,
  langfuseScore,
  lines,
  liteLlm,
  openAi,
  PRICES,
  type Told,
  told,
} from '../evaluate/import-log/logs.js'
import '../support/seed.js'
import { BIN, Folder } from './support.js'

const folder = new Folder()
const CALLS = told(40)
const STARS = ['--reward', 'metadata.feedback.stars', '--reward-range', '1,5']
const OUT = ['--out', 'rows.jsonl']

async function rowsOf(name = 'rows.jsonl'): Promise<unknown[]> {
  const text = (await folder.read(name)).toString()
  return text
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => JSON.parse(line) as unknown)
}

async function imported(...args: string[]) {
  const report = JSON.parse(await folder.ok(['import-log', ...args, ...OUT, '--json']))
  return { report, rows: await rowsOf() }
}

/** Calls whose models were drawn by chance, three times as often small as large, and whose rewards are told. */
function drawn(count: number, seed: number): Told[] {
  const random = mulberry32(seed)
  return told(count, ['small']).map((call) => {
    const isSmall = random() < 0.75
    const reward = random() < (isSmall ? 0.4 : 0.8) ? 1 : 0
    return { ...call, model: isSmall ? 'small' : 'large', reward, costUsd: isSmall ? 0.00003 : 0.0005 }
  })
}

describe('rows go on, in processes of their own, to', () => {
  test('fit-priors, whose priors route takes; with and without texts', async () => {
    await folder.write('models.json', { models: PRICES })
    await folder.write('spend.jsonl', lines(CALLS.map((call) => liteLlm(call))))
    const fit = ['fit-priors', '--data', 'rows.jsonl', '--out', 'priors.json']
    for (const flags of [[], ['--contexts-only']]) {
      const said = await folder.spawnOk(['import-log', 'spend.jsonl', ...STARS, ...OUT, ...flags])
      expect(said).toMatch(/^rows\.jsonl: 40 rows for priors, from 40 of 40 rows; 0 left out\.\n/)
      expect(said).toContain(`Next: paretobandit ${fit.join(' ')}\n`)
      expect((await folder.read('rows.jsonl')).includes('rivers')).toBe(flags.length === 0)
      expect(await folder.spawnOk(fit)).toContain('priors of 2 models from 40 prompts')
      const route = ['route', 'a poem about rain', '--models', 'models.json', '--budget', '1', '--json']
      await folder.ok([...route, '--priors', 'priors.json'])
    }
  })

  test('replay, from the outputs of one batch a model', async () => {
    await folder.write('models.json', { models: PRICES })
    const tasks = told(80, ['small'])
    const task = (i: number) => `task-${i}`
    await folder.write('in.jsonl', lines(tasks.map((call, i) => batchInput(call, task(i)))))
    for (const model of ['small', 'large']) {
      const answered = tasks.map((call, i) =>
        batchOutput({ ...call, model, id: `${model}-${i}` }, task(i), {
          grade: model === 'large' ? 1 : call.reward,
        }),
      )
      await folder.write(`${model}.jsonl`, lines(answered))
    }
    const files = ['small.jsonl', 'large.jsonl', '--requests', 'in.jsonl']
    const flags = ['--for', 'replay', '--models', 'models.json', '--reward', 'grade']
    const said = await folder.spawnOk(['import-log', ...files, ...flags, ...OUT, '--contexts-only'])
    expect((await folder.read('rows.jsonl')).includes('rivers')).toBe(false)
    expect(said).toMatch(/^rows\.jsonl: 80 rows for replay, from 160 of 160 rows/)
    const replay = [
      'replay',
      '--data',
      'rows.jsonl',
      '--models',
      'models.json',
      '--seeds',
      '1',
      '--budgets',
      '0.001',
    ]
    const played = await folder.spawnOk([...replay, '--json', 'figures.json'])
    expect(played).toContain('large')
    expect(JSON.parse((await folder.read('figures.json')).toString()).rows).toBeDefined()
  })

  test('evaluate, which tells what was earned and refuses other policies unless a split is assumed', async () => {
    const calls = drawn(1500, 7)
    await folder.write('observations.jsonl', lines(calls.map((call) => langfuse(call))))
    await folder.write(
      'scores.json',
      JSON.stringify({ data: calls.map((call) => langfuseScore(call)), meta: {} }),
    )
    const flags = ['--scores', 'scores.json', '--reward', 'helpful', '--for', 'evaluate']
    const said = await folder.spawnOk(['import-log', 'observations.jsonl', ...flags, ...OUT])
    expect(said).toContain('1500 have no propensity')
    const evaluate = ['evaluate', '--log', 'rows.jsonl']
    expect(await folder.spawnOk(evaluate)).toMatch(
      /1500 requests, 1500 evaluated, of which 1500 are rewarded/,
    )
    const large = [...evaluate, '--policy', 'model:large']
    await folder.spawnRefused(large, /no decision has a propensity/)
    const assumed = await folder.spawnOk([...large, '--assume-random', '--report', 'page.html'])
    expect(assumed).toContain('ASSUMED: 1500 have no propensity of the log')
    expect(assumed).toContain('The log does not show that dollars could be saved at the same quality')
    expect((await folder.read('page.html')).toString()).toContain('ASSUMED: 1500')
    const { policies } = JSON.parse(await folder.ok([...large, '--assume-random', '--json']))
    expect(policies[1].reward.doublyRobust.mean).toBeCloseTo(0.8, 1)
  })

  test('evaluate with the propensities that a log has', async () => {
    const calls = drawn(1500, 8).map((call) => openAi(call, { chance: call.model === 'small' ? 0.75 : 0.25 }))
    await folder.write('log.jsonl', lines(calls))
    await folder.ok(['import-log', 'log.jsonl', '--for', 'evaluate', '--propensity', 'chance', ...OUT])
    const said = await folder.ok(['evaluate', '--log', 'rows.jsonl', '--policy', 'model:large', '--json'])
    const { policies, assumedPropensities, evaluated } = JSON.parse(said)
    expect({ assumedPropensities, evaluated }).toEqual({ assumedPropensities: 0, evaluated: 1500 })
    expect(policies[1].reward.doublyRobust.mean).toBeCloseTo(0.8, 1)
  })
})

describe('files', () => {
  const records = CALLS.map((call) => liteLlm(call))
  const KINDS: readonly (readonly [name: string, content: string | Uint8Array, place: RegExp])[] = [
    ['a.jsonl', lines(records), /^a\.jsonl:1$/],
    ['a.json', JSON.stringify(records), /^a\.json\[0\]$/],
    ['b.json', JSON.stringify({ data: records, meta: { page: 1 } }, null, 2), /^b\.json\[0\]\.data\[0\]$/],
    ['c.json', records.map((record) => JSON.stringify(record, null, 2)).join('\n'), /^c\.json\[0\]$/],
    ['crlf.jsonl', `\ufeff${lines(records).replaceAll('\n', '\r\n')}`, /^crlf\.jsonl:1$/],
    ['mark.json', `\ufeff${JSON.stringify(records, null, 1)}`, /^mark\.json\[0\]$/],
    ['a.csv', csv(records), /^a\.csv:2$/],
    ['b.csv', `\ufeff${csv(records, ';').replaceAll('\n', '\r\n')}`, /^b\.csv:2$/],
    ['a.tsv', csv(records, '\t'), /^a\.tsv:2$/],
    ['table', csv(records), /^table:2$/],
    ['a.jsonl.gz', gzipSync(lines(records)), /^a\.jsonl\.gz:1$/],
    ['a.csv.gz', gzipSync(csv(records)), /^a\.csv\.gz:2$/],
  ]

  test.each(KINDS)('%s gives the same rows', async (name, content, place) => {
    await folder.write('plain.jsonl', lines(records))
    const expected = await imported('plain.jsonl', ...STARS)
    await folder.write(name, content)
    const { rows, report } = await imported(name, ...STARS)
    expect(rows).toEqual(expected.rows)
    expect(report).toMatchObject({ rowsIn: 40, rowsUsed: 40, leftOut: [] })
    const failed = await imported(
      name,
      ...STARS,
      '--model',
      'other=chat',
      '--for',
      'evaluate',
      '--propensity',
      'spend',
    )
    expect(failed.report.rowsUsed).toBe(40)
    const left = await folder.run(['import-log', name, '--reward', 'none', ...OUT])
    expect(left.stderr).toMatch(/got none of 40: 40 no reward \(first at (\S+)\)/)
    expect(/first at (\S+)\)/.exec(left.stderr)?.[1]).toMatch(place)
  })

  test('broken ones of all kinds are told, line by line where there are lines', async () => {
    await folder.write('a.jsonl', `${lines(records.slice(0, 2))}{"cut\n\n[1]\n${lines(records.slice(2, 4))}`)
    const { report } = await imported('a.jsonl', ...STARS)
    expect(report).toMatchObject({ rowsIn: 6, rowsUsed: 4 })
    expect(report.leftOut).toEqual([{ reason: 'bad-json', count: 2, first: 'a.jsonl:3' }])
    const table = csv(records.slice(0, 3)).split('\n')
    await folder.write('a.csv', [...table.slice(0, 3), 'too,few', ...table.slice(3)].join('\n'))
    const cut = await imported('a.csv', ...STARS)
    expect(cut.report.leftOut).toEqual([{ reason: 'bad-csv', count: 1, first: 'a.csv:4' }])
    expect(cut.report).toMatchObject({ rowsIn: 4, rowsUsed: 3 })
  })

  test('a table with two columns of one name is refused, and those without a name are passed over', async () => {
    const table = csv(records.slice(0, 3)).trimEnd().split('\n')
    const [header, ...rows] = table
    await folder.write('empty.csv', [`${header},,`, ...rows.map((row) => `${row},,`), ''].join('\n'))
    expect((await imported('empty.csv', ...STARS)).report).toMatchObject({ rowsUsed: 3 })
    const [name] = header.split(',')
    await folder.write('twice.csv', [`${header},${name}`, ...rows.map((row) => `${row},1`), ''].join('\n'))
    const { stderr, code } = await folder.run(['import-log', 'twice.csv', ...STARS, ...OUT])
    expect(stderr).toContain(`twice.csv: expected a header that names each column once, got "${name}" twice`)
    expect(code).toBe(2)
  })

  test('rewards beyond 0 to 1 are refused until a range is said: stars of 1 would be the best of all', async () => {
    const stars = [1, 5, 4].map((star, i) => ({
      id: `s${i}`,
      prompt: 'Hi',
      model: 'small',
      costUsd: 0.001,
      star,
    }))
    await folder.write('stars.jsonl', lines(stars))
    const stars1 = ['import-log', 'stars.jsonl', '--reward', 'star', ...OUT]
    await folder.write('rows.jsonl', 'before')
    await folder.refused(
      stars1,
      /stars\.jsonl: expected rewards from 0 to 1, got 2 beyond, the first at stars\.jsonl:2, and 1 within: --reward-range says/,
    )
    expect((await folder.read('rows.jsonl')).toString()).toBe('before')
    const hint = /Rewards out of their range: where --reward-range is wrong, those in it are wrong too/
    expect(await folder.ok([...stars1, '--reward-range', '1,5'])).not.toMatch(hint)
    expect(await folder.ok([...stars1, '--reward-range', '0,1'])).toMatch(hint)
    await folder.write('high.jsonl', lines(stars.slice(1)))
    const { stderr } = await folder.run(['import-log', 'high.jsonl', '--reward', 'star', ...OUT])
    expect(stderr).toContain('--reward-range')
  })

  test('a table that breaks off outside of quotes is named by its last row', async () => {
    const table = csv(records.slice(0, 3)).trimEnd()
    await folder.write('cut.csv', table)
    const cut = await imported('cut.csv', ...STARS)
    expect(cut.report).toMatchObject({ rowsIn: 3, rowsUsed: 3, unended: ['cut.csv:4'] })
    const said = await folder.ok(['import-log', 'cut.csv', ...STARS, ...OUT])
    expect(said).toContain('cut.csv:4: no line ends after this row, which may be cut.')
    for (const end of ['\n', '\r\n']) {
      await folder.write('whole.csv', table.replaceAll('\n', end) + end)
      expect((await imported('whole.csv', ...STARS)).report).toMatchObject({ rowsUsed: 3, unended: [] })
    }
  })

  test('entries of a page on one line are named, and a span by itself is told as one', async () => {
    const data = [...records.slice(0, 2), { id: 's', type: 'SPAN', name: 'retrieval', input: 'x' }]
    for (const page of [{ object: 'list', data }, { data }]) {
      await folder.write('page.jsonl', `${JSON.stringify(page)}\n`)
      const { report } = await imported('page.jsonl', ...STARS)
      expect(report).toMatchObject({ rowsIn: 3, rowsUsed: 2 })
      expect(report.leftOut).toEqual([
        { reason: 'not-a-generation', count: 1, first: 'page.jsonl:1.data[2]' },
      ])
    }
    await folder.write('bare.jsonl', lines([...records.slice(0, 2), data[2]]))
    const bare = await imported('bare.jsonl', ...STARS)
    expect(bare.report.leftOut).toEqual([{ reason: 'not-a-generation', count: 1, first: 'bare.jsonl:3' }])
  })

  test('whatever bytes are changed: rows in are rows used and left out, or it is refused in a line', async () => {
    const files = KINDS.filter(([, content]) => typeof content === 'string')
    await fc.assert(
      fc.asyncProperty(
        fc.constantFrom(...files),
        fc.array(fc.tuple(fc.nat(), fc.nat(255)), { minLength: 1, maxLength: 4 }),
        fc.nat(),
        fc.boolean(),
        async ([name, content], changes, end, isCut) => {
          const bytes = Buffer.from(content)
          for (const [at, byte] of changes) bytes[at % bytes.length] = byte
          await folder.write(name, isCut ? bytes.subarray(0, end % bytes.length) : bytes)
          const { code, stdout, stderr } = await folder.run(['import-log', name, ...STARS, ...OUT, '--json'])
          if (code === 2) {
            expect(stderr).toMatch(/^paretobandit: [^\n]+\n$/)
            return
          }
          expect({ code, stderr }).toEqual({ code: 0, stderr: '' })
          const { rowsIn, rowsUsed, rowsWritten, leftOut } = JSON.parse(stdout)
          const left = leftOut.reduce((sum: number, { count }: { count: number }) => sum + count, 0)
          expect(rowsIn).toBe(rowsUsed + left)
          expect(await rowsOf()).toHaveLength(rowsWritten)
        },
      ),
      { numRuns: 60 },
    )
  })

  test('of a line without an end are read on after it', async () => {
    const long = Buffer.alloc(2 ** 26 + 2 ** 20, 'x')
    await folder.write(
      'a.jsonl',
      Buffer.concat([Buffer.from(lines(records)), long, Buffer.from(`\n${lines(records)}`)]),
    )
    const { report } = await imported('a.jsonl', ...STARS)
    expect(report.leftOut).toEqual([
      { reason: 'too-long', count: 1, first: 'a.jsonl:41' },
      { reason: 'duplicate', count: 40, first: 'a.jsonl:42' },
    ])
  })

  test('that are no log are refused, and nothing is written', async () => {
    await folder.write('rows.jsonl', 'before')
    const refused = async (name: string, content: string | Uint8Array, message: RegExp) => {
      await folder.write(name, content)
      await folder.refused(['import-log', name, ...STARS, ...OUT], message)
    }
    await refused(
      'cut.json',
      JSON.stringify(records).slice(0, -9),
      /cut\.json: expected JSON to its end, got an error after 39/,
    )
    await refused('cut.csv', `${csv(records)}"open`, /cut\.csv: expected CSV with a header/)
    await refused('wide.jsonl', Buffer.from(lines(records), 'utf16le'), /UTF-16: use 'iconv/)
    await refused('wide.gz', gzipSync(Buffer.from(lines(records), 'utf16le')), /UTF-16: use 'iconv/)
    await refused('zst.jsonl', Buffer.from('28b52ffd00', 'hex'), /zstd/)
    await refused('cut.gz', gzipSync(lines(records)).subarray(0, 900), /compressed by gzip and broken/)
    await refused('empty.jsonl', '', /got no rows/)
    await refused(
      'other.jsonl',
      '{"a":1}\n',
      /got none of 1: 1 of no known format \(first at other\.jsonl:1\);.* rows of no known format: --format says which it is, --column names the fields of another/,
    )
    await folder.refused(['import-log', 'none.jsonl', ...OUT], /none\.jsonl: cannot read it/)
    await folder.refused(['import-log', '.', ...OUT], /it is a folder/)
    expect((await folder.read('rows.jsonl')).toString()).toBe('before')
    expect((await readdir(folder.path)).filter((name) => name.endsWith('.tmp'))).toEqual([])
  })

  test('from standard input, to standard output, the report on the side', async () => {
    const args = ['import-log', '-', ...STARS, '--out', '-']
    const { code, stdout, stderr } = await folder.spawn(args, lines(records))
    expect(code).toBe(0)
    expect(stdout.trim().split('\n')).toHaveLength(40)
    expect(stderr).toMatch(/^-: 40 rows for priors/)
    expect(stderr).not.toContain('Next')
    await folder.refused(['import-log', '-', '--scores', '-', ...OUT], /'-' once at most/)
    await folder.refused(
      ['import-log', '-', ...OUT],
      /^paretobandit: standard input: expected a row that can be used/,
      '',
    )
    await folder.refused(
      ['import-log', 'x', '--scores', '-', ...OUT],
      /^paretobandit: standard input: expected scores/,
      '',
    )
  })

  test('have the next command in words that can be pasted, whatever their names', async () => {
    await folder.write('a.jsonl', lines(CALLS.map((call) => liteLlm(call))))
    const base = ['import-log', 'a.jsonl', ...STARS]
    expect(await folder.ok([...base, '--out', "my rows' ü.jsonl"])).toContain(
      "Next: paretobandit fit-priors --data 'my rows'\\'' ü.jsonl' --out priors.json",
    )
    expect(await folder.ok([...base, '--out', 'rows.jsonl'])).toContain('fit-priors --data rows.jsonl --out')
    await folder.refused(['stats', '--state', 'no state'], /route --state 'no state''/)
  })

  test('are for their owner alone, and links stay links', async () => {
    await folder.write('a.jsonl', lines(records))
    await imported('a.jsonl', ...STARS)
    const mode = async (name: string) => (await stat(`${folder.path}/${name}`)).mode & 0o777
    expect(await mode('rows.jsonl')).toBe(0o600)
    await chmod(`${folder.path}/rows.jsonl`, 0o640)
    await symlink('rows.jsonl', `${folder.path}/link`)
    await folder.ok(['import-log', 'a.jsonl', ...STARS, '--out', 'link'])
    expect(await mode('rows.jsonl')).toBe(0o600)
    expect(await rowsOf('link')).toHaveLength(40)
    expect((await readdir(folder.path)).sort()).toEqual(['a.jsonl', 'link', 'rows.jsonl'])
  })

  test('that are read are never written', async () => {
    await folder.write('a.jsonl', lines(records))
    await folder.write('models.json', { models: PRICES })
    await symlink('a.jsonl', `${folder.path}/link`)
    const other = /expected another file than/
    await folder.refused(['import-log', 'a.jsonl', '--out', 'a.jsonl'], other)
    await folder.refused(['import-log', 'a.jsonl', '--out', 'link'], other)
    await folder.refused(['import-log', 'a.jsonl', '--models', 'models.json', '--out', 'models.json'], other)
    await folder.refused(['import-log', 'b.jsonl', '--scores', 'a.jsonl', '--out', 'a.jsonl'], other)
    await folder.refused(['import-log', 'b.jsonl', '--requests', 'a.jsonl', '--out', 'a.jsonl'], other)
  })

  test.each(['jsonl', 'json', 'csv'])('larger than the memory are read (%s)', async (kind) => {
    const name = `large.${kind}`
    const sink = createWriteStream(`${folder.path}/${name}`)
    const long = 'rain '.repeat(10_000)
    if (kind === 'csv') sink.write('id,prompt,model,costUsd,reward\n')
    for (let i = 0; i < 1200; i++) {
      const row = { id: `${i}`, prompt: `${i} ${long}`, model: 'small', costUsd: 0.1, reward: 1 }
      const start = kind === 'json' ? (i === 0 ? '[' : ',') : ''
      const text = kind === 'csv' ? `${Object.values(row).join(',')}\n` : `${start}${JSON.stringify(row)}\n`
      if (!sink.write(text)) await new Promise<void>((resolve) => sink.once('drain', () => resolve()))
    }
    await finished(sink.end(kind === 'json' ? ']' : ''))
    const { size } = await stat(`${folder.path}/${name}`)
    expect(size).toBeGreaterThan(5.9e7)
    const { stdout } = await promisify(execFile)(
      process.execPath,
      ['--max-old-space-size=56', BIN, 'import-log', name, '--contexts-only', ...OUT],
      { cwd: folder.path },
    )
    expect(stdout).toMatch(/^rows\.jsonl: 1200 rows for priors, from 1200 of 1200 rows/)
  })
})

describe('flags', () => {
  test('map columns, models, words and ranges', async () => {
    const rows = [
      { nr: 1, ask: 'Rain, or sun?', engine: 'gpt-a', usd: '', inn: 1000, out: 100, mark: 'good' },
      { nr: 2, ask: 'A "quoted"\nquestion', engine: 'gpt-b', usd: 0.25, inn: '', out: '', mark: '2' },
      { nr: 3, ask: 'Why?', engine: 'gpt-c', usd: 1, inn: '', out: '', mark: '2' },
      { nr: 4, ask: 'How?', engine: 'gpt-a', usd: 1, inn: '', out: '', mark: '6' },
    ]
    await folder.write('calls.csv', csv(rows))
    await folder.write('models.json', { models: PRICES })
    const columns = ['id=nr', 'prompt=ask', 'model=engine', 'cost=usd', 'inputTokens=inn', 'outputTokens=out']
    const { report, rows: made } = await imported(
      'calls.csv',
      ...columns.flatMap((column) => ['--column', column]),
      ...['--model', 'small=gpt-a', '--model', 'large=gpt-b,gpt-d', '--models', 'models.json'],
      ...['--reward', 'mark', '--reward-range', '1,5', '--reward-word', 'good=5'],
    )
    expect(made).toEqual([
      { id: '1', prompt: rows[0].ask, outcomes: { small: { reward: 1, costUsd: 0.0006 } } },
      { id: '2', prompt: rows[1].ask, outcomes: { large: { reward: 0.25, costUsd: 0.25 } } },
    ])
    expect(report).toMatchObject({ costs: { fromLog: 1, fromPrices: 1 }, unknownModels: { 'gpt-c': 1 } })
    expect(report.leftOut).toEqual([
      { reason: 'unknown-model', count: 1, first: 'calls.csv:5' },
      { reason: 'reward-out-of-range', count: 1, first: 'calls.csv:6' },
    ])
  })

  test('with names that no row has are told, in a report and in a refusal', async () => {
    const rows = [{ prompt: 'Why?', model: 'small', usd: 1, inputTokens: 10, outputTokens: 5, reward: 1 }]
    await folder.write('calls.csv', csv(rows))
    await folder.write('models.json', { models: PRICES })
    const base = ['import-log', 'calls.csv', '--models', 'models.json', '--column', 'cost=USD', ...OUT]
    expect(await folder.ok(base)).toContain(
      'No row has what was asked for by --column cost=USD: nothing was read of it.',
    )
    expect(await folder.ok([...base, '--column', 'cost=usd'])).not.toContain('No row has')
    await folder.refused(
      [...base, '--reward', 'thumb', '--propensity', 'p'],
      /1 no reward .*; no row has what was asked for by --column cost=USD, --propensity p, --reward thumb: nothing was read of it/,
    )
    const { report } = await imported('calls.csv', '--column', 'cost=usd', '--model', 'big=gpt,gpt-4')
    expect(report.unseen).toEqual([{ option: 'names', what: 'big', name: 'gpt,gpt-4' }])
  })

  test('a time in doubt is told, where rows are for evaluate', async () => {
    const rows = [{ prompt: 'Why?', model: 'small', costUsd: 1, reward: 1, at: '03/04/2026' }]
    await folder.write('calls.csv', csv(rows))
    const base = ['import-log', 'calls.csv', ...OUT]
    expect(await folder.ok([...base, '--for', 'evaluate'])).toContain(
      "1 have a time that cannot be read, the first at calls.csv:2: 'evaluate' takes the order of the rows",
    )
    expect(await folder.ok(base)).not.toContain('a time that')
  })

  test('tell what they could have been', async () => {
    await folder.write('o.jsonl', lines(CALLS.map((call) => langfuse(call, { model: 'gpt' }))))
    await folder.write('s.jsonl', lines([...CALLS.map((call) => langfuseScore(call)), { value: 1 }]))
    await folder.write('models.json', { models: PRICES })
    const base = ['import-log', 'o.jsonl', '--scores', 's.jsonl', '--model', 'small=gpt', ...OUT]
    await folder.write('none.jsonl', lines([{ value: 1 }]))
    await folder.refused(
      [...base, '--scores', 'none.jsonl'],
      /none\.jsonl: expected scores, got 1 other lines/,
    )
    await folder.refused([...base, '--requests', 'none.jsonl'], /none\.jsonl: expected requests, got 1 other/)
    const said = await folder.ok([...base, '--reward', 'helpful', '--for', 'evaluate'])
    expect(said).toContain('s.jsonl: 1 are no scores, the first at s.jsonl:41.')
    await folder.write('s2.jsonl', lines([{ request_id: 'other', value: 1 }]))
    expect(
      await folder.ok(['import-log', 'o.jsonl', '--scores', 's2.jsonl', '--for', 'evaluate', ...OUT]),
    ).toContain('None of the scores of --scores (1) is of a call of the log: the ids differ.')
    await folder.write('o2.jsonl', lines(CALLS.map((call) => langfuse(call, { scores: { helpful: [1] } }))))
    await folder.refused(
      ['import-log', 'o2.jsonl', ...OUT],
      /40 no reward \(first at o2\.jsonl:1\); scores that --reward could name: helpful \(40\)/,
    )
    await folder.refused(
      ['import-log', 'o.jsonl', '--models', 'models.json', ...OUT],
      /models that --model or --models could name: gpt \(40\)/,
    )
  })

  test.each([
    [[...OUT], /missing required argument 'files'/],
    [['a.jsonl'], /--out/],
    [['a.jsonl', ...OUT, '--for', 'prior'], /Did you mean priors\?/],
    [['a.jsonl', ...OUT, '--format', 'litelm'], /Did you mean litellm\?/],
    [['a.jsonl', ...OUT, '--for', 'replay'], /models: expected the models/],
    [['a.jsonl', ...OUT, '--model', 'small'], /Expected NAME=VALUE/],
    [['a.jsonl', ...OUT, '--model', 'a=x', '--model', 'b=x'], /expected one id for 'x'/],
    [['a.jsonl', ...OUT, '--column', 'promt=x'], /did you mean 'prompt'/],
    [['a.jsonl', ...OUT, '--reward-range', '1'], /LOW,HIGH/],
    [['a.jsonl', ...OUT, '--reward-range', '5,1'], /rewardRange: expected \[low, high\]/],
    [['a.jsonl', ...OUT, '--reward-word', 'good=well'], /--reward-word: expected WORD=NUMBER/],
    [['a.jsonl', ...OUT, '--reward-word', 'good=2'], /rewardWords/],
    [['a.jsonl', '--out', 'no/such/rows.jsonl'], /cannot write it/],
    [['a.jsonl', 'a.jsonl', ...OUT], /expected each file once, got a\.jsonl twice/],
    [['a.jsonl', './a.jsonl', ...OUT], /expected each file once, got a\.jsonl twice, as \.\/a\.jsonl/],
  ])('%j are refused', async (args, message) => {
    await folder.write('a.jsonl', lines([liteLlm(CALLS[0])]))
    await folder.refused(['import-log', ...args], message)
  })
})

describe('what is not UTF-8', () => {
  const call = (note: string) => liteLlm({ ...CALLS[0], prompt: note })
  test.each([
    ['lines', () => `${lines([call('a'), call('b')])}${lines([call('caf\u00e9')])}`, 3],
    ['an array', () => `[\n${JSON.stringify(call('a'))},\n${JSON.stringify(call('caf\u00e9'))}\n]`, 3],
    ['CSV', () => 'model,prompt\nsmall,a\nsmall,caf\u00e9\n', 3],
    [
      'lines in more than a piece',
      () => lines([...Array.from({ length: 2000 }, () => call('a'.repeat(100))), call('\u00e9')]),
      2001,
    ],
  ])('is refused in %s, and nothing is written', async (_, text, line) => {
    const bytes = Buffer.from(text(), 'latin1')
    await folder.write('log', bytes)
    await folder.write('log.gz', gzipSync(bytes))
    for (const name of ['log', 'log.gz']) {
      const args = ['import-log', name, ...STARS, '--out', 'none.jsonl']
      await folder.refused(args, new RegExp(`${name}: .*byte \\d+ of line ${line} is 0xe9, not UTF-8`))
    }
    expect(await readdir(folder.path)).not.toContain('none.jsonl')
  })
})
