import { afterEach, describe, expect, it, vi } from 'vitest'
import { JUDGE_TENANT } from '../../../src/gateway/config/router-options.js'
import { memoryRecords } from '../../../src/gateway/keys/records.js'
import { memoryNotes } from '../../../src/gateway/notes/notes.js'
import { ENV, exampleTree, smallTree, type Tree } from '../config/example.js'
import { ADMIN_KEY, adminServer } from './admin-server.js'

const open: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const close of open.splice(0)) await close()
})

async function started(...args: Parameters<typeof adminServer>) {
  const server = await adminServer(...args)
  open.push(server.close)
  return server
}

const SMALL = exampleTree().models as Tree[]
const ADDED = {
  id: 'org/nano',
  upstream: 'openai',
  prices: { inputUsdPerMTok: 0.05, outputUsdPerMTok: 0.4 },
  groups: ['everyday'],
}

describe('the admin API', () => {
  it.each([
    [{}, 'missing_admin_key'],
    [{ authorization: '' }, 'missing_admin_key'],
    [{ authorization: `Bearer ${ADMIN_KEY}x` }, 'invalid_admin_key'],
    [{ authorization: `Basic ${ADMIN_KEY}` }, 'missing_admin_key'],
    [{ authorization: `Bearer ${ENV.SUPPORT_BOT_KEY}` }, 'invalid_admin_key'],
    [{ 'x-api-key': 'a'.repeat(4000) }, 'invalid_admin_key'],
  ])('is not for who has %j', async (headers, code) => {
    const { call, router } = await started()
    for (const [method, path, body] of [
      ['GET', '/config'],
      ['PUT', '/budget', null],
      ['POST', '/reload'],
      ['GET', '/nowhere'],
    ] as const) {
      const answer = await call(method, path, body, headers as Record<string, string>)
      expect([answer.status, answer.body.error?.code]).toEqual([401, code])
    }
    expect(router.stats().pacer.usdPerRequest).toBe(0.004)
  })

  it('is not there without an admin key in the config', async () => {
    const { call } = await started(smallTree())
    expect(await call('GET', '/config')).toMatchObject({ status: 404, body: { error: { code: 'no_admin' } } })
  })

  it('shows the config without a secret, and never to be kept by who carries it', async () => {
    const { url, call } = await started()
    const response = await fetch(`${url}/config`, { headers: { 'x-api-key': ADMIN_KEY } })
    expect(response.headers.get('cache-control')).toBe('no-store')
    const text = await response.text()
    for (const secret of Object.values(ENV)) expect(text).not.toContain(secret)
    expect(text).toContain('$OPENAI_API_KEY')
    expect(await call('GET', '/nowhere')).toMatchObject({
      status: 404,
      body: { error: { code: 'not_found' } },
    })
  })

  it.each([
    ['{', 'invalid_json'],
    ['', 'invalid_json'],
    ['[]', 'invalid_request'],
    ['"x"', 'invalid_request'],
    ['{"usdPerRequest": "1"}', 'invalid_request'],
    ['{"usdPerRequest": -1}', 'invalid_request'],
    ['{"usdPerRequest": 1e999}', 'invalid_request'],
    ['{"usdPerRequest": 1, "burst": 3}', 'invalid_request'],
    ['{"__proto__": {"usdPerRequest": 1}}', 'invalid_request'],
    [`{"usdPerRequest": ${' '.repeat(1024 * 1024)}1}`, 'body_too_large'],
  ])('refuses the body %#', async (body, code) => {
    const { call, router } = await started()
    const answer = await call('PUT', '/budget', body)
    expect(answer.body.error?.code).toBe(code)
    expect(answer.status).toBe(code === 'body_too_large' ? 413 : 400)
    expect(router.stats().pacer.usdPerRequest).toBe(0.004)
  })

  it('refuses bytes that are no UTF-8', async () => {
    const { url } = await started()
    const body = new Uint8Array([0x22, 0xff, 0xfe, 0x22])
    const response = await fetch(`${url}/budget`, {
      method: 'PUT',
      headers: { 'x-api-key': ADMIN_KEY },
      body,
    })
    expect([response.status, await response.json()]).toMatchObject([400, { error: { code: 'invalid_json' } }])
  })
})

