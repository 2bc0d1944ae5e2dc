import { chmod, readdir, stat, symlink, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CommandError } from '../../src/cli/command-error.js'
import { withLock } from '../../src/cli/state/lock.js'
import { decodeState } from '../../src/cli/state/state-file.js'
import { createRouter } from '../../src/index.js'
import { sqliteStore } from '../../src/store/sqlite/index.js'
import { edit } from '../store/sqlite-support.js'
import { encodeState, Folder, MODELS } from './support.js'

const folder = new Folder()
const POSIX = process.platform !== 'win32'
/** Process ids end well below this. */
const NOBODY = 2 ** 30

describe('several processes on one state file', () => {
  test('lose nothing', async () => {
    const state = await folder.kept(4)
    const results = await Promise.all([
      ...[1, 2, 3, 4].map((n) => folder.spawn(['reward', `r.${n}`, '0.5', '--state', state])),
      ...[1, 2, 3, 4].map((n) => folder.spawn(['route', `more ${n}`, '--json', '--state', state])),
    ])
    for (const result of results) expect(result).toMatchObject({ code: 0, stderr: '' })
    const ids = results.slice(4).map(({ stdout }) => JSON.parse(stdout).id)
    expect(ids.sort()).toEqual(['r.5', 'r.6', 'r.7', 'r.8'])
    const { requests, models } = await folder.stats(state)
    expect(requests).toBe(8)
    expect(models.reduce((sum, model) => sum + model.rewarded, 0)).toBe(4)
    expect((await readdir(folder.path)).sort()).toEqual(['models.json', state, `${state}-writer`])
  })

  test('change nothing where the file of --log cannot be written', async () => {
    const state = await folder.kept(1)
    const before = await folder.stats(state)
    const commands = [
      ['route', 'two'],
      ['settle', 'r.1', '--cost', '1'],
      ['reward', 'r.1', '1'],
      ['fail', 'r.1'],
    ]
    for (const command of commands) {
      const args = [...command, '--state', state, '--log', 'missing/events.jsonl']
      await folder.refused(args, /missing\/events\.jsonl: cannot write it/)
    }
    expect(await folder.stats(state)).toEqual(before)
  })

  test('start it once', async () => {
    await folder.write('models.json', MODELS)
    const start = ['--models', 'models.json', '--budget', '0.002', '--state', 'new.state']
    const results = await Promise.all([1, 2, 3].map((n) => folder.spawn(['route', `prompt ${n}`, ...start])))
    for (const result of results) expect(result).toMatchObject({ code: 0, stderr: '' })
    expect((await folder.stats('new.state')).requests).toBe(3)
  })

  test('wait for a service that has it, and say so when it stays', async () => {
    const state = await folder.kept()
    const store = sqliteStore(join(folder.path, state))
    const router = await createRouter({ name: 'r', budget: { usdPerRequest: 0.002 }, store })
    // Whoever looks need not wait.
    expect((await folder.stats(state)).requests).toBe(1)
    const waiting = folder.spawnOk(['route', 'x', '--state', state])
    await new Promise((resolve) => setTimeout(resolve, 300))
    router.route('of the service')
    await router.close()
    expect(await waiting).toContain('request r.3;')
  })

  test('give up after 10 seconds', async () => {
    const state = await folder.kept()
    const store = sqliteStore(join(folder.path, state))
    const router = await createRouter({ store })
    const message =
      /sqlite:router\.state: expected no other writer, another holds .* \(waited 10000 ms\); a gateway that runs on it does this by its admin API/
    await folder.spawnRefused(['route', 'x', '--state', state], message)
    await router.close()
  }, 30_000)
})

