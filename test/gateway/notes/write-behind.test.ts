import { afterEach, beforeEach, describe, expect, it, vi } from 'vitest'
import { WriteBehind } from '../../../src/gateway/node/write-behind.js'

beforeEach(() => {
  vi.useFakeTimers()
})
afterEach(() => {
  vi.useRealTimers()
})

/** Writes end when the test says so: `end[0]` that of the first. */
function behindOf({ gatherMs = 25, atOnceMax = 1 } = {}) {
  const batches: (readonly string[])[] = []
  const end: ((error?: Error) => void)[] = []
  const problems: string[] = []
  const behind = new WriteBehind<string>({
    atOnceMax,
    gatherMs,
    onProblem: ({ message }) => void problems.push(message),
    write: (batch) => {
      batches.push(batch)
      return new Promise((resolve, reject) => {
        end.push((error) => (error === undefined ? resolve() : reject(error)))
      })
    },
  })
  return { behind, batches, end, problems }
}

describe('what is written behind', () => {
  it('waits for others, and then goes with them', async () => {
    const { behind, batches } = behindOf()
    void behind.add('a')
    await vi.advanceTimersByTimeAsync(24)
    void behind.add('b')
    expect(batches).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(batches).toEqual([['a', 'b']])
  })

  it('waits for nobody where somebody waits for it, and takes with it what waits', async () => {
    const { behind, batches, end } = behindOf()
    void behind.add('a')
    await vi.advanceTimersByTimeAsync(10)
    const urgent = behind.add('b', true)
    void behind.add('c')
    await vi.advanceTimersByTimeAsync(0)
    expect(batches).toEqual([['a', 'b', 'c']])
    end[0]?.()
    expect(await urgent).toBe(true)
    // Its wait is over with it: what comes next has one of its own.
    void behind.add('d')
    await vi.advanceTimersByTimeAsync(24)
    expect(batches.length).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(batches[1]).toEqual(['d'])
  })

  it('goes in order, one batch after another, urgent or not', async () => {
    const { behind, batches, end } = behindOf()
    void behind.add('a', true)
    await vi.advanceTimersByTimeAsync(0)
    void behind.add('b')
    void behind.add('c', true)
    await vi.advanceTimersByTimeAsync(100)
    expect(batches).toEqual([['a']])
    end[0]?.()
    await vi.advanceTimersByTimeAsync(0)
    expect(batches).toEqual([['a'], ['b', 'c']])
  })

  it('that fails is tried again with what came since, in its order, and is told once', async () => {
    const { behind, batches, end, problems } = behindOf()
    const first = behind.add('a', true)
    await vi.advanceTimersByTimeAsync(0)
    end[0]?.(new Error('no room'))
    expect(await first).toBe(false)
    expect(await behind.add('b', true)).toBe(false)
    await vi.advanceTimersByTimeAsync(249)
    expect(batches.length).toBe(1)
    await vi.advanceTimersByTimeAsync(1)
    expect(batches[1]).toEqual(['a', 'b'])
    end[1]?.(new Error('no room'))
    await vi.advanceTimersByTimeAsync(250)
    expect(problems).toEqual(['notes are of this process alone: no room'])
    end[2]?.()
    await vi.advanceTimersByTimeAsync(0)
    void behind.add('c', true)
    await vi.advanceTimersByTimeAsync(0)
    end[3]?.(new Error('no room'))
    await vi.advanceTimersByTimeAsync(0)
    expect(problems.length).toBe(2)
  })

  it('that hangs is told after five seconds, and holds up nobody who waits; what came since is written when it ends', async () => {
    const { behind, batches, end, problems } = behindOf()
    const hung = behind.add('a', true)
    await vi.advanceTimersByTimeAsync(0)
    const behindIt = behind.add('b', true)
    await vi.advanceTimersByTimeAsync(4999)
    expect(problems).toEqual([])
    await vi.advanceTimersByTimeAsync(1)
    expect(await Promise.all([hung, behindIt, behind.add('c', true)])).toEqual([false, false, false])
    expect(problems).toEqual(['notes are of this process alone: a write takes longer than 5000 ms'])
    expect(batches).toEqual([['a']])
    // It is not known whether it has been written: none may overtake it.
    end[0]?.()
    await vi.advanceTimersByTimeAsync(0)
    expect(batches[1]).toEqual(['b', 'c'])
    end[1]?.()
    await vi.advanceTimersByTimeAsync(0)
    const later = behind.add('d', true)
    await vi.advanceTimersByTimeAsync(0)
    end[2]?.()
    expect(await later).toBe(true)
  })

  it('that hangs holds up no other where several go at a time', async () => {
    const { behind, batches, end } = behindOf({ atOnceMax: 2 })
    const hung = behind.add('a', true)
    await vi.advanceTimersByTimeAsync(5000)
    expect(await hung).toBe(false)
    const other = behind.add('b', true)
    await vi.advanceTimersByTimeAsync(0)
    expect(batches).toEqual([['a'], ['b']])
    end[1]?.()
    expect(await other).toBe(true)
  })

  it('that hangs is told after one that fails, too, and once until one goes well', async () => {
    const { behind, end, problems } = behindOf({ atOnceMax: 2 })
    void behind.add('a', true)
    await vi.advanceTimersByTimeAsync(0)
    end[0]?.(new Error('no room'))
    await vi.advanceTimersByTimeAsync(250)
    void behind.add('b', true)
    await vi.advanceTimersByTimeAsync(6000)
    const hangs = 'notes are of this process alone: a write takes longer than 5000 ms'
    expect(problems).toEqual(['notes are of this process alone: no room', hangs])
    end[1]?.(new Error('no room'))
    end[2]?.()
    await vi.advanceTimersByTimeAsync(250)
    expect(problems).toHaveLength(2)
    await vi.advanceTimersByTimeAsync(5000)
    expect(problems).toEqual(['notes are of this process alone: no room', hangs, hangs])
  })

  it('that hangs does not hold up the end', async () => {
    const { behind, end, problems } = behindOf()
    void behind.add('a', true)
    await vi.advanceTimersByTimeAsync(0)
    const ended = vi.fn()
    void behind.close().then(ended)
    await vi.advanceTimersByTimeAsync(4999)
    expect(ended).not.toHaveBeenCalled()
    await vi.advanceTimersByTimeAsync(1)
    expect(ended).toHaveBeenCalled()
    expect(problems.length).toBe(1)
    end[0]?.()
  })

  it('is written at the end without a wait', async () => {
    const { behind, batches, end } = behindOf()
    void behind.add('a')
    const closed = behind.close()
    expect(batches).toEqual([['a']])
    end[0]?.()
    await closed
    await vi.advanceTimersByTimeAsync(100)
    expect(batches.length).toBe(1)
  })
})
