import { ParetoBanditError, type Router } from '../../index.js'

/** So much later than its time a reservation is spend at the latest, where no request comes meanwhile, ms. */
export const EXPIRE_EVERY_MS = 5000

/**
 * Has reservations become spend when `routing.pendingTtlMs` is over. A request does so too, before it is routed; a quiet gateway
 * would never tell what a process cost that died.
 * @returns ends it
 */
export function startExpiry(
  router: Pick<Router<string>, 'expire'>,
  onError: (error: unknown) => void,
): () => void {
  const timer = setInterval(() => {
    try {
      router.expire()
    } catch (error) {
      // A store that fails, or a router that is closed, is told elsewhere.
      if (!(error instanceof ParetoBanditError)) onError(error)
    }
  }, EXPIRE_EVERY_MS)
  // Timers of browsers and workers are numbers.
  if (typeof timer === 'object') timer.unref?.()
  return () => clearInterval(timer)
}
