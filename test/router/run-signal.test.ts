import { getEventListeners } from 'node:events'
import { afterEach, beforeEach, describe, expect, it } from 'vitest'
import { createRouter, type RouterOptions } from '../../src/index.js'
import { makeBench, TestClock, X } from '../support/router.js'

const MODELS = [
  { id: 'small', inputUsdPerMTok: 1, outputUsdPerMTok: 10 },
  { id: 'large', inputUsdPerMTok: 3, outputUsdPerMTok: 30 },
]
const ANSWER = { usage: { prompt_tokens: 1000, completion_tokens: 100 } }
const GONE = new Error('the user has gone')

const unhandled: unknown[] = []
const note = (reason: unknown) => void unhandled.push(reason)
beforeEach(() => void process.on('unhandledRejection', note))
afterEach(() => {
  process.off('unhandledRejection', note)
  expect(unhandled.splice(0)).toEqual([])
})

async function bench(options: Partial<RouterOptions> = {}) {
  const { router } = await makeBench({ policy: 'dollar', models: MODELS, ...options })
  const told: object[] = []
  for (const kind of ['settled', 'failed', 'cancelled'] as const)
    router.on(kind, ({ id, costUsd }) => told.push({ kind, id, costUsd }))
  const reserved: object[] = []
  router.on('routed', ({ id, reservedUsd }) => {
    reserved.push({ kind: 'cancelled', id, costUsd: reservedUsd })
  })
  return { router, told, reserved, abort: new AbortController() }
}

const rejected = (work: Promise<unknown>): Promise<unknown> =>
  work.then(
    () => null,
    (error: unknown) => error,
  )
/** All that was queued has run. */
const turn = () => new Promise((done) => setImmediate(done))
const never = () => new Promise<never>(() => {})

/** A stream that says so much and then nothing; `returned` counts who wanted no more of it. */
function stalling(list: readonly unknown[]) {
  let at = 0
  const stream = {
    returned: 0,
    [Symbol.asyncIterator]: () => ({
      next: () => (at < list.length ? Promise.resolve({ done: false, value: list[at++] }) : never()),
      return: () => {
        stream.returned++
        return never()
      },
    }),
  }
  return stream as AsyncIterable<unknown> & typeof stream
}

/** A signal of another realm, or of a package: it has a class of its own. */
class OtherSignal extends EventTarget {
  aborted = false
  reason: unknown = undefined
  abort(reason: unknown): void {
    this.aborted = true
    this.reason = reason
    this.dispatchEvent(new Event('abort'))
  }
}

describe('a signal of another class', () => {
  it('breaks off a call, and a stream', async () => {
    const { router, told } = await bench()
    const signal = new OtherSignal()
    const run = router.run(X, { signal: signal as unknown as AbortSignal }, () => {
      queueMicrotask(() => signal.abort(GONE))
      return never()
    })
    expect(await rejected(run)).toBe(GONE)
    const other = new OtherSignal()
    const { answer } = await router.run(X, { signal: other as unknown as AbortSignal }, () => stalling(['a']))
    const reader = answer[Symbol.asyncIterator]()
    expect(await reader.next()).toEqual({ done: false, value: 'a' })
    other.abort(GONE)
    expect(await rejected(reader.next())).toBe(GONE)
    expect(told).toMatchObject([{ kind: 'cancelled' }, { kind: 'cancelled' }])
  })

  it('that lacks what is used of it is refused', async () => {
    const { router } = await bench()
    for (const signal of [{}, { aborted: false }, new EventTarget(), 'signal', null])
      await expect(router.run(X, { signal: signal as AbortSignal }, () => ANSWER)).rejects.toThrow(
        /signal: expected an AbortSignal/,
      )
  })
})

