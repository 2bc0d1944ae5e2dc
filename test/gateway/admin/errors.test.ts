import { afterAll, beforeAll, describe, expect, it } from 'vitest'
import { exampleTree, type Tree } from '../config/example.js'
import { type Answer, adminServer } from './admin-server.js'

type Server = Awaited<ReturnType<typeof adminServer>>
type At = readonly (string | number)[]

const CAP = { usd: 3, per: 'day', window: 'calendar', timeZone: 'Europe/Berlin', pacing: 'even' }
const KINDS = { inputUsdPerMTok: 1, outputUsdPerMTok: 2, cachedInputUsdPerMTok: 0.5 }
const PRICES = { ...KINDS, tiers: [{ aboveInputTokens: 9000, ...KINDS }], batchDiscount: 0.5 }
const MODEL = {
  id: 'new',
  upstream: 'openai',
  upstreamModel: 'gpt',
  kind: 'chat',
  prices: PRICES,
  contextTokens: 9000,
  maxOutputTokens: 900,
  capabilities: ['tools'],
  region: 'eu',
  groups: ['everyday'],
  parameters: { seed: 1 },
  enabled: true,
}
const KEY = {
  name: 'bot',
  tenant: 'support',
  groups: ['everyday'],
  requestsPerMinute: 10,
  tokensPerMinute: 1000,
  expiresAt: '2099-01-31T12:00:00Z',
}

/** Every route that takes a body, with one that is right. */
const BODIES: readonly (readonly [route: string, path: string, body: unknown])[] = [
  ['PUT /budget', '/budget', { usdPerRequest: 0.01 }],
  ['PUT /caps', '/caps', [CAP]],
  ['POST /adjustments', '/adjustments', { usd: 0.1, tenant: 'support', idempotency_key: 'k' }],
  ['POST /corrections', '/corrections', { decision: 'r.1', costUsd: 0.1, force: true }],
  ['POST /tenants', '/tenants', { id: 'new', budget: { usdPerRequest: 1 }, caps: [CAP] }],
  ['PUT /tenants/:id/budget', '/tenants/support/budget', { usdPerRequest: 0.01 }],
  ['PUT /tenants/:id/caps', '/tenants/support/caps', [CAP]],
  ['POST /models', '/models', MODEL],
  ['PUT /models/:id/prices', '/models/small/prices', PRICES],
  ['POST /keys', '/keys', KEY],
]

/** Those without one. */
const BARE = [
  'GET /config',
  'POST /reload',
  'GET /stats',
  'GET /rewards',
  'GET /budget',
  'GET /keys',
  'DELETE /keys/:id',
  'GET /models',
  'POST /models/:id/enable',
  'POST /models/:id/disable',
  'DELETE /models/:id',
  'GET /tenants',
  'GET /tenants/:id',
  'DELETE /tenants/:id',
]

const LEFT_OUT = Symbol('left out')
const KINDS_OF_VALUES: readonly unknown[] = [
  null,
  true,
  'x',
  '',
  -1,
  1.5,
  1e300,
  [],
  [7],
  {},
  { constructor: 1 },
  LEFT_OUT,
]

function* placesIn(value: unknown, at: At = []): Generator<At> {
  yield at
  if (typeof value !== 'object' || value === null) return
  for (const [key, part] of Object.entries(value))
    yield* placesIn(part, [...at, Array.isArray(value) ? Number(key) : key])
}

function changed(value: unknown, at: At, to: unknown): unknown {
  if (at.length === 0) return to
  const [key, ...rest] = at
  if (Array.isArray(value))
    return value.flatMap((part: unknown, i) => {
      if (i !== key) return [part]
      const next = changed(part, rest, to)
      return next === LEFT_OUT ? [] : [next]
    })
  const next = changed((value as Tree)[key], rest, to)
  const { [key]: _, ...others } = value as Tree
  return next === LEFT_OUT ? others : { ...(value as Tree), [key]: next }
}

/** As an operator would write it. */
function textOf(at: At): string {
  const text = at.map((key) => (typeof key === 'number' ? `[${key}]` : `.${key}`)).join('')
  return text.startsWith('.') ? text.slice(1) : `body${text}`
}

interface Told {
  readonly code: string
  readonly message: string
  readonly mistakes?: readonly { readonly path: string; readonly message: string }[]
}

