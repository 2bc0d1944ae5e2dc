import { beforeEach, describe, expect, it, vi } from 'vitest'
import type { ParetoBanditError } from '../../src/base/errors.js'
import { createRouter } from '../../src/create-router.js'
import type { Store } from '../../src/log/store.js'
import type { RouterOptions } from '../../src/policy/options.js'
import type { Router } from '../../src/router/router.js'
import { memoryStore } from '../../src/store/memory/memory-store.js'
import { expectCode, expectRejection } from '../support/errors.js'
import { everyStore } from '../support/every-store.js'
import { EVERY_LIMIT, MODELS, X } from '../support/router.js'
import { SharedLog } from '../support/shared-store.js'
import '../support/seed.js'

const [SMALL, MIDDLE, LARGE] = MODELS
const DEAR = { ...SMALL, inputUsdPerMTok: 9 }
const HOUR = 3_600_000

/** All that may differ, as it is at first. */
const FIRST = { ...EVERY_LIMIT, pendingTtlMs: HOUR } as const satisfies RouterOptions

interface Edit {
  readonly name: string
  readonly edited: RouterOptions
  /** What of the router shows that it is in force. */
  readonly inForce: (router: Router) => unknown
  readonly before: unknown
  readonly after: unknown
  /** Both values. */
  readonly told: RegExp
  readonly events: readonly string[]
}

const priceOf = (router: Router) => router.stats().models.find(({ id }) => id === 'small')?.inputUsdPerMTok
const enabledIn = (router: Router) =>
  router.stats().models.flatMap(({ id, enabled }) => (enabled ? [id] : []))

const EDITS: readonly Edit[] = [
  {
    name: 'a lowered budget',
    edited: { budget: { usdPerRequest: 0.002 } },
    inForce: (router) => router.stats().pacer.usdPerRequest,
    before: 0.01,
    after: 0.002,
    told: /^budget\.usdPerRequest is 0\.002 in the options and (was )?0\.01 in the log/,
    events: ['budget-set'],
  },
  {
    name: 'a budget that is given up',
    edited: { budget: null },
    inForce: (router) => router.stats().pacer.usdPerRequest,
    before: 0.01,
    after: null,
    told: /^budget\.usdPerRequest is none in the options and (was )?0\.01 in the log/,
    events: ['budget-set'],
  },
  {
    name: 'a price',
    edited: { models: [DEAR, MIDDLE, LARGE] },
    inForce: priceOf,
    before: 0.1,
    after: 9,
    told: /^models\["small"\] is .*"inputUsdPerMTok":9,.* in the options and (was )?.*"inputUsdPerMTok":0\.1,.* in the log/,
    events: ['model-repriced'],
  },
  {
    name: 'a model that is added',
    edited: { models: [...MODELS, { ...SMALL, id: 'new' }] },
    inForce: enabledIn,
    before: ['small', 'middle', 'large'],
    after: ['small', 'middle', 'large', 'new'],
    told: /^models\["new"\] is .*"inputUsdPerMTok":0\.1,.* in the options and (was )?absent in the log/,
    events: ['model-added'],
  },
  {
    name: 'a model that is gone',
    edited: { models: [SMALL, MIDDLE] },
    inForce: enabledIn,
    before: ['small', 'middle', 'large'],
    after: ['small', 'middle'],
    told: /^models\["large"\] is absent in the options and (was )?.*"inputUsdPerMTok":5,.* in the log/,
    events: ['model-disabled'],
  },
  {
    name: 'a lowered cap',
    edited: { caps: [{ usd: 1, per: 'day' }] },
    inForce: (router) => router.stats().account?.caps.map(({ usd }) => usd),
    before: [50],
    after: [1],
    told: /^caps is .*"usd":1,.* in the options and (was )?.*"usd":50,.* in the log/,
    events: ['caps-set'],
  },
  {
    name: 'caps that are given up',
    edited: { caps: [] },
    inForce: (router) => router.stats().account?.caps.map(({ usd }) => usd),
    before: [50],
    after: [],
    told: /^caps is none in the options and (was )?.*"usd":50,.* in the log/,
    events: ['caps-set'],
  },
  {
    name: 'a latency limit',
    edited: { latency: { ms: 900, percentile: 0.95 } },
    inForce: (router) => router.stats().latency?.limitMs,
    before: 500,
    after: 900,
    told: /^latency is .*900.* in the options and (was )?.*500.* in the log/,
    events: ['latency-set'],
  },
  {
    name: 'a quality floor',
    edited: { quality: { meanReward: 0.8 } },
    inForce: (router) => router.stats().quality?.meanReward,
    before: 0.6,
    after: 0.8,
    told: /^quality is .*0\.8.* in the options and (was )?.*0\.6.* in the log/,
    events: ['quality-set'],
  },
  {
    name: "a tenant's budget",
    edited: { tenants: [{ ...FIRST.tenants[0], budget: { usdPerRequest: 0.001 } }] },
    inForce: (router) => router.tenantStats('acme').usdPerRequest,
    before: 0.02,
    after: 0.001,
    told: /^tenants\["acme"\]\.budget is 0\.001 in the options and (was )?0\.02 in the log/,
    events: ['budget-set'],
  },
  {
    name: "a tenant's cap",
    edited: { tenants: [{ ...FIRST.tenants[0], caps: [{ usd: 2, per: 'hour' }] }] },
    inForce: (router) => router.tenantStats('acme').caps.map(({ usd }) => usd),
    before: [5],
    after: [2],
    told: /^tenants\["acme"\]\.caps is .*"usd":2,.* in the options and (was )?.*"usd":5,.* in the log/,
    events: ['caps-set'],
  },
  {
    name: 'a tenant that is added',
    edited: { tenants: [...FIRST.tenants, { id: 'new', caps: [{ usd: 3, per: 'month' }] }] },
    inForce: (router) => router.tenants(),
    before: ['acme'],
    after: ['acme', 'new'],
    told: /^tenants\["new"\] is .* in the options and (was )?absent in the log/,
    events: ['tenant-added', 'caps-set'],
  },
  {
    name: 'a tenant that is gone',
    edited: { tenants: [] },
    inForce: (router) => router.tenants(),
    before: ['acme'],
    after: [],
    told: /^tenants\["acme"\] is absent in the options and (was )?.* in the log/,
    events: ['tenant-removed'],
  },
  {
    name: 'the time that feedback is waited for',
    edited: { pendingTtlMs: 60_000 },
    inForce: (router) => router.stats().pendingTtlMs,
    before: HOUR,
    after: 60_000,
    told: /^pendingTtlMs is 60000 in the options and (was )?3600000 in the log/,
    events: [],
  },
]

