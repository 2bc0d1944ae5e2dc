import { spawnSync } from 'node:child_process'
import { join } from 'node:path'
import { afterEach, describe, expect, it, onTestFinished } from 'vitest'
import { startUpstream, type Upstream } from '../../../src/gateway/node/simulated/upstream.js'
import { ParetoBanditError } from '../../../src/index.js'
import { memoryStore } from '../../../src/store/memory/memory-store.js'
import { Folder } from '../../cli/support.js'
import { hasRedis, RedisServer } from '../../support/redis-server.js'
import type { Tree } from '../config/example.js'
import { closeAll, gatewayServer, HELLO, modelTree } from '../surfaces/gateway-server.js'
import { ASK, clientTree, startGateway, type TestGateway, UPSTREAM_KEY } from './gateway.js'
import { type GatewayProcess, startProcess } from './process.js'

const folder = new Folder()
const open: { kill(): Promise<void> }[] = []
afterEach(async () => {
  for (const each of open.splice(0).reverse()) await each.kill()
})

const PRICES = { inputUsdPerMTok: 1.1, outputUsdPerMTok: 4.4 }
const CAP_USD = 1
const TTL_MS = 1500
/** Its reservation, of which the worst case is all that it can be. */
const LONG = { ...ASK, max_tokens: 50_000 }
const LONG_USD = (50_000 * PRICES.outputUsdPerMTok) / 1e6
const SHORT = { ...ASK, max_tokens: 100 }

function tree(upstream: Upstream, store: Tree, more: Tree = {}): Tree {
  return clientTree(upstream, {
    store,
    caps: [{ usd: CAP_USD, per: 'month' }],
    routing: { reserve: 'worst-case', strict: true, pendingTtlMs: TTL_MS },
    models: [{ id: ASK.model, upstream: 'openai', prices: PRICES }],
    ...more,
  })
}

/** An upstream that never answers the long request. */
async function upstreamThatHangs(): Promise<Upstream> {
  const upstream = await startUpstream({
    apiKey: UPSTREAM_KEY,
    script: ({ body }) =>
      body.max_tokens === LONG.max_tokens ? { fault: { kind: 'stall-before-headers' } } : {},
  })
  open.push({ kill: () => upstream.close() })
  return upstream
}

async function started(file: string, env: Tree = {}): Promise<GatewayProcess> {
  const made = await startProcess(folder.path, file, env)
  open.push(made)
  return made
}

interface Cap {
  readonly spentUsd: number
  readonly reservedUsd: number
}

async function capOf(gateway: GatewayProcess): Promise<Cap> {
  const { account } = (await gateway.admin('/budget')) as { account: { caps: Cap[] } }
  return account.caps[0]
}

/** A process dies with a request under way. @param follower asks on */
async function dieWith(dying: GatewayProcess, upstream: Upstream): Promise<void> {
  const long = dying.openai.chat.completions.create(LONG).catch(() => null)
  await upstream.until(({ isStalled }) => isStalled)
  await dying.kill()
  await long
}

/** The reservation counts at once, and is spend when its time is over. */
async function expectSpend(gateway: GatewayProcess, upstream: Upstream): Promise<void> {
  const ask = () => gateway.openai.chat.completions.create(SHORT)
  await ask().catch(() => null)
  const at = Date.now()
  await expect
    .poll(
      async () => {
        await ask().catch(() => null)
        return (await capOf(gateway)).spentUsd
      },
      { timeout: 20_000, interval: 100 },
    )
    .toBeGreaterThanOrEqual(LONG_USD)
  expect(Date.now() - at).toBeLessThan(20_000)
  const { spentUsd, reservedUsd } = await capOf(gateway)
  const answeredUsd = upstream.entries
    .filter(({ ended }) => ended === 'answered')
    .reduce((sum, { costUsd }) => sum + costUsd, 0)
  expect(reservedUsd).toBe(0)
  expect(spentUsd).toBeGreaterThan(LONG_USD + answeredUsd - 1e-9)
  expect(spentUsd).toBeLessThan(LONG_USD * 1.01 + answeredUsd)
}

