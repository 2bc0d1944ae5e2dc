import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { createServer } from 'node:http'
import type { AddressInfo } from 'node:net'
import { tmpdir } from 'node:os'
import { dirname, join } from 'node:path'
import { afterEach, describe, expect, it, vi } from 'vitest'
import { readConfig } from '../../../src/gateway/config/read-config.js'
import { routerOptionsOf } from '../../../src/gateway/config/router-options.js'
import { createGateway, type Gateway } from '../../../src/gateway/gateway.js'
import { createRouter, type Router } from '../../../src/index.js'
import { ENV, smallTree, type Tree } from '../config/example.js'

const ends: (() => Promise<unknown>)[] = []
afterEach(async () => {
  for (const end of ends.splice(0).reverse()) await end()
})

it.each([
  ['by ids alone where that is its format', 'paretobandit', 7],
  ['by names first, then by ids', undefined, 9],
] as const)('a models file that prices import has written is read %s', async (_, format, inputUsdPerMTok) => {
  const output = { outputUsdPerMTok: 10 }
  const models = [
    { id: 'large', inputUsdPerMTok: 7, ...output },
    { id: 'small', inputUsdPerMTok: 0.07, outputUsdPerMTok: 0.4 },
    // What the provider calls `large` may be the id of another model of the file.
    { id: 'p/large', inputUsdPerMTok: 9, ...output },
  ]
  const path = join(await mkdtemp(join(tmpdir(), 'paretobandit-gateway-')), 'prices.json')
  ends.push(() => rm(dirname(path), { recursive: true }))
  await writeFile(path, JSON.stringify({ source: 'x', format: 'litellm', models }))
  const { router, lines } = await started(treeOf({ source: path, ...(format ? { format } : {}) }))
  expect(lines.filter(({ level }) => level === 'error')).toEqual([])
  expect(router.stats().models.map((model) => model.inputUsdPerMTok)).toEqual([inputUsdPerMTok, 0.07])
})

/** A price list of models.dev on HTTP, which tests change. */
async function listServer() {
  const list = {
    status: 200,
    /** In place of the list. */
    body: null as string | null,
    prices: { large: { input: 1.25, output: 10 }, small: { input: 0.05, output: 0.4 } } as Record<
      string,
      Tree
    >,
    asked: [] as string[],
    isSilent: false,
  }
  const http = createServer(({ url = '' }, response) => {
    list.asked.push(url)
    if (list.isSilent) return
    const models = Object.fromEntries(Object.entries(list.prices).map(([id, cost]) => [id, { cost }]))
    response.writeHead(list.status).end(list.body ?? JSON.stringify({ p: { models } }))
  })
  await new Promise<void>((resolve) => http.listen(0, '127.0.0.1', resolve))
  ends.push(() => {
    http.closeAllConnections()
    return new Promise((resolve) => http.close(resolve))
  })
  return Object.assign(list, { url: `http://127.0.0.1:${(http.address() as AddressInfo).port}/api.json` })
}

function treeOf(prices: Tree | null, more: Tree = {}): Tree {
  const [model] = smallTree().models as Tree[]
  return {
    ...smallTree(),
    models: [
      {
        ...model,
        id: 'large',
        upstreamModel: 'p/large',
        prices: { inputUsdPerMTok: 1.25, outputUsdPerMTok: 10 },
      },
      {
        ...model,
        id: 'small',
        upstreamModel: 'p/small',
        prices: { inputUsdPerMTok: 0.05, outputUsdPerMTok: 0.4 },
      },
    ],
    prices,
    ...more,
  }
}

interface Line {
  readonly level: string
  readonly fields: Tree
  readonly message: string
}

/** A gateway whose timers are the test's. */
async function started(tree: Tree) {
  const config = await readConfig(tree, { name: 'c', env: { ...ENV, PRICE_LIST: ENV_LIST.url } })
  const router = await createRouter<string>(routerOptionsOf(config))
  const lines: Line[] = []
  const events: { readonly type: string }[] = []
  router.on('*', (event) => events.push(event))
  const timers: { act: () => void; ms: number; isOff: boolean }[] = []
  const files = { next: tree }
  const gateway: Gateway = await createGateway({
    config,
    router,
    surfaces: () => ({ fetch: () => new Response('ok'), close: async () => {} }),
    write: (level, fields, message) => void lines.push({ level, fields: fields as Tree, message }),
    readAgain: () => readConfig(files.next, { name: 'c', env: ENV }),
    now: () => 1_795_000_000_000,
    after: (ms, act) => {
      const timer = { act, ms, isOff: false }
      timers.push(timer)
      return () => {
        timer.isOff = true
      }
    },
  })
  let isClosed = false
  const close = async () => {
    if (!isClosed) await gateway.close()
    isClosed = true
  }
  ends.push(close)
  // The read at the start.
  await gateway.refreshPrices()
  /** The time of the next read has come. */
  const tick = async () => {
    const due = timers.filter(({ isOff }) => !isOff)
    expect(due).toHaveLength(1)
    due[0].isOff = true
    due[0].act()
    await gateway.refreshPrices()
  }
  const told = (level: string) =>
    lines.filter((line) => line.level === level && line.message.startsWith('prices:'))
  return { gateway, router, lines, events, timers, files, tick, told, close }
}

