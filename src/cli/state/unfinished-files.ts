import { unlinkSync } from 'node:fs'

const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP'] as const
const paths = new Set<string>()

/** A file that is of no use to anybody before it is complete: it goes with a process that is ended before that. */
export function noteUnfinished(path: string): void {
  if (paths.size === 0) {
    process.on('exit', removeAll)
    for (const signal of SIGNALS) process.on(signal, endBy)
  }
  paths.add(path)
}

/** It is complete, or gone. */
export function noteFinished(path: string): void {
  if (!paths.delete(path) || paths.size > 0) return
  stopListening()
}

/** Ends the process as the signal would have without a listener; another listener has its own way of ending it. */
function endBy(signal: NodeJS.Signals): void {
  if (process.listenerCount(signal) > 1) return
  removeAll()
  process.kill(process.pid, signal)
}

function removeAll(): void {
  for (const path of paths) {
    try {
      unlinkSync(path)
    } catch {
      // It is gone, or nobody can help it.
    }
  }
  paths.clear()
  stopListening()
}

function stopListening(): void {
  process.off('exit', removeAll)
  for (const signal of SIGNALS) process.off(signal, endBy)
}