describe('a process that dies with a reservation', () => {
  it('leaves it to the next one, on SQLite, where it becomes spend', async () => {
    const upstream = await upstreamThatHangs()
    const store = { kind: 'sqlite', file: 'gw.db' }
    const requests = { waitForStore: true }
    const file = await folder.write('gateway.yaml', tree(upstream, store, { requests }))
    await dieWith(await started(file), upstream)
    const next = await started(file)
    const { reservedUsd, spentUsd } = await capOf(next)
    expect(reservedUsd + spentUsd).toBeGreaterThanOrEqual(LONG_USD)
    await expectSpend(next, upstream)
  })

  it.skipIf(!hasRedis)('leaves it to the other replicas, on Redis, where it becomes spend', async () => {
    const redis = await RedisServer.start()
    open.push({ kill: () => redis.stop() })
    const upstream = await upstreamThatHangs()
    const requests = { waitForStore: true }
    const config = tree(upstream, { kind: 'redis', url: '$REDIS_URL' }, { requests })
    const file = await folder.write('gateway.yaml', config)
    const env = { REDIS_URL: redis.url }
    const dying = await started(file, env)
    const other = await started(file, env)
    // Processes are handed slices of the cap when they ask: until then they refuse.
    for (const each of [dying, other])
      await expect
        .poll(
          () =>
            each.openai.chat.completions.create(SHORT).then(
              () => true,
              () => false,
            ),
          { timeout: 20_000 },
        )
        .toBe(true)
    let isUnderWay = false
    for (let round = 0; round < 50 && !isUnderWay; round++) {
      const long = dying.openai.chat.completions.create(LONG).then(
        () => false,
        () => false,
      )
      isUnderWay = await Promise.race([long, upstream.until(({ isStalled }) => isStalled).then(() => true)])
    }
    expect(isUnderWay).toBe(true)
    await dying.kill()
    await expectSpend(other, upstream)
  })
})