describe('a signal that aborts', () => {
  it('ends a call that never answers, with its reason: it is cancelled at what was reserved, and nobody else is asked', async () => {
    const { router, told, reserved, abort } = await bench()
    let calls = 0
    const run = router.run(X, { signal: abort.signal }, () => {
      calls++
      queueMicrotask(() => abort.abort(GONE))
      return never()
    })
    expect(await rejected(run)).toBe(GONE)
    expect(calls).toBe(1)
    expect(told).toEqual(reserved)
    expect(router.stats().models.every(({ failed }) => failed === 0)).toBe(true)
  })

  it.each<[string, () => unknown]>([
    ['an answer', () => ANSWER],
    [
      'an error',
      () => {
        throw new Error('late')
      },
    ],
  ])('drops %s that comes later', async (_, late) => {
    const { router, told, reserved, abort } = await bench()
    let come: (value: null) => void = () => {}
    const run = router.run(X, { signal: abort.signal }, () => {
      return new Promise((resolve) => {
        come = resolve
      }).then(late)
    })
    await turn()
    abort.abort(GONE)
    expect(await rejected(run)).toBe(GONE)
    come(null)
    await turn()
    expect(told).toEqual(reserved)
  })

  it('drops a stream that comes later, and says so to whoever gives it', async () => {
    const { router, told, reserved, abort } = await bench()
    const stream = stalling(['a'])
    const run = router.run(X, { signal: abort.signal }, () => {
      abort.abort(GONE)
      return stream
    })
    expect(await rejected(run)).toBe(GONE)
    await turn()
    expect(stream.returned).toBe(1)
    expect(told).toEqual(reserved)
  })

  it('drops what comes later and cannot be read', async () => {
    const { router } = await makeBench({ policy: 'dollar' })
    const abort = new AbortController()
    let give = (_: unknown) => {}
    const call = () =>
      new Promise<unknown>((resolve) => {
        give = resolve
      })
    const work = router.run(X, { signal: abort.signal }, call)
    await new Promise((resolve) => setTimeout(resolve, 0))
    abort.abort()
    await expect(work).rejects.toBe(abort.signal.reason)
    const stream = new ReadableStream()
    stream.getReader()
    give(stream)
    await new Promise((resolve) => setTimeout(resolve, 5))
    expect(router.stats().models.reduce((sum, { cancelled }) => sum + cancelled, 0)).toBe(1)
  })

  it('ends a stream that says nothing', async () => {
    const { router, told, reserved, abort } = await bench()
    const stream = stalling([])
    const run = router.run(X, { signal: abort.signal }, () => stream)
    await turn()
    abort.abort(GONE)
    expect(await rejected(run)).toBe(GONE)
    expect(stream.returned).toBe(1)
    expect(told).toEqual(reserved)
  })

  it('ends a stream that goes on no more, whether somebody waits for it or not', async () => {
    for (const reads of [true, false]) {
      const { router, told, reserved, abort } = await bench()
      const stream = stalling(['a', 'b'])
      const { answer } = await router.run(X, { signal: abort.signal }, () => stream)
      const iterator = answer[Symbol.asyncIterator]()
      expect(await iterator.next()).toEqual({ done: false, value: 'a' })
      const waiting = reads ? iterator.next().then(() => iterator.next()) : null
      await turn()
      abort.abort(GONE)
      expect(told).toEqual(reserved)
      expect(await rejected(waiting ?? iterator.next())).toBe(GONE)
      expect(await iterator.next()).toEqual({ done: true, value: undefined })
      expect(stream.returned).toBe(1)
      expect(told).toEqual(reserved)
    }
  })

  it('ends the wait for a usage that comes later', async () => {
    const { router, told, reserved, abort } = await bench()
    await router.run(X, { signal: abort.signal }, () => ({ usage: never() }))
    abort.abort(GONE)
    await turn()
    expect(told).toEqual(reserved)
  })

  it('cancels what an encoder that waits gives later: no call was made of it', async () => {
    const clock = new TestClock()
    let come: (vector: number[]) => void = () => {}
    const encoder = {
      dimension: 3,
      name: 'slow',
      encode: () =>
        new Promise<number[]>((resolve) => {
          come = resolve
        }),
    }
    const router = await createRouter({ models: MODELS, encoder, clock: clock.read, kernel: 'js' })
    const costs: number[] = []
    router.on('cancelled', ({ costUsd }) => costs.push(costUsd))
    const abort = new AbortController()
    let calls = 0
    const run = router.run('a text', { signal: abort.signal }, () => {
      calls++
      return ANSWER
    })
    await turn()
    abort.abort(GONE)
    expect(await rejected(run)).toBe(GONE)
    come([0, 0, 1])
    await turn()
    expect([calls, costs]).toEqual([0, [0]])
    expect(router.stats().pending.unsettled).toBe(0)
  })

  it('changes nothing once all has come', async () => {
    const { router, told, abort } = await bench()
    const { answer } = await router.run(X, { signal: abort.signal }, () => ANSWER)
    abort.abort(GONE)
    await turn()
    expect(answer).toBe(ANSWER)
    expect(told).toMatchObject([{ kind: 'settled' }])
    expect(await rejected(router.run(X, { signal: abort.signal }, () => ANSWER))).toBe(GONE)
  })
})

