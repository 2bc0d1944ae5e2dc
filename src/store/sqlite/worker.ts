/** The thread in which SQLite works: one request after the other, dropping old events in between. */
import { parentPort } from 'node:worker_threads'
import { ParetoBanditError } from '../../base/errors.js'
import { loadDriver } from './drivers/load.js'
import { failureOf } from './failure.js'
import { Inspection } from './inspection.js'
import { SqliteLog } from './log.js'
import type { Call, Op, Reply, Request, Results } from './messages.js'

let log: SqliteLog | null = null
let inspection: Inspection | null = null
let description = 'sqlite'
/** The dropping of old events that is under way. */
let trimming: Promise<void> | null = null
let isClosing = false

async function answer(request: Request): Promise<Results[Op]> {
  switch (request.op) {
    case 'open': {
      description = request.settings.description
      const driver = await loadDriver(request.settings.driver)
      log = SqliteLog.open(driver, request.settings, request.header, request.seed)
      return { ...log.opened, driver: driver.name }
    }
    case 'inspect': {
      description = request.description
      const driver = await loadDriver(request.driver)
      inspection = Inspection.open(driver, request.file, request.description)
      return { ...inspection.opened, driver: driver.name }
    }
    case 'read':
      return reading().read(request.after)
    case 'snapshot':
      return reading().snapshot(request.before)
    case 'append':
      return writing().append(request.origin, request.firstNumber, request.events)
    case 'writeSnapshot':
      writing().writeSnapshot(request.position, request.bytes)
      trimming ??= trim(writing()).finally(() => {
        trimming = null
      })
      await trimming
      return null
    case 'note':
      return reading().note(request.name)
    case 'moved':
      return inspection?.moved() ?? null
    case 'writeNote':
      writing().writeNote(request.name, request.text)
      return null
    case 'replaceNote':
      return writing().replaceNote(request.name, request.before, request.text)
    case 'close':
      isClosing = true
      await trimming?.catch(() => {})
      inspection?.close()
      log?.close()
      return null
  }
}

/** Slice by slice: requests that came meanwhile go first. */
async function trim(of: SqliteLog): Promise<void> {
  while (!isClosing && of.trim()) await new Promise((done) => setImmediate(done))
}

function writing(): SqliteLog {
  if (log === null) throw new ParetoBanditError('STORE_CLOSED', description, 'expected a log that is open')
  return log
}

function reading(): SqliteLog | Inspection {
  return inspection ?? writing()
}

/** Buffers of an answer, which need no copy. */
function buffersOf(value: Results[Op]): ArrayBuffer[] {
  if (typeof value !== 'object' || value === null) return []
  if ('events' in value) return [value.events]
  return 'bytes' in value && value.bytes.buffer instanceof ArrayBuffer ? [value.bytes.buffer] : []
}

parentPort?.on('message', async ({ id, ...request }: Call) => {
  try {
    const value = await answer(request)
    const reply: Reply = { id, value }
    parentPort?.postMessage(reply, buffersOf(value))
  } catch (thrown) {
    const reply: Reply = { id, failure: failureOf(description, thrown) }
    parentPort?.postMessage(reply)
  }
})
