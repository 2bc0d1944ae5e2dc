import { type ChildProcess, spawn } from 'node:child_process'
import { mkdir, rename, rm } from 'node:fs/promises'
import { createServer } from 'node:net'
import { join } from 'node:path'
import { afterAll, afterEach, beforeAll, describe, expect, test } from 'vitest'
import { FIRST_CONFIG } from '../../src/cli/serve.js'
import { LiveConfig } from '../../src/gateway/config/live-config.js'
import { readConfig } from '../../src/gateway/config/read-config.js'
import { openRouter } from '../../src/gateway/node/open-router.js'
import { ENV, smallTree, type Tree } from '../gateway/config/example.js'
import { copyLog, openDatabase } from '../store/sqlite-support.js'
import { expectRejection } from '../support/errors.js'
import { hasRedis, RedisServer } from '../support/redis-server.js'
import { BIN, Folder } from './support.js'

const folder = new Folder()
const ADMIN = { authorization: `Bearer ${ENV.PARETOBANDIT_ADMIN_KEY}` }
const running: Running[] = []

afterEach(async () => {
  for (const each of running.splice(0)) {
    each.child.kill('SIGKILL')
    await each.exited
  }
})

interface Line {
  readonly level: string
  readonly msg: string
  readonly [field: string]: unknown
}

interface Running {
  readonly child: ChildProcess
  readonly url: string
  readonly exited: Promise<number | null>
  readonly lines: () => Line[]
  readonly stderr: () => string
  call(
    method: string,
    path: string,
    body?: unknown,
    headers?: Readonly<Record<string, string>>,
  ): Promise<{ status: number; body: Tree }>
}

function config(more: Tree = {}): Tree {
  return {
    ...smallTree(),
    store: { kind: 'sqlite', file: 'gw.db' },
    listen: { port: 0 },
    admin: { key: '$PARETOBANDIT_ADMIN_KEY' },
    ...more,
  }
}

/** The bin, serving, when it is ready. */
async function serving(file: string, env: Readonly<Record<string, string>> = {}): Promise<Running> {
  const child = spawn(process.execPath, [BIN, 'serve', file], {
    cwd: folder.path,
    env: { ...process.env, ...ENV, ...env },
  })
  let [stdout, stderr] = ['', '']
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    stdout += text
  })
  child.stderr.setEncoding('utf8').on('data', (text: string) => {
    stderr += text
  })
  const exited = new Promise<number | null>((resolve) => child.on('close', resolve))
  const lines = () =>
    stdout
      .split('\n')
      .slice(0, -1)
      .map((line) => JSON.parse(line) as Line)
  const isReady = () => lines().some(({ msg }) => msg === 'ready')
  await expect.poll(() => isReady() || child.exitCode !== null, { timeout: 20_000 }).toBe(true)
  if (!isReady()) throw new Error(`it ended: ${stdout}${stderr}`)
  const url = String(lines()[0].url)
  const call: Running['call'] = async (method, path, body, headers = ADMIN) => {
    const response = await fetch(`${url}${path}`, {
      method,
      headers,
      ...(body === undefined ? {} : { body: JSON.stringify(body) }),
    })
    return { status: response.status, body: (await response.json()) as Tree }
  }
  const made = { child, url, exited, lines, stderr: () => stderr, call }
  running.push(made)
  return made
}