test('a log in Redis is changed by what runs on it, and no password is shown', async () => {
  const message =
    /^paretobandit: --state: expected a file, got an address of Redis: .*POST \/admin\/adjustments, \/admin\/corrections/
  await folder.write('models.json', { models: MODELS })
  for (const place of ['redis://:secret@localhost:1', 'rediss://localhost:1', 'unix:///tmp/redis.sock'])
    for (const words of [
      ['adjust', '1'],
      ['correct', 'r.1', '--cost', '1'],
      ['settle', 'r.1', '--cost', '1'],
      ['tenant', 't', '--budget', '1'],
      ['route', 'x', '--models', 'models.json'],
    ])
      await folder.refused([...words, '--state', place], message)
})

describe('a lock', () => {
  const outcome = (path: string): Promise<unknown> =>
    withLock(path, 50, async () => 'done').catch((error: unknown) => error)

  test.each([
    ['a living process', `${process.pid} ${hostname()}\n`],
    ['a process of another machine', `${NOBODY} elsewhere\n`],
    ['a process that is writing its name', ''],
  ])('of %s is respected', async (_, content) => {
    const lock = await folder.write('x.lock', content)
    const error = await outcome(join(folder.path, 'x'))
    expect(error).toBeInstanceOf(CommandError)
    expect(error).toMatchObject({ code: 'STATE_LOCKED', message: expect.stringContaining(`delete ${lock}`) })
    expect((await folder.read('x.lock')).toString()).toBe(content)
  })

  test('without a name is taken over when it is old', async () => {
    const lock = await folder.write('x.lock', '')
    await utimes(lock, 0, 0)
    expect(await outcome(join(folder.path, 'x'))).toBe('done')
  })

  test('is given back when the work fails', async () => {
    const path = join(folder.path, 'x')
    const failing = withLock(path, 50, async () => {
      throw new Error('no')
    })
    await expect(failing).rejects.toThrow('no')
    expect(await outcome(path)).toBe('done')
    expect(await readdir(folder.path)).toEqual([])
  })

  test('lets one in at a time', async () => {
    let inside = 0
    let most = 0
    const work = async (): Promise<void> => {
      most = Math.max(most, ++inside)
      await new Promise((resolve) => setTimeout(resolve, 1))
      inside--
    }
    await Promise.all(Array.from({ length: 20 }, () => withLock(join(folder.path, 'x'), 30_000, work)))
    expect(most).toBe(1)
  })
})

describe('a log that is damaged, or none', () => {
  test('is refused by every command, and stays as it was', async () => {
    await folder.write('bad.state', 'not a state')
    const message =
      /^paretobandit: sqlite:bad\.state: expected an SQLite database, it is a file of another kind/
    await folder.refused(['route', 'x', '--state', 'bad.state'], message)
    await folder.refused(['settle', 'r.1', '--cost', '1', '--state', 'bad.state'], message)
    await folder.refused(['reward', 'r.1', '1', '--state', 'bad.state'], message)
    await folder.refused(['fail', 'r.1', '--state', 'bad.state'], message)
    await folder.refused(['stats', '--state', 'bad.state'], message)
    await folder.refused(['inspect', 'bad.state'], message)
    await folder.refused(['snapshot', 'bad.state', 'out'], message)
    await folder.refused(['export', 'bad.state', '--out', 'out'], message)
    expect((await folder.read('bad.state')).toString()).toBe('not a state')
    expect(await readdir(folder.path)).toEqual(['bad.state'])
  })

  test('of a later release is refused', async () => {
    const state = await folder.kept()
    edit(join(folder.path, state), 'PRAGMA user_version = 99')
    const bytes = await folder.read(state)
    await folder.refused(
      ['route', 'x', '--state', state],
      /expected schema version .* got 99: a later release/,
    )
    await folder.refused(['inspect', state], /expected schema version .* got 99: a later release/)
    expect(await folder.read(state)).toEqual(bytes)
  })

  test('whose snapshot is lost is refused, and no empty one takes its place', async () => {
    const state = await folder.kept()
    edit(join(folder.path, state), "UPDATE snapshots SET bytes = x'00'")
    await folder.refused(['route', 'x', '--state', state], /router\.state: expected an undamaged snapshot/)
  })

  test('with a damaged event goes on before it, and says so', async () => {
    const state = await folder.kept()
    await folder.ok(['settle', 'r.1', '--cost', '0.001', '--state', state])
    edit(
      join(folder.path, state),
      "UPDATE events SET bytes = x'00' WHERE position = (SELECT max(position) FROM events)",
    )
    const { code, stderr } = await folder.run(['route', 'x', '--state', state])
    expect(code).toBe(0)
    expect(stderr).toMatch(/^paretobandit: router\.state: the event at position 2 is damaged/)
    expect((await folder.stats(state)).pending.unsettled).toBe(2)
  })
})

