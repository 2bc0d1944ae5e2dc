import { onAbort } from '../../base/on-abort.js'

/**
 * What work comes to, unless the signal aborts before: then nobody waits for it any more.
 * @param late is told what it comes to afterwards; that it fails is nobody's concern
 * @throws (the promise is rejected with) the signal's reason; the work is not begun where it has aborted already
 */
export function untilAborted<T>(
  work: () => T | PromiseLike<T>,
  signal: AbortSignal | undefined,
  late: (value: T) => void = () => {},
): Promise<T> {
  const begin = async () => work()
  if (signal === undefined) return begin()
  return new Promise((resolve, reject) => {
    const abort = () => reject(signal.reason)
    if (signal.aborted) {
      abort()
      return
    }
    const forget = onAbort(signal, abort)
    begin()
      .then((value) => (signal.aborted ? late(value) : resolve(value)), reject)
      .finally(forget)
  })
}
