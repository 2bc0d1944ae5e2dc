import type { PlatformSignal } from './platform.js'

/** The one listener of a signal, and whom it tells. */
interface Told {
  readonly listeners: Set<() => void>
  readonly tellAll: () => void
}

const toldBySignal = new WeakMap<PlatformSignal, Told>()

/**
 * Has `listener` told, once, when the signal aborts; not where it has aborted already. However many wait for a signal, it has one
 * listener: Node warns of more than ten as if they were forgotten.
 * @returns ends that; a signal that nobody waits for has no listener left
 */
export function onAbort(signal: PlatformSignal, listener: () => void): () => void {
  const { listeners, tellAll } = toldBySignal.get(signal) ?? listened(signal)
  listeners.add(listener)
  return () => {
    if (!listeners.delete(listener) || listeners.size > 0) return
    signal.removeEventListener('abort', tellAll)
    toldBySignal.delete(signal)
  }
}

function listened(signal: PlatformSignal): Told {
  const listeners = new Set<() => void>()
  const tellAll = (): void => {
    const all = [...listeners]
    listeners.clear()
    signal.removeEventListener('abort', tellAll)
    toldBySignal.delete(signal)
    for (const each of all) tell(each)
  }
  const told = { listeners, tellAll }
  toldBySignal.set(signal, told)
  signal.addEventListener('abort', tellAll)
  return told
}

/** One that throws keeps it from no other: its error is nobody's, as that of any listener. */
function tell(listener: () => void): void {
  try {
    listener()
  } catch (error) {
    queueMicrotask(() => {
      throw error
    })
  }
}
