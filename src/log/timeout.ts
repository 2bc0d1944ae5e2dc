import { ParetoBanditError } from '../base/errors.js'
import type { Store } from './store.js'

/** Waits for events to be durable, but not for ever: a store that is away must not hold up a process that ends. */
export async function within(
  flushed: Promise<void>,
  ms: number,
  { description }: Store,
  what = 'events were',
): Promise<void> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => {
      const message = `${what} still waiting for it after ${ms} ms, and are lost`
      reject(new ParetoBanditError('STORE_UNREACHABLE', description, message))
    }, ms)
  })
  try {
    await Promise.race([flushed, late])
  } finally {
    clearTimeout(timer)
  }
}
