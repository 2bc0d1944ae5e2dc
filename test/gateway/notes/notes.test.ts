import { appendFileSync, copyFileSync, readFileSync, renameSync, rmSync, statSync } from 'node:fs'
import { type FileHandle, open as openFile } from 'node:fs/promises'
import { afterAll, afterEach, beforeAll, describe, expect, it, vi } from 'vitest'
import { openBesideLog } from '../../../src/gateway/node/beside-log.js'
import { fileNotes } from '../../../src/gateway/node/file-notes.js'
import { type RedisLink, redisLink } from '../../../src/gateway/node/redis-link.js'
import { redisNotes } from '../../../src/gateway/node/redis-notes.js'
import { memoryNotes, type Notes } from '../../../src/gateway/notes/notes.js'
import { hasRedis, RedisServer } from '../../support/redis-server.js'
import { redisConfig, tempFile } from '../keys/record-stores.js'

let redis: RedisServer | null = null
beforeAll(async () => {
  if (hasRedis) redis = await RedisServer.start()
})
afterAll(async () => {
  await redis?.kill()
})

const max = () => 3
const onProblem = (problem: Error) => {
  throw problem
}
const redisNotesOf = async (prefix: string): Promise<Notes> =>
  (await openBesideLog(redisConfig(redis?.url ?? '', prefix))).openNotes(max, onProblem)

describe.each([
  ['memory', async () => memoryNotes(max)],
  ['a file', async () => fileNotes(tempFile(), max, onProblem)],
  ['Redis', () => redisNotesOf('one')],
] as const)('notes in %s', (name, open) => {
  it.skipIf(name === 'Redis' && !hasRedis)('are the latest of each kind, and the last of an id', async () => {
    const notes = await open()
    for (const id of ['a', 'b', 'c', 'd']) {
      notes.put('decisions', id, { id })
      await expect.poll(() => notes.get('decisions', id)).toEqual({ id })
      notes.put('names', `called ${id}`, { decision: id })
    }
    notes.put('decisions', 'b', { n: 2 })
    notes.put('sessions', 'a', { model: 'm' })
    await notes.close()
    expect(await notes.get('decisions', 'b')).toEqual({ n: 2 })
    expect(await notes.get('decisions', 'd')).toEqual({ id: 'd' })
    expect(await notes.get('names', 'called b')).toEqual({ decision: 'b' })
    expect(await notes.get('names', 'b')).toBeNull()
    expect(await notes.get('sessions', 'a')).toEqual({ model: 'm' })
    expect(await notes.get('sessions', '__proto__')).toBeNull()
  })

  it.skipIf(name === 'Redis' && !hasRedis)(
    'are claimed by one of several, who alone can take it back',
    async () => {
      const notes = await open()
      const claims = [1, 2, 3].map((by) => ({ at: 0, by }))
      const found = await Promise.all(claims.map((claim) => notes.claim('adjustments', 'k', claim)))
      const winner = claims[found.indexOf(null)]
      expect(found.filter((each) => each !== null)).toEqual([winner, winner])
      for (const claim of claims)
        if (claim !== winner) expect(await notes.release('adjustments', 'k', claim)).toBe(true)
      expect(await notes.get('adjustments', 'k')).toEqual(winner)
      const kept = { ...winner, at: 1 }
      await notes.put('adjustments', 'k', kept)
      await notes.release('adjustments', 'k', winner)
      expect(await notes.claim('adjustments', 'k', claims[0])).toEqual(kept)
      await notes.release('adjustments', 'k', kept)
      expect(await notes.get('adjustments', 'k')).toBeNull()
      expect(await notes.claim('adjustments', 'k', claims[0])).toBeNull()
      for (const id of ['l', 'm', 'n']) await notes.claim('adjustments', id, claims[0])
      expect((await notes.entries('adjustments')).map(([id]) => id).sort()).toEqual(['l', 'm', 'n'])
    },
  )
})