describe('a full disk', () => {
  it('refuses what a cap limits, and forgets no more than a second of spend when the process is killed', async ({
    skip,
  }) => {
    const disk = join(folder.path, 'disk')
    const mount = `mkdir ${disk} && mount -t tmpfs -o size=4m tmpfs ${disk}`
    if (spawnSync('sh', ['-c', mount]).status !== 0) skip('mounting a small disk needs root')
    try {
      const upstream = await startUpstream({ apiKey: UPSTREAM_KEY })
      open.push({ kill: () => upstream.close() })
      const file = await folder.write(
        'gateway.yaml',
        tree(upstream, { kind: 'sqlite', file: `${disk}/gw.db` }, { routing: {} }),
      )
      const gateway = await started(file)
      const ask = () =>
        gateway.openai.chat.completions.create(SHORT).then(
          () => 'answered',
          (error: { status?: number; code?: string }) => `${error.status} ${error.code}`,
        )
      const ready = async () => (await fetch(`${gateway.url}/readyz`)).status
      expect([await ask(), await ready()]).toEqual(['answered', 200])
      spawnSync('sh', ['-c', `cat /dev/zero > ${disk}/ballast`])
      /** Of what was answered while the store still said that it is well. */
      const wellUsd = [upstream.costUsd()]
      await expect
        .poll(
          async () => {
            const said = await ask()
            const { store } = (await (await fetch(`${gateway.url}/readyz`)).json()) as { store: string }
            if (store === 'ok') wellUsd.push(upstream.costUsd())
            return said
          },
          { timeout: 30_000, interval: 20 },
        )
        .toBe('503 ledger_unavailable')
      for (let i = 0; i < 20; i++) expect(await ask()).toBe('503 ledger_unavailable')
      expect(await ready()).toBe(503)
      // What was answered in the second between the two is what a crash may cost.
      const { spentUsd } = await capOf(gateway)
      expect(spentUsd).toBeCloseTo(upstream.costUsd(), 9)
      await gateway.kill()
      spawnSync('rm', [`${disk}/ballast`])
      const next = await started(file)
      // The last of these may have been under way to the store.
      expect((await capOf(next)).spentUsd).toBeGreaterThan((wellUsd.at(-2) ?? wellUsd[0]) - 1e-9)
      expect(await next.openai.chat.completions.create(SHORT)).toHaveProperty('choices')
    } finally {
      for (const each of open.splice(0).reverse()) await each.kill()
      spawnSync('umount', ['-l', disk])
    }
  }, 60_000)

  it('is over as soon as there is room, and nothing is lost then', async () => {
    const failing = { is: false }
    const store = memoryStore()
    const append = store.append.bind(store)
    store.append = async (...batch) => {
      if (failing.is) throw new ParetoBanditError('STORE_FULL', '', 'the disk is full')
      return append(...batch)
    }
    const clock = { now: Date.now() }
    const server = await gatewayServer({
      now: () => clock.now,
      models: [modelTree('sim-small')],
      tree: { caps: [{ usd: 10, per: 'day' }] },
      router: { store, journal: { onStoreError: () => {} } },
    })
    onTestFinished(closeAll)
    const ask = async () => {
      const response = await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO })
      await response.text()
      return response.status
    }
    const ready = async () => (await fetch(`${server.url}/readyz`)).status
    expect(await ask()).toBe(200)
    failing.is = true
    expect(await ask()).toBe(200)
    await expect.poll(() => server.router.journal?.failure).toBe('the disk is full')
    // One that comes back at once, as a locked file does, refuses nobody.
    expect([await ask(), await ready()]).toEqual([200, 200])
    clock.now += 1000
    expect([await ask(), await ready()]).toEqual([503, 503])
    failing.is = false
    await expect.poll(ask, { timeout: 10_000 }).toBe(200)
    expect(await ready()).toBe(200)
    await server.router.flush()
    expect(server.ledger().spendUsd).toBeCloseTo(server.upstream.costUsd(), 9)
  })

  it('keeps nobody from what no limit holds', async () => {
    const store = memoryStore()
    const append = store.append.bind(store)
    const failing = { is: false }
    store.append = async (...batch) => {
      if (failing.is) throw new ParetoBanditError('STORE_FULL', '', 'the disk is full')
      return append(...batch)
    }
    const clock = { now: Date.now() }
    const server = await gatewayServer({
      now: () => clock.now,
      models: [modelTree('sim-small')],
      router: { store, journal: { onStoreError: () => {} } },
    })
    onTestFinished(closeAll)
    failing.is = true
    for (let i = 0; i < 3; i++) {
      const response = await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO })
      expect([response.status, (await response.text()).length > 0]).toEqual([200, true])
      clock.now += 5000
    }
    failing.is = false
  })
})

/** Whether a request is answered, and what `/readyz` says. */
function asking(server: Awaited<ReturnType<typeof gatewayServer>>) {
  const ask = async () => {
    const response = await server.post('/v1/chat/completions', { model: 'auto', messages: HELLO })
    return [response.status, (await response.text()).includes('ledger_unavailable')]
  }
  const ready = async () => {
    const response = await fetch(`${server.url}/readyz`)
    return [response.status, await response.json()]
  }
  return { ask, ready }
}