const warned: string[] = []

beforeEach(() => {
  warned.length = 0
  vi.spyOn(console, 'warn').mockImplementation((line: unknown) => void warned.push(String(line)))
  return () => vi.restoreAllMocks()
})

const STORES = everyStore()

function always(store: Store): () => Store {
  return () => store
}

const open = (store: Store, options: RouterOptions) =>
  createRouter({ name: 'r', dimension: 3, kernel: 'js', ...options, store })

/** A log that was begun, used and closed. */
async function begun(log: () => Store, options: RouterOptions = FIRST, work?: (router: Router) => void) {
  const router = await open(log(), options)
  expect(router.recovery).toMatchObject({ isNew: true, differences: [], applied: [] })
  work?.(router)
  await router.close()
}

for (const { name, skip, log } of STORES) {
  describe.skipIf(skip)(`options that were edited, on a log in ${name}`, () => {
    it.each(EDITS)('$name: applied by default, as events, once', async (each) => {
      const make = log()
      await begun(make)
      const options = { ...FIRST, ...each.edited }
      const router = await open(make(), options)
      expect(each.inForce(router)).toEqual(each.after)
      const { differences = [], applied = [] } = router.recovery ?? {}
      expect(differences).toHaveLength(1)
      expect(differences[0]).toMatch(each.told)
      expect(differences[0]).toMatch(/, and is in force now$/)
      expect(applied.map(({ type }) => type)).toEqual(each.events)
      expect(warned).toEqual([])
      await router.close()
      // It is in the log: whoever opens it without these options has it, and with them there is no difference.
      const { models: _, budget: _b, caps, tenants, latency, quality, pendingTtlMs, ...rest } = options
      const bare = await open(make(), rest)
      expect(each.inForce(bare)).toEqual(each.after)
      expect(bare.recovery).toMatchObject({ differences: [], applied: [], refused: 0 })
      await bare.close()
      const again = await open(make(), options)
      expect(again.recovery).toMatchObject({ differences: [], applied: [] })
      await again.close()
    })
  })
}

