import { spawnSync } from 'node:child_process'
import { cp, readdir, symlink } from 'node:fs/promises'
import { join } from 'node:path'
import { fileURLToPath } from 'node:url'
import { afterAll, beforeAll, describe, expect, test } from 'vitest'
import { parseDecisionLog } from '../../src/evaluate/log.js'
import { createRouter } from '../../src/index.js'
import { redisStore } from '../../src/store/redis/index.js'
import { sqliteStore } from '../../src/store/sqlite/index.js'
import { hasOwnSqlite } from '../store/sqlite-support.js'
import { hasRedis, RedisServer } from '../support/redis-server.js'
import { BIN, Folder, MODELS } from './support.js'

const folder = new Folder()
const ROOT = fileURLToPath(new URL('../..', import.meta.url))

/** A log with some of everything, as a service makes one. @returns digest and position at its end */
async function service(name = 'service.db'): Promise<{ position: string; sha256: string }> {
  const router = await createRouter({
    journal: { snapshotOnClose: false },
    name: 'r',
    models: MODELS,
    budget: { usdPerRequest: 0.002 },
    epsilon: 0.3,
    caps: [{ usd: 5, per: 'day' }],
    tenants: [{ id: 'acme', budget: { usdPerRequest: 0.001 } }],
    store: sqliteStore(join(folder.path, name)),
  })
  for (let i = 0; i < 150; i++) {
    const { id } = router.route(`prompt ${i}`, i % 5 === 0 ? { tenant: 'acme' } : {})
    if (i % 10 === 9) router.fail(id)
    else if (i < 140) {
      router.settle(id, { costUsd: 0.0005 + 0.000001 * i })
      router.reward(id, (i % 4) / 4)
    }
  }
  await router.flush()
  const digest = await router.digest()
  await router.close()
  return digest
}

function lines(text: string): Record<string, unknown>[] {
  return text
    .trimEnd()
    .split('\n')
    .map((line) => JSON.parse(line))
}

describe('inspect', () => {
  test('tells what a log holds', async () => {
    const { position, sha256 } = await service()
    const before = await folder.read('service.db')
    const found = await folder.inspect('service.db', '--events', '3')
    expect(found).toMatchObject({
      log: 'sqlite:service.db',
      positions: { start: '', end: position, folded: position },
      sha256,
      settings: null,
      snapshots: [],
      damage: [],
      header: { settings: { policy: 'dollar', dimension: 26, budgetUsdPerRequest: 0.002 } },
      stats: { requests: 150, tenants: 1 },
      tenants: [{ id: 'acme', usdPerRequest: 0.001 }],
      pending: { waiting: 9 },
    })
    expect(found.bytes).toBe(before.length)
    expect(found.pending.requests).toHaveLength(9)
    expect(found.pending.requests[0]).toMatchObject({ id: 'r.141', has: [] })
    expect(found.pending.oldestAt).toBe(found.pending.requests[0].routedAt)
    expect(found.latest.map(({ type }) => type)).toEqual(['routed', 'routed', 'failed'])
    expect(found.latest[0]).not.toHaveProperty('context')
    const text = await folder.spawnOk(['inspect', 'service.db'])
    expect(text).toMatch(/^sqlite:service\.db\n {2}positions: after the beginning, to \d+, \d+ KiB\n/)
    for (const part of [
      sha256,
      '150 requests routed',
      'tenant acme: budget $0.00100',
      '9 requests wait',
      'latest events',
    ])
      expect(text).toContain(part)
    expect(text).toMatch(/^cap .*5/m)
    expect(await folder.read('service.db')).toEqual(before)
  })

  test('reads while a service runs, and the service goes on', async () => {
    await service()
    const router = await createRouter({
      name: 'r',
      budget: { usdPerRequest: 0.002 },
      store: sqliteStore(join(folder.path, 'service.db')),
    })
    router.route('more')
    await router.flush()
    const { stats, sha256 } = await folder.inspect('service.db')
    expect(stats.requests).toBe(151)
    expect(sha256).toBe((await router.digest()).sha256)
    await folder.ok(['snapshot', 'service.db', 'service.snapshot'])
    await folder.ok(['export', 'service.db', '--out', 'events.jsonl'])
    router.route('and more')
    await router.close()
    expect((await folder.stats('service.db')).requests).toBe(152)
  })

  test('teaches and routes on the log of a service', async () => {
    await service()
    await folder.ok(['settle', 'r.141', '--cost', '0.001', '--state', 'service.db'])
    expect(await folder.ok(['route', 'x', '--state', 'service.db'])).toContain('request r.151;')
  })

  test('refuses what is no log, or not there', async () => {
    await folder.refused(['inspect', 'none.db'], /none\.db: no such file/)
    await folder.refused(['inspect', '.'], /expected a file/)
    await folder.refused(['inspect', 'x', '--events', '0'], /an integer from 1 to 1000/)
    await folder.refused(['inspect', 'x', '--stream', 'y'], /--stream: goes with redis/)
    await folder.refused(['inspect', 'redis://127.0.0.1:1'], /redis:\/\/127\.0\.0\.1:1/)
    expect(await readdir(folder.path)).toEqual([])
  })
})

