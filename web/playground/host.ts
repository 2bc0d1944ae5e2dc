import type { Ask, Tell } from './messages.js'
import code from './worker-code.js'

/** The worker, from the page's side. */
export interface Host {
  ask(message: Ask): void
}

/**
 * Starts the worker. Its code comes with the page and starts from a blob: only such a worker stands under the page's own rule
 * that nothing may be sent anywhere, and it starts where the page was opened as a file too.
 * @param hear gets every message, and an error where the worker cannot run
 */
export function startWorker(hear: (message: Tell) => void): Host {
  const url = URL.createObjectURL(new Blob([code], { type: 'text/javascript' }))
  const worker = new Worker(url)
  // What is asked before the worker listens would be lost.
  const waiting: Ask[] = []
  let isListening = false
  worker.onmessage = ({ data }: MessageEvent<Tell | { readonly type: 'listening' }>) => {
    if (data.type !== 'listening') return hear(data)
    isListening = true
    URL.revokeObjectURL(url)
    for (const message of waiting.splice(0)) worker.postMessage(message)
  }
  worker.onerror = ({ message }) =>
    hear({ type: 'refused', what: 'start', message: message || 'the worker cannot run here' })
  return {
    ask(message) {
      if (isListening) worker.postMessage(message)
      else waiting.push(message)
    },
  }
}