const ENV_LIST = { url: '' }

const inForce = (router: Router<string>) =>
  Object.fromEntries(
    router
      .stats()
      .models.map(({ id, inputUsdPerMTok, outputUsdPerMTok }) => [id, [inputUsdPerMTok, outputUsdPerMTok]]),
  )

const OLD = { large: [1.25, 10], small: [0.05, 0.4] }

describe('prices of a list', () => {
  it('are read at the start and at the interval; each change is an event and a line with before and after', async () => {
    const list = await listServer()
    list.prices.large = { input: 1, output: 8, cache_read: 0.1 }
    const { router, events, timers, tick, told, gateway } = await started(
      treeOf({ source: list.url, refresh: '30m' }),
    )
    expect(inForce(router)).toEqual({ ...OLD, large: [1, 8] })
    expect(told('info')).toEqual([
      {
        level: 'info',
        message: 'prices: a model has those of the list',
        fields: {
          model: 'large',
          changes: [
            { price: 'inputUsdPerMTok', before: 1.25, after: 1 },
            { price: 'outputUsdPerMTok', before: 10, after: 8 },
            { price: 'cachedInputUsdPerMTok', before: 1.25, after: 0.1 },
            { price: 'reasoningUsdPerMTok', before: 10, after: 8 },
          ],
          source: list.url,
          format: 'models.dev',
          readAt: '2026-11-18T11:06:40.000Z',
          notes: [],
        },
      },
    ])
    const repriced = () => events.filter(({ type }) => type === 'model-repriced')
    expect(repriced()).toMatchObject([
      { model: 'large', price: { inputUsdPerMTok: 1, cachedInputUsdPerMTok: 0.1 } },
    ])
    expect(timers.at(-1)?.ms).toBe(30 * 60_000)
    await tick()
    expect(repriced()).toHaveLength(1)
    list.prices.small = {
      input: 0.04,
      output: 0.4,
      tiers: [{ tier: { size: 1000 }, input: 0.08, output: 0.6 }],
    }
    await tick()
    expect(repriced()).toHaveLength(2)
    expect(told('info').at(-1)?.fields).toMatchObject({
      model: 'small',
      changes: expect.arrayContaining([
        { price: 'inputUsdPerMTok', before: 0.05, after: 0.04 },
        { price: 'inputUsdPerMTok', aboveInputTokens: 1000, before: null, after: 0.08 },
      ]),
    })
    expect(gateway.live.current.models[1].prices).toMatchObject({ inputUsdPerMTok: 0.04 })
    expect(list.asked).toHaveLength(3)
  })

  it('are taken in as many looks at the router as one is: clients wait meanwhile', async () => {
    const looks: number[] = []
    for (const count of [1, 50]) {
      const list = await listServer()
      const ids = Array.from({ length: count }, (_, i) => `m${i}`)
      const setTo = (input: number) => {
        list.prices = Object.fromEntries(ids.map((id) => [id, { input, output: 4 }]))
      }
      setTo(1)
      const [model] = smallTree().models as Tree[]
      const prices = { inputUsdPerMTok: 1, outputUsdPerMTok: 4 }
      const models = ids.map((id) => ({ ...model, id, upstreamModel: `p/${id}`, prices }))
      const { gateway, router, tick } = await started(treeOf({ source: list.url }, { models }))
      setTo(2)
      const stats = vi.spyOn(router, 'stats')
      await tick()
      expect(gateway.live.current.models.map((each) => each.prices?.inputUsdPerMTok)).toEqual(
        ids.map(() => 2),
      )
      looks.push(stats.mock.calls.length)
    }
    expect(looks[1]).toBe(looks[0])
  })

  it('stay as they are while the list cannot be read, which is told once, and so is its end', async () => {
    const list = await listServer()
    const { router, events, tick, told } = await started(treeOf({ source: list.url }))
    const broken = [
      () => Object.assign(list, { status: 500 }),
      () => Object.assign(list, { status: 200, body: '<html>' }),
      () => Object.assign(list, { body: '{}' }),
      () => Object.assign(list, { body: '{"p":{"models":{"other":{"cost":{"input":1,"output":2}}}}}' }),
    ]
    for (const breaks of broken) {
      breaks()
      await tick()
      await tick()
    }
    expect(inForce(router)).toEqual(OLD)
    expect(events).toEqual([])
    expect(told('error').map(({ message, fields }) => [message, fields.model, fields.why])).toEqual([
      [
        'prices: the list cannot be read: the old prices stay in force',
        undefined,
        expect.stringContaining('got 500'),
      ],
      [
        'prices: the list cannot be read: the old prices stay in force',
        undefined,
        expect.stringContaining('no JSON'),
      ],
      [
        'prices: the list cannot be read: the old prices stay in force',
        undefined,
        expect.stringContaining('got an object'),
      ],
      ...['large', 'small'].map((model) => [
        'prices: what the list has for a model cannot be taken: its old prices stay in force',
        model,
        expect.stringContaining('no such name'),
      ]),
    ])
    Object.assign(list, { body: null })
    await tick()
    expect(told('info').map(({ message }) => message)).toEqual([
      'prices: the list can be read again',
      'prices: a model has a price in the list again',
      'prices: a model has a price in the list again',
    ])
  })

  it('1,000 times off are refused, of that model alone, and taken where the config says that they are meant', async () => {
    const list = await listServer()
    const tree = treeOf({ source: list.url })
    const { router, tick, told, gateway, files } = await started(tree)
    list.prices = { large: { input: 1250, output: 10_000 }, small: { input: 0.04, output: 0.4 } }
    await tick()
    expect(inForce(router)).toEqual({ large: [1.25, 10], small: [0.04, 0.4] })
    expect(told('error')).toMatchObject([
      {
        fields: {
          model: 'large',
          why: expect.stringContaining('inputUsdPerMTok is 1250, 1000 times the 1.25 in force'),
        },
      },
    ])
    list.prices.large = { input: 0, output: 0 }
    await tick()
    expect(inForce(router).large).toEqual([1.25, 10])
    expect(told('error').at(-1)?.fields.why).toContain('and that is free')
    list.prices.large = { input: 1250, output: 5000 }
    files.next = treeOf({ source: list.url, accept: ['large'] })
    await gateway.reload()
    await gateway.refreshPrices()
    expect(inForce(router).large).toEqual([1250, 5000])
  })

  it('are those of the models that are looked up, by the names that the list has', async () => {
    const list = await listServer()
    list.prices.large = { input: 1, output: 8 }
    list.prices.other = { input: 0.06, output: 0.5 }
    const { router } = await started(treeOf({ source: list.url, models: { small: 'p/other' } }))
    expect(inForce(router)).toEqual({ large: [1.25, 10], small: [0.06, 0.5] })
  })

  it('are of another list after a reload, and none after another; what an admin has set stays until the next read', async () => {
    const [list, other] = [await listServer(), await listServer()]
    other.prices.small = { input: 0.03, output: 0.3 }
    const { gateway, router, files, timers, tick } = await started(treeOf({ source: list.url }))
    router.reprice('large', { inputUsdPerMTok: 3, outputUsdPerMTok: 20 })
    expect(inForce(router).large).toEqual([3, 20])
    await tick()
    expect(inForce(router).large).toEqual([1.25, 10])
    files.next = treeOf({ source: other.url, refresh: '1d' })
    expect((await gateway.reload()).settings).toEqual(['prices'])
    await gateway.refreshPrices()
    expect(inForce(router).small).toEqual([0.03, 0.3])
    expect(timers.filter(({ isOff }) => !isOff).map(({ ms }) => ms)).toEqual([86_400_000])
    files.next = treeOf(null)
    await gateway.reload()
    await gateway.refreshPrices()
    expect(timers.filter(({ isOff }) => !isOff)).toEqual([])
    expect(inForce(router).small).toEqual([0.03, 0.3])
  })

  it('end with the gateway, also while a list is being read', async () => {
    const list = await listServer()
    const { gateway, router, close, timers, events } = await started(treeOf({ source: list.url }))
    list.isSilent = true
    list.prices.large = { input: 1, output: 8 }
    const reading = gateway.refreshPrices()
    await close()
    await reading
    expect(timers.filter(({ isOff }) => !isOff)).toEqual([])
    expect(events).toEqual([])
    await gateway.refreshPrices()
    expect(list.asked.length).toBeLessThanOrEqual(2)
    expect(router.stats().models).toHaveLength(2)
  })

  it('show no secret of the address', async () => {
    const list = await listServer()
    ENV_LIST.url = `${list.url}?token=s3cret-0123456789`
    const { tick, lines, router } = await started(treeOf({ source: '$PRICE_LIST' }))
    list.prices.large = { input: 1, output: 8 }
    await tick()
    expect(inForce(router).large).toEqual([1, 8])
    list.status = 403
    list.body = 's3cret-0123456789'
    await tick()
    expect(list.asked.at(-1)).toContain('s3cret')
    expect(lines.some(({ fields }) => fields.source === '$PRICE_LIST')).toBe(true)
    expect(
      lines.some(({ fields }) => String(fields.why).startsWith('$PRICE_LIST: expected 200, got 403')),
    ).toBe(true)
    expect(JSON.stringify(lines)).not.toMatch(/s3cret|127\.0\.0\.1/)
  })

  it('have gauges of their age and of what was refused', async () => {
    const list = await listServer()
    const { gateway, tick } = await started(treeOf({ source: list.url }, { metrics: { open: true } }))
    const metrics = async () => (await gateway.fetch(new Request('http://g/metrics'))).text()
    expect(await metrics()).toContain('paretobandit_prices_read_timestamp_seconds 1795000000\n')
    expect(await metrics()).toContain('paretobandit_prices_refused 0\n')
    list.prices.large = { input: -1, output: 8 }
    await tick()
    expect(await metrics()).toContain('paretobandit_prices_refused 1\n')
  })
})

