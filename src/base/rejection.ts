/**
 * What a function of the caller's gave that nobody waits for: where it is a promise, what that is rejected with goes to `failed`. Left to
 * itself it would end the process.
 * @param failed must not throw
 */
export function hearRejection(answer: unknown, failed: (error: unknown) => void): void {
  if (typeof answer !== 'object' || answer === null) return
  // A thenable is asked later, and what it throws is a rejection then.
  Promise.resolve(answer).then(undefined, failed)
}

/**
 * A function of the caller's that hears of failures: what fails in it, at once or later, harms nobody.
 * @param failed hears of that; must not throw
 */
export function guarded<T>(
  tell: (failure: T) => unknown,
  failed: (error: unknown) => void = () => {},
): (failure: T) => void {
  return (failure) => {
    try {
      hearRejection(tell(failure), failed)
    } catch (error) {
      failed(error)
    }
  }
}