describe('an older state file', () => {
  const settings = { policy: 'paper', mode: 'hard', alpha: 0.3, seed: 7, epsilon: 0.1 } as const

  async function old(): Promise<{ name: string; bytes: Uint8Array }> {
    const budget = { usdPerRequest: 0.002, mode: 'hard' } as const
    const router = await createRouter({ name: 'r', policy: 'paper', models: MODELS, budget })
    router.route('one')
    router.route('two')
    router.settle('r.1', { costUsd: 0.004 })
    const bytes = encodeState(settings, router.snapshot())
    await folder.write('old.state', bytes)
    return { name: 'old.state', bytes }
  }

  test('becomes a log, and is kept', async () => {
    const { name, bytes } = await old()
    await chmod(join(folder.path, name), 0o600)
    const { code, stdout, stderr } = await folder.run(['route', 'three', '--state', name])
    expect({ code, stderr }).toEqual({
      code: 0,
      stderr:
        'paretobandit: old.state: is a log in SQLite from now on; the state file is kept as old.state.v1\n',
    })
    expect(stdout).toContain('request r.3;')
    expect(await folder.read('old.state.v1')).toEqual(Buffer.from(bytes))
    expect((await readdir(folder.path)).sort()).toEqual(['old.state', 'old.state-writer', 'old.state.v1'])
    if (POSIX) expect((await stat(join(folder.path, name))).mode & 0o777).toBe(0o600)
    expect((await folder.inspect(name)).settings).toEqual(settings)
    await folder.ok(['reward', 'r.1', '1', '--state', name])
    await folder.ok(['settle', 'r.2', '--cost', '0.001', '--state', name])
    const { requests, policy, pacer } = await folder.stats(name)
    expect({ requests, policy, mode: pacer.mode, spendUsd: pacer.spendUsd }).toEqual({
      requests: 3,
      policy: 'paper',
      mode: 'hard',
      spendUsd: 0.005,
    })
  })

  test('is migrated once by several commands at a time', async () => {
    const { name } = await old()
    const commands = [
      ['stats', '--state', name],
      ['settle', 'r.2', '--cost', '0.001', '--state', name],
      ['route', 'more', '--state', name],
      ['reward', 'r.1', '1', '--state', name],
    ]
    const results = await Promise.all(commands.map((args) => folder.spawn(args)))
    expect(results.filter(({ code }) => code !== 0)).toEqual([])
    expect(results.map(({ stderr }) => stderr).join('')).toMatch(
      /^paretobandit: old\.state: is a log[^\n]*\n$/,
    )
    expect(await folder.stats(name)).toMatchObject({ requests: 3, pending: { unsettled: 1 } })
  })

  test('is not written over when another one is kept there', async () => {
    const { name, bytes } = await old()
    await folder.write('old.state.v1', 'mine')
    await folder.refused(['route', 'x', '--state', name], /old\.state\.v1: expected no such file/)
    expect(await folder.read(name)).toEqual(Buffer.from(bytes))
    expect((await readdir(folder.path)).sort()).toEqual(['old.state', 'old.state.v1'])
  })

  test('is left to commands that write by those that only read', async () => {
    const { name, bytes } = await old()
    await folder.refused(
      ['inspect', name],
      /old\.state: is a state file from before there were logs; 'paretobandit stats --state old\.state'/,
    )
    expect(await folder.read(name)).toEqual(Buffer.from(bytes))
  })

  test('that is damaged is refused and stays as it was', async () => {
    const { name, bytes } = await old()
    bytes[200] ^= 0x10
    await folder.write(name, bytes)
    await folder.refused(
      ['route', 'x', '--state', name],
      /old\.state: not a state file this release can read/,
    )
    expect(await folder.read(name)).toEqual(Buffer.from(bytes))
    expect(await readdir(folder.path)).toEqual(['old.state'])
  })

  test('in any byte, or cut anywhere, does not decode', () => {
    const settings = { policy: 'paper', mode: 'hard', alpha: 0.05, seed: 7, epsilon: 0.1 } as const
    const bytes = encodeState(settings, Uint8Array.of(1, 2, 3, 4, 5))
    expect(decodeState(bytes, 's')).toEqual({ settings, snapshot: Uint8Array.of(1, 2, 3, 4, 5) })
    for (let i = 0; i < bytes.length; i++) {
      const damaged = bytes.slice()
      damaged[i] ^= 0x01
      expect(() => decodeState(damaged, 's')).toThrow(/^s: not a state file/)
      expect(() => decodeState(bytes.slice(0, i), 's')).toThrow(/^s: not a state file/)
    }
  })

  test('from before policies had a place in it is one of policy paper', () => {
    const settings = { mode: 'soft', alpha: 0.05, seed: 7, epsilon: 0.1 } as const
    const bytes = encodeState(settings as never, Uint8Array.of(1))
    expect(decodeState(bytes, 's').settings).toEqual({ policy: 'paper', ...settings })
  })
})

