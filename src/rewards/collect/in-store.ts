import type { After } from '../after.js'

/** Nobody waits longer for the router's store. */
const STORE_WAIT_MS = 5000

/** @returns whether the store has it in time. A failure of the store is told to the operator; that it is slow is not. */
export function isInStore(
  durable: Promise<unknown>,
  after: After,
  onError: (error: unknown) => void,
): Promise<boolean> {
  return new Promise((resolve) => {
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
