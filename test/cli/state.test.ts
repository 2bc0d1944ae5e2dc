import { chmod, readdir, stat, symlink, utimes } from 'node:fs/promises'
import { hostname } from 'node:os'
import { join } from 'node:path'
import { describe, expect, test } from 'vitest'
import { CommandError } from '../../src/cli/command-error.js'
import { withLock } from '../../src/cli/state/lock.js'
import { decodeState } from '../../src/cli/state/state-file.js'
import { encodeState, Folder, MODELS } from './support.js'

const folder = new Folder()
const POSIX = process.platform !== 'win32'
/** Process ids end well below this. */
const NOBODY = 2 ** 30

describe('several processes on one state file', () => {
  test('lose nothing', async () => {
    const state = await folder.kept(4)
    const results = await Promise.all([
      ...[1, 2, 3, 4].map((n) => folder.run(['reward', `r.${n}`, '0.5', '--state', state])),
      ...[1, 2, 3, 4].map((n) => folder.run(['route', `more ${n}`, '--json', '--state', state])),
    ])
    for (const result of results) expect(result).toMatchObject({ code: 0, stderr: '' })
    const ids = results.slice(4).map(({ stdout }) => JSON.parse(stdout).id)
    expect(ids.sort()).toEqual(['r.5', 'r.6', 'r.7', 'r.8'])
    const { requests, models } = await folder.stats(state)
    expect(requests).toBe(8)
    expect(models.reduce((sum, model) => sum + model.rewarded, 0)).toBe(4)
    expect((await readdir(folder.path)).sort()).toEqual(['models.json', state])
  })

  test('start it once', async () => {
    await folder.write('models.json', MODELS)
    const start = ['--models', 'models.json', '--budget', '0.002', '--state', 'new.state']
    const results = await Promise.all([1, 2, 3].map((n) => folder.run(['route', `prompt ${n}`, ...start])))
    for (const result of results) expect(result).toMatchObject({ code: 0, stderr: '' })
    expect((await folder.stats('new.state')).requests).toBe(3)
  })

  test('take over the lock of one that crashed', async () => {
    const state = await folder.kept()
    await folder.write(`${state}.lock`, `${NOBODY} ${hostname()}\n`)
    const results = await Promise.all(
      [1, 2, 3].map((n) => folder.run(['route', `prompt ${n}`, '--state', state])),
    )
    for (const result of results) expect(result).toMatchObject({ code: 0, stderr: '' })
    expect((await folder.stats(state)).requests).toBe(4)
    expect((await readdir(folder.path)).sort()).toEqual(['models.json', state])
  })
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

describe('a state file that is damaged', () => {
  test.each([0, 5, 9, 13, 20, 200, -1])('at byte %i is refused and stays as it was', async (position) => {
    const state = await folder.kept()
    const bytes = await folder.read(state)
    const at = position < 0 ? bytes.length + position : position
    bytes[at] ^= 0x10
    await folder.write(state, bytes)
    const message = /router\.state: not a state file this release can read/
    await folder.refused(['route', 'x', '--state', state], message)
    expect(await folder.read(state)).toEqual(bytes)
  })

  test('is refused by every command', async () => {
    await folder.write('bad.state', 'not a state')
    const message = /bad\.state: not a state file this release can read/
    await folder.refused(['settle', 'r.1', '--cost', '1', '--state', 'bad.state'], message)
    await folder.refused(['reward', 'r.1', '1', '--state', 'bad.state'], message)
    await folder.refused(['fail', 'r.1', '--state', 'bad.state'], message)
    await folder.refused(['stats', '--state', 'bad.state'], message)
    expect((await folder.read('bad.state')).toString()).toBe('not a state')
  })

  test('in any byte, or cut anywhere, does not decode', () => {
    const settings = { policy: 'paper', mode: 'hard', alpha: 0.05, seed: 7, epsilon: 0.1 } as const
    const bytes = encodeState({ settings, snapshot: Uint8Array.of(1, 2, 3, 4, 5) })
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
    const bytes = encodeState({ settings: settings as never, snapshot: Uint8Array.of(1) })
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

  test('it cannot be a folder, or in one that is not there', async () => {
    await folder.write('models.json', MODELS)
    const args = ['route', 'x', '--models', 'models.json', '--state']
    await folder.refused([...args, '.'], /it is a folder/)
    await folder.refused([...args, 'nowhere/router.state'], /nowhere\/router\.state.*no such file or folder/)
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