describe('snapshot and restore', () => {
  test('carry a router over, with what waits for feedback', async () => {
    await service()
    const before = await folder.stats('service.db')
    expect(await folder.spawnOk(['snapshot', 'service.db', 'a.snapshot'])).toMatch(
      /^a\.snapshot: \d+ bytes, the state of/,
    )
    expect(
      await folder.spawnOk(['restore', 'a.snapshot', 'b.db', '--seed', '4', '--epsilon', '0.2']),
    ).toContain('b.db: a log')
    const { requests, models, pacer, pending } = await folder.stats('b.db')
    expect({ requests, models, pacer, pending }).toEqual({
      requests: before.requests,
      models: before.models,
      pacer: before.pacer,
      pending: before.pending,
    })
    expect((await folder.inspect('b.db')).settings).toMatchObject({ policy: 'dollar', seed: 4, epsilon: 0.2 })
    // Numbers of requests go on, and those that waited take their feedback: once.
    expect(await folder.spawnOk(['route', 'x', '--state', 'b.db'])).toContain('request r.151;')
    await folder.spawnOk(['settle', 'r.141', '--cost', '0.001', '--state', 'b.db'])
    await folder.spawnRefused(['settle', 'r.141', '--cost', '0.001', '--state', 'b.db'], /settled already/)
    expect((await folder.stats('b.db')).requests).toBe(151)
    expect((await folder.inspect('b.db')).events).toEqual({ folded: 2, refused: 0 })
  })

  test('of policy paper, with another gamma', async () => {
    await folder.write('models.json', MODELS)
    const start = ['--models', 'models.json', '--budget', '0.002', '--policy', 'paper', '--state', 'a.db']
    await folder.ok(['route', 'x', ...start])
    await folder.ok(['snapshot', 'a.db', 'a.snapshot'])
    await folder.ok(['restore', 'a.snapshot', 'b.db', '--gamma', '0.99', '--mode', 'soft'])
    const { header, stats } = await folder.inspect('b.db')
    expect(header.settings).toMatchObject({ policy: 'paper', gamma: 0.99 })
    expect(stats.pacer.mode).toBe('soft')
    await folder.ok(['settle', 'r.1', '--cost', '0.01', '--state', 'b.db'])
  })

  test('never write over a log, nor take what is no snapshot', async () => {
    const state = await folder.kept()
    await folder.ok(['snapshot', state, 'a.snapshot'])
    const before = await folder.contents(state)
    await folder.refused(['restore', 'a.snapshot', state], /router\.state: expected no such file/)
    expect(await folder.contents(state)).toEqual(before)
    await folder.refused(['restore', 'none', 'b.db'], /none: cannot read it: no such file/)
    await folder.refused(['restore', 'models.json', 'b.db'], /models\.json: .*snapshot/)
    await folder.refused(['restore', 'a.snapshot', 'b.db', '--mode', 'soft'], /goes with policy paper/)
    await folder.refused(['restore', 'a.snapshot', 'no/b.db'], /expected the directory/)
    const bytes = await folder.read('a.snapshot')
    bytes[100] ^= 1
    await folder.write('bad.snapshot', bytes)
    await folder.refused(['restore', 'bad.snapshot', 'b.db'], /bad\.snapshot: .*checksum/)
    expect(await readdir(folder.path)).not.toContain('b.db')
  })
})