describe.each(EDITS)('$name', ({ edited, inForce, before, after, told }) => {
  it('is told, and not in force, by `warn`, until it is applied', async () => {
    const make = always(memoryStore())
    await begun(make)
    const options = { ...FIRST, ...edited }
    for (let i = 0; i < 2; i++) {
      warned.length = 0
      const router = await open(make(), { ...options, onDifference: 'warn' })
      expect(inForce(router)).toEqual(before)
      const { differences = [] } = router.recovery ?? {}
      expect(differences).toHaveLength(1)
      expect(differences[0]).toMatch(told)
      expect(differences[0]).toMatch(/, which holds$/)
      expect(warned).toEqual([`memory: ${differences[0]}`])
      await router.close()
    }
    const router = await open(make(), options)
    expect(inForce(router)).toEqual(after)
    await router.close()
  })

  it('is refused by `throw`, and leaves the log as it was', async () => {
    const store = memoryStore()
    await begun(always(store))
    const before = await positionOf(store)
    const opening = open(store, { ...FIRST, ...edited, onDifference: 'throw' })
    const error = (await expectRejection(opening, 'STORE_MISMATCH', 'memory')) as ParetoBanditError
    expect(error.message.replace(/^memory: /, '')).toMatch(told)
    expect(await positionOf(store)).toBe(before)
    const router = await open(store, FIRST)
    expect(router.recovery).toMatchObject({ differences: [] })
    await router.close()
  })

  it('is found where the state comes from a snapshot', async () => {
    const make = always(memoryStore())
    await begun(make)
    const some = await open(make(), { ...FIRST, journal: { snapshotEvents: 1 } })
    some.route(X)
    await some.flush()
    some.route(X)
    await some.close()
    const router = await open(make(), { ...FIRST, ...edited })
    expect(router.recovery).toMatchObject({ fromSnapshot: true })
    expect(inForce(router)).toEqual(after)
    await router.close()
  })
})