describe('where a state file lies', () => {
  test('it has to be there to be taught', async () => {
    const message = /none\.state: no such file; 'paretobandit route --state none\.state' makes it/
    await folder.refused(['settle', 'r.1', '--cost', '1', '--state', 'none.state'], message)
    await folder.refused(['reward', 'r.1', '1', '--state', 'none.state'], message)
    await folder.refused(['fail', 'r.1', '--state', 'none.state'], message)
    await folder.refused(['stats', '--state', 'none.state'], message)
    expect(await readdir(folder.path)).toEqual([])
  })

  test('it is told where it was emptied, and so is a new one that begins in it', async () => {
    await folder.write('models.json', MODELS)
    await folder.write('emptied', '')
    const message = /emptied: there is no byte in it/
    await folder.refused(['settle', 'r.1', '--cost', '1', '--state', 'emptied'], message)
    await folder.refused(['stats', '--state', 'emptied'], message)
    await folder.refused(['route', 'x', '--state', 'emptied'], /emptied has no byte in it/)
    const { code, stderr } = await folder.run(['route', 'x', '--models', 'models.json', '--state', 'emptied'])
    expect([code, stderr]).toEqual([0, expect.stringMatching(/emptied: the file was there without a byte/)])
  })

  test('it cannot be a folder, or in one that is not there', async () => {
    await folder.write('models.json', MODELS)
    const args = ['route', 'x', '--models', 'models.json', '--state']
    await folder.refused([...args, '.'], /expected a file, it is something else/)
    await folder.refused(
      [...args, 'nowhere/router.state'],
      /sqlite:nowhere\/router\.state: expected the directory .*nowhere to be there/,
    )
  })

  test('a failed decision leaves no file behind', async () => {
    await folder.write('models.json', MODELS)
    const args = ['route', 'x', '--models', 'models.json', '--max-cost', '0', '--state', 'new.state']
    await folder.refused(args, /no model may take this request/)
    expect(await readdir(folder.path)).toEqual(['models.json'])
  })

  test.runIf(POSIX)('it keeps its permissions, and links to it stay links', async () => {
    const state = await folder.kept()
    const target = join(folder.path, state)
    await chmod(target, 0o600)
    await symlink(target, join(folder.path, 'link.state'))
    await folder.ok(['route', 'x', '--state', 'link.state'])
    expect((await stat(target)).mode & 0o777).toBe(0o600)
    expect((await folder.stats(state)).requests).toBe(2)
    expect((await folder.stats('link.state')).requests).toBe(2)
  })
})