describe('notes in a file', () => {
  it('are there after a restart, whatever line was torn, and for their owner alone', async () => {
    const path = tempFile()
    const first = await fileNotes(path, max, onProblem)
    for (const id of ['a', 'b', 'c', 'd']) first.put('decisions', id, { id })
    await first.close()
    // Of a kind that a later release has.
    appendFileSync(path, '["more","x",{"n":1}]\n["decisions","x",{"to')
    const second = await fileNotes(path, max, onProblem)
    expect(await second.get('decisions', 'a')).toBeNull()
    expect(await second.get('decisions', 'd')).toEqual({ id: 'd' })
    second.put('sessions', 's', { model: 'm' })
    await second.close()
    const third = await fileNotes(path, max, onProblem)
    expect(await third.get('sessions', 's')).toEqual({ model: 'm' })
    expect(statSync(path).mode & 0o777).toBe(0o600)
  })

  it('are what they were, before they are written and after, whatever characters they have', async () => {
    const path = tempFile()
    const notes = await fileNotes(path, () => 10, onProblem)
    const texts = ['plain', 'h\u00e9', '\u20ac\ud83d\ude00', '\ud800', '"\n\u0000', '']
    const value = (text: string) => ({ text, [text]: [text, 'after it'] })
    const isWritten = texts.map((text) => notes.put('decisions', `d${text}`, value(text)))
    const isHere = async (of: Notes) => {
      for (const text of texts) expect(await of.get('decisions', `d${text}`)).toEqual(value(text))
    }
    await isHere(notes)
    expect(await Promise.all(isWritten)).toEqual(texts.map(() => true))
    await isHere(notes)
    await notes.put('decisions', 'dplain', { n: 2 })
    expect(await notes.get('decisions', 'dplain')).toEqual({ n: 2 })
    await notes.put('decisions', 'dplain', value('plain'))
    await notes.close()
    await isHere(await fileNotes(path, () => 10, onProblem))
  })

  it('do not grow for ever', async () => {
    const path = tempFile()
    const notes = await fileNotes(path, max, onProblem)
    for (let i = 0; i < 15_000; i++) notes.put('decisions', `d${i}`, { i })
    await notes.close()
    expect(readFileSync(path, 'utf8').split('\n').length).toBeLessThan(11_500)
    const after = await fileNotes(path, max, onProblem)
    expect(await after.get('decisions', 'd14999')).toEqual({ i: 14_999 })
  })
})

/** Appending to files waits until the test says so. */
async function heldAppends() {
  const probe = await openFile(tempFile(), 'w')
  const methods = Object.getPrototypeOf(probe) as FileHandle
  await probe.close()
  const { appendFile } = methods
  const held: { readonly file: FileHandle; readonly release: () => void }[] = []
  const spy = vi.spyOn(methods, 'appendFile').mockImplementation(async function (this: FileHandle, data) {
    await new Promise<void>((release) => held.push({ file: this, release }))
    await appendFile.call(this, data)
  })
  return { held, restore: () => spy.mockRestore() }
}

describe('notes in a file that does not answer', () => {
  afterEach(() => {
    vi.useRealTimers()
  })

  it('are closed all the same: the write that hangs closes the file when it ends, and nothing is written after it', async () => {
    const path = tempFile()
    const problems: string[] = []
    const notes = await fileNotes(path, max, ({ message }) => problems.push(message))
    const { held, restore } = await heldAppends()
    vi.useFakeTimers({ toFake: ['setTimeout', 'clearTimeout'] })
    const first = notes.put('rewards', 'a', { n: 1 })
    await vi.waitFor(() => expect(held).toHaveLength(1))
    const second = notes.put('rewards', 'b', { n: 2 })
    const closing = notes.close()
    await vi.advanceTimersByTimeAsync(5000)
    await closing
    expect(await Promise.all([first, second])).toEqual([false, false])
    expect(problems).toEqual(['notes are of this process alone: a write takes longer than 5000 ms'])
    vi.useRealTimers()
    expect(held[0].file.fd).toBeGreaterThan(0)
    held[0].release()
    await vi.waitFor(() => expect(held[0].file.fd).toBe(-1))
    expect(await notes.put('rewards', 'c', { n: 3 })).toBe(false)
    expect(held).toHaveLength(1)
    restore()
    expect(readFileSync(path, 'utf8').match(/"n":\d/g)).toEqual(['"n":1'])
  })
})

