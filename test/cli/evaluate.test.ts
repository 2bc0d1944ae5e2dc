import { describe, expect, test } from 'vitest'
import { drawRows, toEvents, toLog } from '../evaluate/world.js'
import { Folder, MODELS } from './support.js'

const folder = new Folder()
const ROWS = drawRows({ requests: 1200, epsilon: 0.4, seed: 4, rewardRates: [0.8, 0.9, 0.7] })

describe('evaluate', () => {
  test('prints a table, the logged policy first, and writes a page', async () => {
    await folder.write('events.jsonl', toLog(toEvents(ROWS)))
    const policies = ['--policy', 'model:large', '--policy', 'uniform', '--policy', 'ridge@0.0006']
    const said = await folder.spawnOk([
      'evaluate',
      '--log',
      'events.jsonl',
      ...policies,
      '--report',
      'evaluation.html',
    ])
    expect(said).toMatch(/^events\.jsonl: 1200 requests, 1200 evaluated, of which \d+ are rewarded/)
    expect(said).toContain('missing at random')
    const order = ['logged', 'model:large', 'uniform', 'ridge@0.0006'].map((name) =>
      said.indexOf(`\n${name} `),
    )
    expect(order).toEqual([...order].sort((a, b) => a - b))
    expect(Math.min(...order)).toBeGreaterThan(0)
    expect(said.match(/doubly robust {2}/g)).toHaveLength(4)
    const page = (await folder.read('evaluation.html')).toString()
    expect(page.match(/<circle /g)?.length).toBe(2 * 2 * 4 * 3)
    expect(page).not.toMatch(/<script|https?:/)
  })

  test('prints the same as JSON', async () => {
    await folder.write('log.jsonl', toLog(ROWS))
    const said = JSON.parse(
      await folder.ok(['evaluate', '--log', 'log.jsonl', '--policy', 'uniform', '--json']),
    )
    expect(said).toMatchObject({
      log: 'log.jsonl',
      requests: 1200,
      evaluated: 1200,
      settled: 1200,
      orphans: 0,
    })
    expect(said.policies).toHaveLength(2)
    const { mean, ci95 } = said.policies[1].reward.doublyRobust
    expect(ci95[0]).toBeLessThan(mean)
    expect(ci95[1]).toBeGreaterThan(mean)
  })

  test('reads a log that was rotated, in any order, each file once', async () => {
    const events = toEvents(ROWS)
    await folder.write('whole.jsonl', toLog(events))
    await folder.write('old.jsonl', toLog(events.slice(0, 1500)))
    await folder.write('new.jsonl', toLog(events.slice(1500)))
    const policy = ['--policy', 'uniform', '--json']
    const whole = JSON.parse(await folder.ok(['evaluate', '--log', 'whole.jsonl', ...policy]))
    for (const [one, other] of [
      ['old.jsonl', 'new.jsonl'],
      ['new.jsonl', 'old.jsonl'],
    ]) {
      const said = JSON.parse(await folder.ok(['evaluate', '--log', one, '--log', other, ...policy]))
      expect(said).toEqual({ ...whole, log: `${one}, ${other}` })
    }
    await folder.refused(
      ['evaluate', '--log', 'old.jsonl', '--log', 'old.jsonl'],
      /--log: expected each file once, got "old.jsonl" again/,
    )
  })

  test('encodes prompts, and escapes what it draws', async () => {
    const words = ['rivers', 'proofs', 'poems', 'code']
    const named = ROWS.map(({ context: _, model, eligible, ...row }, i) => ({
      ...row,
      model: `<${model}>`,
      eligible: eligible.map((id) => `<${id}>`),
      prompt: `tell me of ${words[i % 4]}`,
    }))
    await folder.write('log.jsonl', toLog(named))
    await folder.ok(['evaluate', '--log', 'log.jsonl', '--policy', 'model:<large>', '--report', 'page.html'])
    const page = (await folder.read('page.html')).toString()
    expect(page).toContain('model:&lt;large&gt;')
    expect(page).not.toContain('<large>')
  })

  test('refuses what the log cannot support, and what it cannot read', async () => {
    await folder.write('certain.jsonl', toLog(ROWS.map((row) => ({ ...row, propensity: 1 }))))
    const certain = ['evaluate', '--log', 'certain.jsonl']
    await folder.refused([...certain, '--policy', 'uniform'], /certain\.jsonl: every decision was certain/)
    expect(await folder.ok(certain)).toContain('\nlogged ')
    await folder.write('broken.jsonl', `${toLog(ROWS)}{"id"`)
    await folder.refused(['evaluate', '--log', 'broken.jsonl'], /broken\.jsonl:1201: expected JSON/)
    await folder.refused([...certain, '--policy', 'model:x'], /policy: expected a model of the log/)
    await folder.refused(['evaluate', '--log', 'none.jsonl'], /cannot read it/)
    await folder.refused(['evaluate'], /--log/)
  })
})

describe('route with --epsilon and --log', () => {
  test('writes a log that evaluate reads, and keeps epsilon with the state', async () => {
    await folder.write('models.json', MODELS)
    // Policy dollar would begin with forced explorations.
    const models = ['--models', 'models.json', '--policy', 'paper']
    const start = [...models, '--state', 'r.state', '--epsilon', '0.5', '--log', 'log.jsonl']
    const first = JSON.parse(await folder.ok(['route', 'rivers of France', ...start, '--json']))
    expect(first.propensity).toBeGreaterThan(0)
    await folder.ok(['settle', first.id, '--cost', '0.001', '--state', 'r.state', '--log', 'log.jsonl'])
    await folder.ok(['reward', first.id, '0.5', '--state', 'r.state', '--log', 'log.jsonl'])
    const second = ['route', 'and of Spain', '--state', 'r.state', '--log', 'log.jsonl', '--json']
    const { id } = JSON.parse(await folder.ok(second))
    await folder.ok(['fail', id, '--state', 'r.state', '--log', 'log.jsonl'])
    const lines = (await folder.read('log.jsonl')).toString().trimEnd().split('\n')
    const events = lines.map((line) => JSON.parse(line))
    expect(events.map(({ type }) => type)).toEqual(['routed', 'settled', 'rewarded', 'routed', 'failed'])
    for (const { propensity, eligible } of [events[0], events[3]]) {
      expect([0.5 / 3, 0.5 / 3 + 0.5]).toContainEqual(expect.closeTo(propensity, 12))
      expect(eligible).toEqual(['small', 'middle', 'large'])
    }
    expect(events[0].context).toHaveLength(26)
    await folder.refused(['evaluate', '--log', 'log.jsonl'], /at least 100 rewarded requests, got 1/)
    expect(await folder.ok(['route', 'and of Italy', '--state', 'r.state', '--epsilon', '0'])).toContain(
      'epsilon changed from 0.5 to 0',
    )
  })

  test('is refused for a share out of range and a log that cannot be written', async () => {
    await folder.write('models.json', MODELS)
    const route = ['route', 'rivers', '--models', 'models.json']
    await folder.refused([...route, '--epsilon', '0.6'], /Expected a number from 0 to 0\.5/)
    await folder.refused([...route, '--log', 'no/such/log.jsonl'], /cannot write it/)
  })
})