describe('money', () => {
  it('changes at run time: budget, caps, tenants, credits', async () => {
    const { call, router, told } = await started()
    expect(await call('PUT', '/budget', { usdPerRequest: 0.01 })).toMatchObject({
      status: 200,
      body: { durable: true, tenant: null, account: { usdPerRequest: 0.01 } },
    })
    expect(await call('PUT', '/caps', [{ usd: 3, per: 'day' }])).toMatchObject({
      body: { account: { caps: [{ usd: 3, per: 'day' }] } },
    })
    expect(await call('POST', '/tenants', { id: 'a/b', budget: { usdPerRequest: 1 } })).toMatchObject({
      status: 201,
      body: { tenant: 'a/b' },
    })
    expect(await call('PUT', '/tenants/a%2Fb/caps', [{ usd: 1, per: 'hour' }])).toMatchObject({
      body: { account: { caps: [{ usd: 1 }] } },
    })
    expect(await call('PUT', '/tenants/a%2Fb/budget', null)).toMatchObject({
      body: { account: { usdPerRequest: null } },
    })
    expect(await call('POST', '/adjustments', { usd: -0.5, tenant: 'support' })).toMatchObject({
      status: 200,
    })
    expect(router.tenantStats('support').creditUsd).toBeLessThan(0)
    expect(await call('GET', '/tenants/a%2Fb')).toMatchObject({ body: { account: { spendUsd: 0 } } })
    expect(await call('DELETE', '/tenants/a%2Fb')).toMatchObject({ status: 200 })
    expect(router.tenants()).toEqual(['support', 'research'])
    expect(told).toEqual([
      'budget: $0.01',
      'caps: 1',
      'tenant a/b: added',
      'tenant a/b: 1 caps',
      'tenant a/b: budget none',
      'account support: adjusted by $-0.5',
      'tenant a/b: removed',
    ])
  })

  it('is adjusted once by a key, however often it is sent', async () => {
    const { call, router, told } = await started()
    const credit = () => router.stats().account?.creditUsd ?? 0
    const send = (body: Tree, header?: string) =>
      call('POST', '/adjustments', body, {
        authorization: `Bearer ${ADMIN_KEY}`,
        ...(header === undefined ? {} : { 'idempotency-key': header }),
      })
    const before = credit()
    const answers = await Promise.all([1, 2, 3].map(() => send({ usd: -0.1, idempotency_key: 'a' })))
    expect(answers.map(({ status, body }) => [status, body.status, body.durable])).toEqual([
      [200, 'taken', true],
      [200, 'known', true],
      [200, 'known', true],
    ])
    expect(await send({ usd: -0.1 }, 'a')).toMatchObject({ status: 200, body: { status: 'known' } })
    expect(credit()).toBeCloseTo(before - 0.1, 9)
    // The body's stands above the header's; another account is another matter.
    expect(await send({ usd: -0.1, idempotency_key: 'b' }, 'a')).toMatchObject({ body: { status: 'taken' } })
    expect(await send({ usd: -0.1, tenant: 'support' }, 'a')).toMatchObject({ body: { status: 'taken' } })
    expect(await send({ usd: -0.1, idempotency_key: '' })).toMatchObject({ body: { status: 'taken' } })
    expect(await send({ usd: -0.1 })).toMatchObject({ body: { status: 'taken' } })
    expect(credit()).toBeCloseTo(before - 0.4, 9)
    expect(told).toHaveLength(5)
    expect(await send({ usd: -0.2, idempotency_key: 'a' })).toMatchObject({
      status: 409,
      body: { error: { code: 'idempotency_key_used', message: expect.stringContaining('expected -0.1') } },
    })
    expect(await send({ usd: -0.1 }, 'x'.repeat(257))).toMatchObject({
      status: 400,
      body: { error: { mistakes: [{ path: 'idempotency-key' }] } },
    })
    expect(credit()).toBeCloseTo(before - 0.4, 9)
  })

  it('that refuses an adjustment has not used its key up', async () => {
    const { call, router } = await started()
    const body = { usd: -1, tenant: 'later', idempotency_key: 'a' }
    expect(await call('POST', '/adjustments', body)).toMatchObject({
      status: 404,
      body: { error: { code: 'unknown_tenant', mistakes: [{ path: 'tenant' }] } },
    })
    router.addTenant({ id: 'later', budget: { usdPerRequest: 1 } })
    expect(await call('POST', '/adjustments', body)).toMatchObject({ body: { status: 'taken' } })
    expect(await call('POST', '/adjustments', body)).toMatchObject({ body: { status: 'known' } })
  })

  it('whose keys of adjustments cannot be kept books none, and says what became of one that it does not know', async () => {
    const notes = memoryNotes(() => 1000)
    const { call, router } = await started(exampleTree(), memoryRecords(), { notes })
    const before = router.stats().account?.creditUsd
    const body = { usd: -1, idempotency_key: 'a' }
    const { claim } = notes
    const release = vi.spyOn(notes, 'release').mockResolvedValue(false)
    // Of the second nobody heard that the notes have it, and while it is on its way out of them the third finds it.
    const away = vi
      .spyOn(notes, 'claim')
      .mockRejectedValueOnce(new Error('away'))
      .mockImplementationOnce(async (...of) => {
        await claim(...of)
        throw new Error('no answer')
      })
    for (let i = 0; i < 3; i++)
      expect(await call('POST', '/adjustments', body)).toMatchObject({
        status: 503,
        body: { error: { code: 'ledger_unavailable' } },
      })
    expect(router.stats().account?.creditUsd).toBe(before)
    const [[, id]] = release.mock.calls
    const claims = release.mock.calls.map(([, , value]) => value)
    expect(claims).toHaveLength(2)
    expect(claims[0]).not.toEqual(claims[1])
    release.mockRestore()
    away.mockRestore()
    await notes.release('adjustments', id, claims[0])
    expect(await notes.get('adjustments', id)).toEqual(claims[1])
    await notes.release('adjustments', id, claims[1])
    // Of a process that died before its log had it.
    await notes.put('adjustments', id, { usd: -1, at: 0, by: 'another' })
    expect(await call('POST', '/adjustments', body)).toMatchObject({
      status: 409,
      body: { error: { code: 'adjustment_unknown' } },
    })
    expect(router.stats().account?.creditUsd).toBe(before)
    await notes.remove('adjustments', id)
    expect(await call('POST', '/adjustments', body)).toMatchObject({ body: { status: 'taken' } })
  })

  it('whose key another process has under way is waited for by all who sent it no longer than by one', async () => {
    const notes = memoryNotes(() => 1000)
    const { call } = await started(exampleTree(), memoryRecords(), { notes, durableMs: 300 })
    const body = { usd: -1, idempotency_key: 'a' }
    const claim = vi.spyOn(notes, 'claim').mockResolvedValue({ usd: -1, at: 0, by: 'another' })
    const looks: number[] = []
    const sent = [1, 2, 3].map(async () => {
      const { status } = await call('POST', '/adjustments', body)
      looks.push(claim.mock.calls.length)
      return status
    })
    expect(await Promise.all(sent)).toEqual([409, 409, 409])
    expect(looks[2] - looks[0]).toBeLessThanOrEqual(2)
  })

  it('that was billed wrongly is corrected on every account', async () => {
    const { call, router, told } = await started()
    const { id } = router.route('What is it?', { tenant: 'support' })
    router.settle(id, { costUsd: 3000 })
    expect(router.tenantStats('support').spendUsd).toBe(3000)
    expect(await call('POST', '/corrections', { decision: id, costUsd: 0.25 })).toMatchObject({
      status: 200,
      body: { durable: true, account: { spendUsd: 0.25 } },
    })
    expect(router.tenantStats('support').spendUsd).toBe(0.25)
    expect(told).toEqual([`bill of ${id}: $0.25`])
    for (const body of [{}, { decision: id }, { decision: id, costUsd: -1 }, { decision: id, costUsd: '1' }])
      expect([body, (await call('POST', '/corrections', body)).status]).toEqual([body, 400])
    expect(await call('POST', '/corrections', { decision: 'x.1', costUsd: 1 })).toMatchObject({
      status: 404,
      body: { error: { code: 'unknown_request' } },
    })
    expect(router.tenantStats('support').spendUsd).toBe(0.25)
  })

  it('is corrected to no more than a request can cost, unless that is said', async () => {
    const { call, router, told } = await started()
    const { id } = router.route('What is it?', { tenant: 'support' })
    router.settle(id, { costUsd: 0.001 })
    const most = router.plausibleUsd(id)
    expect(most).toBeGreaterThan(0.01)
    for (const costUsd of [most * 1.01, 1e12]) {
      const answer = await call('POST', '/corrections', { decision: id, costUsd })
      expect(answer).toMatchObject({
        status: 400,
        body: { error: { code: 'implausible_bill', mistakes: [{ path: 'costUsd' }] } },
      })
      expect(answer.body.error?.message).toContain(`expected at most ${Number(most.toPrecision(4))}, `)
    }
    expect([router.tenantStats('support').spendUsd, told]).toEqual([0.001, []])
    const plausible = { decision: id, costUsd: most * 0.99 }
    expect(await call('POST', '/corrections', plausible)).toMatchObject({ status: 200 })
    const forced = { decision: id, costUsd: 3000, force: true }
    expect(await call('POST', '/corrections', forced)).toMatchObject({ status: 200 })
    // What is booked is no bound from below: it may be taken back in steps.
    expect(await call('POST', '/corrections', { decision: id, costUsd: 2000 })).toMatchObject({ status: 200 })
    expect(router.tenantStats('support').spendUsd).toBe(2000)
  })

  it('of whom nobody knows, twice, or in use is refused with its code', async () => {
    const { call } = await started()
    const codes = await Promise.all(
      [
        call('PUT', '/tenants/x/budget', { usdPerRequest: 1 }),
        call('GET', '/tenants/x'),
        call('DELETE', '/tenants/x'),
        call('POST', '/tenants', { id: 'support' }),
        call('DELETE', '/tenants/support'),
        call('PUT', '/caps', [
          { usd: 1, per: 'day' },
          { usd: 2, per: 'day' },
        ]),
      ].map(async (answer) => [(await answer).status, (await answer).body.error?.code]),
    )
    expect(codes).toEqual([
      [404, 'unknown_tenant'],
      [404, 'unknown_tenant'],
      [404, 'unknown_tenant'],
      [409, 'duplicate_tenant'],
      [409, 'tenant_in_use'],
      [400, 'invalid_argument'],
    ])
  })

  it('has no id whose path is that of another account, and no model has one', async () => {
    const { call } = await started()
    const model = { upstream: 'openai', prices: { inputUsdPerMTok: 1, outputUsdPerMTok: 2 } }
    for (const id of ['.', '..']) {
      const told = [await call('POST', '/tenants', { id }), await call('POST', '/models', { ...model, id })]
      for (const { status, body } of told) {
        expect([status, body.error?.code]).toEqual([400, 'invalid_request'])
        expect(body.error?.message).toMatch(/^id: expected .* '\.' or '\.\.', got "\.+"$/)
      }
    }
    for (const id of ['...', '.a', 'a/..', '..%2F..', '%2e%2e', './']) {
      expect((await call('POST', '/tenants', { id })).status, id).toBe(201)
      const path = `/tenants/${encodeURIComponent(id)}`
      expect((await call('PUT', `${path}/caps`, [{ usd: 7, per: 'hour' }])).body.tenant, id).toBe(id)
      expect((await call('DELETE', path)).status, id).toBe(200)
    }
  })

  it('that a key in force pays with stays until it is revoked', async () => {
    const { call } = await started()
    expect((await call('POST', '/tenants', { id: 'team' })).status).toBe(201)
    const { body } = await call('POST', '/keys', { name: 'bot', tenant: 'team' })
    expect(await call('DELETE', '/tenants/team')).toMatchObject({
      status: 409,
      body: { error: { code: 'tenant_in_use', message: expect.stringContaining('bot') } },
    })
    await call('DELETE', `/keys/${String(body.id)}`)
    expect((await call('DELETE', '/tenants/team')).status).toBe(200)
  })

  it('of the judge stays while the config has one', async () => {
    const tree = exampleTree()
    const judge = { model: 'small', share: 0.5, capUsdPerDay: 1 }
    const { call } = await started({ ...tree, rewards: { ...(tree.rewards as Tree), judge } })
    expect(await call('DELETE', `/tenants/${encodeURIComponent(JUDGE_TENANT)}`)).toMatchObject({
      status: 409,
      body: { error: { code: 'tenant_in_use' } },
    })
    // No client spends what is set aside for grades.
    expect(await call('POST', '/keys', { name: 'bot', tenant: JUDGE_TENANT })).toMatchObject({
      status: 400,
      body: { error: { message: expect.stringContaining('there is no tenant') } },
    })
  })

  it('sets no limit that a model without prices would escape', async () => {
    const tree = smallTree()
    const { call } = await started({
      ...tree,
      models: [{ ...(tree.models as Tree[])[0], prices: null }],
      admin: { key: '$PARETOBANDIT_ADMIN_KEY' },
    })
    for (const [method, path, body] of [
      ['PUT', '/budget', { usdPerRequest: 1 }],
      ['PUT', '/caps', [{ usd: 1, per: 'day' }]],
      ['POST', '/tenants', { id: 't', caps: [{ usd: 1, per: 'day' }] }],
    ] as const)
      expect(await call(method, path, body)).toMatchObject({
        status: 409,
        body: { error: { code: 'unpriced_models' } },
      })
    expect((await call('PUT', '/budget', null)).status).toBe(200)
  })
})