describe('a usage function', () => {
  it.each([7, 'text', true, undefined, null, Symbol('x'), 7n, () => {}])(
    'that gives %s loses no answer: what was reserved is booked, with a flag, and nobody is blamed',
    async (given) => {
      const { router } = await bench()
      const settled: object[] = []
      router.on('settled', ({ costUsd, usageFlags }) => settled.push({ costUsd, usageFlags }))
      let calls = 0
      const { answer, decision } = await router.run(X, { usage: () => given as never }, () => {
        calls++
        return ANSWER
      })
      expect(answer).toBe(ANSWER)
      expect(calls).toBe(1)
      expect(settled).toEqual([{ costUsd: decision.reservedUsd, usageFlags: ['cost-missing'] }])
      expect(router.stats().models.every(({ failed }) => failed === 0)).toBe(true)
    },
  )

  it('may say what an answer cost, with the tokens or without, now or later, of a stream too', async () => {
    const { router, told } = await bench()
    const cost = { costUsd: 0.0125 }
    for (const usage of [() => cost, () => ({ ...cost, ...ANSWER.usage }), async () => cost])
      await router.run(X, { usage }, () => ANSWER)
    const stream = async function* () {
      yield 'a'
      yield 'b'
    }
    const usage = (event: unknown) => (event === 'b' ? cost : null)
    const { answer } = await router.run(X, { usage }, stream)
    for await (const _ of answer);
    await turn()
    expect(told).toHaveLength(4)
    for (const each of told) expect(each).toMatchObject({ kind: 'settled', costUsd: 0.0125 })
  })

  it('that states an invalid cost has the reservation booked', async () => {
    const { router, told } = await bench()
    const { decision } = await router.run(X, { usage: () => ({ costUsd: -3 }) }, () => ANSWER)
    expect(told).toMatchObject([{ kind: 'settled', costUsd: decision.reservedUsd }])
  })
})

it('an option that run does not have is refused with all that it has', async () => {
  const { router } = await bench()
  const unknown = rejected(router.run(X, { sesion: 's' } as never, () => ANSWER))
  expect(await unknown).toMatchObject({
    code: 'UNKNOWN_OPTION',
    message: expect.stringContaining("'session'"),
  })
  const far = rejected(router.run(X, { words: 1 } as never, () => ANSWER))
  expect(await far).toMatchObject({
    message: expect.stringMatching(/explain, session, signal, triesMax, usage/),
  })
})

it('a chat without messages is told what is expected, and not of vectors', async () => {
  const router = await createRouter({ models: MODELS, kernel: 'js' })
  const error = {
    code: 'INVALID_ARGUMENT',
    field: 'input',
    message: expect.stringContaining('a text, or messages'),
  }
  expect(await rejected(router.run([], {}, () => ANSWER))).toMatchObject(error)
  expect(await rejected(router.routeAsync([]))).toMatchObject(error)
  expect(() => router.route([])).toThrow(expect.objectContaining(error))
  const { router: ofVectors } = await bench()
  expect(() => ofVectors.route([])).toThrow(expect.objectContaining({ code: 'DIMENSION_MISMATCH' }))
})

it('has one listener for all that wait for one signal, and none when nobody does', async () => {
  const { router, told, reserved, abort } = await bench()
  const listeners = (): number => getEventListeners(abort.signal, 'abort').length
  const streams = await Promise.all(
    Array.from({ length: 20 }, async () => {
      const { answer } = await router.run(X, { signal: abort.signal }, () => stalling(['a']))
      return answer
    }),
  )
  const calls = Array.from({ length: 20 }, () => rejected(router.run(X, { signal: abort.signal }, never)))
  await router.run(X, { signal: abort.signal }, () => ANSWER)
  await turn()
  expect(listeners()).toBe(1)
  abort.abort(GONE)
  expect(await Promise.all(calls)).toEqual(calls.map(() => GONE))
  await turn()
  expect(listeners()).toBe(0)
  expect(streams).toHaveLength(20)
  expect(told).toHaveLength(41)
  expect(told).toEqual(expect.arrayContaining(reserved.slice(0, 40)))
})