function toldBy({ body }: Answer): Told {
  const told = body.error as Told | undefined
  if (told === undefined) throw new TypeError('an error was expected')
  const [first] = told.mistakes ?? []
  expect(told.message).toBe(`${first?.path}: ${first?.message}`)
  return told
}

const SAYS_WHAT_CAME =
  /, got |^unknown[;']|^is missing: |^no .+ (is called|is registered|was routed here)|^there is no |^no model is in group |is over already: |stands twice| takes no more feedback/

describe('the admin API names what is wrong as its caller wrote it', () => {
  let server: Server
  beforeAll(async () => {
    server = await adminServer()
  })
  afterAll(() => server.close())

  it('has no route that this file leaves out', () => {
    expect(server.routes.toSorted()).toEqual([...BARE, ...BODIES.map(([route]) => route)].toSorted())
  })

  let made = 0
  const cases = BODIES.flatMap(([route, path, body]) =>
    [...placesIn(body)].map((at) => [route, textOf(at), path, body, at] as const),
  )

  it.each(cases)('%s: any wrong kind of %s', async (route, place, path, body, at) => {
    const [method] = route.split(' ')
    for (const value of KINDS_OF_VALUES) {
      if (value === LEFT_OUT && at.length === 0) continue
      const own = ['id', 'name'].find((name) => method === 'POST' && Object.hasOwn(Object(body), name))
      const fresh = own !== undefined && at[0] !== own ? { ...Object(body), [own]: `new-${++made}` } : body
      const answer = await server.call(method, path, JSON.stringify(changed(fresh, at, value)))
      const what = `${String(value)} (${JSON.stringify(value)}): ${JSON.stringify(answer.body.error)}`
      if (answer.status < 300) continue
      // Where requests, tenants and ids are not known, or known already.
      expect([400, 404, 409], what).toContain(answer.status)
      const { mistakes = [] } = toldBy(answer)
      const isThere = (given: string) => given === place || given.startsWith(place === 'body' ? '' : place)
      const isKnownToo = (given: string) => route === 'POST /corrections' && given === 'decision'
      expect(
        mistakes.some(({ path }) => isThere(path) || isKnownToo(path)),
        what,
      ).toBe(true)
      for (const { path, message } of mistakes) {
        expect(message, what).toMatch(SAYS_WHAT_CAME)
        const [top] = path.split(/[.[]/)
        const names = [...Object.keys(Array.isArray(body) ? {} : (body as object)), 'constructor', 'body']
        expect(names, what).toContain(top)
      }
    }
  })

  it.each(BODIES)('%s: a body that is no JSON, or of another kind', async (route, path) => {
    const [method] = route.split(' ')
    for (const body of ['', '{', 'usd=1']) {
      const { code, mistakes } = toldBy(await server.call(method, path, body))
      const got = body === '' ? 'nothing' : `${body.length} characters of something else`
      expect([code, mistakes]).toEqual([
        'invalid_json',
        [{ path: 'body', message: `expected JSON, got ${got}` }],
      ])
    }
    const of = route.endsWith('caps') ? 'a list' : 'an object'
    for (const [body, got] of [
      ['7', '7'],
      ['"x"', '"x"'],
      [of === 'a list' ? '{}' : '[1,2]', of === 'a list' ? 'an object' : 'a list of 2'],
    ]) {
      const { mistakes } = toldBy(await server.call(method, path, body))
      expect(mistakes).toEqual([{ path: 'body', message: `expected ${of}, got ${got}` }])
    }
    const twice = of === 'a list' ? '[{"usd":1,"us\\u0064":2}]' : '{"usd":1,"a":{},"us\\u0064":2}'
    expect(toldBy(await server.call(method, path, twice))).toMatchObject({
      code: 'invalid_json',
      mistakes: [{ path: 'body', message: 'expected each name once, got "usd" twice' }],
    })
    const long = toldBy(await server.call(method, path, `"${'x'.repeat(1024 * 1024)}"`))
    expect(long).toMatchObject({
      code: 'body_too_large',
      message: 'body: expected at most 1048576 bytes, got more',
    })
  })

  const tiers = (above: readonly number[]) =>
    above.map((aboveInputTokens) => ({ aboveInputTokens, ...KINDS }))
  const UNKNOWN_TENANT = 'no tenant "suport" is registered; did you mean \'support\'?'
  const UNKNOWN_MODEL = 'no model "smal" is registered; did you mean \'small\'?'

  it.each<readonly [string, string, unknown, number, string, string, string | RegExp]>([
    [
      'PUT',
      '/caps',
      [CAP, CAP],
      400,
      'invalid_argument',
      'body[1]',
      'expected one cap of each kind, got a second calendar cap per day (the first is body[0])',
    ],
    [
      'PUT',
      '/caps',
      [{ ...CAP, timeZone: 'Mars/X' }],
      400,
      'invalid_argument',
      'body[0].timeZone',
      /got "Mars\/X"/,
    ],
    [
      'PUT',
      '/tenants/support/caps',
      [CAP, CAP],
      400,
      'invalid_argument',
      'body[1]',
      'expected one cap of each kind, got a second calendar cap per day (the first is body[0])',
    ],
    ['PUT', '/tenants/suport/caps', [CAP], 404, 'unknown_tenant', ':id', UNKNOWN_TENANT],
    ['PUT', '/tenants/suport/budget', { usdPerRequest: 1 }, 404, 'unknown_tenant', ':id', UNKNOWN_TENANT],
    ['GET', '/tenants/suport', undefined, 404, 'unknown_tenant', ':id', UNKNOWN_TENANT],
    ['DELETE', '/tenants/suport', undefined, 404, 'unknown_tenant', ':id', UNKNOWN_TENANT],
    [
      'DELETE',
      '/tenants/support',
      undefined,
      409,
      'tenant_in_use',
      ':id',
      /^key "support-bot" of the config/,
    ],
    ['POST', '/tenants', { id: 'support' }, 409, 'duplicate_tenant', 'id', /support/],
    [
      'POST',
      '/tenants',
      { id: 'y', caps: [CAP, CAP] },
      400,
      'invalid_argument',
      'caps[1]',
      'expected one cap of each kind, got a second calendar cap per day (the first is caps[0])',
    ],
    ['POST', '/adjustments', { usd: 1, tenant: 'suport' }, 404, 'unknown_tenant', 'tenant', UNKNOWN_TENANT],
    [
      'POST',
      '/corrections',
      { decision: 'x.1', costUsd: 1 },
      404,
      'unknown_request',
      'decision',
      /^no request "x.1"/,
    ],
    ['PUT', '/models/smal/prices', PRICES, 404, 'unknown_model', ':id', UNKNOWN_MODEL],
    ['POST', '/models/smal/enable', undefined, 404, 'unknown_model', ':id', UNKNOWN_MODEL],
    ['POST', '/models/smal/disable', undefined, 404, 'unknown_model', ':id', UNKNOWN_MODEL],
    ['DELETE', '/models/smal', undefined, 404, 'unknown_model', ':id', UNKNOWN_MODEL],
    [
      'DELETE',
      '/models/small',
      undefined,
      409,
      'model_in_config',
      ':id',
      /^model "small" stands in the config/,
    ],
    [
      'PUT',
      '/models/small/prices',
      { ...KINDS, tiers: tiers([9, 5]) },
      400,
      'invalid_argument',
      'tiers[1].aboveInputTokens',
      /got 5/,
    ],
    [
      'POST',
      '/models',
      { ...MODEL, prices: { ...KINDS, tiers: tiers([9, 5]) } },
      400,
      'invalid_argument',
      'prices.tiers[1].aboveInputTokens',
      /got 5/,
    ],
    ['POST', '/models', { ...MODEL, id: 'small' }, 400, 'invalid_request', 'id', /^"small" stands twice/],
    [
      'POST',
      '/models',
      { ...MODEL, prices: null },
      400,
      'invalid_request',
      'prices',
      /^expected prices, got null/,
    ],
    [
      'POST',
      '/keys',
      { name: 'b', groups: ['nothing'] },
      400,
      'invalid_key_request',
      'groups',
      /^no model is in group nothing; known are /,
    ],
    [
      'POST',
      '/keys',
      { name: 'support-bot' },
      409,
      'duplicate_key',
      'name',
      /^expected a name that no other key has, got "support-bot", which a key of the config has$/,
    ],
    [
      'POST',
      '/keys',
      { name: 'b', tenant: 'nobody' },
      400,
      'invalid_key_request',
      'tenant',
      /^there is no tenant "nobody"; known are /,
    ],
    [
      'POST',
      '/keys',
      { name: 'b', expiresAt: '2020-01-01' },
      400,
      'invalid_key_request',
      'expiresAt',
      'is over already: 2020-01-01T00:00:00.000Z',
    ],
    ['DELETE', '/keys/nobody', undefined, 404, 'unknown_key', ':id', 'there is no key "nobody"'],
    ...['support-bot', 'config:support-bot'].map(
      (id) =>
        [
          'DELETE',
          `/keys/${id}`,
          undefined,
          409,
          'key_in_config',
          ':id',
          'key "support-bot" stands in the config: take it out there',
        ] as const,
    ),
    ['GET', '/nowhere', undefined, 404, 'not_found', '/admin/nowhere', 'there is no such path'],
    ['DELETE', '/config', undefined, 404, 'not_found', '/admin/config', 'expected GET, got DELETE'],
    ['PATCH', '/models/x', undefined, 404, 'not_found', '/admin/models/x', 'expected DELETE, got PATCH'],
    ['DELETE', '/tenants', undefined, 404, 'not_found', '/admin/tenants', 'expected GET or POST, got DELETE'],
  ])('%s %s %j', async (method, path, body, status, code, place, message) => {
    const answer = await server.call(method, path, body)
    const told = toldBy(answer)
    expect([answer.status, told.code, told.mistakes]).toEqual([
      status,
      code,
      [{ path: place, message: typeof message === 'string' ? message : expect.stringMatching(message) }],
    ])
  })

  it('names the place in the file that is read again, or the file', async () => {
    const { call, files, close } = await adminServer()
    files.next = { ...exampleTree(), budget: { usdPerRequest: -1 } }
    const of = async () => (await call('POST', '/reload')).body.error as Told | undefined
    expect((await of())?.mistakes).toEqual([
      {
        path: 'budget.usdPerRequest',
        message: 'expected a number above 0, of at most 1000000000000, got -1',
      },
    ])
    files.next = 7 as unknown as Tree
    expect((await of())?.mistakes).toEqual([{ path: 'gateway.yaml', message: 'expected an object, got 7' }])
    await close()
  })

  it('says where a limit stands that models without prices would escape, and which these are', async () => {
    const tree = exampleTree()
    const [small] = tree.models as Tree[]
    const free = await adminServer({
      ...tree,
      models: [{ ...small, prices: null }],
      budget: null,
      caps: [],
      tenants: [{ id: 'support' }],
      rewards: {},
      keys: [],
    })
    for (const [method, path, body, place] of [
      ['PUT', '/budget', { usdPerRequest: 1 }, 'usdPerRequest'],
      ['PUT', '/caps', [CAP], 'body'],
      ['POST', '/tenants', { id: 'a', budget: { usdPerRequest: 1 } }, 'budget'],
      ['POST', '/tenants', { id: 'a', caps: [CAP] }, 'caps'],
      ['PUT', '/tenants/support/budget', { usdPerRequest: 1 }, 'usdPerRequest'],
      ['PUT', '/tenants/support/caps', [CAP], 'body'],
    ] as const) {
      const told = toldBy(await free.call(method, path, body))
      const message = 'expected no limit while models have no prices, as it would not hold them: small'
      expect(told).toEqual({
        code: 'unpriced_models',
        message: `${place}: ${message}`,
        mistakes: [{ path: place, message }],
      })
    }
    await free.close()
  })

  it('under a policy that takes no caps and no tenants', async () => {
    const tree = exampleTree()
    const paper = await adminServer({
      ...tree,
      routing: { policy: 'paper' },
      caps: [],
      tenants: [],
      keys: [],
    })
    for (const [method, path, body, place] of [
      ['PUT', '/caps', [CAP], 'body'],
      ['POST', '/tenants', { id: 'a' }, 'body'],
      ['GET', '/tenants/a', undefined, ':id'],
      ['DELETE', '/tenants/a', undefined, ':id'],
      ['PUT', '/tenants/a/caps', [CAP], 'body'],
      ['PUT', '/tenants/a/budget', { usdPerRequest: 1 }, ':id'],
      ['POST', '/adjustments', { usd: 1, tenant: 'a' }, 'usd'],
    ] as const) {
      const { mistakes } = toldBy(await paper.call(method, path, body))
      expect([path, mistakes?.map(({ path }) => path)]).toEqual([path, [place]])
      expect(mistakes?.[0]?.message).toMatch(/policy 'paper'/)
    }
    await paper.close()
  })
})