describe('export', () => {
  test('gives events that evaluate reads', async () => {
    await service()
    expect(await folder.ok(['export', 'service.db', '--out', 'events.jsonl'])).toMatch(
      /^events\.jsonl: \d+ events\n$/,
    )
    const text = (await folder.read('events.jsonl')).toString()
    expect(await folder.spawnOk(['export', 'service.db'])).toBe(text)
    const log = parseDecisionLog(text, 'events.jsonl')
    expect(log.decisions).toHaveLength(150)
    expect(log.decisions.filter(({ failed }) => failed)).toHaveLength(15)
    expect(log.decisions.filter(({ reward }) => reward !== null)).toHaveLength(126)
    const said = await folder.ok(['evaluate', '--log', 'events.jsonl', '--json'])
    expect(JSON.parse(said)).toMatchObject({ requests: 150, orphans: 0 })
  })

  test('gives the lines that route --log writes', async () => {
    await folder.write('models.json', MODELS)
    const flags = ['--state', 'a.db', '--log', 'log.jsonl']
    await folder.ok(['route', 'x', '--models', 'models.json', ...flags])
    await folder.ok(['settle', 'r.1', '--cost', '0.001', ...flags])
    await folder.ok(['reward', 'r.1', '0.5', ...flags])
    const logged = lines((await folder.read('log.jsonl')).toString())
    const exported = lines(await folder.ok(['export', 'a.db']))
    expect(exported.filter(({ type }) => type !== 'model-added')).toEqual(logged)
  })

  test('gives outcomes that replay reads, one model at a time', async () => {
    await service()
    expect(await folder.ok(['export', 'service.db', '--outcomes', '--out', 'rows.jsonl'])).toBe(
      'rows.jsonl: 126 outcomes\n',
    )
    const rows = lines((await folder.read('rows.jsonl')).toString())
    for (const row of rows)
      expect(Object.keys(row)).toEqual(['id', 'source', 'prompt', 'features', 'outcomes'])
    const ofSmall = rows.filter(({ outcomes }) => 'small' in (outcomes as object)).length
    expect(ofSmall).toBeGreaterThan(10)
    await folder.write('small.json', [MODELS[0]])
    const args = [
      'replay',
      '--data',
      'rows.jsonl',
      '--models',
      'small.json',
      '--cold',
      '--seeds',
      '2',
      '--budgets',
      '0.01',
    ]
    await folder.spawnOk([...args, '--json', 'figures.json'])
    await folder.write('models.json', MODELS)
    const all = ['replay', '--data', 'rows.jsonl', '--models', 'models.json', '--cold', '--seeds', '2']
    await folder.refused(all, /no row has an outcome of every model; rows per model, of 126: small \d+/)
  })

  test('never writes over the log', async () => {
    await service()
    const before = await folder.contents('service.db')
    await symlink(join(folder.path, 'service.db'), join(folder.path, 'link'))
    await folder.refused(
      ['export', 'service.db', '--out', 'link'],
      /link: expected another file than service\.db/,
    )
    await folder.refused(['snapshot', 'link', 'service.db'], /service\.db: expected another file than link/)
    expect(await folder.contents('service.db')).toEqual(before)
  })

  test('leaves nothing behind where there is no log', async () => {
    await folder.refused(['export', 'none.db', '--out', 'events.jsonl'], /none\.db: no such file/)
    await folder.write('models.json', MODELS)
    await folder.refused(
      ['export', 'none.db', '--out', 'no/events.jsonl'],
      /no\/events\.jsonl: cannot write it/,
    )
    expect(await readdir(folder.path)).toEqual(['models.json'])
  })
})

describe('settings', () => {
  test('are kept, and changed by later calls', async () => {
    await folder.write('models.json', MODELS)
    const start = ['--models', 'models.json', '--policy', 'paper', '--budget', '0.002']
    await folder.ok([
      'route',
      'x',
      ...start,
      '--mode',
      'hard',
      '--seed',
      '5',
      '--epsilon',
      '0.1',
      '--state',
      'a.db',
    ])
    expect((await folder.inspect('a.db')).settings).toEqual({
      policy: 'paper',
      mode: 'hard',
      alpha: 0.05,
      seed: 5,
      epsilon: 0.1,
    })
    const said = await folder.ok([
      'route',
      'x',
      '--mode',
      'soft',
      '--epsilon',
      '0',
      '--seed',
      '6',
      '--state',
      'a.db',
    ])
    expect(said).toContain('mode changed from hard to soft\nepsilon changed from 0.1 to 0\n')
    expect((await folder.inspect('a.db')).settings).toEqual({
      policy: 'paper',
      mode: 'soft',
      alpha: 0.05,
      seed: 6,
      epsilon: 0,
    })
    expect((await folder.stats('a.db')).pacer.mode).toBe('soft')
  })

  test('and models stay as they were when a decision fails', async () => {
    const state = await folder.kept(1, 'a.db', 'paper')
    const before = await folder.contents(state)
    await folder.write('fewer.json', [MODELS[0]])
    const args = [
      'route',
      'x',
      '--models',
      'fewer.json',
      '--budget',
      '1',
      '--mode',
      'soft',
      '--max-cost',
      '0',
      '--state',
      state,
    ]
    await folder.refused(args, /no model may take this request/)
    expect(await folder.contents(state)).toEqual(before)
  })
})

