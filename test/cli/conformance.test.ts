import { readdirSync } from 'node:fs'
import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { Deviations, deviationOf, TOLERANCE } from '../../src/cli/conformance/deviation.js'
import { compareTrajectory } from '../../src/cli/conformance/play.js'
import { readTrajectory } from '../../src/cli/conformance/trajectory.js'
import { NATIVE_MISSING } from '../support/arena.js'
import { Folder, GOLDEN } from './support.js'

const folder = new Folder()
const RUNNABLE = ['js', 'wasm', ...(NATIVE_MISSING === null ? ['native'] : [])]
/** The kernel that does not run here, if there is one. */
const SKIPPED =
  NATIVE_MISSING === null ? /^(?!.*skipped: )/s : /\nskipped: kernel: "native" cannot run here: .*\n/
const FILES = readdirSync(GOLDEN).filter((name) => name.endsWith('.json'))

interface Recording {
  [key: string]: unknown
  events: Record<string, unknown>[]
  contexts: number[][]
  steps: {
    model: string
    utility: number
    feedback: number[][]
    lambda_: number | null
    costEma: number | null
  }[]
  final: Record<string, { theta: number[]; lastUpdate: number; lastPlayed: number }>
}

async function recording(name = 'golden-registry-churn-d8.json'): Promise<Recording> {
  return JSON.parse(await readFile(join(GOLDEN, name), 'utf8'))
}

describe('conformance', () => {
  test('there are eight recorded trajectories', () => {
    expect(FILES).toHaveLength(8)
  })

  test.each(FILES)('%s is reproduced by every kernel that runs here', async (name) => {
    const { code, stdout, stderr } = await folder.run([
      'conformance',
      '--json',
      'figures.json',
      join(GOLDEN, name),
    ])
    expect(code).toBe(0)
    expect(stdout).toMatch(RUNNABLE.length === 3 ? /verdict +same +same +same\n/ : /verdict +same +same\n/)
    expect(stdout).toContain(`passed: 1 file, ${RUNNABLE.length} runs, every model the same`)
    expect(stderr).toBe('')
    expect(stdout).toMatch(SKIPPED)
    const { passed, files } = JSON.parse((await folder.read('figures.json')).toString())
    expect(passed).toBe(true)
    expect(files.map(({ kernel }: { kernel: string }) => kernel)).toEqual(RUNNABLE)
    for (const { deviations } of files) {
      for (const deviation of Object.values(deviations))
        if (deviation !== null) expect(deviation).toBeLessThan(1e-12)
    }
  })

  test('takes several files and one kernel', async () => {
    const files = FILES.slice(0, 2).map((name) => join(GOLDEN, name))
    const text = await folder.spawnOk(['conformance', '--kernel', 'js', ...files])
    expect(text).toContain('passed: 2 files, 2 runs')
    expect(text).not.toContain('wasm')
  })
})

describe('a trajectory that was tampered with', () => {
  const tampered: [string, (run: Recording) => void, RegExp][] = [
    ['a score', (run) => (run.steps[3].utility += 1e-8), /steps\[3\]: utility recorded/],
    [
      'a model',
      (run) => (run.steps[5].model = run.steps[5].model === 'm0' ? 'm1' : 'm0'),
      /steps\[5\]: model recorded/,
    ],
    ['a shadow price', (run) => (run.steps[400].lambda_ = 7), /steps\[400\]: lambda_ recorded 7/],
    ['a mean cost', (run) => (run.steps[0].costEma = 1), /steps\[0\]: costEma recorded 1/],
    ['a reward', (run) => (run.steps[0].feedback[0][1] *= 0.5), /DIFFERS/],
    ['a final weight', (run) => (run.final.m0.theta[2] += 1e-6), /final\["m0"\]\.theta\[2\]: theta recorded/],
    ['a mark of use', (run) => (run.final.m0.lastPlayed -= 1), /final\["m0"\]: lastPlayed recorded/],
    ['a mark of update', (run) => (run.final.m0.lastUpdate -= 1), /final\["m0"\]: lastUpdate recorded/],
    [
      'an extra model',
      (run) => (run.final.ghost = run.final.m0),
      /final: model recorded ghost, got no such model/,
    ],
    ['a missing model', (run) => delete run.final.m0, /final: model recorded no such model, got m0/],
  ]
  test.each(tampered)('in %s fails', async (what, change, message) => {
    const run = await recording()
    change(run)
    await folder.write('run.json', run)
    const args = ['conformance', 'run.json']
    const { code, stdout, stderr } = await (what === 'a score' ? folder.spawn(args) : folder.run(args))
    expect(code).toBe(1)
    expect(stderr).toBe('')
    expect(stdout).toMatch(SKIPPED)
    expect(stdout).toMatch(message)
    expect(stdout).toContain(`FAILED: ${RUNNABLE.length} of 1 file, ${RUNNABLE.length} runs differ`)
  })
})

