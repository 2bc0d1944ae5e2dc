import { afterEach, describe, expect, it, vi } from 'vitest'
import { afterTimeout } from '../../../src/base/after.js'
import { Exchange } from '../../../src/gateway/completions/exchange.js'
import { type StreamedCall, StreamResponse } from '../../../src/gateway/completions/stream-response.js'
import type { StreamedAnswer } from '../../../src/gateway/completions/streamed.js'
import { requestOf, responseOf } from '../../../src/gateway/doors/web-door.js'
import { UpstreamFailure } from '../../../src/gateway/upstreams/failure.js'
import type { WatchedBody } from '../../../src/gateway/upstreams/watched-body.js'

afterEach(() => {
  vi.useRealTimers()
})

/** A stream whose reads end when the test says so, whatever is broken off meanwhile. */
function started(onClientGone: 'cancel' | 'drain', isBegun = true) {
  vi.useFakeTimers()
  const booked: string[] = []
  const exchange = new Exchange(
    requestOf(new Request('http://x/')),
    'chat',
    Date.now,
    () => {},
    () => {},
  )
  let give: (text: string) => void = () => {}
  let reads = 0
  const streamed = {
    isOver: false,
    next: () => {
      reads++
      return new Promise<string>((resolve) => {
        give = resolve
      })
    },
  }
  const body = { stop: () => {}, next: async () => null, wait: () => ({ ms: 1, what: '' }) }
  const call = {
    exchange,
    config: {
      timeouts: { totalMs: 10_000 },
      limits: { streamBufferBytesMax: 4 },
      sessions: { onClientGone, drainMs: 1000 },
    },
    after: afterTimeout,
    answered: () => void booked.push('answered'),
    booking: { gone: () => void booked.push('gone'), failure: () => void booked.push('failure') },
    breakOff: () => {},
    errorEvent: () => 'data: error\n\n',
    told: (error: unknown) =>
      error instanceof UpstreamFailure ? error : new UpstreamFailure('operator', 'x', 500, 'x'),
  }
  const { answer } = new StreamResponse(
    call as unknown as StreamedCall,
    streamed as unknown as StreamedAnswer,
    body as unknown as WatchedBody,
  )
  if (isBegun) responseOf(answer)
  return { exchange, booked, give: (text: string) => give(text), reads: () => reads }
}

describe('a stream that is broken off while it is read', () => {
  it.each(['cancel', 'drain'] as const)(
    'is booked though the read brings something all the same: %s',
    async (mode) => {
      const { exchange, booked, give } = started(mode)
      await vi.advanceTimersByTimeAsync(0)
      exchange.breakOff()
      expect(booked).toEqual([])
      give('data: 1\n\n')
      await vi.advanceTimersByTimeAsync(0)
      expect(booked).toEqual(['gone'])
    },
  )

  it('by a client that leaves is booked too', async () => {
    const { exchange, booked, give } = started('cancel')
    await vi.advanceTimersByTimeAsync(0)
    exchange.goneAway()
    give('data: 1\n\n')
    await vi.advanceTimersByTimeAsync(0)
    expect(booked).toEqual(['gone'])
  })
})

describe('a stream that nobody reads on', () => {
  it('ends when the time of its request is over, though a read ended just then', async () => {
    const { booked, give, reads } = started('cancel')
    await vi.advanceTimersByTimeAsync(10_000)
    expect([booked, reads()]).toEqual([[], 1])
    // More than is held for a client: nothing reads on.
    give('data: 12345678\n\n')
    await vi.advanceTimersByTimeAsync(1000)
    expect(reads()).toBe(1)
    expect(booked).toEqual(['gone'])
  })

  it('nor begins ends at the same time', async () => {
    const { booked, reads } = started('drain', false)
    await vi.advanceTimersByTimeAsync(10_000)
    expect([booked, reads()]).toEqual([['gone'], 0])
  })

  it('nor begins is read to its end where the operator drains', async () => {
    const { exchange, reads } = started('drain', false)
    exchange.goneAway()
    await vi.advanceTimersByTimeAsync(0)
    expect(reads()).toBe(1)
  })
})
