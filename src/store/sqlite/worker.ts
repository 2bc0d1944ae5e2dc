/** The thread in which SQLite works. */
import { parentPort } from 'node:worker_threads'
import { failureOf } from './failure.js'
import { LogRequests } from './log-requests.js'
import type { Call, Op, Reply, Results } from './messages.js'

const requests = new LogRequests()

/** Buffers of an answer, which need no copy. */
function buffersOf(value: Results[Op]): ArrayBuffer[] {
  if (typeof value !== 'object' || value === null) return []
  if ('events' in value) return [value.events]
  return 'bytes' in value && value.bytes.buffer instanceof ArrayBuffer ? [value.bytes.buffer] : []
}

parentPort?.on('message', async ({ id, ...request }: Call) => {
  try {
    const value = await requests.answer(request)
    const reply: Reply = { id, value }
    parentPort?.postMessage(reply, buffersOf(value))
  } catch (thrown) {
    const reply: Reply = { id, failure: failureOf(requests.description, thrown) }
    parentPort?.postMessage(reply)
  }
})