describe('notes in a file that are overtaken', () => {
  const linesOf = (path: string, id: string) =>
    readFileSync(path, 'utf8')
      .split('\n')
      .filter((line) => line.startsWith(`["decisions","${id}"`))
      .map((line): unknown => JSON.parse(line)[2])

  it('have no line where the later one goes with them', async () => {
    const path = tempFile()
    const notes = await fileNotes(path, max, onProblem)
    const both = [notes.put('decisions', 'a', { n: 1 }), notes.put('decisions', 'a', { n: 2 })]
    expect(await Promise.all(both)).toEqual([true, true])
    expect(linesOf(path, 'a')).toEqual([{ n: 2 }])
    await notes.close()
  })

  it('have one where the later one goes after them: who was told that it was written can rely on it', async () => {
    const path = tempFile()
    const notes = await fileNotes(path, () => 1000, onProblem)
    const first = notes.put('decisions', 'a', { n: 1 })
    // As many as go together.
    for (let i = 1; i < 500; i++) void notes.put('decisions', `d${i}`, { i })
    void notes.put('decisions', 'a', { n: 2 })
    expect(await first).toBe(true)
    await notes.close()
    expect(linesOf(path, 'a')).toEqual([{ n: 1 }, { n: 2 }])
  })

  it('stay gone where they were removed meanwhile', async () => {
    const path = tempFile()
    const notes = await fileNotes(path, max, onProblem)
    void notes.put('decisions', 'a', { n: 1 })
    expect(await notes.remove('decisions', 'a')).toBe(true)
    await notes.close()
    const after = await fileNotes(path, max, onProblem)
    expect(await after.get('decisions', 'a')).toBeNull()
  })

  it.each([
    ['removed', (path: string) => rmSync(path)],
    ['replaced by an older copy', (path: string) => renameSync(`${path}.copy`, path)],
  ])(
    'are all there again where their file was %s under them, once somebody waits for one',
    async (_, change) => {
      const path = tempFile()
      const notes = await fileNotes(path, max, onProblem)
      expect(await notes.put('rewards', 'a', { n: 1 })).toBe(true)
      copyFileSync(path, `${path}.copy`)
      expect(await notes.put('decisions', 'd', { n: 2 })).toBe(true)
      change(path)
      expect(await notes.put('rewards', 'b', { n: 3 })).toBe(true)
      // The process is killed.
      const after = await fileNotes(path, max, onProblem)
      expect(await after.get('rewards', 'a')).toEqual({ n: 1 })
      expect(await after.get('decisions', 'd')).toEqual({ n: 2 })
      expect(await after.get('rewards', 'b')).toEqual({ n: 3 })
      await after.close()
      await notes.close()
    },
  )

  it('are all written of rewards, each of which somebody waits for', async () => {
    const path = tempFile()
    const notes = await fileNotes(path, max, onProblem)
    await Promise.all([notes.put('rewards', 'a', { n: 1 }), notes.put('rewards', 'a', { n: 2 })])
    await notes.close()
    expect(readFileSync(path, 'utf8').match(/"n":\d/g)).toEqual(['"n":1', '"n":2'])
  })
})

