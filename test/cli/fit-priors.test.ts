import { describe, expect, test } from 'vitest'
import { checkPriors } from '../../src/bandit/check-priors.js'
import { defaultEncoder } from '../../src/features/default-encoder.js'
import { Folder, MODELS } from './support.js'

const folder = new Folder()

function line(i: number, extra: object = {}): string {
  const outcomes = {
    small: { reward: 0.2, costUsd: 0.0001 },
    large: { reward: 0.9, costUsd: 0.01 },
    ...extra,
  }
  return JSON.stringify({ id: `p${i}`, prompt: `question number ${i} about rivers`, outcomes })
}

const LOG = Array.from({ length: 60 }, (_, i) => line(i)).join('\n')

describe('fit-priors', () => {
  test('writes priors that a router starts from', async () => {
    await folder.write('log.jsonl', LOG)
    const said = await folder.spawnOk(['fit-priors', '--data', 'log.jsonl', '--out', 'priors.json'])
    expect(said).toContain('priors of 2 models from 60 prompts')
    const priors = checkPriors(JSON.parse((await folder.read('priors.json')).toString()))
    expect(Object.keys(priors.models)).toEqual(['small', 'large'])
    expect(priors.models.small.rows).toBe(60)

    await folder.write('models.json', MODELS)
    const route = ['route', 'a question about rivers', '--models', 'models.json', '--budget', '1', '--json']
    const decision = JSON.parse(await folder.ok([...route, '--exploit', '--priors', 'priors.json']))
    expect(decision.model).toBe('large')
  })

  test('counts one model as one', async () => {
    const outcomes = { small: { reward: 0.2, costUsd: 0.0001 } }
    await folder.write('one.jsonl', JSON.stringify({ id: 'p0', prompt: 'one question', outcomes }))
    const fit = ['fit-priors', '--data', 'one.jsonl', '--out', 'one.json']
    expect(await folder.ok(fit)).toMatch(/priors of 1 model from 1 prompt\n {2}small: 1 outcome\n/)
  })

  test('takes contexts in the place of prompts, of the encoder that it has itself', async () => {
    const { name, dimension } = defaultEncoder()
    const bare = { prompt: '', features: Array.from({ length: dimension }, () => 0.5) }
    const rows = (encoder: unknown) =>
      LOG.split('\n')
        .map((row, i) => JSON.stringify({ ...JSON.parse(row), ...(i % 2 === 0 ? { ...bare, encoder } : {}) }))
        .join('\n')
    await folder.write('rows.jsonl', rows(name))
    const fit = ['fit-priors', '--data', 'rows.jsonl', '--out', 'priors.json']
    expect(await folder.ok(fit)).toContain('priors of 2 models from 60 prompts')
    await folder.write('rows.jsonl', rows('another'))
    await folder.refused(fit, /row 'p0' has no prompt to encode, and no features of encoder/)
    await folder.write('rows.jsonl', rows(1))
    await folder.refused(fit, /rows\.jsonl:1: encoder: expected a string/)
  })

  test('refuses what it cannot read or write', async () => {
    await folder.write('log.jsonl', `${LOG}\n{"id":"x","prompt":"y"}`)
    await folder.refused(['fit-priors', '--data', 'log.jsonl', '--out', 'p.json'], /log\.jsonl:61: outcomes/)
    await folder.refused(
      ['fit-priors', '--data', 'none.jsonl', '--out', 'p.json'],
      /none\.jsonl: cannot read it/,
    )
    await folder.refused(['fit-priors', '--data', 'log.jsonl'], /--out/)
    await folder.write('export.jsonl', LOG.replace('question number 7 about rivers', ''))
    await folder.refused(
      ['fit-priors', '--data', 'export.jsonl', '--out', 'p.json'],
      /row 'p7' has no prompt to encode/,
    )
    await folder.write('good.jsonl', LOG)
    await folder.refused(['fit-priors', '--data', 'good.jsonl', '--out', 'no/such/p.json'], /cannot write it/)
  })
})
