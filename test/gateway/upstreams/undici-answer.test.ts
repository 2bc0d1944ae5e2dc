import type { Dispatcher } from 'undici'
import { describe, expect, it } from 'vitest'
import { straightBy, undiciUpstream } from '../../../src/gateway/node/undici-upstream.js'
import { Break } from '../../../src/gateway/upstreams/break.js'
import type { UpstreamAnswer } from '../../../src/gateway/upstreams/call.js'

const KB_64 = 64 * 1024

/** A call whose answer the test brings, as undici would. */
function called({ isBroken = false, bySignal = false } = {}) {
  const broken = new Break()
  if (isBroken) broken.breakOff()
  const own = bySignal ? {} : { onBroken: (listener: () => void) => broken.onBroken(listener) }
  const dispatched: [Dispatcher.DispatchOptions, Required<Dispatcher.DispatchHandler>][] = []
  const dispatcher: Pick<Dispatcher, 'dispatch'> = {
    dispatch(options, handler) {
      dispatched.push([options, handler as Required<Dispatcher.DispatchHandler>])
      return true
    },
  }
  const sent: boolean[] = []
  const answer = undiciUpstream(straightBy(dispatcher))({
    url: 'http://upstream.example/v1/x?y=1',
    headers: { a: 'b' },
    body: '{}',
    get signal() {
      return broken.signal
    },
    markSent: (isSent) => void sent.push(isSent),
    ...own,
  })
  answer.catch(() => {})
  const [[options, handler]] = dispatched
  const aborted: string[] = []
  const controller = {
    paused: false,
    aborted: false,
    reason: null,
    pause() {
      controller.paused = true
    },
    resume() {
      controller.paused = false
    },
    abort(reason: Error) {
      aborted.push(reason.message)
      handler.onResponseError(controller, reason)
    },
  }
  const start = () => handler.onRequestStart(controller, {})
  const head = (status = 200) => handler.onResponseStart(controller, status, { 'x-two': ['1', '2'], x: '0' })
  const data = (chunk: Uint8Array) => handler.onResponseData(controller, Buffer.from(chunk))
  const end = () => handler.onResponseEnd(controller, {})
  const fail = (message: string) => handler.onResponseError(controller, new Error(message))
  const begun = async (): Promise<UpstreamAnswer['body']> => {
    start()
    head()
    return (await answer).body
  }
  return { answer, options, aborted, controller, start, head, data, end, fail, begun, broken, sent }
}

const bytes = (length: number) => new Uint8Array(length)

describe('an answer of undici', () => {
  it('is that to the whole address; heads that say that more will come are passed over', async () => {
    const { answer, options, start, head } = called()
    expect(options).toMatchObject({ origin: 'http://upstream.example', path: '/v1/x?y=1', method: 'POST' })
    start()
    head(103)
    head(201)
    const { status, header } = await answer.then((given) => ({
      status: given.status,
      header: (name: string) => given.header(name),
    }))
    expect([status, header('x'), header('x-two'), header('none')]).toEqual([201, '0', '1', null])
  })

  it('pauses its connection from 64 KB that nobody has read, and resumes it below', async () => {
    const { controller, begun, data } = called()
    const body = await begun()
    data(bytes(KB_64 - 1))
    expect(controller.paused).toBe(false)
    data(bytes(1))
    expect(controller.paused).toBe(true)
    expect(body.take?.()?.byteLength).toBe(KB_64 - 1)
    expect(controller.paused).toBe(false)
    expect(body.take?.()?.byteLength).toBe(1)
    expect(body.take?.()).toBeUndefined()
  })

  it('stays paused while what is left is no less', async () => {
    const { controller, begun, data } = called()
    const body = await begun()
    data(bytes(10))
    data(bytes(KB_64))
    await body.next()
    expect(controller.paused).toBe(true)
    await body.next()
    expect(controller.paused).toBe(false)
  })

  it('goes by whoever waits for it, and is not held for them', async () => {
    const { controller, begun, data, end } = called()
    const body = await begun()
    const next = body.next()
    data(bytes(KB_64))
    expect(await next).toMatchObject({ done: false })
    expect(controller.paused).toBe(false)
    const last = body.next()
    end()
    expect(await last).toEqual({ done: true, value: undefined })
    expect(body.take?.()).toBeNull()
    expect(await body.next()).toEqual({ done: true, value: undefined })
  })

  it('ends after what is held', async () => {
    const { begun, data, end } = called()
    const body = await begun()
    data(bytes(3))
    end()
    expect(body.take?.()?.byteLength).toBe(3)
    expect(body.take?.()).toBeNull()
  })

  it('that fails has all that came before it', async () => {
    const { begun, data, fail } = called()
    const body = await begun()
    data(bytes(1))
    data(bytes(2))
    fail('reset')
    expect((await body.next()).value?.byteLength).toBe(1)
    expect(body.take?.()?.byteLength).toBe(2)
    // It has failed, and not ended.
    expect(body.take?.()).toBeUndefined()
    for (let i = 0; i < 2; i++) await expect(body.next()).rejects.toThrow('reset')
  })

  it('that fails is told to whoever waits', async () => {
    const { begun, fail } = called()
    const body = await begun()
    const next = body.next()
    fail('reset')
    await expect(next).rejects.toThrow('reset')
  })

  it('that nobody wants any more is broken off, and so is who waits for it', async () => {
    const { aborted, begun } = called()
    const body = await begun()
    const next = body.next()
    expect(await body.return?.()).toEqual({ done: true, value: undefined })
    await expect(next).rejects.toThrow('the call was broken off')
    expect(aborted).toEqual(['the call was broken off'])
  })

  it('that has ended is not broken off any more, and its connection is kept', async () => {
    const { aborted, begun, data, end, broken } = called()
    const body = await begun()
    data(bytes(1))
    end()
    await body.return?.()
    broken.breakOff()
    expect(aborted).toEqual([])
    expect(await body.next()).toEqual({ done: true, value: undefined })
  })

  it.each([false, true])(
    'is broken off as soon as there is a connection: by a signal %s',
    async (bySignal) => {
      const before = called({ isBroken: true, bySignal })
      expect(before.aborted).toEqual([])
      before.start()
      await expect(before.answer).rejects.toThrow('the call was broken off')
      const meanwhile = called({ bySignal })
      meanwhile.broken.breakOff()
      expect(meanwhile.aborted).toEqual([])
      meanwhile.start()
      await expect(meanwhile.answer).rejects.toThrow('the call was broken off')
      const after = called({ bySignal })
      const body = await after.begun()
      after.broken.breakOff()
      expect(after.aborted.length).toBe(1)
      await expect(body.next()).rejects.toThrow('the call was broken off')
    },
  )

  it('says that nothing was sent until it begins, and never again where it was broken off before', async () => {
    const asked = called()
    expect(asked.sent).toEqual([false])
    asked.start()
    expect(asked.sent).toEqual([false, true])
    asked.fail('reset')
    expect(asked.sent).toEqual([false, true])
    const before = called()
    before.broken.breakOff()
    // There is no connection yet, and nobody waits for one.
    await expect(before.answer).rejects.toThrow('the call was broken off')
    before.start()
    expect(before.sent).toEqual([false])
    const unreached = called()
    unreached.fail('no connection')
    expect(unreached.sent).toEqual([false])
  })
})