describe('serve', () => {
  test('without a config says what to do, with one that is good', async () => {
    const { code, stdout, stderr } = await folder.run(['serve'])
    expect({ code, stdout }).toEqual({ code: 2, stdout: '' })
    for (const line of FIRST_CONFIG.trim().split('\n')) expect(stderr).toContain(line)
    expect(stderr).toContain('paretobandit keys create me')
    await folder.write('gateway.yaml', FIRST_CONFIG)
    expect(await folder.ok(['check-config', 'gateway.yaml', '--no-secrets'])).toContain('no mistakes')
  })

  test('refuses what the operator can mend, in a line for each mistake', async () => {
    await folder.refused(['serve', 'nowhere.yaml'], /nowhere\.yaml: cannot read it: no such file/)
    await folder.refused(['serve', 'x', '--port', '70000'], /Expected a port/)
    const file = await folder.write('g.json', config({ listen: { port: 'x' }, models: [] }))
    const { code, stderr } = await folder.spawn(['serve', file])
    expect([code, stderr.split('\n').length]).toEqual([2, 5])
  })

  test.each(['keys', 'notes'])(
    'names the file of its %s where it is that one which cannot be read',
    async (name) => {
      const file = await folder.write('g.json', config({ admin: {} }))
      await mkdir(join(folder.path, `gw.db.${name}`))
      const { code, stderr } = await folder.spawn(['serve', file])
      expect([code, stderr]).toEqual([
        2,
        expect.stringMatching(
          new RegExp(`^paretobandit: gw\\.db\\.${name}: cannot read it: it is a folder\\n$`),
        ),
      ])
    },
  )

  test('refuses a port that is taken, and a state that another has', async () => {
    const taken = createServer()
    await new Promise<void>((resolve) => taken.listen(0, '127.0.0.1', resolve))
    const address = taken.address()
    const port = typeof address === 'object' && address !== null ? address.port : 0
    const file = await folder.write('g.json', config({ admin: {} }))
    const { code, stderr } = await folder.spawn(['serve', file, '--port', String(port)])
    expect([code, stderr]).toEqual([
      2,
      expect.stringMatching(
        /^paretobandit: .*g\.json: listen: .*EADDRINUSE.*: --port takes another, or 0 for any\n$/,
      ),
    ])
    await new Promise((resolve) => taken.close(resolve))
    await serving('g.json')
    const second = await folder.spawn(['serve', file])
    expect([second.code, second.stderr]).toEqual([2, expect.stringMatching(/^paretobandit: .*gw\.db.*\n$/)])
  })

  test('takes keys that are made while it runs, and refuses them when they are revoked', async () => {
    await folder.write('g.json', config({ keyStore: { refreshMs: 100 } }))
    const server = await serving('g.json')
    const { stdout } = await folder.spawn(['keys', 'create', 'bot', '--config', 'g.json'])
    const client = { 'x-api-key': stdout.trim() }
    const status = async () => (await server.call('GET', '/v1/models', undefined, client)).status
    await expect.poll(status, { timeout: 2000 }).toBe(200)
    await folder.spawnOk(['keys', 'revoke', 'bot', '--config', 'g.json'])
    await expect.poll(status, { timeout: 2000 }).toBe(401)
    expect(JSON.stringify(server.lines())).not.toContain(stdout.trim())
  })

  test('reads its config again on SIGHUP, and ends on SIGTERM with everything kept', async () => {
    await folder.write('g.json', config())
    const server = await serving('g.json')
    const [model] = config().models as Tree[]
    await folder.write('g.json', config({ models: [model, { ...model, id: 'n' }] }))
    server.child.kill('SIGHUP')
    await expect
      .poll(() => server.lines().at(-1))
      .toMatchObject({ msg: 'config reloaded', applied: ['model n: added'] })
    await folder.write('g.json', '{')
    server.child.kill('SIGHUP')
    await expect
      .poll(() => server.lines().at(-1))
      .toMatchObject({ level: 'error', msg: 'reload: the old config stays in force' })
    expect((await server.call('PUT', '/admin/budget', { usdPerRequest: 0.5 })).body).toMatchObject({
      durable: true,
    })
    expect((await server.call('POST', '/admin/models', { ...model, id: 'added' })).status).toBe(201)
    server.child.kill('SIGTERM')
    expect(await server.exited).toBe(0)
    expect(
      server
        .lines()
        .slice(-2)
        .map(({ msg }) => msg),
    ).toEqual(['draining', 'ended'])
    await folder.write('g.json', config())
    const again = await serving('g.json')
    const { body } = await again.call('GET', '/admin/models')
    expect((body.models as Tree[]).map(({ id, enabled }) => [id, enabled])).toEqual([
      ['m', true],
      // The file that was reloaded had it, and this one has not.
      ['n', false],
      ['added', true],
    ])
    expect((await again.call('GET', '/admin/budget')).body).toMatchObject({ account: { usdPerRequest: 0.5 } })
    expect(((await again.call('GET', '/admin/config')).body.models as Tree[]).map(({ id }) => id)).toEqual([
      'm',
      'added',
    ])
  })

  test('ends when it is told to while it starts', async () => {
    await folder.write('g.json', config())
    const child = spawn(process.execPath, [BIN, 'serve', 'g.json'], {
      cwd: folder.path,
      env: { ...process.env, ...ENV },
    })
    child.stdout.once('data', () => child.kill('SIGTERM'))
    const code = await new Promise((resolve) => child.on('close', resolve))
    expect(code).toBe(0)
    const again = await serving('g.json')
    expect((await again.call('GET', '/admin/stats')).status).toBe(200)
  })

  test('does not start where a model without prices would escape a limit that was set by command', async () => {
    await folder.write('g.json', config())
    const server = await serving('g.json')
    await server.call('PUT', '/admin/budget', { usdPerRequest: 0.5 })
    server.child.kill('SIGTERM')
    expect(await server.exited).toBe(0)
    const [model] = config().models as Tree[]
    const file = await folder.write(
      'g.json',
      config({ models: [model, { ...model, id: 'free', prices: null }], admin: {} }),
    )
    const { code, stderr } = await folder.spawn(['serve', file])
    expect([code, stderr]).toEqual([
      2,
      expect.stringContaining('models[1].prices: expected prices: a budget or a cap was set by command'),
    ])
  })

  /** Of each, whether a log keeps it. */
  const EDITS: readonly (readonly [string, Tree, boolean])[] = [
    ['budget.burst', { budget: { usdPerRequest: 0.004, burst: 20 } }, true],
    ['routing.gamma', { routing: { gamma: 0.99 } }, true],
    ['routing.lambda0', { routing: { lambda0: 2 } }, true],
    ['routing.pendingCapacity', { routing: { pendingCapacity: 1000 } }, true],
    ['routing.policy', { routing: { policy: 'thompson' } }, true],
    ['routing.alpha', { routing: { alpha: 0.5 } }, false],
    ['routing.epsilon', { routing: { epsilon: 0.1 } }, false],
    ['routing.seed', { routing: { seed: 5 } }, false],
    ['routing.strict', { routing: { strict: true } }, false],
    ['routing.forcedExploration', { routing: { forcedExploration: 5 } }, false],
    ['routing.indifference', { routing: { indifference: 0 } }, false],
    ['routing.pendingTtlMs', { routing: { pendingTtlMs: 1000 } }, false],
    ['routing.adaptationHorizon', { routing: { adaptationHorizon: 100 } }, false],
    ['routing.expectedTokens', { routing: { expectedTokens: { input: 5, output: 50 } } }, false],
    ['routing.kernel', { routing: { kernel: 'js' } }, false],
  ]

  test.each(EDITS)('with %s edited: a reload says whether a restart will do', async (path, more, isKept) => {
    const read = (tree: Tree) => readConfig(tree, { name: 'g', env: ENV })
    const file = join(folder.path, 'gw.db')
    const base = { ...config({ store: { kind: 'sqlite', file } }), budget: { usdPerRequest: 0.004 } }
    const router = await openRouter(await read(base), {})
    const live = new LiveConfig(await read(base), router)
    const { needsRestart, needsNewLog } = live.replace(await read({ ...base, ...more }))
    expect({ needsRestart, needsNewLog }).toEqual(
      isKept ? { needsRestart: [], needsNewLog: [path] } : { needsRestart: [path], needsNewLog: [] },
    )
    await router.close()
    const again = openRouter(await read({ ...base, ...more }), {})
    if (isKept) await expectRejection(again, 'STORE_MISMATCH')
    else await (await again).close()
  })

  test('goes on with what it has learned under settings that a log keeps', async () => {
    const budget = { usdPerRequest: 0.004, burst: 10 }
    const caps = [{ usd: 3, per: 'month' }]
    await folder.write('g.json', config({ budget, caps }))
    const server = await serving('g.json')
    await server.call('POST', '/admin/adjustments', { usd: -1 })
    server.child.kill('SIGTERM')
    expect(await server.exited).toBe(0)
    const edited = { caps, budget: { ...budget, burst: 20 }, routing: { gamma: 0.99 } }
    await folder.write('g.json', config(edited))
    await expect(serving('g.json')).rejects.toThrow("'Settings that a log keeps'")
    // As docs/GATEWAY.md says it.
    await folder.ok(['snapshot', 'gw.db', 'old.snapshot'])
    await rename(join(folder.path, 'gw.db'), join(folder.path, 'old.db'))
    await folder.ok(['restore', 'old.snapshot', 'gw.db', '--burst', '20', '--gamma', '0.99'])
    const again = await serving('g.json')
    expect((await again.call('GET', '/admin/budget')).body).toMatchObject({
      account: { caps: [{ usd: 3, availableUsd: 2 }] },
    })
  })

  test('goes on under another burst where it had no budget before', async () => {
    await folder.write('g.json', config())
    const server = await serving('g.json')
    server.child.kill('SIGTERM')
    expect(await server.exited).toBe(0)
    await folder.write('g.json', config({ budget: { usdPerRequest: 0.004, burst: 20 } }))
    await expect(serving('g.json')).rejects.toThrow("'Settings that a log keeps'")
    await folder.ok(['snapshot', 'gw.db', 'old.snapshot'])
    await rename(join(folder.path, 'gw.db'), join(folder.path, 'old.db'))
    await folder.ok(['restore', 'old.snapshot', 'gw.db', '--burst', '20'])
    const again = await serving('g.json')
    again.child.kill('SIGTERM')
    expect(await again.exited).toBe(0)
    // And back to none, which keeps the burst.
    await folder.write('g.json', config({ budget: { usdPerRequest: null, burst: 20 } }))
    const none = await serving('g.json')
    expect((await none.call('GET', '/admin/budget')).body).toMatchObject({ account: { usdPerRequest: null } })
  })

  test('that finds another config than its log was left with says each difference once, as a line of JSON', async () => {
    const caps = [{ usd: 3, per: 'month' }]
    await folder.write('g.json', config({ budget: { usdPerRequest: 0.004 }, caps }))
    const server = await serving('g.json')
    await server.call('PUT', '/admin/budget', { usdPerRequest: 0.5 })
    await server.call('PUT', '/admin/caps', [{ usd: 4, per: 'month' }])
    server.child.kill('SIGTERM')
    expect(await server.exited).toBe(0)
    // The caps were edited, after a command had set them; the budget was not, and the command's holds.
    const edited = [{ usd: 5, per: 'month' }]
    await folder.write(
      'g.json',
      config({ budget: { usdPerRequest: 0.004 }, caps: edited, tenants: [{ id: 't' }] }),
    )
    const again = await serving('g.json')
    expect(again.stderr()).toBe('')
    const told = again.lines().filter(({ msg }) => msg === 'the config and the log differ')
    const texts = told.map(({ level, difference }) => `${level}: ${String(difference)}`)
    expect(texts.toSorted()).toEqual([
      expect.stringMatching(/^info: tenants.* and is in force now$/),
      expect.stringMatching(/^warn: .*budget\.usdPerRequest is .* was not edited since the last start$/),
      expect.stringMatching(/^warn: .*caps.* and is in force now: a command had set the other/),
    ])
    expect(again.lines().find(({ msg }) => msg === 'the log has been read')).toMatchObject({ differences: 3 })
  })

  test('says that a new ledger was begun, and loudly where there was one before', async () => {
    const without = (...ends: string[]) => Promise.all(ends.map((end) => rm(join(folder.path, `n.db${end}`))))
    let keysMade = 0
    /** What it says of it, when it was asked something and has ended. */
    const told = async (more: Tree) => {
      await folder.write('g.json', config({ store: { kind: 'sqlite', file: 'n.db' }, ...more }))
      const server = await serving('g.json')
      const { body } = await server.call('POST', '/admin/keys', { name: `k${keysMade++}` })
      const chat = { model: 'auto', messages: [{ role: 'user', content: 'hi' }] }
      await server.call('POST', '/v1/chat/completions', chat, { 'x-api-key': String(body.key) })
      server.child.kill('SIGTERM')
      expect(await server.exited).toBe(0)
      return server
        .lines()
        .flatMap(({ level, msg, left }) => (msg.includes('NEW ledger') ? [{ level, left }] : []))
    }
    const caps = [{ usd: 3, per: 'month' }]
    // The keys say nothing: they may be made before the first start.
    expect(await told({})).toEqual([{ level: 'info' }])
    expect(await told({ caps })).toEqual([])
    await without('')
    expect(await told({ caps })).toEqual([{ level: 'error', left: ['n.db-writer', 'n.db.notes'] }])
    await without('', '.notes')
    expect(await told({})).toEqual([{ level: 'error', left: ['n.db-writer'] }])
    await without('', '-writer', '.notes')
    expect(await told({ caps })).toEqual([{ level: 'warn' }])
    // As a process leaves it that is killed as it begins; a file that was emptied later has notes beside it.
    await without('', '.notes')
    await folder.write('n.db', '')
    expect(await told({ caps })).toEqual([{ level: 'warn' }])
    await without('')
    await folder.write('n.db', '')
    expect(await told({ caps })).toEqual([{ level: 'error', left: ['n.db.notes'] }])
    // And one that is killed while its first words are written.
    await without('', '.notes')
    const db = openDatabase(join(folder.path, 'half.db'))
    db.exec('PRAGMA cache_size = 1; BEGIN; CREATE TABLE half (x)')
    for (let i = 0; i < 100; i++) db.exec('INSERT INTO half VALUES (zeroblob(3000))')
    copyLog(join(folder.path, 'half.db'), join(folder.path, 'n.db'))
    db.exec('ROLLBACK')
    db.close()
    expect(await told({ caps })).toEqual([{ level: 'warn' }])
  })

  test('that is killed has what it acknowledged', async () => {
    await folder.write('g.json', config())
    const server = await serving('g.json')
    const { body } = await server.call('POST', '/admin/keys', { name: 'bot' })
    expect((await server.call('PUT', '/admin/caps', [{ usd: 3, per: 'day' }])).body).toMatchObject({
      durable: true,
    })
    const debit = { usd: -1, idempotency_key: 'a' }
    const taken = await server.call('POST', '/admin/adjustments', debit)
    expect(taken.body).toMatchObject({ status: 'taken', durable: true })
    server.child.kill('SIGKILL')
    await server.exited
    const again = await serving('g.json')
    expect((await again.call('GET', '/v1/models', undefined, { 'x-api-key': String(body.key) })).status).toBe(
      200,
    )
    expect((await again.call('POST', '/admin/adjustments', debit)).body).toMatchObject({ status: 'known' })
    expect((await again.call('GET', '/admin/budget')).body).toMatchObject({
      account: { caps: [{ usd: 3, availableUsd: 2 }] },
    })
  })
})

