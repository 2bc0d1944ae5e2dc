import { describe, expect, test } from 'vitest'
import type { RouterStats } from '../../src/router/stats.js'
import { Folder, MODELS } from './support.js'

const folder = new Folder()
const MESSY_ID = "r.1\n'; rm"

describe('a router in a state file', () => {
  test('is taught over several processes', async () => {
    const state = 'router.state'
    await folder.write('models.json', MODELS)
    const start = ['--models', 'models.json', '--budget', '0.002', '--state', state]
    const first = await folder.spawnOk(['route', 'first prompt', ...start])
    expect(first).toContain(`  paretobandit settle r.1 --cost USD --state ${state}\n`)
    expect(await folder.spawnOk(['route', 'second prompt', '--state', state])).toContain('fail r.2 --state')
    expect(await folder.spawnOk(['settle', 'r.1', '--cost', '0.0011', '--state', state])).toMatch(
      /^r\.1 settled on \w+ at \$0\.00110\n.*mean cost \$0\.00110 over 1 settled request\n {2}spend \$0 -> \$0\.00110/,
    )
    expect(await folder.spawnOk(['reward', 'r.1', '0.85', '--state', state])).toMatch(
      /^r\.1 on \w+ rewarded with 0\.85\n.*mean reward 0\.8500 over 1 reward\n$/,
    )
    expect(await folder.spawnOk(['fail', 'r.2', '--cost', '0.0001', '--state', state])).toMatch(
      /^r\.2 failed on (\w+); route again with --exclude \1\n/,
    )
    const stats: RouterStats = JSON.parse(await folder.spawnOk(['stats', '--state', state, '--json']))
    expect(stats.requests).toBe(2)
    expect(stats.pending.unsettled).toBe(0)
    expect(stats.pacer).toMatchObject({ usdPerRequest: 0.002, mode: null, reservedUsd: 0 })
    expect(stats.policy).toBe('dollar')
    expect(stats.pacer.spendUsd).toBeCloseTo(0.0012, 12)
    expect(stats.models.reduce((sum, model) => sum + model.rewarded, 0)).toBe(1)
  })

  test('under policy paper costs over budget raise the shadow price that later decisions see', async () => {
    const state = await folder.kept(1, 'router.state', 'paper')
    const text = await folder.ok(['settle', 'r.1', '--cost', '0.2', '--state', state])
    const price = Number(/shadow price 0\.0000 -> ([\d.]+)/.exec(text)?.[1])
    expect(price).toBeGreaterThan(0.2)
    expect(await folder.ok(['route', 'x', '--state', state])).toContain(`shadow price ${price.toFixed(4)}`)
  })

  test('settles by tokens at list price', async () => {
    const state = await folder.kept()
    const tokens = ['--input-tokens', '1000', '--output-tokens', '2000', '--latency-ms', '900']
    await folder.ok(['settle', 'r.1', ...tokens, '--state', state])
    const { models, pacer } = await folder.stats(state)
    const [model] = models.filter(({ settled }) => settled === 1)
    const { inputUsdPerMTok, outputUsdPerMTok, meanLatencyMs } = model
    expect(pacer.spendUsd).toBeCloseTo((1000 * inputUsdPerMTok + 2000 * outputUsdPerMTok) / 1e6, 12)
    expect(meanLatencyMs).toBe(900)
  })

  test('settles cached and reasoning tokens at prices of their own, which stats shows', async () => {
    const [small] = MODELS
    const priced = { ...small, cachedInputUsdPerMTok: 0.01, reasoningUsdPerMTok: 0.4 }
    await folder.write('priced.json', { models: [priced] })
    const state = 'priced.state'
    await folder.ok(['route', 'x', '--models', 'priced.json', '--state', state])
    const tokens = ['--input-tokens', '1000', '--output-tokens', '2000']
    const parts = ['--cached-input-tokens', '900', '--reasoning-tokens', '1500']
    await folder.ok(['settle', 'r.1', ...tokens, ...parts, '--state', state])
    const { models, pacer } = await folder.stats(state)
    expect(models).toEqual([expect.objectContaining(priced)])
    expect(pacer.spendUsd).toBeCloseTo((100 * 0.1 + 900 * 0.01 + 500 * 0.1 + 1500 * 0.4) / 1e6, 15)
    expect(await folder.ok(['stats', '--state', state])).toMatch(
      / out +cached +reasoning .*\n.* 0\.01 +0\.4 /,
    )

    await folder.write('plain.json', { models: [small] })
    const text = await folder.ok(['route', 'x', '--models', 'plain.json', '--state', state])
    expect(text).toContain(
      'repriced from 0.1 in / 0.1 out / 0.01 cached / 0.4 reasoning to 0.1 in / 0.1 out USD',
    )
    expect(await folder.ok(['stats', '--state', state])).not.toMatch(/cached|reasoning/)
  })

  test("settles by a provider's usage, in a file or on standard input, and by counts of any kind", async () => {
    const [small] = MODELS
    const priced = {
      ...small,
      cacheWrite1hUsdPerMTok: 0.8,
      tiers: [{ aboveInputTokens: 5000, inputUsdPerMTok: 0.1, outputUsdPerMTok: 7 }],
      batchDiscount: 0.5,
    }
    await folder.write('priced.json', { models: [priced] })
    const state = 'priced.state'
    for (let i = 0; i < 4; i++) await folder.ok(['route', 'x', '--models', 'priced.json', '--state', state])
    const usage = { input_tokens: 100, output_tokens: 50, cache_creation: { ephemeral_1h_input_tokens: 10 } }
    await folder.write('usage.json', usage)
    await folder.ok(['settle', 'r.1', '--usage', 'usage.json', '--state', state])
    await folder.ok(
      ['settle', 'r.2', '--usage', '-', '--service-tier', 'batch', '--state', state],
      JSON.stringify(usage),
    )
    const counts = ['--input-tokens', '9', '--cache-write-5m-tokens', '9', '--output-tokens', '0']
    await folder.ok(['settle', 'r.3', ...counts, '--state', state])
    await folder.ok(['fail', 'r.4', '--usage', 'usage.json', '--state', state])
    const { models, pacer } = await folder.stats(state)
    const usd = (100 * 0.1 + 10 * 0.8 + 50 * 0.1) / 1e6
    expect(pacer.spendUsd).toBeCloseTo(2.5 * usd + (9 * 0.8) / 1e6, 15)
    expect(models[0]).toMatchObject({ unpricedTokens: 9, flaggedUsages: 1, batchDiscount: 0.5 })
    const text = await folder.ok(['stats', '--state', state])
    expect(text).toMatch(/ out +cache write 1h .*\n.* 0\.8 .* 9 tokens of kinds without a price/)
    await folder.write('plain.json', { models: [small] })
    expect(await folder.ok(['route', 'x', '--models', 'plain.json', '--state', state])).toContain(
      'from 0.1 in / 0.1 out / 0.8 cache write 1h; above 5000 input tokens 0.1 in / 7 out; batchDiscount 0.5 to 0.1 in / 0.1 out USD',
    )
  })

  test('keeps its policy, and its options are those of that policy', async () => {
    const state = await folder.kept()
    const before = await folder.contents(state)
    await folder.refused(
      ['route', 'x', '--policy', 'paper', '--state', state],
      /--policy: router\.state has policy dollar, and keeps it/,
    )
    await folder.refused(
      ['route', 'x', '--mode', 'hard', '--state', state],
      /--mode: goes with --policy paper, router\.state has policy dollar/,
    )
    expect(await folder.contents(state)).toEqual(before)
    const start = ['--models', 'models.json', '--budget', '0.002']
    await folder.refused(['route', 'x', ...start, '--mode', 'hard'], /--mode: goes with --policy paper/)
    await folder.ok(['route', 'x', ...start, '--policy', 'paper', '--mode', 'hard', '--state', 'paper.state'])
    const { policy, pacer } = await folder.stats('paper.state')
    expect({ policy, mode: pacer.mode }).toEqual({ policy: 'paper', mode: 'hard' })
    const [text, other] = [
      await folder.ok(['stats', '--state', 'paper.state']),
      await folder.ok(['stats', '--state', state]),
    ]
    expect(text).toContain('per request, policy paper, hard, shadow price 0.0000\n')
    expect(other).toContain('per request, policy dollar, shadow price ')
  })

  test('takes over a changed models file and budget, and says so', async () => {
    const state = await folder.kept(1, 'router.state', 'paper')
    const [small, middle] = MODELS
    const changed = [small, { ...middle, outputUsdPerMTok: 3 }, { ...small, id: 'newcomer' }]
    await folder.write('changed.json', { models: changed })
    const args = ['--models', 'changed.json', '--budget', '0.003', '--mode', 'hard', '--state', state]
    const text = await folder.ok(['route', 'x', ...args])
    expect(text).toContain(
      'middle: repriced from 0.5 in / 1.5 out to 0.5 in / 3 out USD per million tokens\n',
    )
    expect(text).toContain('newcomer: added\n')
    expect(text).toContain('large: disabled: not in the models file\n')
    expect(text).toContain('budget per request changed from $0.00200 to $0.00300\n')
    expect(text).toContain('mode changed from adaptive to hard\n')
    expect(text).toMatch(/^newcomer\n {2}chosen as a newcomer/m)

    const again = await folder.ok([
      'route',
      'x',
      '--models',
      'models.json',
      '--budget',
      'none',
      '--state',
      state,
    ])
    expect(again).toContain('large: enabled again\n')
    expect(again).toContain('newcomer: disabled')
    expect(again).toContain('budget per request changed from $0.00300 to none\n')
    const { models, pacer } = await folder.stats(state)
    expect(models.map(({ id, enabled }) => [id, enabled])).toEqual([
      ['small', true],
      ['middle', true],
      ['large', true],
      ['newcomer', false],
    ])
    expect(pacer).toMatchObject({ usdPerRequest: null, mode: 'hard' })
    expect(await folder.ok(['stats', '--state', state])).toMatch(/newcomer .*disabled\n/)
  })

  test('names the next commands so that a shell takes them', async () => {
    const state = await folder.kept(1, "it's mine.state")
    const text = await folder.ok(['route', 'x', '--state', state])
    expect(text).toContain(`settle r.2 --cost USD --state 'it'\\''s mine.state'\n`)
  })
})

