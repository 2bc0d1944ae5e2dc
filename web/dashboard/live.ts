import type { DashboardData } from '../../src/gateway/dashboard/shape.js'
import { openStream, RefusedError } from './api.js'
import { connection, problem, take } from './state.js'

const AGAIN_MS = 2000
/** The server says something every 15 s or so: after this silence it is asked again, since nobody may hear of a connection that is gone. */
const SILENT_MS = 60_000

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
    const attempt = new AbortController()
    const giveUp = () => attempt.abort()
    signal.addEventListener('abort', giveUp, { once: true })
    let timer = setTimeout(giveUp, SILENT_MS)
    const heard = () => {
      clearTimeout(timer)
      timer = setTimeout(giveUp, SILENT_MS)
    }
    try {
      await read(await openStream(attempt.signal), attempt.signal, heard)
      if (!signal.aborted) connection.value = 'lost'
    } catch (error) {
      if (signal.aborted) return
      if (error instanceof RefusedError && (error.status === 401 || error.status === 404)) {
        connection.value = 'needs-key'
        problem.value = error.status === 401 && error.message.startsWith('expected') ? '' : error.message
        return
      }
      connection.value = 'lost'
      problem.value = error instanceof RefusedError ? error.message : ''
    } finally {
      clearTimeout(timer)
      signal.removeEventListener('abort', giveUp)
    }
    await new Promise((resolve) => setTimeout(resolve, AGAIN_MS))
  }
}

/** Server-sent events by fetch: an EventSource cannot send the key. */
async function read(body: ReadableStream<Uint8Array>, signal: AbortSignal, heard: () => void): Promise<void> {
  const reader = body.getReader()
  signal.addEventListener('abort', () => void reader.cancel().catch(() => {}), { once: true })
  const decoder = new TextDecoder()
  let text = ''
  for (;;) {
    const { done, value } = await reader.read()
    if (done) return
    heard()
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
