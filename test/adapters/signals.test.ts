import { expect, it } from 'vitest'
import { withSignal } from '../../src/adapters/signals.js'
import type { PlatformSignal } from '../../src/index.js'

/** A signal of another class, as packages and other realms have it. */
function foreign() {
  const target = new EventTarget()
  const signal = {
    aborted: false,
    reason: undefined as unknown,
    addEventListener: target.addEventListener.bind(target),
    removeEventListener: target.removeEventListener.bind(target),
    throwIfAborted() {},
  }
  return {
    signal: signal as unknown as PlatformSignal,
    abort(reason: unknown) {
      signal.aborted = true
      signal.reason = reason
      target.dispatchEvent(new Event('abort'))
    },
  }
}

it.each([true, false])('of two signals, one of another class, whichever aborts first counts', (isOwn) => {
  const other = foreign()
  const own = new AbortController()
  const { signal } = withSignal({ signal: other.signal }, own.signal)
  expect(signal?.aborted).toBe(false)
  if (isOwn) own.abort('why')
  else other.abort('why')
  expect([signal?.aborted, signal instanceof AbortSignal && signal.reason]).toEqual([true, 'why'])
})

it('of two signals, one that has aborted already counts', () => {
  const other = foreign()
  other.abort('before')
  const { signal } = withSignal({ signal: other.signal }, new AbortController().signal)
  expect(signal instanceof AbortSignal && signal.reason).toBe('before')
})

it('what is no signal is left out, and other options stay', () => {
  expect(withSignal({ session: 's' }, 'stop')).toEqual({ session: 's' })
  const { signal } = new AbortController()
  expect(withSignal({ session: 's', signal }, null)).toEqual({ session: 's', signal })
})
