import type { DashboardData } from '../../src/gateway/dashboard/shape.js'
import { openStream, RefusedError } from './api.js'
import { connection, problem, take } from './state.js'

const AGAIN_MS = 2000

let current: AbortController | null = null

/** Follows the server from now on, and connects again when it was lost. */
export function follow(): void {
  current?.abort()
  const controller = new AbortController()
  current = controller
  void run(controller.signal)
}

async function run(signal: AbortSignal): Promise<void> {
  while (!signal.aborted) {
    try {
      await read(await openStream(signal), signal)
      if (!signal.aborted) connection.value = 'lost'
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof RefusedError && (error.status === 401 || error.status === 404)) {
        connection.value = 'needs-key'
        problem.value = error.status === 401 && error.message.startsWith('expected') ? '' : error.message
        return
      }
      connection.value = 'lost'
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
  }
}

/** Server-sent events by fetch: an EventSource cannot send the key. */
async function read(body: ReadableStream<Uint8Array>, signal: AbortSignal): Promise<void> {
  const reader = body.getReader()
  signal.addEventListener('abort', () => void reader.cancel().catch(() => {}), { once: true })
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    text += decoder.decode(value, { stream: true })
    const parts = text.split('\n\n')
    text = parts.pop() ?? ''
    for (const part of parts) {
      if (!part.startsWith('data: ')) continue
      take(JSON.parse(part.slice('data: '.length)) as DashboardData)
      connection.value = 'live'
      problem.value = ''
    }
  }
}