test('a long history is folded from snapshots', async () => {
  const state = await folder.kept()
  const router = await createRouter({
    journal: { snapshotOnClose: false },
    name: 'r',
    budget: { usdPerRequest: 0.002 },
    store: sqliteStore(join(folder.path, state)),
  })
  for (let i = 0; i < 1200; i++) router.route(`prompt ${i}`)
  await router.close()
  await folder.ok(['route', 'x', '--state', state])
  const { snapshots, events, stats } = await folder.inspect(state)
  expect(snapshots).toHaveLength(2)
  expect(events).toEqual({ folded: 0, refused: 0 })
  expect(stats.requests).toBe(1202)
})

test.runIf(process.platform === 'linux')(
  'a full disk is reported at once, and nothing has happened',
  async () => {
    const state = await folder.kept()
    const before = await folder.contents(state)
    const many = Array.from({ length: 300 }, (_, i) => ({ ...MODELS[0], id: `m${i}` }))
    await folder.write('many.json', many)
    // Files end at 96 KiB: the log is open by then, and its first events do not go in.
    const shell = `trap '' XFSZ; ulimit -f 96; exec "$0" "$@"`
    const args = [process.execPath, BIN, 'route', 'x', '--models', 'many.json', '--state', state]
    const { status, stdout, stderr } = spawnSync('bash', ['-c', shell, ...args], {
      cwd: folder.path,
      encoding: 'utf8',
    })
    expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
    expect(stderr).toMatch(
      /^paretobandit: sqlite:router\.state: expected a disk that can be (read and )?written[^\n]*\n$/,
    )
    expect(await folder.contents(state)).toEqual(before)
  },
)

test.skipIf(hasOwnSqlite)('without better-sqlite3 there is one line of advice', async () => {
  await cp(join(ROOT, 'dist'), join(folder.path, 'package', 'dist'), { recursive: true })
  await cp(join(ROOT, 'package.json'), join(folder.path, 'package', 'package.json'))
  await folder.write('models.json', MODELS)
  const bin = join(folder.path, 'package', 'dist', 'cli', 'main.js')
  const args = [bin, 'route', 'x', '--models', 'models.json', '--state', 'a.db']
  const { status, stdout, stderr } = spawnSync(process.execPath, args, { cwd: folder.path, encoding: 'utf8' })
  expect({ status, stdout }).toEqual({ status: 2, stdout: '' })
  expect(stderr).toMatch(
    /^paretobandit: better-sqlite3: expected the package to be installed: npm install better-sqlite3[^\n]*\n$/,
  )
  expect((await readdir(folder.path)).sort()).toEqual(['models.json', 'package'])
})