describe('a file that is no trajectory', () => {
  const broken: [string, (run: Recording) => unknown, RegExp][] = [
    ['not an object', () => [], /run\.json: expected an object, got an array of 0/],
    ['no JSON', () => '{', /run\.json: expected JSON/],
    [
      'no dimension',
      (run) => ({ ...run, dimension: undefined }),
      /run\.json: dimension: expected an integer/,
    ],
    ['no steps', (run) => ({ ...run, steps: null }), /run\.json: steps: expected an array, got null/],
    [
      'a step short',
      (run) => ({ ...run, steps: run.steps.slice(1) }),
      /run\.json: steps: expected one step a context/,
    ],
    [
      'a short context',
      (run) => ({ ...run, contexts: [[1], ...run.contexts.slice(1)] }),
      /contexts\[0\]: expected/,
    ],
    [
      'a wrong mode',
      (run) => ({ ...run, mode: 'sofd' }),
      /run\.json: mode: expected one of .*did you mean 'soft'/,
    ],
    ['a bad budget', (run) => ({ ...run, budgetUsdPerRequest: -1 }), /budgetUsdPerRequest: expected/],
    ['a bad gamma', (run) => ({ ...run, gamma: 2 }), /run\.json: gamma: expected/],
    [
      'gamma too small for the router',
      (run) => ({ ...run, gamma: 0.1 }),
      /run\.json: start: gamma: expected/,
    ],
    ['no final', (run) => ({ ...run, final: { m0: {} } }), /final\["m0"\]\.theta: expected an array/],
    [
      'an unknown event',
      (run) => ({ ...run, events: [{ at: 1, op: 'ad', id: 'x' }] }),
      /events\[0\]\.op: expected/,
    ],
    [
      'a late event',
      (run) => ({ ...run, events: [{ at: 9999, op: 'remove', id: 'm0' }] }),
      /events\[0\]\.at: expected/,
    ],
    [
      'an impossible event',
      (run) => ({ ...run, events: [{ at: 2, op: 'remove', id: 'm7' }] }),
      /run\.json: steps\[2\]: .*m7/,
    ],
    [
      'a bad prior',
      (run) => ({ ...run, prior: { nEffective: 5, models: [] } }),
      /prior\.models: expected one entry/,
    ],
  ]
  test.each(broken)('%s', async (_, change, message) => {
    await folder.write('run.json', change(await recording()))
    const { code, stderr, stdout } = await folder.run(['conformance', 'run.json'])
    expect(code, stderr + stdout).toBe(2)
    expect(stderr).toMatch(/^paretobandit: [^\n]+\n$/)
    expect(stderr).toMatch(message)
  })

  test('in its feedback', async () => {
    const run = await recording()
    run.steps[1].feedback = [[5, 0.5, 0.1]]
    await folder.write('run.json', run)
    await folder.refused(
      ['conformance', 'run.json'],
      /steps\[1\]\.feedback\[0\]\[0\]: expected an integer in \[0, 1\]/,
    )
    run.steps[1].feedback = [[0, 0.5, 0.1]]
    await folder.write('run.json', run)
    await folder.refused(['conformance', 'run.json'], /run\.json: steps\[1\]: .*(no more feedback|already)/)
    run.steps[1].feedback = [[1, 0.5]]
    await folder.write('run.json', run)
    await folder.refused(['conformance', 'run.json'], /feedback\[0\]: expected 3 numbers, got 2/)
  })

  test('or is not there, or no kernel', async () => {
    await folder.refused(['conformance', 'nothing.json'], /nothing\.json: cannot read it: no such file/)
    await folder.refused(
      ['conformance', '--kernel', 'wsm', 'x'],
      /one of js, wasm, native\. \(Did you mean wasm\?\)/,
    )
    const file = join(GOLDEN, FILES[0])
    const { code, stderr } = await folder.run(['conformance', '--json', 'no/where.json', file])
    expect(code).toBe(2)
    expect(stderr).toMatch(/^paretobandit: no\/where\.json: cannot write it: [^\n]+\n$/)
  })
})

