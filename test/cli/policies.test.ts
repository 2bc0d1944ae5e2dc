import { readFile } from 'node:fs/promises'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { createRouter } from '../../src/create-router.js'
import { POLICY_NAMES } from '../../src/policy/policies.js'
import { sqliteStore } from '../../src/store/sqlite/index.js'
import { Folder } from './support.js'

const MODELS = [
  { id: 'small', inputUsdPerMTok: 0.1, outputUsdPerMTok: 0.1 },
  { id: 'large', inputUsdPerMTok: 1.25, outputUsdPerMTok: 10 },
]

describe.each(POLICY_NAMES)('a log of policy %s', (policy) => {
  const folder = new Folder()

  test('is begun, taught, looked at, copied and restored by the command line', async () => {
    await folder.write('models.json', { models: MODELS })
    const state = ['--state', 'a.state']
    await folder.ok([
      'route',
      'hi',
      '--models',
      'models.json',
      '--budget',
      '.002',
      '--policy',
      policy,
      ...state,
    ])
    await folder.ok(['settle', 'r.1', '--cost', '.0001', ...state])
    await folder.ok(['reward', 'r.1', '0.7', ...state])
    await folder.ok(['route', 'again', ...state])
    expect(await folder.ok(['inspect', 'a.state'])).toContain(policy)
    expect(await folder.stats('a.state')).toMatchObject({ policy, requests: 2 })
    await folder.ok(['snapshot', 'a.state', 'a.snapshot'])
    await folder.ok(['restore', 'a.snapshot', 'b.state'])
    expect(await folder.stats('b.state')).toMatchObject({ policy, requests: 2 })
    await folder.ok(['export', 'a.state', '--out', 'a.jsonl']).catch(() => folder.ok(['export', 'a.state']))
  })

  test('that a service began is looked at by the command line', async () => {
    const file = join(folder.path, 'service.db')
    const router = await createRouter({ models: MODELS, policy, dimension: 3, store: sqliteStore(file) })
    for (let i = 0; i < 5; i++) router.settle(router.route([0.1, i, 1]).id, { costUsd: 1e-4 })
    await router.close()
    expect(await folder.stats('service.db')).toMatchObject({ policy, requests: 5 })
    expect(await folder.ok(['inspect', 'service.db'])).toContain(policy)
    await folder.ok(['snapshot', 'service.db', 'service.snapshot'])
    expect((await readFile(join(folder.path, 'service.snapshot'))).length).toBeGreaterThan(100)
  })
})