describe('a write of the store that hangs, as on a disk that answers nothing', () => {
  /** A gateway whose store takes nothing while it hangs. */
  async function onSlowDisk(tree: Tree) {
    const store = memoryStore()
    const append = store.append.bind(store)
    const disk = { hangs: false, goOn: () => {} }
    store.append = async (...batch) => {
      if (disk.hangs)
        await new Promise<void>((resolve) => {
          disk.goOn = resolve
        })
      return append(...batch)
    }
    const clock = { now: Date.now() }
    const server = await gatewayServer({
      now: () => clock.now,
      models: [modelTree('sim-small')],
      tree,
      router: { store, journal: { onStoreError: () => {} } },
    })
    onTestFinished(closeAll)
    return { server, disk, clock, ...asking(server) }
  }
  const WELL = [200, { status: 'ready', store: 'ok' }]

  it('is a failure after five seconds: what limits hold is refused until it ends, and nothing is lost', async () => {
    const { server, disk, clock, ask, ready } = await onSlowDisk({ caps: [{ usd: 10, per: 'day' }] })
    expect([await ask(), await ready()]).toEqual([[200, false], WELL])
    await server.router.flush()
    disk.hangs = true
    expect(await ask()).toEqual([200, false])
    // Disks that are busy take their time.
    clock.now += 4900
    expect([await ask(), await ready()]).toEqual([[200, false], WELL])
    clock.now += 200
    for (let i = 0; i < 3; i++) expect(await ask()).toEqual([503, true])
    expect(await ready()).toEqual([503, { status: 'refusing', store: 'failing' }])
    expect(server.lines.filter(({ message }) => message === 'the store fails')).toMatchObject([
      { level: 'error', fields: { error: expect.stringContaining('5000 ms') } },
    ])
    expect(server.deps()?.metrics.text()).toContain('paretobandit_store_failing 1')
    const isBack = ({ message }: { readonly message: string }) => message === 'the store works again'
    expect(server.lines.filter(isBack)).toEqual([])
    disk.hangs = false
    disk.goOn()
    await server.router.flush()
    expect([await ask(), await ready()]).toEqual([[200, false], WELL])
    expect(server.lines.filter(isBack)).toMatchObject([{ level: 'warn', fields: { goneMs: 5100 } }])
    expect(server.deps()?.metrics.text()).toContain('paretobandit_store_failing 0')
    expect(server.ledger().spendUsd).toBeCloseTo(server.upstream.costUsd(), 9)
    expect(server.ledger().reservedUsd).toBe(0)
  })

  it('is not one where it is slow and goes on, nor where no limit would be forgotten', async () => {
    const slow = await onSlowDisk({ caps: [{ usd: 10, per: 'day' }] })
    for (let i = 0; i < 4; i++) {
      slow.disk.hangs = true
      expect(await slow.ask()).toEqual([200, false])
      slow.clock.now += 4000
      expect(await slow.ask()).toEqual([200, false])
      slow.disk.hangs = false
      slow.disk.goOn()
      await slow.server.router.flush()
    }
    const free = await onSlowDisk({})
    free.disk.hangs = true
    for (let i = 0; i < 3; i++) {
      expect(await free.ask()).toEqual([200, false])
      free.clock.now += 6000
    }
    free.disk.hangs = false
    free.disk.goOn()
  })
})

describe('a store that is broken for good', () => {
  it('answers nobody, and /readyz says so, with a limit or without', async () => {
    for (const tree of [{}, { caps: [{ usd: 10, per: 'day' }] }]) {
      const store = memoryStore()
      const append = store.append.bind(store)
      const broken = { is: false }
      store.append = async (...batch) => {
        if (broken.is) throw new ParetoBanditError('STORE_CORRUPT', '', 'the log is gone')
        return append(...batch)
      }
      const server = await gatewayServer({
        models: [modelTree('sim-small')],
        tree,
        router: { store, journal: { onStoreError: () => {} } },
      })
      // What could not be kept is said again where it is closed.
      onTestFinished(() => closeAll().catch(() => {}))
      const { ask, ready } = asking(server)
      expect(await ready()).toEqual([200, { status: 'ready', store: 'ok' }])
      broken.is = true
      await ask()
      await expect.poll(ask).toEqual([503, true])
      // Nothing brings it back: who goes by this sends requests elsewhere.
      broken.is = false
      expect(await ready()).toEqual([503, { status: 'refusing', store: 'failing' }])
      expect(server.router.journal).toMatchObject({ isBroken: true, failure: 'the log is gone' })
    }
  })
})

