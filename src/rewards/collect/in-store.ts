import type { After } from '../../base/after.js'
import { checkFunction } from '../../base/check.js'
import { expected } from '../../base/errors.js'
import { reading } from '../../base/read-once.js'

/** Nobody waits longer for the router's store. */
const STORE_WAIT_MS = 5000

/** @returns whether the store has it in time. A failure of the store is told to the operator; that it is slow is not. @throws (the promise is rejected with) INVALID_ARGUMENT */
export function isInStore(
  durable: Promise<unknown>,
  after: After,
  onError: (error: unknown) => void,
): Promise<boolean> {
  return new Promise((resolve) => {
    checkFunction(after, 'after')
    checkFunction(onError, 'onError')
    const isPromise = reading('durable', () => typeof durable?.then === 'function')
    if (!isPromise) throw expected('INVALID_ARGUMENT', 'durable', 'a promise', durable)
    const cancel = after(STORE_WAIT_MS, () => resolve(false))
    durable.then(
      () => {
        cancel()
        resolve(true)
      },
      (error: unknown) => {
        cancel()
        onError(error)
        resolve(false)
      },
    )
  })
}