describe('the last word holds', () => {
  /** What operators do by command, each against what `FIRST` says. */
  const COMMANDS: readonly [string, (router: Router) => void, RegExp][] = [
    [
      'setBudget',
      (router) => router.setBudget({ usdPerRequest: 0.5 }),
      /^budget\.usdPerRequest is 0\.01 .* 0\.5/,
    ],
    ['setCaps', (router) => router.setCaps([{ usd: 7, per: 'day' }]), /^caps is .*50.* 7|^caps is/],
    [
      'reprice',
      (router) => router.reprice('small', { inputUsdPerMTok: 9, outputUsdPerMTok: 9 }),
      /^models\["small"\]/,
    ],
    ['removeModel', (router) => router.removeModel('large'), /^models\["large"\]/],
    ['addModel', (router) => router.addModel({ ...SMALL, id: 'own' }), /^models\["own"\]/],
    ['setLatency', (router) => router.setLatency(null), /^latency is/],
    ['setQuality', (router) => router.setQuality(null), /^quality is/],
    ['removeTenant', (router) => router.removeTenant('acme'), /^tenants\["acme"\]/],
    [
      'setBudget of a tenant',
      (router) => router.setBudget({ usdPerRequest: 0.5 }, { tenant: 'acme' }),
      /^tenants\["acme"\]\.budget/,
    ],
    ['setCaps of a tenant', (router) => router.setCaps([], { tenant: 'acme' }), /^tenants\["acme"\]\.caps/],
  ]

  it.each(COMMANDS)(
    '%s stays over restarts with options that were not edited since, and is told',
    async (_, command, told) => {
      const make = always(memoryStore())
      await begun(make, FIRST, command)
      const state = (router: Router) => router.digest().then(({ sha256 }) => sha256)
      const bare = await open(make(), {})
      const before = await state(bare)
      await bare.close()
      const router = await open(make(), FIRST)
      expect(await state(router)).toBe(before)
      const { differences = [] } = router.recovery ?? {}
      expect(differences).toHaveLength(1)
      expect(differences[0]).toMatch(told)
      expect(differences[0]).toMatch(/, which holds$/)
      expect(warned).toEqual([`memory: ${differences[0]}: this option was not edited since the last start`])
      await router.close()
    },
  )

  it('an empty list of models is an edit like any other, and refused where no model would be left', async () => {
    const store = memoryStore()
    await begun(always(store))
    const position = await positionOf(store)
    const none = { ...FIRST, models: [] }
    const told = ['small', 'middle', 'large'].map(
      (id) => new RegExp(`models\\["${id}"\\] is absent in the options`),
    )
    const error = (await expectRejection(open(store, none), 'STORE_MISMATCH', 'memory')) as ParetoBanditError
    expect(error.message).toMatch(/would leave no model/)
    for (const each of told) expect(error.message).toMatch(each)
    expect(await positionOf(store)).toBe(position)
    // Half of them likewise: what is left is what an operator took out.
    const disabled = await open(store, FIRST)
    disabled.disable('small')
    await disabled.close()
    await expectRejection(open(store, { ...FIRST, models: [SMALL] }), 'STORE_MISMATCH', 'memory')
    const router = await open(store, { ...none, onDifference: 'warn' })
    const { differences = [] } = router.recovery ?? {}
    expect(differences).toHaveLength(2)
    expect(enabledIn(router)).toEqual(['middle', 'large'])
    await router.close()
    await expectRejection(open(store, { ...none, onDifference: 'throw' }), 'STORE_MISMATCH', 'memory')
    // Left out, the option says nothing.
    const { models: _, ...rest } = FIRST
    const same = await open(store, rest)
    expect(same.recovery).toMatchObject({ differences: [] })
    await same.close()
  })

  it('a log without models is opened with an empty list of them', async () => {
    const store = memoryStore()
    for (let i = 0; i < 2; i++) {
      const router = await open(store, { models: [] })
      expect(router.recovery).toMatchObject({ differences: [] })
      await router.close()
    }
  })

  it('options that are not given say nothing', async () => {
    const make = always(memoryStore())
    await begun(make, FIRST, (router) => {
      router.setBudget({ usdPerRequest: 0.5 })
      router.setCaps([])
      router.addModel({ ...SMALL, id: 'own' })
    })
    const router = await open(make(), { tenants: [{ id: 'acme' }] })
    expect(router.recovery).toMatchObject({ differences: [], applied: [] })
    expect(router.stats().pendingTtlMs).toBe(HOUR)
    await router.close()
    // Nor do they forget what was said: the same options again are no edit.
    const again = await open(make(), { caps: FIRST.caps })
    expect(again.stats().account?.caps).toEqual([])
    await again.close()
  })

  it('a model that comes back is enabled, one that was disabled by command is not', async () => {
    const make = always(memoryStore())
    await begun(make, FIRST, (router) => router.disable('middle'))
    await (await open(make(), { ...FIRST, models: [SMALL, MIDDLE] })).close()
    const router = await open(make(), FIRST)
    expect(enabledIn(router)).toEqual(['small', 'large'])
    expect(router.recovery?.applied.map(({ type }) => type)).toEqual(['model-enabled'])
    await router.close()
  })

  it('a model that an operator disabled is told at each start, and stays so whatever deploys leave out and bring back', async () => {
    const make = always(memoryStore())
    await begun(make, FIRST, (router) => router.disable('large'))
    const told =
      /^memory: models\["large"\] is .* in the options and disabled by an operator in the log, which holds: only enable\("large"\) puts it back$/
    for (const models of [MODELS, MODELS, [SMALL, MIDDLE], MODELS, MODELS]) {
      warned.length = 0
      const router = await open(make(), { ...FIRST, models })
      expect(enabledIn(router)).toEqual(['small', 'middle'])
      expect(router.recovery?.applied).toEqual([])
      if (models === MODELS) {
        expect(warned).toEqual([expect.stringMatching(told)])
        expect(router.recovery?.differences).toHaveLength(1)
      } else expect(warned).toEqual([])
      await router.close()
    }
    const refused = open(make(), { ...FIRST, onDifference: { models: 'throw' } })
    await expectRejection(refused, 'STORE_MISMATCH', 'memory')
    const router = await open(make(), FIRST)
    router.enable('large')
    await router.close()
    const last = await open(make(), FIRST)
    expect(enabledIn(last)).toEqual(['small', 'middle', 'large'])
    expect(last.recovery?.differences).toEqual([])
    await last.close()
  })

  it('an operator disables what the options left out: it stays so when they bring it back', async () => {
    const make = always(memoryStore())
    await begun(make)
    const without = { ...FIRST, models: [SMALL, MIDDLE] }
    const router = await open(make(), without)
    const of = (router: Router) => router.stats().models[2]
    expect(of(router)).toMatchObject({ enabled: false, disabledBy: ['options'] })
    expect(of(router).standing.why).toMatch(/options leave it out/)
    router.disable('large')
    expect(of(router).disabledBy).toEqual(['operator', 'options'])
    expect(of(router).standing.why).toMatch(/operator/)
    await router.close()
    // From a snapshot as well as from the log.
    const copy = await createRouter({ name: 'r', dimension: 3, kernel: 'js' })
    const same = await open(make(), without)
    copy.restore(same.snapshot())
    await same.close()
    expect(of(copy).disabledBy).toEqual(['operator', 'options'])
    const back = await open(make(), FIRST)
    expect(of(back)).toMatchObject({ enabled: false, disabledBy: ['operator'] })
    back.enable('large')
    expect(of(back)).toMatchObject({ enabled: true, disabledBy: [] })
    await back.close()
  })

  it('an operator puts back what the options left out, and that stays', async () => {
    const make = always(memoryStore())
    await begun(make)
    const without = { ...FIRST, models: [SMALL, MIDDLE] }
    const router = await open(make(), without)
    router.enable('large')
    await router.close()
    const next = await open(make(), without)
    expect(enabledIn(next)).toEqual(['small', 'middle', 'large'])
    expect(warned).toEqual([expect.stringMatching(/absent in the options .* which holds/)])
    await next.close()
  })

  it('on a store that keeps no notes an operator has the last word, too', async () => {
    const inner = memoryStore()
    const plain = (): Store => ({
      description: 'plain',
      isShared: false,
      leases: null,
      open: (header, seed) => inner.open(header, seed),
      append: (batch) => inner.append(batch),
      read: (after, waitMs) => inner.read(after, waitMs),
      snapshots: () => inner.snapshots(),
      writeSnapshot: (snapshot) => inner.writeSnapshot(snapshot),
      close: () => inner.close(),
    })
    await begun(plain, FIRST, (router) => router.disable('middle'))
    for (const models of [MODELS, [MIDDLE, LARGE], MODELS]) {
      const router = await open(plain(), { ...FIRST, models })
      expect(enabledIn(router)).toEqual(models.filter((model) => model !== MIDDLE).map(({ id }) => id))
      await router.close()
    }
  })

  it('a model that is being removed is told, and is removed although options list it', async () => {
    const make = always(memoryStore())
    const clock = () => 1_700_000_000_000
    await begun(make, { ...FIRST, clock }, (router) => {
      router.route(X, { candidates: ['large'] })
      router.removeModel('large', { drain: true })
    })
    const router = await open(make(), { ...FIRST, clock })
    expect(router.stats().models[2]).toMatchObject({ draining: true, enabled: false })
    expect(warned).toEqual([expect.stringMatching(/being removed by an operator in the log, which holds/)])
    await router.close()
  })

  it('an edit is in force over what a command had set, and says so', async () => {
    const make = always(memoryStore())
    await begun(make, FIRST, (router) => router.setBudget({ usdPerRequest: 0.005 }))
    const router = await open(make(), { ...FIRST, budget: { usdPerRequest: 0.02 } })
    expect(router.stats().pacer.usdPerRequest).toBe(0.02)
    expect(warned).toEqual([
      'memory: budget.usdPerRequest is 0.02 in the options and was 0.005 in the log, and is in force now: a command had set the other since 0.01 was in the options',
    ])
    await router.close()
  })

  it('with options that differ from replica to replica, the latest start holds, and each is told', async () => {
    const log = new SharedLog()
    const dear = { ...FIRST, caps: [{ usd: 50, per: 'day' }] } as const
    const cheap = { ...FIRST, caps: [{ usd: 1, per: 'day' }] } as const
    const first = await open(log.store(), dear)
    const heard: unknown[] = []
    first.on('caps-set', ({ caps }) => heard.push(caps.map(({ usd }) => usd)))
    const second = await open(log.store(), cheap)
    await vi.waitFor(() => expect(heard).toEqual([[1]]))
    // Nobody answers: what runs does not apply its options again.
    for (let i = 0; i < 5; i++) {
      for (const router of [first, second]) router.setQuality({ meanReward: 0.6 })
      await Promise.all([first.flush(), second.flush()])
    }
    for (const router of [first, second]) expect(router.stats().account?.caps[0]?.usd).toBe(1)
    expect(second.recovery?.differences[0]).toMatch(/^caps is .*"usd":1,.* was .*"usd":50,/)
    const third = await open(log.store(), dear)
    expect(third.recovery?.differences[0]).toMatch(/^caps is .*"usd":50,.* was .*"usd":1,/)
    await Promise.all([first, second, third].map((router) => router.close()))
  })

  it('two replicas that start together with the same new options agree', async () => {
    const log = new SharedLog()
    await begun(() => log.store())
    const edited = {
      ...FIRST,
      models: [...MODELS, { ...SMALL, id: 'new' }],
      caps: [{ usd: 1, per: 'day' }],
    } as const
    const routers = await Promise.all([open(log.store(), edited), open(log.store(), edited)])
    for (const router of routers) await router.flush()
    await vi.waitFor(async () => {
      const [a, b] = await Promise.all(routers.map((router) => router.digest()))
      expect(a).toEqual(b)
    })
    for (const router of routers) {
      expect(enabledIn(router)).toEqual(['small', 'middle', 'large', 'new'])
      await router.close()
    }
  })

  it('on a store that keeps no notes, or an older log, the options are the first word', async () => {
    const inner = memoryStore()
    const make = (): Store => ({
      description: 'plain',
      isShared: false,
      leases: null,
      open: (header, seed) => inner.open(header, seed),
      append: (batch) => inner.append(batch),
      read: (after, waitMs) => inner.read(after, waitMs),
      snapshots: () => inner.snapshots(),
      writeSnapshot: (snapshot) => inner.writeSnapshot(snapshot),
      close: () => inner.close(),
    })
    await begun(make, FIRST, (router) => router.addTenant({ id: 'signed-up' }))
    const router = await open(make(), {
      ...FIRST,
      models: [DEAR, MIDDLE],
      caps: [{ usd: 1, per: 'day' }],
      pendingTtlMs: 1000,
    })
    expect(enabledIn(router)).toEqual(['small', 'middle'])
    expect(priceOf(router)).toBe(9)
    expect(router.stats().account?.caps[0].usd).toBe(1)
    expect(router.stats().pendingTtlMs).toBe(1000)
    // What an account has counted does not come back: it goes only by a list that had it.
    expect(router.tenants()).toEqual(['acme', 'signed-up'])
    await router.close()
  })
})