describe('models', () => {
  it('are added, repriced, disabled, enabled and removed at run time', async () => {
    const { call, live, router } = await started()
    expect(await call('POST', '/models', ADDED)).toMatchObject({
      status: 201,
      body: { id: 'org/nano', isInFile: false, enabled: true, inputUsdPerMTok: 0.05, durable: true },
    })
    expect(live.current.models.at(-1)).toMatchObject({ id: 'org/nano', upstreamModel: 'org/nano' })
    const path = '/models/org%2Fnano'
    expect(await call('PUT', `${path}/prices`, { inputUsdPerMTok: 1, outputUsdPerMTok: 2 })).toMatchObject({
      body: { inputUsdPerMTok: 1 },
    })
    expect(await call('POST', `${path}/disable`)).toMatchObject({ body: { enabled: false } })
    expect(() => router.route('x', { candidates: ['org/nano'] })).toThrow()
    expect(await call('POST', `${path}/enable`)).toMatchObject({ body: { enabled: true } })
    expect((await call('GET', '/models')).body.models).toHaveLength(5)
    expect((await call('DELETE', path)).status).toBe(200)
    expect(live.current.models).toHaveLength(4)
    expect(router.stats().models).toHaveLength(4)
  })

  it('are listed in one look at the router, however many they are: clients wait meanwhile', async () => {
    const tree = exampleTree()
    const more = Array.from({ length: 50 }, (_, i) => ({ ...SMALL[0], id: `m${i}` }))
    const { call, router } = await started({ ...tree, models: [...SMALL, ...more] })
    await call('GET', '/models')
    const stats = vi.spyOn(router, 'stats')
    const { body } = await call('GET', '/models')
    expect(body.models).toHaveLength(SMALL.length + 50)
    expect(body.models).toContainEqual(
      expect.objectContaining({ id: 'm49', isInFile: true, upstream: 'openai' }),
    )
    expect(stats).toHaveBeenCalledTimes(1)
  })

  it('are in force as the router has them: prices, and whether they take requests', async () => {
    const { call, live, router } = await started()
    const inForce = (id: string) => live.current.models.find((model) => model.id === id)
    const said = inForce('small')
    const prices = { inputUsdPerMTok: 7, outputUsdPerMTok: 9, cachedInputUsdPerMTok: 1 }
    await call('PUT', '/models/small/prices', prices)
    expect(inForce('small')?.prices).toMatchObject(prices)
    await call('POST', '/models/small/disable')
    expect(inForce('small')?.enabled).toBe(false)
    await call('POST', '/models/small/enable')
    expect(inForce('small')?.enabled).toBe(true)
    router.reprice('small', said?.prices ?? prices)
    expect(inForce('small')?.prices).toMatchObject(said?.prices ?? {})
    // A reload of the same file takes nothing of it back.
    await call('PUT', '/models/small/prices', prices)
    expect((await call('POST', '/reload')).status).toBe(200)
    expect(inForce('small')?.prices).toMatchObject(prices)
  })

  it('without prices are held by limits once an admin has given them prices', async () => {
    const tree = smallTree()
    const { call } = await started({
      ...tree,
      models: [{ ...(tree.models as Tree[])[0], prices: null }],
      admin: { key: '$PARETOBANDIT_ADMIN_KEY' },
    })
    const [{ id }] = tree.models as { id: string }[]
    expect((await call('PUT', '/budget', { usdPerRequest: 1 })).status).toBe(409)
    await call('PUT', `/models/${id}/prices`, { inputUsdPerMTok: 1, outputUsdPerMTok: 1 })
    expect((await call('PUT', '/budget', { usdPerRequest: 1 })).status).toBe(200)
  })

  it('may be added disabled, and enabled later', async () => {
    const { call, live } = await started()
    expect(await call('POST', '/models', { ...ADDED, enabled: false })).toMatchObject({
      body: { enabled: false },
    })
    expect(await call('POST', '/models/org%2Fnano/enable')).toMatchObject({ body: { enabled: true } })
    expect(live.current.models.at(-1)).toMatchObject({ id: 'org/nano', enabled: true })
  })

  it.each(['by the API', 'by the file'])(
    'that were removed and have requests under way are added again %s, at once and at a new price',
    async (way) => {
      const tree = exampleTree()
      const { call, live, router, files } = await started(tree)
      await call('POST', '/models', ADDED)
      const { id } = router.route('x', { candidates: [ADDED.id] })
      expect((await call('DELETE', '/models/org%2Fnano')).status).toBe(200)
      const dearer = { ...ADDED, prices: { inputUsdPerMTok: 10, outputUsdPerMTok: 20 } }
      if (way === 'by the API') expect((await call('POST', '/models', dearer)).status).toBe(201)
      else {
        files.next = { ...tree, models: [...(tree.models as Tree[]), dearer] }
        expect((await call('POST', '/reload')).body.applied).toEqual(['model org/nano: added'])
      }
      // What was under way before has the price of then, and its end removes nothing.
      router.settle(id, { inputTokens: 1_000_000, outputTokens: 0 })
      expect(router.stats().models.at(-1)).toMatchObject({
        id: ADDED.id,
        enabled: true,
        draining: false,
        inputUsdPerMTok: 10,
        spendUsd: expect.closeTo(ADDED.prices.inputUsdPerMTok, 9),
      })
      expect(router.route('x', { candidates: [ADDED.id] }).model).toBe(ADDED.id)
      expect(live.current.models.at(-1)).toMatchObject({ id: ADDED.id, enabled: true, prices: dearer.prices })
    },
  )

  it('that were removed and are put back are removed again where they cannot be kept', async () => {
    const records = memoryRecords()
    let isFull = false
    const put: typeof records.put = (id, value) =>
      isFull ? Promise.reject(new Error('full')) : records.put(id, value)
    const { call, router } = await started(exampleTree(), { ...records, put })
    await call('POST', '/models', ADDED)
    const { id } = router.route('x', { candidates: [ADDED.id] })
    await call('DELETE', '/models/org%2Fnano')
    isFull = true
    expect((await call('POST', '/models', ADDED)).status).toBe(503)
    expect(router.stats().models.at(-1)).toMatchObject({ id: ADDED.id, enabled: false, draining: true })
    router.settle(id, { costUsd: 0.01 })
    expect(router.stats().models).toHaveLength(4)
  })

  it('that stand in the config are not removed but disabled', async () => {
    const { call, router } = await started()
    expect(await call('DELETE', '/models/small')).toMatchObject({
      status: 409,
      body: { error: { code: 'model_in_config' } },
    })
    expect((await call('POST', '/models/small/disable')).status).toBe(200)
    expect(router.stats().models[0].enabled).toBe(false)
  })

  it.each([
    [{ ...ADDED, upstream: 'x' }, 400, 'upstream: no upstream is called "x"'],
    [{ ...ADDED, id: 'auto' }, 400, 'id: expected'],
    [{ ...ADDED, id: 'small' }, 400, 'id: "small" stands twice'],
    [{ ...ADDED, prices: null }, 400, 'prices: expected prices, got null: budget is in force'],
    [{ ...ADDED, prices: { inputUsdPerMTok: 1 } }, 400, 'prices.outputUsdPerMTok: is missing'],
    [
      {
        ...ADDED,
        prices: {
          ...ADDED.prices,
          tiers: [
            { aboveInputTokens: 9, ...ADDED.prices },
            { aboveInputTokens: 5, ...ADDED.prices },
          ],
        },
      },
      400,
      'prices.tiers[1].aboveInputTokens',
    ],
    [{ ...ADDED, apiKey: 'x' }, 400, 'apiKey: unknown'],
    [null, 400, 'body: expected an object, got null'],
  ])('are not added of %j', async (body, status, message) => {
    const { call, router } = await started()
    const answer = await call('POST', '/models', body)
    expect([answer.status, answer.body.error?.message.slice(0, message.length)]).toEqual([status, message])
    expect(router.stats().models).toHaveLength(4)
  })

  it('are not there, where nothing is called so', async () => {
    const { call } = await started()
    for (const [method, path] of [
      ['PUT', '/models/x/prices'],
      ['POST', '/models/x/enable'],
      ['DELETE', '/models/__proto__'],
    ] as const)
      expect(await call(method, path, {})).toMatchObject({
        status: 404,
        body: { error: { code: 'unknown_model' } },
      })
  })

  it('that one process adds are taken up by another once its router knows them', async () => {
    const records = memoryRecords()
    const one = await started(exampleTree(), records)
    const other = await started(exampleTree(), records)
    await one.call('POST', '/models', ADDED)
    await other.shared.refresh()
    expect(other.live.current.models).toHaveLength(4)
    // What a shared log brings.
    other.router.addModel({ id: 'org/nano', inputUsdPerMTok: 0.05, outputUsdPerMTok: 0.4 })
    await other.shared.refresh()
    expect(other.live.current.models.at(-1)?.id).toBe('org/nano')
    await records.put('model:bad', { id: 'bad', upstream: 'nobody', prices: null })
    await other.shared.refresh()
    await other.shared.refresh()
    expect(other.told).toEqual(['added model:bad is left out: there is no upstream nobody'])
  })

  it('that cannot be kept are not added', async () => {
    const memory = memoryRecords()
    const { call, router, told } = await started(exampleTree(), {
      ...memory,
      put: () => Promise.reject(new Error('disk full of sk-secret')),
    })
    const answer = await call('POST', '/models', ADDED)
    const key = await call('POST', '/keys', { name: 'bot' })
    for (const each of [answer, key])
      expect(each).toMatchObject({ status: 503, body: { error: { code: 'records_unavailable' } } })
    expect(JSON.stringify([answer, key])).not.toContain('sk-secret')
    expect(router.stats().models).toHaveLength(4)
    expect(told).toEqual(Array(2).fill('error: Error: disk full of sk-secret'))
  })
})

