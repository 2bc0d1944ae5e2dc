import { describe, expect, test } from 'vitest'
import { fitPriors } from '../../src/index.js'
import { Folder, MODELS } from './support.js'

const folder = new Folder()

function models(list: unknown = MODELS): Promise<string> {
  return folder.write('models.json', { models: list })
}

describe('route', () => {
  test('prints the decision, its explanation, and what to do next', async () => {
    await models()
    const text = await folder.ok([
      'route',
      'Why is the sky blue?',
      '--models',
      'models.json',
      '--budget',
      '0.002',
    ])
    expect(text).toMatch(/^(small|middle|large)\n/)
    expect(text).toContain('budget $0.00200 per request')
    expect(text).toMatch(/expected reward {2}\+ bonus {2}- penalty {2}= score {2}expected cost/)
    for (const { id } of MODELS) expect(text).toMatch(new RegExp(`^[> ] ${id} `, 'm'))
    expect(text).toContain('with --state FILE it is kept')
  })

  test('without a budget nothing paces; under policy paper cost weighs all the same', async () => {
    await models()
    const text = await folder.ok(['route', 'x', '--models', 'models.json', '--policy', 'paper'])
    expect(text).toMatch(/^small\n {2}chosen for the best score/)
    expect(text).toContain('no budget')
    const free = await folder.ok(['route', 'x', '--models', 'models.json', '--exploit'])
    expect(free).toMatch(/drawn among 3 models of the best score, 1\.0000\n {2}expected cost .*no budget/)
  })

  test('says that it went to the cheaper of models that are as good, not that its score was the best', async () => {
    await models()
    const rows = Array.from({ length: 300 }, (_, i) => {
      const outcomes = { [i % 3 === 0 ? 'large' : 'small']: { reward: (i % 5) / 4, costUsd: 1e-5 } }
      return JSON.stringify({ id: `q${i}`, prompt: `Name a river ${i}`, outcomes })
    })
    await folder.write('rows.jsonl', `${rows.join('\n')}\n`)
    await folder.ok(['fit-priors', '--data', 'rows.jsonl', '--out', 'priors.json'])
    const text = await folder.ok([
      ...['route', 'Name a river', '--models', 'models.json', '--exclude', 'middle'],
      ...['--budget', '0.002', '--priors', 'priors.json'],
    ])
    expect(text).toMatch(/^ {2}large .* no better than a cheaper one, as far as is known$/m)
    expect(text).toMatch(
      /^small\n {2}chosen for its price: no dearer model is better, as far as is known; its score is 0\./,
    )
  })

  test('takes a bare array of models', async () => {
    await folder.write('models.json', MODELS)
    expect(await folder.ok(['route', 'x', '--models', 'models.json'])).toContain('small')
  })

  test('reads the prompt from standard input', async () => {
    await models()
    const args = ['--models', 'models.json', '--json']
    const piped = await folder.spawnOk(['route', '-', ...args], 'a prompt\nof two lines')
    expect(piped).toBe(await folder.ok(['route', 'a prompt\nof two lines', ...args]))
  })

  test('a prompt may look like an option after --', async () => {
    await models()
    expect(await folder.ok(['route', '--models', 'models.json', '--', '--help'])).toContain('request r.1')
  })

  test('--json gives the decision with its explanation', async () => {
    await models()
    const args = [
      'route',
      'x',
      '--models',
      'models.json',
      '--budget',
      '0.002',
      '--candidates',
      'middle',
      '--json',
    ]
    const decision = JSON.parse(await folder.ok([...args, '--exploit']))
    expect(decision).toMatchObject({ id: 'r.1', model: 'middle', budgetUsdPerRequest: 0.002, changes: [] })
    expect(decision.explanation.models).toHaveLength(3)
    const reasons = Object.fromEntries(
      decision.explanation.models.map((m: { model: string; excluded: unknown }) => [m.model, m.excluded]),
    )
    expect(reasons).toEqual({ small: 'not-a-candidate', middle: null, large: 'not-a-candidate' })
  })

  test('tells why a model was left out', async () => {
    await models()
    const args = ['route', 'x', '--models', 'models.json', '--exclude', 'small', '--max-cost', '0.001']
    const text = await folder.ok(args)
    expect(text).toMatch(/^middle\n/)
    expect(text).toMatch(/small .*excluded by --exclude\n/)
    expect(text).toMatch(/large .*dearer than --max-cost\n/)
  })

  test('starts models from priors', async () => {
    await models()
    const context = new Array(26).fill(0)
    context[25] = 1
    const row = { context, outcomes: { small: { reward: 0.2 }, large: { reward: 0.9 } } }
    await folder.write('priors.json', fitPriors(Array.from({ length: 200 }, () => row)))
    const args = [
      'route',
      'x',
      '--models',
      'models.json',
      '--budget',
      '1',
      '--priors',
      'priors.json',
      '--exploit',
    ]
    expect(await folder.ok(args)).toMatch(/^large\n/)
  })

  test('refuses priors of other models alone, as of a log that calls them otherwise, and makes no state', async () => {
    await models()
    const context = [...new Array(25).fill(0), 1]
    const rowOf = (...ids: string[]) => ({
      context,
      outcomes: Object.fromEntries(ids.map((id) => [id, { reward: 0.5 }])),
    })
    const flags = ['route', 'x', '--models', 'models.json', '--budget', '1', '--priors', 'priors.json']
    await folder.write('priors.json', fitPriors([rowOf('openai/small', 'openai/large')]))
    await folder.refused(
      [...flags, '--state', 'router.state'],
      /--priors: priors\.json is of openai\/small, openai\/large, and knows none of small, middle, large; 'import-log --model ID=NAME'/,
    )
    await folder.refused(['stats', '--state', 'router.state'], /no such file/)
    await folder.write('priors.json', fitPriors([rowOf('openai/small', 'large')]))
    const { code, stderr } = await folder.run([...flags, '--state', 'router.state'])
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr:
        "paretobandit: --priors: what is known of openai/small is not used, and small, middle start cold; where they are the same, 'import-log --model ID=NAME' names them alike\n",
    })
    for (const ids of [['large'], ['small', 'middle', 'large', 'other']]) {
      await folder.write('priors.json', fitPriors([rowOf(...ids)]))
      expect((await folder.run(flags)).stderr).toBe('')
    }
  })
})