describe('the comparison', () => {
  test('is relative, and absolute below 1', () => {
    expect(deviationOf(200, 100)).toBe(1)
    expect(deviationOf(-3, 0.5)).toBe(3.5)
    expect(deviationOf(0.25, 0.5)).toBe(0.25)
    expect(deviationOf(Number.NaN, 1)).toBeNaN()
  })

  test('keeps the largest deviation and where it is; NaN is the largest', () => {
    const deviations = new Deviations()
    deviations.compare('utility', 1, 1, 'a')
    deviations.compare('utility', 1 + TOLERANCE / 2, 1, 'b')
    deviations.compare('utility', 1, 1, 'c')
    expect(deviations.get('utility')?.place).toBe('b')
    expect(deviations.withinTolerance).toBe(true)
    deviations.compare('theta', Number.NaN, 1, 'd')
    deviations.compare('theta', 5, 1, 'e')
    expect(deviations.get('theta')?.place).toBe('d')
    expect(deviations.withinTolerance).toBe(false)
  })

  test('an infinite figure is no match', () => {
    const deviations = new Deviations()
    deviations.compare('costEma', Number.POSITIVE_INFINITY, 1, 'a')
    expect(deviations.withinTolerance).toBe(false)
  })

  test('forgets requests in flight with a removed model, as the published code does', async () => {
    // Feedback for the removed model comes after its removal: the pacer must not have seen any cost of it.
    const arm = { traceAinv: 2, lastUpdate: 0, regularization: 1 }
    const run = {
      name: 'removal',
      dimension: 2,
      alpha: 0.1,
      gamma: 1,
      costPenalty: 0.1,
      initLambda: 1,
      budgetUsdPerRequest: 0.001,
      mode: 'soft',
      models: [
        { id: 'cheap', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.1 },
        { id: 'dear', inputUsdPerMTok: 50, outputUsdPerMTok: 50 },
      ],
      prior: null,
      events: [{ at: 1, op: 'remove', id: 'cheap' }],
      contexts: [
        [0, 1],
        [0, 1],
      ],
      steps: [
        { model: 'cheap', utility: 0.1, feedback: [], lambda_: 0, costEma: 0.001 },
        {
          model: 'dear',
          utility: 0.1 - 0.1 * (Math.log(500) / Math.log(1000)),
          feedback: [[0, 1, 1]],
          lambda_: 0,
          costEma: 0.001,
        },
      ],
      final: { dear: { ...arm, theta: [0, 0], diagAinv: [1, 1], lastPlayed: 2 } },
    }
    const comparison = await compareTrajectory(readTrajectory(run, 'run'), 'js', 'run')
    expect(comparison.mismatch).toBeNull()
    expect(comparison.deviations.get('costEma')?.largest).toBe(0)
    expect(comparison.passed).toBe(true)
  })
})