describe('keys', () => {
  it('are created, used, listed and revoked', async () => {
    const { call, keyring, told } = await started()
    const wish = { name: 'bot', tenant: 'research', groups: ['coding'], requestsPerMinute: 10 }
    const { status, body } = await call('POST', '/keys', wish)
    const made = { ...wish, expiresAt: null, teaches: true, revokedAt: null }
    expect([status, body]).toMatchObject([201, made])
    const text = String(body.key)
    expect(await keyring.authenticate(text)).toMatchObject({ ok: true, key: { ...wish, id: body.id } })
    const list = await call('GET', '/keys')
    expect(list.body.keys).toMatchObject([{ id: 'config:support-bot' }, { id: body.id, name: 'bot' }])
    expect(JSON.stringify(list.body)).not.toMatch(/sha256|pb-/)
    expect((await call('DELETE', `/keys/${String(body.id)}`)).body.revokedAt).not.toBeNull()
    expect(await keyring.authenticate(text)).toMatchObject({ refusal: { code: 'revoked_api_key' } })
    expect(told.join()).not.toContain(text)
    expect(told).toEqual([`key ${String(body.id)} (bot): created`, `key ${String(body.id)} (bot): revoked`])
  })

  it('are refused for what there is not', async () => {
    const { call } = await started()
    expect(await call('POST', '/keys', { name: 'x', tenant: 'nobody' })).toMatchObject({
      status: 400,
      body: { error: { code: 'invalid_key_request' } },
    })
    const bad = { name: 'x', requestsPerMinute: 0, expiresAt: 'soon' }
    const { status, body } = await call('POST', '/keys', bad)
    const paths = (body.error as { mistakes?: { path: string }[] } | undefined)?.mistakes?.map(
      ({ path }) => path,
    )
    expect([status, paths?.toSorted()]).toEqual([400, ['expiresAt', 'requestsPerMinute']])
    expect(await call('DELETE', '/keys/nobody')).toMatchObject({
      status: 404,
      body: { error: { code: 'unknown_key' } },
    })
  })
})