describe.skipIf(!hasRedis)('notes in Redis', () => {
  it('of one process are known to another, and no more are kept than are wanted', async () => {
    const [one, other] = [await redisNotesOf('two'), await redisNotesOf('two')]
    for (let i = 0; i < 50; i++) one.put('decisions', `d${i}`, { i })
    await one.close()
    let there = 0
    for (let i = 0; i < 50; i++) if ((await other.get('decisions', `d${i}`)) !== null) there++
    expect(there).toBe(3)
    other.put('decisions', 'x', { n: 1 })
    await other.close()
    expect(await one.get('decisions', 'x')).toEqual({ n: 1 })
  })

  it('of which one is on its way and a later one is there are the later one', async () => {
    const server = await RedisServer.start()
    const link = await redisLink(redisConfig(server.url, 'five'))
    let isHeld = false
    let release: (reply: unknown) => void = () => {}
    const underWay = new Promise((resolve) => {
      release = resolve
    })
    const held: RedisLink = {
      ...link,
      send: (...args) => (isHeld && args[0] === 'EVAL' ? underWay : link.send(...args)),
    }
    const notes = redisNotes(held, 'five', max, onProblem)
    const other = redisNotes(link, 'five', max, onProblem)
    expect(await other.put('sessions', 's', { model: 'old', at: 1 })).toBe(true)
    isHeld = true
    void notes.put('sessions', 's', { model: 'own', at: 2 })
    expect(await notes.get('sessions', 's')).toEqual({ model: 'own', at: 2 })
    expect(await other.put('sessions', 's', { model: 'newer', at: 3 })).toBe(true)
    expect(await notes.get('sessions', 's')).toEqual({ model: 'newer', at: 3 })
    release(1)
    await notes.close()
    link.close()
    await server.stop()
  })

  it('are not held up by changes of keys that wait for replicas of Redis', async () => {
    const server = await RedisServer.start()
    const config = { ...redisConfig(server.url, 'six', 3000), waitReplicas: 1 }
    const beside = await openBesideLog(config)
    const notes = await beside.openNotes(max, onProblem)
    // There is no replica: it waits as long as it may.
    const change = beside.records.put('key', {}).then(
      () => 'kept',
      () => 'not kept',
    )
    await new Promise((resolve) => setTimeout(resolve, 50))
    const first = await Promise.race([change, notes.put('decisions', 'd', {}).then(() => 'noted')])
    expect(first).toBe('noted')
    expect(await change).toBe('not kept')
    await beside.records.close()
    await server.stop()
  })

  it('are on their way while others are, and what fails is written when Redis is back', async () => {
    const server = await RedisServer.start()
    const problems: string[] = []
    const notes = await (await openBesideLog(redisConfig(server.url, 'four'))).openNotes(max, ({ message }) =>
      problems.push(message),
    )
    notes.put('decisions', 'a', { at: 1 })
    await new Promise((resolve) => setImmediate(resolve))
    notes.put('decisions', 'a', { at: 2 })
    await notes.close()
    expect(await notes.get('decisions', 'a')).toEqual({ at: 2 })
    await server.kill()
    for (let i = 0; i < 3; i++) {
      notes.put('sessions', `s${i}`, { i })
      await new Promise((resolve) => setImmediate(resolve))
    }
    expect(await notes.get('sessions', 's2')).toEqual({ i: 2 })
    await expect.poll(() => problems).toEqual([expect.stringContaining('notes are of this process alone')])
    await server.restart()
    const other = await (await openBesideLog(redisConfig(server.url, 'four'))).openNotes(max, onProblem)
    await expect.poll(() => other.get('sessions', 's2'), { timeout: 10_000 }).toEqual({ i: 2 })
    expect(await other.get('sessions', 's0')).toEqual({ i: 0 })
    expect(problems.length).toBe(1)
    await server.stop()
  })

  it('that another process could not write are not said to be unknown, while that lasts and shortly after', async () => {
    const server = await RedisServer.start()
    const config = redisConfig(server.url, 'seven')
    const open = async () => (await openBesideLog(config)).openNotes(max, () => {})
    const [one, other, later] = [await open(), await open(), await open()]
    const now = vi.spyOn(performance, 'now')
    // It can be read, and takes nothing.
    await server.command('CONFIG', 'SET', 'maxmemory', '1')
    expect(await one.put('decisions', 'd', { n: 1 })).toBe(false)
    expect(await other.put('decisions', 'e', { n: 2 })).toBe(false)
    expect(await other.get('decisions', 'e')).toEqual({ n: 2 })
    await expect(other.get('decisions', 'd')).rejects.toThrow('another process may still have this one')
    await server.command('CONFIG', 'SET', 'maxmemory', '0')
    await expect.poll(() => later.get('decisions', 'e'), { timeout: 10_000 }).toEqual({ n: 2 })
    await expect.poll(() => other.get('decisions', 'd').catch(() => null)).toEqual({ n: 1 })
    await expect(other.get('decisions', 'made-up')).rejects.toThrow('another process may still have this one')
    const at = performance.now()
    now.mockImplementation(() => at + 10_000)
    expect(await other.get('decisions', 'made-up')).toBeNull()
    now.mockRestore()
    await server.stop()
  })

  it('that were written late do not replace what was said after them', async () => {
    const [one, other] = [await redisNotesOf('three'), await redisNotesOf('three')]
    one.put('sessions', 's', { model: 'new', at: 2 })
    await one.close()
    other.put('sessions', 's', { model: 'old', at: 1 })
    await other.close()
    expect(await one.get('sessions', 's')).toEqual({ model: 'new', at: 2 })
    one.put('sessions', 's', { model: 'newest', at: 3 })
    await one.close()
    expect(await other.get('sessions', 's')).toEqual({ model: 'newest', at: 3 })
  })
})