describe('bad feedback', () => {
  test.each([
    [['settle', 'r.1', '--cost', '-1'], /number >= 0/],
    [['settle', 'r.1', '--cost', 'free'], /finite number/],
    [['settle', 'r.1', '--cost', '1e13'], /costUsd: expected/],
    [['settle', 'r.1'], /give --cost USD, or both/],
    [['settle', 'r.1', '--input-tokens', '5'], /give --cost USD, or both/],
    [['settle', 'r.1', '--cost', '1', '--latency-ms', '-1'], /number >= 0/],
    [['settle', 'r.1', '--cost', '1', '--reasoning-tokens', '9'], /goes with outputTokens/],
    [
      ['settle', 'r.1', '--input-tokens', '5', '--output-tokens', '5', '--cached-input-tokens', '6'],
      /cachedInputTokens: expected at most inputTokens, 5, got 6/,
    ],
    [['settle', 'r.1', '--usage', 'missing.json'], /no such file/],
    [['settle', 'r.1', '--usage', 'models.json'], /settlement\.usage: expected a usage object/],
    [['settle', 'r.1', '--usage', '-'], /standard input: expected JSON/],
    [['settle', 'r.1', '--cost', '1', '--service-tier', 'bach'], /Did you mean batch/],
    [['settle', 'r.9', '--cost', '1'], /no request "r\.9" was routed here/],
    [['settle', MESSY_ID, '--cost', '1'], /no request/],
    [['reward', 'r.1', '1.5'], /reward in \[0, 1\], the rewardRange, got 1\.5/],
    [['reward', 'r.1', '-0.5'], /got -0\.5/],
    [['reward', 'r.1', 'NaN'], /finite number/],
    [['reward', 'r.1', '0.5x'], /finite number/],
    [['reward', 'r.9', '0.5'], /no request "r\.9"/],
    [['fail', 'r.9'], /no request "r\.9"/],
    [['fail', 'r.1', '--cost', 'x'], /finite number/],
  ])('%j is refused and changes nothing', async (args, message) => {
    const state = await folder.kept()
    const before = await folder.contents(state)
    await folder.refused([...args, '--state', state], message)
    expect(await folder.contents(state)).toEqual(before)
  })

  test('tells of a model that does not answer, and books the bill that comes after its failure', async () => {
    const state = await folder.kept(2)
    const failed = ['fail', 'r.1', '--latency-ms', '30000', '--retry-after-ms', '60000', '--state', state]
    expect(await folder.ok(failed)).toContain('does not answer, and gets few requests until it does')
    const { models } = await folder.stats(state)
    expect(models.filter(({ isAvailable }) => !isAvailable)).toMatchObject([{ meanFailureLatencyMs: 30_000 }])
    expect(await folder.ok(['settle', 'r.1', '--cost', '0.25', '--state', state])).toMatch(
      /^the late bill of r\.1 is booked: \$0\.250*\n[\s\S]*spend \$0 -> \$0\.25/,
    )
  })

  test('comes at most once', async () => {
    const state = await folder.kept(2)
    await folder.ok(['settle', 'r.1', '--cost', '0', '--state', state])
    await folder.refused(['settle', 'r.1', '--cost', '0', '--state', state], /settled already/)
    await folder.refused(['fail', 'r.1', '--state', state], /settled already/)
    await folder.ok(['reward', 'r.1', '1', '--state', state])
    await folder.refused(['reward', 'r.1', '1', '--state', state], /has its reward already|rewarded already/)
    await folder.ok(['fail', 'r.2', '--state', state])
    await folder.refused(['reward', 'r.2', '1', '--state', state], /has failed|takes no more feedback/)
  })
})
