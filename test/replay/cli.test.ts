import { mkdtempSync, readFileSync, writeFileSync } from 'node:fs'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { Command } from 'commander'
import { afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { describeFailure } from '../../src/cli/exit.js'
import { registerReplay } from '../../src/cli/replay.js'
import { registerTune } from '../../src/cli/tune.js'
import { MODELS, makeRows, toJsonl } from './helpers.js'

let folder = ''
let printed = ''
let told = ''
const path = (name: string) => join(folder, name)

beforeAll(() => {
  folder = mkdtempSync(join(tmpdir(), 'replay-'))
  writeFileSync(path('rows.jsonl'), toJsonl(makeRows(120)))
  writeFileSync(path('wide.jsonl'), toJsonl(makeRows(60).map((row) => ({ ...row, features: [2, 3, 4, 1] }))))
  writeFileSync(path('broken.jsonl'), `${toJsonl(makeRows(2))}{"id": 3}\n`)
  writeFileSync(path('models.json'), JSON.stringify({ models: MODELS }))
})

afterEach(() => vi.restoreAllMocks())

const run = (...args: string[]) => command('replay', ...args)

async function command(...args: string[]): Promise<{ exitCode: number; text: string }> {
  const program = new Command('paretobandit')
    .exitOverride()
    .configureOutput({ writeErr: () => {}, outputError: () => {} })
  registerReplay(program)
  registerTune(program)
  printed = ''
  vi.spyOn(process.stdout, 'write').mockImplementation((chunk) => {
    printed += String(chunk)
    return true
  })
  told = ''
  vi.spyOn(process.stderr, 'write').mockImplementation((chunk) => {
    told += String(chunk)
    return true
  })
  try {
    await program.parseAsync(['node', 'paretobandit', ...args])
    return { exitCode: 0, text: '' }
  } catch (error) {
    return describeFailure(error)
  } finally {
    vi.restoreAllMocks()
  }
}

const onRows = (...args: string[]) =>
  run('--data', path('rows.jsonl'), '--models', path('models.json'), ...args)

describe('replay command', () => {
  it('writes figures and a report, and prints a table', async () => {
    const outputs = ['--json', path('out.json'), '--report', path('out.html')]
    const { exitCode, text } = await onRows('--scenario', 'price-drop', '--seeds', '2', ...outputs)
    expect([exitCode, text]).toEqual([0, ''])
    const report = JSON.parse(readFileSync(path('out.json'), 'utf8'))
    expect(report).toMatchObject({ scenario: 'price-drop', policy: 'dollar', seeds: 2 })
    expect(report.rows).toHaveLength(9)
    expect(report.rows[0].budgetUsdPerRequest).toBe(3e-4)
    expect(readFileSync(path('out.html'), 'utf8')).toContain('rows.jsonl')
    expect(printed).toContain('price-drop: policy dollar, 2 seeds')
    expect(printed).toContain('per-prompt oracle')
    expect(printed).toMatch(/targets: passed \d+ of \d+\n/)
  })

  it('takes seven automatic budgets for stationary, and models away', async () => {
    expect((await onRows('--seeds', '1', '--exclude', 'dear', '--json', path('two.json'))).exitCode).toBe(0)
    const report = JSON.parse(readFileSync(path('two.json'), 'utf8'))
    expect(report.rows).toHaveLength(7)
    expect(Object.keys(report.rows[0].shares)).toEqual(['cheap', 'middle'])
    expect(printed).toMatch(/budget +reward +95% CI +best mix +bound +threshold router +paper +thompson/)
  })

  it('plays a repeated budget once, and one budget for one model', async () => {
    const short = ['--seeds', '1', '--json', path('few.json')]
    expect((await onRows('--budgets', '1e-3,1e-4,0.001', ...short)).exitCode).toBe(0)
    const budgets = (): number[] =>
      JSON.parse(readFileSync(path('few.json'), 'utf8')).rows.map(
        (row: { budgetUsdPerRequest: number }) => row.budgetUsdPerRequest,
      )
    expect(budgets()).toEqual([1e-3, 1e-4])
    expect((await onRows('--exclude', 'dear', '--exclude', 'middle', ...short)).exitCode).toBe(0)
    expect(budgets()).toHaveLength(1)
  })

  it('keeps the newcomer of the simulated workload out when another model is excluded', async () => {
    const outputs = ['--json', path('less.json'), '--report', path('less.html')]
    const course = ['--scenario', 'quality-regression', '--seeds', '1']
    expect((await run(...course, '--exclude', 'heron-large', ...outputs)).exitCode).toBe(0)
    const report = JSON.parse(readFileSync(path('less.json'), 'utf8'))
    expect(Object.keys(report.rows[0].shares)).toEqual(['wren-8b', 'condor-pro'])
    const all = ['wren-8b', 'heron-large', 'condor-pro'].flatMap((id) => ['--exclude', id])
    const { exitCode, text } = await run(...course, ...all, ...outputs)
    expect([exitCode, text]).toEqual([2, expect.stringContaining('no model is left but the newcomer')])
  })

  it('measures a cold start from the first request on', async () => {
    const outputs = ['--json', path('first.json'), '--report', path('first.html')]
    expect((await onRows('--cold', '--from-start', '--seeds', '2', ...outputs)).exitCode).toBe(0)
    const report = JSON.parse(readFileSync(path('first.json'), 'utf8'))
    expect(report).toMatchObject({ scenario: 'stationary', cold: true, fromStart: true })
    expect(report.firstDay).toHaveLength(7)
    expect(Object.keys(report.firstDay[0].points[0])).toEqual([
      ...['requests', 'policy', 'fixed', 'mix', 'beside'],
    ])
    expect(printed).toContain('stationary, cold: policy dollar')
    expect(printed).toContain('from the first request, beside the best model and mix within the budget')
    const [fourth] = [report.firstDay[3]]
    const { policy, fixed } = fourth.points[0]
    const three = (value: number) => value.toFixed(3).replace(/^0/, '')
    expect(printed).toMatch(
      new RegExp(` 100 +\\${three(policy.reward)} .*\\${three(fixed.reward)} +${fixed.model}`),
    )
    // What others earned stands beside what they spent on it.
    expect(printed).toMatch(/ \.\d{3} \(\d+ %\) /)
    const html = readFileSync(path('first.html'), 'utf8')
    for (const text of ['The first day: reward', 'The first day: spend', 'id="cold-start"', 'A cold start']) {
      expect(html).toContain(text)
    }
    expect(html).not.toMatch(/NaN|undefined|Infinity/)
    expect(html).not.toContain('Learning from nothing')
  })

  it('plays a cold start beside the warm one when a workload is simulated', async () => {
    const outputs = ['--json', path('all.json'), '--report', path('all.html')]
    expect((await run('--seeds', '1', ...outputs)).exitCode).toBe(0)
    const reports = JSON.parse(readFileSync(path('all.json'), 'utf8'))
    expect(
      reports.map(({ scenario, cold }: { scenario: string; cold: boolean }) => [scenario, cold]),
    ).toEqual([
      ['stationary', false],
      ['stationary', true],
      ['price-drop', false],
      ['quality-regression', false],
      ['onboarding', false],
    ])
    expect(printed).toContain('A cold start beside one with priors, on the same rows:')
    expect(told).toMatch(/ % {2}stationary: dollar at /)
    expect(told).toMatch(/ % {2}stationary from nothing: dollar at /)
    const [warm, cold] = reports
    const budgetsOf = (report: { rows: { budgetUsdPerRequest: number }[] }) =>
      report.rows.map(({ budgetUsdPerRequest }) => budgetUsdPerRequest)
    expect(budgetsOf(cold)).toEqual([1, 3, 5].map((i) => budgetsOf(warm)[i]))
    const three = (value: number) => value.toFixed(3).replace(/^0/, '')
    const line = new RegExp(`\\${three(warm.rows[3].reward)} +\\${three(cold.rows[1].reward)} `)
    expect(printed.slice(printed.indexOf('A cold start beside'))).toMatch(line)
    const html = readFileSync(path('all.html'), 'utf8')
    for (const id of ['stationary', 'cold-start', 'onboarding']) {
      expect(html).toContain(`<section id="${id}">`)
      expect(html).toContain(`<a href="#${id}">`)
    }
  })

  it('simulates a workload without data', async () => {
    const outputs = ['--json', path('sim.json'), '--report', path('sim.html')]
    expect((await run('--scenario', 'quality-regression', '--seeds', '1', ...outputs)).exitCode).toBe(0)
    const report = JSON.parse(readFileSync(path('sim.json'), 'utf8'))
    expect(Object.keys(report.rows[0].shares)).toEqual(['wren-8b', 'heron-large', 'condor-pro'])
  })

  it.each([
    [['--scenario', 'price-dorp'], 'Did you mean price-drop?'],
    [['--seeds', '0'], 'Expected an integer from 1'],
    [['--seeds', '1.5'], 'Expected an integer from 1'],
    [['--budgets', '1e-3,-1'], '--budgets: expected auto7 or numbers from 1e-12 to 1e12'],
    [['--budgets', '1e-3,1e13'], '--budgets: expected auto7 or numbers from 1e-12 to 1e12'],
    [['--budgets', '1e-13'], '--budgets: expected auto7 or numbers from 1e-12 to 1e12'],
    [['--json', 'out', '--report', './out'], "--json: expected another file than the report's"],
    [['--policy', 'papr'], 'paper'],
    [['--kernel', 'wsm'], 'Did you mean wasm?'],
    [['--features', 'store'], 'Did you mean stored?'],
    [['--exclude', 'midle'], "--exclude: no model 'midle'; did you mean 'middle'?"],
    [['--exclude', 'cheap', '--exclude', 'middle', '--exclude', 'dear'], 'no model is left'],
    [['--scenario', 'price-drop', '--shifted', 'deer'], "did you mean 'dear'?"],
    [['--scenario', 'onboarding', '--newcomer', 'chep'], "did you mean 'cheap'?"],
    [['--shifted', 'dear'], '--shifted: goes with --scenario price-drop or quality-regression'],
    [['--newcomer', 'dear'], '--newcomer: goes with --scenario onboarding'],
    [['--reward-rate', '0'], '--reward-rate: expected a number in (0, 1], got 0'],
    [['--reward-rate', '5%'], 'Expected a finite number'],
    [['--delay', '1.5'], '--delay: expected an integer'],
    [['--settle-delay', '-1'], '--settle-delay: expected an integer'],
    [['--from-start'], '--from-start: goes with --cold'],
    [['--from-start', '--cold', '--train', 'x'], '--from-start: goes without --train'],
    [
      ['--from-start', '--cold', '--scenario', 'price-drop'],
      "--from-start: goes with --scenario stationary, got 'price-drop'",
    ],
    [['--noise', '2'], '--noise: expected a finite number in [0, 1]'],
    [['--bogus'], "unknown option '--bogus'"],
  ])('refuses %j', async (args, message) => {
    const { exitCode, text } = await onRows(...args)
    expect(exitCode).toBe(2)
    expect(text).toContain(message)
    expect(text.trimEnd()).not.toContain('\n')
  })

  it('names files that are missing, folders or broken', async () => {
    const models = ['--models', path('models.json')]
    const cases: [string[], string][] = [
      [['--data', path('none.jsonl'), ...models], 'none.jsonl'],
      [['--data', folder, ...models], folder],
      [['--data', path('broken.jsonl'), ...models], 'broken.jsonl:3: id: expected a non-empty string, got 3'],
      [['--data', path('rows.jsonl'), '--models', path('rows.jsonl')], 'rows.jsonl'],
      [['--data', path('rows.jsonl')], '--models: expected a file'],
      [['--models', path('models.json')], '--models: goes with --data'],
      [['--train', path('rows.jsonl')], '--train: goes with --data'],
      [
        ['--data', path('rows.jsonl'), '--train', path('wide.jsonl'), ...models],
        'expected 3 numbers as in --data, got 4',
      ],
      [['--data', path('rows.jsonl'), ...models, '--report', folder], folder],
      [['--data', path('rows.jsonl'), ...models, '--json', path('no/such.json')], 'such.json'],
    ]
    for (const [args, message] of cases) {
      const { exitCode, text } = await run(...args)
      expect([exitCode, text]).toEqual([2, expect.stringContaining(message)])
    }
  })
})

describe('tune command', () => {
  const onFiles = (...args: string[]) =>
    command('tune', '--data', path('rows.jsonl'), '--models', path('models.json'), ...args)

  it('prints the frontier it found beside the defaults, a verdict, and writes figures', async () => {
    const flags = ['--seeds', '2', '--budgets', '1e-3,1e-2', '--json', path('tuned.json')]
    const { exitCode, text } = await onFiles(...flags)
    expect([exitCode, text]).toEqual([0, ''])
    const report = JSON.parse(readFileSync(path('tuned.json'), 'utf8'))
    expect(report).toMatchObject({ policy: 'dollar', seeds: 2, trainShare: 0.6, tried: 64 })
    expect(report.heldOut.rows).toHaveLength(2)
    expect(printed).toMatch(/budget +defaults +used +tuned +used +gain/)
    expect(printed).toMatch(/Keep the defaults|The defaults are as good|The tuned setting is ahead/)
    expect(printed).toContain('tuned.json')
  })

  it.each([
    [['--train-share', '1'], '--train-share: expected a number between 0 and 1, got 1'],
    [['--train-share', 'x'], 'Expected a finite number'],
    [['--budgets', '0'], '--budgets: expected auto7 or numbers'],
    [['--seeds', '0'], 'Expected an integer from 1'],
    [['--policy', 'papr'], 'paper'],
    [['--exclude', 'midle'], "did you mean 'middle'?"],
    [['--train-share', '0.01'], 'too few rows to split'],
    [['--delay', '3'], "unknown option '--delay'"],
  ])('refuses %j', async (args, message) => {
    const { exitCode, text } = await onFiles(...args)
    expect([exitCode, text]).toEqual([2, expect.stringContaining(message)])
    expect(text.trimEnd()).not.toContain('\n')
  })

  it('needs data and models, and a place to write to', async () => {
    expect((await command('tune', '--data', path('rows.jsonl'))).text).toContain('--models')
    expect((await command('tune', '--models', path('models.json'))).text).toContain('--data')
    expect((await onFiles('--json', path('no/such.json'))).text).toContain('such.json')
  })
})

describe('rows that are measured and learned from', () => {
  const SHORT = ['--budgets', '3e-4', '--seeds', '1', '--models']

  it('are told where --train has prompts of --data', async () => {
    const args = ['--data', path('rows.jsonl'), '--train', path('rows.jsonl'), ...SHORT, path('models.json')]
    expect((await run(...args)).exitCode).toBe(0)
    expect(printed).toMatch(
      /120 of 120 rows have a prompt that is in .*rows.jsonl too: .*new prompts would fare worse\.\n/,
    )
  })

  it('are told where prompts come again, in replay and in tune', async () => {
    const rows = makeRows(120)
    const again = [...rows, ...rows.slice(0, 6).map((row) => ({ ...row, id: `${row.id} again` }))]
    writeFileSync(path('again.jsonl'), toJsonl(again))
    for (const name of ['replay', 'tune']) {
      expect(
        (await command(name, '--data', path('again.jsonl'), ...SHORT, path('models.json'))).exitCode,
      ).toBe(0)
      expect(printed).toMatch(/again.jsonl: 6 of 126 rows have a prompt that came before: /)
    }
  })

  it('are found by their features where they have no prompts', async () => {
    const rows = makeRows(120).map((row) => ({ ...row, prompt: '' }))
    writeFileSync(
      path('bare.jsonl'),
      toJsonl([...rows, { ...rows[0], id: 'again' }, { ...rows[1], id: 'too' }]),
    )
    await run('--data', path('bare.jsonl'), ...SHORT, path('models.json'))
    expect(printed).toMatch(/bare.jsonl: 2 of 122 rows have a prompt that came before/)
  })

  it('are not where each prompt is new, or few come again', async () => {
    await onRows('--budgets', '3e-4', '--seeds', '1')
    expect(printed).not.toContain('rows have a prompt')
    const rows = makeRows(120)
    writeFileSync(path('once.jsonl'), toJsonl([...rows, { ...rows[0], id: 'again' }]))
    await run('--data', path('once.jsonl'), ...SHORT, path('models.json'))
    expect(printed).not.toContain('rows have a prompt')
  })
})
