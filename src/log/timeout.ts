import { ParetoBanditError } from '../base/errors.js'
import type { Store } from './store.js'

/** Waits for events to be durable, but not for ever: a store that is away must not hold up a process that ends. */
export function within(
  flushed: Promise<void>,
  ms: number,
  store: Store,
  what = 'events were',
): Promise<void> {
  return inTime(flushed, ms, store, `${what} still waiting for it after ${ms} ms, and are lost`)
}

/** @throws STORE_UNREACHABLE with that message where it takes longer: what is under way goes on */
export async function inTime<T>(
  work: Promise<T>,
  ms: number,
  { description }: Store,
  message: string,
): Promise<T> {
  let timer: ReturnType<typeof setTimeout> | undefined
  const late = new Promise<never>((_, reject) => {
    timer = setTimeout(() => reject(new ParetoBanditError('STORE_UNREACHABLE', description, message)), ms)
  })
  try {
    return await Promise.race([work, late])
  } finally {
    clearTimeout(timer)
  }
}