describe('onDifference', () => {
  it('may be another for each option', async () => {
    const make = always(memoryStore())
    await begun(make)
    const edited = { ...FIRST, caps: [{ usd: 1, per: 'day' }], budget: { usdPerRequest: 0.002 } } as const
    const router = await open(make(), { ...edited, onDifference: { budget: 'warn' } })
    expect(router.stats().account?.caps[0].usd).toBe(1)
    expect(router.stats().pacer.usdPerRequest).toBe(0.01)
    await router.close()
    const refused = open(make(), { ...edited, onDifference: { budget: 'throw' } })
    await expectRejection(refused, 'STORE_MISMATCH', 'memory')
  })

  it('is checked', async () => {
    const bad = { store: memoryStore(), onDifference: 'aply' } as unknown as RouterOptions
    await expectRejection(createRouter(bad), 'INVALID_ARGUMENT', 'onDifference')
    const odd = { store: memoryStore(), onDifference: { cap: 'warn' } } as unknown as RouterOptions
    await expectRejection(createRouter(odd), 'UNKNOWN_OPTION', 'onDifference.cap')
    await expectRejection(createRouter({ onDifference: 'warn' }), 'INVALID_ARGUMENT', 'onDifference')
  })

  it('leaves time to live as the log has it where a reward tells', async () => {
    const make = always(memoryStore())
    const clock = { now: 1_700_000_000_000 }
    const read = () => clock.now
    await begun(make, { ...FIRST, clock: read })
    const router = await open(make(), { ...FIRST, pendingTtlMs: 1000, onDifference: 'warn', clock: read })
    const { id } = router.route(X)
    clock.now += 2000
    router.reward(id, 1)
    await router.close()
    const next = await open(make(), { ...FIRST, pendingTtlMs: 1000, clock: read })
    const late = next.route(X).id
    clock.now += 2000
    expectCode(() => next.reward(late, 1), 'REQUEST_EXPIRED', 'id')
    expect(next.expire()).toBeGreaterThan(0)
    await next.close()
  })
})

async function positionOf(store: Store): Promise<string> {
  const router = await createRouter({ name: 'r', dimension: 3, kernel: 'js', store, pendingTtlMs: HOUR })
  const { position } = await router.digest()
  await router.close()
  return position
}

describe('a log with 130,000 tenants', () => {
  it('is opened again with all of them in the options', async () => {
    const tenants = Array.from({ length: 130_000 }, (_, i) => ({ id: `t${i}` }))
    const options = { name: 'r', dimension: 3, models: MODELS, tenants, store: memoryStore() }
    await (await createRouter(options)).close()
    const again = await createRouter({ ...options, tenants: [...tenants, { id: 'late' }] })
    expect(again.recovery?.applied).toHaveLength(1)
    expect(again.tenants()).toHaveLength(130_001)
    await again.close()
  })
})