describe('the config of a price list', () => {
  const mistakesOf = (prices: unknown) =>
    readConfig(treeOf(prices as Tree), { name: 'c', env: ENV }).then(
      () => [],
      (error: Error) => error.message.split('\n'),
    )

  it('has defaults', async () => {
    const { prices } = await readConfig(treeOf({ source: 'prices.json' }), { name: 'c', env: ENV })
    expect(prices).toMatchObject({
      format: null,
      refreshMs: 6 * 3_600_000,
      models: null,
      service: 'standard',
      unpriced: 'refuse',
      discounts: false,
      accept: [],
      timeoutMs: 30_000,
    })
    expect(prices?.source.reveal()).toBe('prices.json')
  })

  it('is checked, each mistake with its path', async () => {
    for (const [prices, message] of [
      [{}, /^c: prices\.source: is missing/],
      [{ source: 'http://example.com/' }, /^c: prices\.source: expected a path, https/],
      [{ source: 'https://me:pw@example.com/' }, /^c: prices\.source: expected a path/],
      [{ source: 'https://example.com/?key=s3cret' }, /^c: prices\.source: expected a path(?!.*s3cret)/],
      [{ source: 'ftp://example.com/' }, /^c: prices\.source: expected a path/],
      [{ source: '$GONE' }, /^c: prices\.source: the environment variable GONE is not set/],
      [
        { source: 'p', refresh: '6 hours' },
        /^c: prices\.refresh: expected a number of seconds, minutes, hours or days such as 6h/,
      ],
      [{ source: 'p', refresh: '0h' }, /^c: prices\.refresh: /],
      [{ source: 'p', format: 'litelm' }, /^c: prices\.format: .*did you mean 'litellm'/],
      [
        { source: 'p', models: { lagre: 'x' } },
        /^c: prices\.models\.lagre: no model is called "lagre"; did you mean 'large'/,
      ],
      [{ source: 'p', models: {} }, /^c: prices\.models: expected at least one model/],
      [{ source: 'p', models: { large: '' } }, /^c: prices\.models\.large: expected a text/],
      [
        { source: 'p', accept: ['lagre'] },
        /^c: prices\.accept\[0\]: no model that is looked up is called "lagre"/,
      ],
      [{ source: 'p', unpriced: 'free' }, /^c: prices\.unpriced: expected one of refuse, dearest/],
      [{ source: 'p', every: 3 }, /^c: prices\.every: unknown/],
      [3, /^c: prices: expected an object, got 3/],
    ] as const)
      expect(await mistakesOf(prices)).toEqual([expect.stringMatching(message)])
    for (const source of [
      'https://models.dev/api.json',
      'lists/prices.json',
      '/etc/prices.json',
      'http://localhost:8080/p',
    ])
      expect(await mistakesOf({ source })).toEqual([])
  })
})
