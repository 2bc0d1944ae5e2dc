import { describe, expect, it } from 'vitest'
import { alpacaEvalSets } from '../../scripts/datasets/alpacaeval-sets.js'
import { BFCL_MODELS, bfclSet } from '../../scripts/datasets/bfcl-set.js'
import { answerIn, isSameFormula, isSameNumber } from '../../scripts/datasets/graded-answers.js'
import { ROUTELLM_MODELS, routeLlmSet } from '../../scripts/datasets/routellm-set.js'
import { ROUTERARENA_MODELS, routerArenaSet } from '../../scripts/datasets/routerarena-set.js'
import { ZEROEVAL_MODELS, zeroEvalSets } from '../../scripts/datasets/zeroeval-sets.js'

const MODELS = Object.keys(ZEROEVAL_MODELS)

describe('the answer in a text', () => {
  it.each([
    ['```json\n{ "reasoning": "so", "answer": "18" }\n```', '18'],
    ['{"answer": 18}', '18'],
    ['{"answer": "1"} no, {"answer": "2"}', '2'],
    ['{"reasoning": "broken off", "answer": "\\\\frac{1}{2}"', '\\\\frac{1}{2}'],
    ['I do not know', ''],
  ])('%j', (text, answer) => {
    expect(answerIn(text)).toBe(answer)
  })
})

describe('a judgement', () => {
  it.each([
    ['18', '# 18', true],
    ['$1,018.00', '1018', true],
    ['18 eggs', '17', false],
    ['', '0', false],
  ])('of the number %j, where %j is right: %s', (said, right, isRight) => {
    expect(isSameNumber(said, right)).toBe(isRight)
  })

  it.each([
    ['\\\\frac{1}{2}', '\\dfrac{1}{2}', true],
    ['$(-\\infty, 3]$', '(-\\infty,3]', true],
    ['\\boxed{x+1}', 'x + 1', true],
    ['x = 12', '12', true],
    ['12', 'x+12', false],
  ])('of the formula %j, where %j is right: %s', (said, right, isRight) => {
    expect(isSameFormula(said, right)).toBe(isRight)
  })
})

