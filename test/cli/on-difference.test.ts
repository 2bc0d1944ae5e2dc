import { describe, expect, test } from 'vitest'
import { Folder, MODELS } from './support.js'

const folder = new Folder()
const [small, middle] = MODELS
const DEAR = { ...middle, outputUsdPerMTok: 3 }

/** A state file, and a models file of which everything differs. */
async function edited(name: string): Promise<string> {
  const state = await folder.kept(1, name)
  await folder.write('edited.json', [small, DEAR, { ...small, id: 'new' }])
  return state
}

const EDITED = ['--models', 'edited.json', '--budget', '0.001', '--epsilon', '0.1']

describe('route --on-difference', () => {
  test('apply, the default, takes all over and tells', async () => {
    for (const flags of [[], ['--on-difference', 'apply']]) {
      const state = await edited(`apply-${flags.length}.state`)
      const { changes } = JSON.parse(
        await folder.ok(['route', 'x', '--json', '--state', state, ...EDITED, ...flags]),
      )
      expect(changes.map(({ model }: { model: string | null }) => model)).toEqual([
        null,
        'middle',
        'new',
        'large',
        null,
      ])
      const { models, pacer } = await folder.stats(state)
      expect(models.map(({ id, enabled }) => [id, enabled])).toEqual([
        ['small', true],
        ['middle', true],
        ['large', false],
        ['new', true],
      ])
      expect(pacer.usdPerRequest).toBe(0.001)
    }
  })

  test('warn leaves the state file as it is and names each difference', async () => {
    const state = await edited('warn.state')
    const before = await folder.stats(state)
    const args = ['route', 'x', '--json', '--state', state, ...EDITED, '--on-difference', 'warn']
    const { stdout, stderr, code } = await folder.spawn(args)
    expect(code).toBe(0)
    expect(JSON.parse(stdout).changes).toEqual([])
    expect(stderr.trim().split('\n')).toEqual([
      `paretobandit: epsilon changed from 0 to 0.1: not done, ${state} holds`,
      `paretobandit: middle: repriced from 0.5 in / 1.5 out to 0.5 in / 3 out USD per million tokens: not done, ${state} holds`,
      `paretobandit: new: added: not done, ${state} holds`,
      `paretobandit: large: disabled: not in the models file: not done, ${state} holds`,
      `paretobandit: budget per request changed from $0.00200 to $0.00100: not done, ${state} holds`,
    ])
    const after = await folder.stats(state)
    expect(after.pacer.usdPerRequest).toBe(before.pacer.usdPerRequest)
    expect(after.models.map(({ id, enabled, outputUsdPerMTok }) => [id, enabled, outputUsdPerMTok])).toEqual(
      before.models.map(({ id, enabled, outputUsdPerMTok }) => [id, enabled, outputUsdPerMTok]),
    )
    // Nor has it taken over the share of chance: the next command finds the old one.
    const next = JSON.parse(await folder.ok(['route', 'x', '--json', '--state', state, '--epsilon', '0']))
    expect(next.changes).toEqual([])
  })

  test('throw refuses the command, which has routed nothing', async () => {
    const state = await edited('throw.state')
    const before = await folder.stats(state)
    const args = ['route', 'x', '--state', state, ...EDITED, '--on-difference', 'throw']
    await folder.refused(args, /middle: repriced from .* to .*; new: added; large: disabled/)
    expect(await folder.stats(state)).toEqual(before)
    await folder.ok(['route', 'x', '--state', state, '--on-difference', 'throw'])
  })
})