test('serve says what its spend was where it ends and not all can be kept', async () => {
  await folder.write('g.json', config())
  const gateway = await serving('g.json')
  expect((await gateway.call('POST', '/admin/adjustments', { usd: -0.5 })).status).toBe(200)
  await rename(join(folder.path, 'gw.db'), join(folder.path, 'elsewhere.db'))
  await gateway.call('PUT', '/admin/budget', { usdPerRequest: 0.25 })
  const { body } = await gateway.call('GET', '/admin/budget')
  gateway.child.kill('SIGTERM')
  expect(await gateway.exited).toBe(1)
  const [unkept, last] = gateway.lines().slice(-2)
  expect(last).toMatchObject({ level: 'error', msg: 'ended, and not all was kept' })
  const { spendUsd, reservedUsd } = body.account as Tree
  expect(unkept).toMatchObject({ level: 'error', waitingEvents: 1, spendUsd, reservedUsd })
  expect(unkept.msg).toMatch(/^what happened last is in no store: /)
})

test('serve ends where what reads its log has stopped reading', async () => {
  await folder.write('g.json', config())
  const gateway = await serving('g.json')
  gateway.child.stdout?.pause()
  // More lines than the way to their reader holds.
  for (let i = 0; i < 30; i++)
    await Promise.all(Array.from({ length: 50 }, () => gateway.call('GET', '/v1/models', undefined, {})))
  gateway.child.kill('SIGTERM')
  await expect.poll(() => gateway.child.exitCode, { timeout: 20_000 }).toBe(0)
})