describe('a store that goes away', () => {
  interface Away {
    readonly house: TestGateway
    readonly redis: RedisServer
    /** Asks until nobody answers any more. @returns how many answered */
    spendAll(): Promise<number>
  }

  /** Bytes of a prompt, and what may be written before it: of a provider that finds a token a byte, so that the worst case is what it costs. */
  const INPUT_TOKENS = 258
  /** No less than one costs, by a tenth at most. */
  const EACH_USD = (INPUT_TOKENS * PRICES.inputUsdPerMTok + 110 * PRICES.outputUsdPerMTok) / 1e6

  async function onRedis(localShare: number, usd: number, more: Tree = {}): Promise<Away> {
    const redis = await RedisServer.start()
    open.push({ kill: () => redis.stop() })
    const store = { kind: 'redis', url: '$REDIS_URL', localShare, timeoutMs: 1000 }
    const house = await startGateway({
      env: { REDIS_URL: redis.url },
      script: () => ({ tokens: { input: INPUT_TOKENS, output: 100 } }),
      tree: (upstream) => ({
        ...tree(upstream, store, more),
        caps: [{ usd, per: 'month' }],
        routing: { reserve: 'worst-case', strict: true },
      }),
    })
    open.push({ kill: () => house.close() })
    const ask = () =>
      house.openai.chat.completions.create(SHORT).then(
        () => true,
        () => false,
      )
    await expect.poll(ask, { timeout: 20_000 }).toBe(true)
    const spendAll = async () => {
      let answered = 0
      for (let refused = 0; refused < 20; ) {
        if (await ask()) answered++
        else refused++
      }
      return answered
    }
    return { house, redis, spendAll }
  }

  const isBack = ({ house }: Away) =>
    expect
      .poll(
        () =>
          house.openai.chat.completions.create(SHORT).then(
            () => true,
            () => false,
          ),
        { timeout: 30_000 },
      )
      .toBe(true)

  /** What the store has is what the upstream counted. */
  async function expectTrue({ house }: Away): Promise<void> {
    await house.over(1)
    await house.router.flush()
    const spentUsd = house.router.stats().account?.caps[0].spentUsd ?? 0
    expect(Math.abs(spentUsd - house.upstream.costUsd())).toBeLessThan(1e-9)
    expect(house.failures.filter(({ error }) => !(error instanceof Error))).toEqual([])
  }

  it.skipIf(!hasRedis)('spends no more than it was handed; and is back when the store is', async () => {
    const away = await onRedis(0, EACH_USD * 1000)
    await away.redis.kill()
    const answered = await away.spendAll()
    expect(answered).toBeLessThan(500)
    const refused = away.house.openai.chat.completions.create(SHORT)
    await expect(refused).rejects.toMatchObject({ status: 402, code: 'budget_exhausted' })
    await away.redis.restart()
    await isBack(away)
    await expectTrue(away)
  })

  it.skipIf(!hasRedis)('spends the share that the operator set besides, and no more', async () => {
    const away = await onRedis(0.25, EACH_USD * 1000)
    await away.redis.kill()
    const answered = await away.spendAll()
    expect(answered).toBeGreaterThanOrEqual(250)
    expect(answered).toBeLessThan(750)
    await away.redis.restart()
    await isBack(away)
    await expectTrue(away)
  })

  it.skipIf(!hasRedis)('lets nothing through where every reservation is to be in it first', async () => {
    const away = await onRedis(0.25, EACH_USD * 1000, { requests: { waitForStore: true } })
    await away.redis.kill()
    const before = away.house.upstream.entries.length
    const asked = away.house.openai.chat.completions.create(SHORT)
    const late = away.house.runOut(5000)
    await expect(asked).rejects.toMatchObject({ status: 503, code: 'ledger_unavailable' })
    await late
    expect(away.house.upstream.entries).toHaveLength(before)
    await away.redis.restart()
    await isBack(away)
    await expectTrue(away)
    expect(away.house.router.stats().pending.unsettled).toBe(0)
  })
})