describe('a reload', () => {
  it('that has waited for the store is answered at once', async () => {
    const { router } = await started()
    let now = 0
    const durableMs = 1e9
    const away = Object.assign(Object.create(router), { flush: () => new Promise<void>(() => {}) })
    const report = { applied: ['budget'], settings: [], needsRestart: [], needsNewLog: [], failed: [] }
    const reload = async () => {
      now += durableMs
      return report
    }
    const { call } = await started(undefined, undefined, { router: away, now: () => now, reload, durableMs })
    expect(await call('POST', '/reload')).toEqual({ status: 200, body: { ...report, durable: false } })
  })

  it('reports what it did, and every mistake of a bad file without touching anything', async () => {
    const { call, files, router } = await started()
    const [small, ...others] = SMALL
    files.next = {
      ...exampleTree(),
      models: [{ ...small, prices: { inputUsdPerMTok: 9, outputUsdPerMTok: 9 } }, ...others],
      listen: { port: 1 },
    }
    expect(await call('POST', '/reload')).toEqual({
      status: 200,
      body: {
        applied: ['model small: prices'],
        settings: [],
        needsRestart: ['listen'],
        needsNewLog: [],
        failed: [],
        durable: true,
      },
    })
    files.next = { ...exampleTree(), budget: { usdPerRequest: -1 }, caps: 3 }
    expect(await call('POST', '/reload')).toMatchObject({
      status: 422,
      body: {
        error: { code: 'config_invalid', mistakes: [{ path: 'budget.usdPerRequest' }, { path: 'caps' }] },
      },
    })
    expect(router.stats().models[0].inputUsdPerMTok).toBe(9)
    expect(router.stats().pacer.usdPerRequest).toBe(0.004)
  })
})