describe.skipIf(!hasRedis)('serve on Redis', () => {
  let redis: RedisServer
  beforeAll(async () => {
    redis = await RedisServer.start()
  })
  afterAll(async () => {
    await redis.kill()
  })

  test('shows no secret of its config in its last line, where not all could be kept', async () => {
    const own = await RedisServer.start()
    try {
      await folder.write('g.json', config({ store: { kind: 'redis', url: '$REDIS_URL' } }))
      const gateway = await serving('g.json', { REDIS_URL: `${own.url}/0` })
      await own.command('FLUSHALL')
      await gateway.call('PUT', '/admin/budget', { usdPerRequest: 0.25 })
      gateway.child.kill('SIGTERM')
      expect(await gateway.exited).toBe(1)
      const last = gateway.lines().at(-1)
      expect(last).toMatchObject({
        msg: 'ended, and not all was kept',
        error: expect.stringContaining('$REDIS_URL'),
      })
      expect(JSON.stringify(gateway.lines())).not.toContain(own.url)
    } finally {
      await own.stop()
    }
  })

  test('says once that a Redis that was away is back, and for how long it was gone', async () => {
    const own = await RedisServer.start()
    try {
      const keyStore = { refreshMs: 100 }
      await folder.write('g.json', config({ store: { kind: 'redis', url: own.url }, keyStore }))
      const gateway = await serving('g.json')
      const told = (part: string) => gateway.lines().filter(({ msg }) => msg.includes(part))
      await own.kill()
      await expect.poll(() => told('the store fails').length, { timeout: 10_000 }).toBeGreaterThan(0)
      await expect.poll(() => told('records cannot be read').length, { timeout: 10_000 }).toBe(1)
      expect(told('again')).toEqual([])
      await own.restart()
      await expect.poll(() => told('the store works again').length, { timeout: 20_000 }).toBe(1)
      await expect.poll(() => told('records can be read again, after ').length, { timeout: 20_000 }).toBe(1)
      await gateway.call('PUT', '/admin/budget', { usdPerRequest: 0.25 })
      const [back, ...more] = told('the store works again')
      expect([back, more]).toMatchObject([{ level: 'warn', goneMs: expect.any(Number) }, []])
      expect(Number(back?.goneMs)).toBeGreaterThan(0)
    } finally {
      await own.stop()
    }
  })

  test('is told in a line where the keys of clients cannot be read', async () => {
    const own = await RedisServer.start()
    try {
      await own.command('SET', '{paretobandit}:records', 'of somebody else')
      await folder.write('g.json', config({ store: { kind: 'redis', url: own.url } }))
      const error = await serving('g.json').catch((reason: unknown) => reason)
      expect(String(error)).toContain('g.json: store: Redis: WRONGTYPE')
      expect(String(error)).not.toContain('a bug')
    } finally {
      await own.stop()
    }
  })

  test('is one gateway of many processes: keys, budgets, models', async () => {
    await folder.write(
      'g.json',
      config({ store: { kind: 'redis', url: redis.url }, keyStore: { refreshMs: 100 } }),
    )
    const [one, other] = [await serving('g.json'), await serving('g.json')]
    const { body } = await one.call('POST', '/admin/keys', { name: 'bot' })
    const status = async () =>
      (await other.call('GET', '/v1/models', undefined, { 'x-api-key': String(body.key) })).status
    await expect.poll(status, { timeout: 2000 }).toBe(200)
    await one.call('PUT', '/admin/budget', { usdPerRequest: 0.25 })
    await expect
      .poll(() => other.call('GET', '/admin/budget'), { timeout: 5000 })
      .toMatchObject({ body: { account: { usdPerRequest: 0.25 } } })
    const [model] = config().models as Tree[]
    expect((await other.call('POST', '/admin/models', { ...model, id: 'added' })).status).toBe(201)
    const ids = async () =>
      ((await one.call('GET', '/admin/config')).body.models as Tree[]).map(({ id }) => id)
    await expect.poll(ids, { timeout: 5000 }).toEqual(['m', 'added'])
    await one.call('DELETE', `/admin/keys/${String(body.id)}`)
    await expect.poll(status, { timeout: 2000 }).toBe(401)
    for (const each of [one, other]) {
      each.child.kill('SIGTERM')
      expect(await each.exited).toBe(0)
    }
  })
})
