import { describe, expect, it } from 'vitest'
import { alarmLog } from '../../../src/gateway/logs/alarms.js'
import type { LineLevel } from '../../../src/gateway/logs/request-log.js'
import { createRouter, type ReachEvent } from '../../../src/index.js'
import { X } from '../../support/router.js'

interface Line {
  readonly level: LineLevel
  readonly fields: Readonly<Record<string, unknown>>
  readonly message: string
}

async function started(budget?: { usdPerRequest: number }) {
  let now = 1_800_000_000_000
  const router = await createRouter<string>({
    models: [{ id: 'm', inputUsdPerMTok: 1, outputUsdPerMTok: 1 }],
    dimension: 3,
    kernel: 'js',
    clock: () => now,
    seed: 1,
    ...(budget === undefined ? {} : { budget }),
  })
  const lines: Line[] = []
  const waiting: { at: number; call: () => void }[] = []
  const end = alarmLog(
    router,
    (level, fields, message) => lines.push({ level, fields, message }),
    () => now,
    (ms, call) => {
      const wait = { at: now + ms, call }
      waiting.push(wait)
      return () => void waiting.splice(waiting.indexOf(wait), 1)
    },
  )
  const pass = (ms: number) => {
    now += ms
    for (const due of waiting.filter(({ at }) => at <= now)) {
      waiting.splice(waiting.indexOf(due), 1)
      due.call()
    }
  }
  const bill = (costUsd: number) => {
    const { id } = router.route(X)
    router.settle(id, { costUsd })
    return id
  }
  return { router, lines, end, pass, bill }
}

describe('the log of what the engine notices', () => {
  it('has a line for a bill beyond the plausible, one a minute, and says how many were alike', async () => {
    const { router, lines, bill, pass } = await started()
    for (let i = 0; i < 20; i++) bill(0.0004)
    expect(lines).toEqual([])
    const id = bill(3000)
    expect(lines).toEqual([
      {
        level: 'warn',
        fields: expect.objectContaining({ model: 'm', decision: id, costUsd: 3000 }),
        message: expect.stringContaining('/admin/corrections'),
      },
    ])
    // What is corrected is no measure of what comes next.
    const wrong = () => router.correct(bill(3000), { costUsd: 0.0004 })
    router.correct(id, { costUsd: 0.0004 })
    for (let i = 0; i < 5; i++) wrong()
    const ofBills = () => lines.filter(({ message }) => message.startsWith('a bill'))
    expect(ofBills()).toHaveLength(1)
    pass(60_000)
    wrong()
    expect(ofBills()).toHaveLength(2)
    expect(ofBills()[1].fields).toMatchObject({ alikeSince: 5 })
  })

  it('has a line when a model answers no more, and when it does again', async () => {
    const { router, lines, pass } = await started()
    for (let i = 0; i < 40; i++) {
      pass(1000)
      router.fail(router.route(X).id)
    }
    expect(lines.map(({ level, message }) => [level, message])).toEqual([
      ['warn', expect.stringContaining('does not answer')],
    ])
    for (let i = 0; i < 40; i++) {
      pass(60_000)
      router.settle(router.route(X).id, { costUsd: 0.0004 })
    }
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'info'])
  })

  it('has a line of its own for a pause, which a provider asked for or a failure began', async () => {
    const { router, lines } = await started()
    router.fail(router.route(X).id, { retryAfterMs: 2000 })
    expect(lines).toMatchObject([
      {
        level: 'warn',
        message: expect.stringMatching(/asked for a pause, or a failure began one \(retries.cooldownMs\)/),
        fields: { retryAfterMs: 2000 },
      },
    ])
  })

  it('has a line when a model is worse than it was', async () => {
    const { router, lines } = await started()
    const answer = (value: number) => {
      const { id } = router.route(X)
      router.settle(id, { costUsd: 0.0004 })
      router.reward(id, value)
    }
    for (let i = 0; i < 300; i++) answer(0.9)
    expect(lines).toEqual([])
    for (let i = 0; i < 200; i++) answer(0.1)
    expect(lines[0]).toMatchObject({
      level: 'warn',
      fields: { model: 'm', signal: 'reward', direction: 'down' },
    })
  })

  it('says at last how it is, where a model comes and goes within a minute', async () => {
    const { router, lines, pass } = await started()
    const events: boolean[] = []
    router.on('availability', ({ isAvailable }) => events.push(isAvailable))
    const pause = () => router.fail(router.route(X).id, { retryAfterMs: 2000 })
    const answer = () => {
      pass(3000)
      router.settle(router.route(X).id, { costUsd: 0.0004 })
    }
    pause()
    answer()
    pause()
    answer()
    pause()
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'info'])
    pass(60_000)
    expect(lines.map(({ level }) => level)).toEqual(['warn', 'info', 'warn'])
    expect(lines[2].fields).toMatchObject({ model: 'm', retryAfterMs: 2000 })
    const paused = events.filter((isAvailable) => !isAvailable).length
    expect([paused, lines[2].fields.alikeSince]).toEqual([2, undefined])
    pass(600_000)
    expect(lines).toHaveLength(3)
  })

  it('says of a model within reach again whether it is paid for', async () => {
    const { router, lines, bill } = await started({ usdPerRequest: 0.001 })
    const DEAR = { inputUsdPerMTok: 100, outputUsdPerMTok: 100 }
    router.addModel({ id: 'dear', ...DEAR }, { forcedExploration: 0 })
    router.setCaps([{ usd: 0.02, per: 'day', pacing: 'even' }])
    for (let i = 0; i < 10; i++) bill(0.0004)
    router.setBudget({ usdPerRequest: 1 })
    router.setCaps([{ usd: 10, per: 'day', pacing: 'even' }])
    router.adjustAccount(-9.999)
    try {
      bill(0.0004)
    } catch {}
    const { standing } = router.stats().models[1]
    expect(lines.map(({ level, fields }) => [level, fields.model, fields.standing])).toEqual([
      ['warn', 'dear', 'out-of-reach'],
      ['info', 'dear', standing.kind],
    ])
    expect([standing.kind, lines[1].message]).toEqual([
      'unaffordable',
      'a model is out of reach no more, and what the accounts have now does not pay for it',
    ])
  })

  it.each([
    ['due', 'a model can be paid for'],
    ['cannot-win', 'a model gets no requests for another reason than the accounts'],
    ['unaffordable', 'what the accounts have now does not pay for it'],
  ] as const)('says of a model that is %s that %s', async (standing, said) => {
    const { router } = await started()
    const lines: unknown[] = []
    let tell: ((event: ReachEvent) => void) | undefined
    const on = (type: string, listener: (event: ReachEvent) => void) => {
      if (type === 'reach') tell = listener
      return () => {}
    }
    alarmLog(
      Object.assign(Object.create(router), { on }),
      (level, _fields, message) => lines.push(level, message),
      () => 0,
    )
    tell?.({ type: 'reach', at: 0, model: 'm', isReachable: true, standing, costUsd: 1, mostUsd: 0.5 })
    expect(lines).toEqual(['info', expect.stringContaining(said)])
  })

  it('has none once it has ended', async () => {
    const { lines, end, bill } = await started()
    end()
    for (let i = 0; i < 20; i++) bill(0.0004)
    bill(3000)
    expect(lines).toEqual([])
  })
})