describe.runIf(hasRedis)('a log in Redis', () => {
  let server: RedisServer
  beforeAll(async () => {
    server = await RedisServer.start()
  })
  afterAll(() => server?.stop())

  test('is inspected, exported and copied without taking part in it', async () => {
    const router = await createRouter({
      models: MODELS,
      budget: { usdPerRequest: 0.002 },
      store: redisStore({ url: server.url, stream: 'cli' }),
    })
    for (let i = 0; i < 20; i++) {
      const { id } = router.route(`prompt ${i}`)
      router.settle(id, { costUsd: 0.001 })
      if (i % 2 === 0) router.reward(id, 0.5)
    }
    await router.flush()
    await expect.poll(async () => (await router.digest()).position).not.toBe('')
    const processes = await server.command('ZCARD', '{cli}:processes')
    const found = await folder.inspect(server.url, '--stream', 'cli', '--events', '2')
    expect(found.stats.requests).toBe(20)
    expect(found.bytes).toBeNull()
    expect(found.latest.map(({ type }) => type)).toEqual(['routed', 'settled'])
    await expect
      .poll(() => router.digest())
      .toEqual({ position: found.positions.folded, sha256: found.sha256 })
    expect(await server.command('ZCARD', '{cli}:processes')).toBe(processes)
    const events = lines(await folder.ok(['export', server.url, '--stream', 'cli']))
    expect(events.filter(({ type }) => type === 'rewarded')).toHaveLength(10)
    expect(lines(await folder.ok(['export', server.url, '--stream', 'cli', '--outcomes']))).toHaveLength(10)
    await folder.ok(['snapshot', server.url, 'r.snapshot', '--stream', 'cli'])
    await folder.ok(['restore', 'r.snapshot', 'r.db'])
    expect((await folder.stats('r.db')).requests).toBe(20)
    expect(await folder.ok(['route', 'x', '--state', 'r.db'])).toContain('request r.1;')
    await folder.refused(
      ['inspect', server.url, '--stream', 'other'],
      /expected a log, found none at \{other\}:log/,
    )
    expect(await server.command('KEYS', '{other}*')).toEqual([])
    await router.close()
  })

  test('is made again by a restore whose first attempt had no room for the snapshot, and by none where there is anything', async () => {
    const router = await createRouter({
      models: [MODELS[2]],
      store: sqliteStore(join(folder.path, 'room.db')),
    })
    router.settle(router.route('x').id, { costUsd: 0.5 })
    await router.close()
    await folder.ok(['snapshot', 'room.db', 'room.snapshot'])
    const restore = (stream: string) => ['restore', 'room.snapshot', server.url, '--stream', stream]
    await folder.ok(restore('whole'))
    // What is left where the snapshot found no room (OOM), or the command was killed: a head alone.
    const head = (await server.command('HGETALL', '{whole}:log')) as string[]
    const begun = ['format', 'id', 'header'].flatMap((name) => [name, head[head.indexOf(name) + 1]])
    await server.command('HSET', '{left}:log', ...begun, 'pots', '0')
    await folder.ok(restore('left'))
    expect((await folder.inspect(server.url, '--stream', 'left')).stats.pacer.spendUsd).toBe(0.5)
    await folder.refused(restore('left'), /expected no log, there is one/)
    await server.command(
      'HSET',
      '{other-head}:log',
      ...begun,
      'pots',
      '0',
      'header',
      '{"version":1,"settings":{}}',
    )
    await folder.refused(restore('other-head'), /expected no log, there is one/)
    const living = redisStore({ url: server.url, stream: 'lives' })
    await living.open(JSON.parse(head[head.indexOf('header') + 1]), [])
    const signOfLife =
      /nothing in it yet, and another process was there less than 10 s ago: .*try again in 10 s/
    await folder.refused(restore('lives'), signOfLife)
    expect(await server.command('EXISTS', '{lives}:snapshot:latest', '{other-head}:snapshot:latest')).toBe(0)
    // One that was killed gives no more signs, and takes none back.
    const signs = (await server.command('ZRANGE', '{lives}:processes', '0', '-1', 'WITHSCORES')) as string[]
    expect(signs).toHaveLength(2)
    await living.close()
    await server.command('ZADD', '{lives}:processes', String(Number(signs[1]) - 10_001), signs[0])
    await folder.ok(restore('lives'))
  })

  test.each([
    ['of a month', { per: 'month' }, 'x'],
    ['of a month that no request has begun', { per: 'month' }, null],
    ['of the latest 24 hours', { per: 'day', window: 'rolling' }, 'x'],
  ] as const)(
    'begins with the snapshot of a file: what a cap %s has counted is spent for all',
    async (_, cap, first) => {
      const options = { models: [MODELS[2]], caps: [{ usd: 1, ...cap }] }
      const [file, taken] = ['db', 'snapshot'].map((end) => `${cap.per}-${first}.${end}`)
      const one = await createRouter({ ...options, store: sqliteStore(join(folder.path, file)) })
      const early = first === null ? null : one.route(first)
      one.adjustAccount(-0.9)
      await one.close()
      await folder.ok(['snapshot', file, taken])
      const shut = await RedisServer.start({ requirepass: 'sk-SECRET' })
      const url = shut.url.replace('//', '//:sk-SECRET@')
      const restore = ['restore', taken, url, '--stream', 'many']
      expect(await folder.ok(restore)).toBe(`${shut.url} stream many: a log that begins with ${taken}\n`)
      const { code, stdout, stderr } = await folder.run(restore)
      expect(code).toBe(2)
      expect(stdout + stderr).toMatch(/stream many: expected no log, there is one/)
      expect(stdout + stderr).not.toContain('SECRET')
      const store = () => redisStore({ url, stream: 'many' })
      const [a, b] = [
        await createRouter({ ...options, store: store() }),
        await createRouter({ ...options, store: store() }),
      ]
      expect([a.recovery?.isNew, a.recovery?.repairs, a.recovery?.differences]).toEqual([false, [], []])
      expect(a.stats().requests).toBe(early === null ? 0 : 1)
      let spentUsd = 0
      let refused = 0
      for (let i = 0; i < 5000 && refused < 20; i++) {
        const router = [a, b][i % 2]
        try {
          const { id, expectedCostUsd } = await router.routeAsync(`prompt ${i}`)
          const costUsd = expectedCostUsd ?? 0
          router.settle(id, { costUsd })
          spentUsd += costUsd
        } catch (error) {
          expect(error).toMatchObject({ code: 'BUDGET_EXHAUSTED' })
          refused++
        }
      }
      expect(refused).toBe(20)
      expect(spentUsd).toBeGreaterThan(0.05)
      expect(spentUsd).toBeLessThanOrEqual(0.1)
      if (early !== null) await b.settle(early.id, { costUsd: 0.001 }).durable
      await Promise.all([a.close(), b.close()])
      await shut.stop()
    },
  )

  test('is restored only where --stream goes with an address', async () => {
    await folder.refused(
      ['restore', 'r.snapshot', 'other.db', '--stream', 'many'],
      /--stream: goes with redis:\/\/HOST:PORT, got other\.db/,
    )
  })

  test.each([
    ['its head', ['log'], /WRONG: \S+:log, the head of the log, is not there, and keys of it are/],
    ['its events', ['events'], /WRONG: \S+:events has no entries, and \d+ events were appended/],
    ['head and events', ['log', 'events'], /head: none\n {2}entries: none\n {2}snapshots: \d+-\d+ \(/],
    ['all but its pots', ['log', 'events', 'snapshot:latest'], /pots: 1 there, 1 recorded, 0 gone/],
    ['events and pots', ['events', 'POT'], /WRONG: 1 pots are gone, .*lease:cap/],
  ])('is looked at where somebody has deleted %s', async (what, names, wrong) => {
    const stream = `gone-${what}`.replaceAll(' ', '-')
    const prefix = `{${stream}}:`
    const make = (snapshotOnClose: boolean) =>
      createRouter({
        models: MODELS,
        caps: [{ usd: 5, per: 'day' }],
        store: redisStore({ url: server.url, stream }),
        journal: { snapshotOnClose },
      })
    for (const isFirst of [true, false]) {
      const router = await make(isFirst)
      for (let i = 0; i < 10; i++) router.route(`prompt ${i}`)
      await router.flush()
      await router.close()
    }
    const [pot] = (await server.command('KEYS', `${prefix}lease:cap/*`)) as string[]
    await server.command('HSET', `${prefix}snapshot:upload:x`, 'bytes', '1234')
    await server.command('DEL', ...names.map((name) => (name === 'POT' ? pot : `${prefix}${name}`)))
    const keys = async () => ((await server.command('KEYS', `${prefix}*`)) as string[]).sort()
    const before = await keys()
    const { code, stdout, stderr } = await folder.run(['inspect', server.url, '--stream', stream])
    expect(code).toBe(2)
    expect(stderr).not.toBe('')
    expect(stdout).toMatch(wrong)
    expect(stdout).toContain(`WRONG: ${prefix}snapshot:upload:x was left behind`)
    expect(stdout).toContain(`redis-cli DEL '${prefix}log' '${prefix}events'`)
    const hasSnapshot = !names.includes('snapshot:latest')
    expect(stdout.includes(`redis-cli HSET '${prefix}snapshot:latest' resume 1`)).toBe(hasSnapshot)
    const json = await folder.run(['inspect', server.url, '--stream', stream, '--json'])
    const found = JSON.parse(json.stdout)
    expect(stderr).toContain(found.error)
    expect(found.head === null).toBe(names.includes('log'))
    expect(found.entries === null).toBe(names.includes('events'))
    expect(found.snapshots).toHaveLength(hasSnapshot ? 1 : 0)
    expect(found.uploads).toEqual([{ key: `${prefix}snapshot:upload:x`, bytes: 4, ttlSeconds: -1 }])
    expect(await keys()).toEqual(before)
  })
})
