import type { DashboardData } from '../../src/gateway/dashboard/shape.js'
import { openStream, RefusedError } from './api.js'
import { connection, problem, take } from './state.js'

const AGAIN_MS = 2000
/** The server says something every 15 s or so: after this silence it is asked again, since nobody may hear of a connection that is gone. */
const SILENT_MS = 60_000
/** What the gateway refuses for the key. A proxy before it may answer 401 or 404 for reasons of its own. */
const KEY_CODES: ReadonlySet<string> = new Set(['missing_admin_key', 'invalid_admin_key', 'no_admin'])
/** A tab that nobody sees keeps its connection for so long: a browser has six to one server, for actions too. */
const UNSEEN_MS = 10_000

let current: AbortController | null = null

/** Follows the server from now on, and connects again when it was lost. */
export function follow(): void {
  current?.abort()
  const controller = new AbortController()
  current = controller
  void run(controller.signal)
}

/** Follows while the page is seen, and again from when it is seen again. */
export function followWhileSeen(): void {
  let timer: ReturnType<typeof setTimeout> | undefined
  const look = () => {
    clearTimeout(timer)
    if (document.visibilityState === 'hidden') timer = setTimeout(rest, UNSEEN_MS)
    else if (connection.value === 'resting') {
      connection.value = 'asking'
      follow()
    }
  }
  document.addEventListener('visibilitychange', look)
  follow()
  look()
}

function rest(): void {
  if (connection.value === 'needs-key') return
  current?.abort()
  connection.value = 'resting'
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
      if (error instanceof RefusedError && KEY_CODES.has(error.code ?? '')) {
        connection.value = 'needs-key'
        problem.value = error.code === 'missing_admin_key' ? '' : error.message
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