describe('bad input of route', () => {
  test.each([
    ['--budget', '12abc', /finite number/],
    ['--budget', '0', /number > 0, or 'none'/],
    ['--budget', '-1', /number > 0/],
    ['--budget', 'NaN', /finite number/],
    ['--budget', 'Infinity', /finite number/],
    ['--budget', '1e999', /finite number/],
    ['--budget', '0x10', /finite number/],
    ['--budget', '', /finite number/],
    ['--max-cost', '-1', /number >= 0/],
    ['--input-tokens', 'many', /finite number/],
    ['--max-output-tokens', '-5', /number >= 0/],
    ['--seed', '1.5', /an integer/],
    ['--seed', '-1', /an integer/],
    ['--mode', 'adaptve', /one of soft, hard, adaptive.*Did you mean adaptive/],
    ['--exclude', 'smal', /--exclude: no model "smal"; did you mean 'small'\?/],
    ['--candidates', 'zzz', /--candidates: no model "zzz"; known: small, middle, large/],
    ['--exclude', '', /an id/],
    ['--max-cost', '0', /no model may take this request/],
    ['--priors', 'nothing.json', /^paretobandit: nothing\.json: .*no such file/],
    ['--priors', 'models.json', /models\.json: priors\.format: expected "paretobandit-priors"/],
  ])('%s %j', async (flag, value, message) => {
    await models()
    await folder.refused(['route', 'x', '--models', 'models.json', flag, value], message)
  })

  const spec = MODELS[0]
  test.each([
    ['no JSON', '{"models": [\n  oops', /models\.json: expected JSON/],
    ['an empty file', '', /models\.json: expected JSON/],
    ['a number', 5, /models\.json: expected \{"models": \[\.\.\.\]\}/],
    ['no models', { modles: [] }, /models\.json: expected/],
    ['models of the wrong kind', { models: 'small' }, /models\.json: expected .* got models: a text/],
    ['an empty list', { models: [] }, /models\.json: models: expected at least one/],
    ['a model that is no object', { models: [7] }, /models\.json: models\[0\]: expected an object, got 7/],
    [
      'a missing price',
      { models: [{ id: 'a', inputUsdPerMTok: 1 }] },
      /models\[0\]\.outputUsdPerMTok: expected/,
    ],
    [
      'a negative price',
      { models: [{ ...spec, inputUsdPerMTok: -1 }] },
      /models\[0\]\.inputUsdPerMTok: .*got -1/,
    ],
    ['an empty id', { models: [{ ...spec, id: '' }] }, /models\[0\]\.id: expected a non-empty string/],
    ['an id twice', { models: [spec, spec] }, /models\.json: models\[1\]\.id: 'small' is listed twice/],
    ['a misspelt field', { models: [{ ...spec, inputUsdPerMtok: 1 }] }, /did you mean 'inputUsdPerMTok'/],
    [
      'an infinite price',
      '{"models": [{"id": "a", "inputUsdPerMTok": 1e999, "outputUsdPerMTok": 1}]}',
      /got Infinity/,
    ],
  ])('a models file with %s', async (_, content, message) => {
    await folder.write('models.json', content)
    await folder.refused(['route', 'x', '--models', 'models.json'], message)
  })

  test('no models, and files that cannot be read', async () => {
    await folder.spawnRefused(['route', 'x'], /--models FILE is needed/)
    await folder.refused(['route', 'x', '--state', 'new.state'], /new\.state does not exist yet/)
    await folder.refused(
      ['route', 'x', '--models', 'nothing.json'],
      /nothing\.json: cannot read it: no such file/,
    )
    await folder.refused(['route', 'x', '--models', '.'], /it is a folder/)
  })
})