describe('a public set', () => {
  it('of ZeroEval has the prompts that every model has answered, at list prices of characters / 4', () => {
    const read = (path: string): string => {
      const model = path.split('/').at(-1)?.replace('.json', '')
      const answer = (id: number) => ({
        id,
        chat_history: ['p'.repeat(400)],
        output: [`{"answer": "${model === MODELS[0] ? 1 : id}"}`.padEnd(80)],
        answer: `# ${id}`,
        ...(path.includes('/gsm/') ? { question: `question ${id}` } : { problem: `problem ${id}` }),
      })
      return JSON.stringify(model === MODELS[1] ? [answer(1), answer(2)] : [answer(1), answer(2), answer(3)])
    }
    const [gsm, math] = zeroEvalSets(read)
    expect([gsm.name, math.name]).toEqual(['zeroeval-gsm', 'zeroeval-math'])
    expect(gsm.rows.map(({ prompt }) => prompt)).toEqual(['question 1', 'question 2'])
    expect(math.rows.map(({ id }) => id)).toEqual(['zeroeval-math-1', 'zeroeval-math-2'])
    expect(gsm.rows.map(({ outcomes }) => outcomes[MODELS[0]].reward)).toEqual([1, 0])
    expect(gsm.rows.map(({ outcomes }) => outcomes[MODELS[2]].reward)).toEqual([1, 1])
    const { inputUsdPerMTok, outputUsdPerMTok } = gsm.models[2]
    expect(gsm.rows[0].outcomes[MODELS[2]].costUsd).toBeCloseTo(
      (100 * inputUsdPerMTok + 20 * outputUsdPerMTok) / 1e6,
      15,
    )
  })

  it('of RouteLLM has its own judgements', () => {
    const models = Object.keys(ROUTELLM_MODELS)
    const header = ['prompt', ...models, ...models.map((model) => `${model}_response`)].join(',')
    const { rows } = routeLlmSet(() => `${header}\n"How many, in all?",False,True,"two,\nor three",two\n`)
    expect(rows).toHaveLength(1)
    expect(rows[0].prompt).toBe('How many, in all?')
    expect(models.map((model) => rows[0].outcomes[model].reward)).toEqual([0, 1])
    expect(rows[0].outcomes[models[1]].costUsd).toBeCloseTo(((17 / 4 + 20) * 10 + (3 / 4) * 30) / 1e6, 15)
  })

  it('of BFCL has the questions that some model answered wrong, with the tokens that were counted', () => {
    const [first, second] = Object.keys(BFCL_MODELS)
    const lines = (...values: object[]) => values.map((value) => `${JSON.stringify(value)}\n`).join('')
    const read = (path: string): string => {
      if (!/simple_(score|result)/.test(path) || path.includes('executable')) return ''
      if (path.includes('/result/'))
        return lines(
          ...[0, 1].map((i) => ({ id: `simple_${i}`, input_token_count: 300, output_token_count: 20 })),
        )
      const wrong = { valid: false, prompt: { id: 'simple_1', question: 'how warm is it?' } }
      return lines({ accuracy: 0.5 }, ...(path.includes(`/${first}/`) ? [wrong] : []))
    }
    const { name, rows } = bfclSet(read)
    expect(rows.map(({ id, prompt }) => [id, prompt])).toEqual([[`${name}-simple_1`, 'how warm is it?']])
    expect([first, second].map((model) => rows[0].outcomes[model].reward)).toEqual([0, 1])
    const [input, output] = BFCL_MODELS[second]
    expect(rows[0].outcomes[second].costUsd).toBeCloseTo((300 * input + 20 * output) / 1e6, 15)
  })

  it('of RouterArena has its own judgements, of rewards from 0, with the tokens that were counted', () => {
    const [first, second] = Object.keys(ROUTERARENA_MODELS)
    const { rows } = routerArenaSet((path) =>
      [0.5, -0.25]
        .map((score, i) => ({
          global_index: `NarrativeQA_${i}`,
          question: `story ${i}`,
          token_usage: { input_tokens: 300, output_tokens: 20 },
          evaluation_result: { score: path.includes(first) ? score : 1 },
        }))
        .map((answer) => JSON.stringify(answer))
        .join('\n'),
    )
    expect(rows.map(({ id, prompt }) => [id, prompt])).toEqual([
      ['routerarena-NarrativeQA_0', 'story 0'],
      ['routerarena-NarrativeQA_1', 'story 1'],
    ])
    expect(rows.map(({ outcomes }) => outcomes[first].reward)).toEqual([0.5, 0])
    expect(rows.map(({ outcomes }) => outcomes[second].reward)).toEqual([1, 1])
    const [input, output] = ROUTERARENA_MODELS[second]
    expect(rows[0].outcomes[second].costUsd).toBeCloseTo((300 * input + 20 * output) / 1e6, 15)
  })

  it('of AlpacaEval has how likely the judge prefers an answer, of prompts that all were judged on', () => {
    const sets = alpacaEvalSets((path) =>
      JSON.stringify([
        { instruction: 'name an actor', output_2: 'Ann', preference: 1.25 },
        { instruction: 'name a play', output_2: 'One', preference: path.includes('/claude') ? null : 2 },
      ]),
    )
    expect(sets.map(({ name }) => name)).toEqual(['alpacaeval', 'alpacaeval-2'])
    for (const { models, rows } of sets) {
      expect(rows.map(({ prompt }) => prompt)).toEqual(['name an actor'])
      expect(models.map(({ id }) => rows[0].outcomes[id].reward)).toEqual(models.map(() => 0.25))
    }
  })

  it.each([
    ['zeroeval', zeroEvalSets, '[{', /^result_dirs\/gsm\/.*\.json: expected JSON$/],
    ['alpacaeval', alpacaEvalSets, '', /^results\/.*annotations\.json: expected JSON$/],
    [
      'alpacaeval without answers',
      alpacaEvalSets,
      '[]',
      /^alpacaeval: expected a prompt that every model has/,
    ],
    ['bfcl', bfclSet, '{}\n{', /_score\.json:2: expected JSON$/],
    ['bfcl without answers', bfclSet, '', /^bfcl: expected a prompt that every model has answered$/],
    [
      'routerarena',
      routerArenaSet,
      '{"global_index":"NarrativeQA_0"}',
      /^cached_results\/.*: expected a judged answer with its tokens in record 1$/,
    ],
    [
      'routellm',
      routeLlmSet,
      'prompt,other\nq,True\n',
      /^routellm\/.*: expected True or False of .* in record 1$/,
    ],
  ])('names what is wrong in a clone that is not what was expected: %s', (_, make, text, message) => {
    expect(() => make(() => text)).toThrow(message)
  })
})
