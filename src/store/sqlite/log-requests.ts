import { ParetoBanditError } from '../../base/errors.js'
import { loadDriver } from './drivers/load.js'
import { Inspection } from './inspection.js'
import { SqliteLog } from './log.js'
import type { Op, Request, Results } from './messages.js'

/** What is asked of one file, answered: one request after the other, dropping old events in between. */
export class LogRequests {
  /** How messages call the file. */
  description = 'sqlite'
  private log: SqliteLog | null = null
  private inspection: Inspection | null = null
  /** The dropping of old events that is under way. */
  private trimming: Promise<void> | null = null
  private isClosing = false

  /** @throws SQLite's errors as they are */
  async answer(request: Request): Promise<Results[Op]> {
    switch (request.op) {
      case 'open': {
        this.description = request.settings.description
        const driver = await loadDriver(request.settings.driver)
        this.log = SqliteLog.open(driver, request.settings, request.header, request.seed)
        return { ...this.log.opened, driver: driver.name }
      }
      case 'inspect': {
        this.description = request.description
        const driver = await loadDriver(request.driver)
        this.inspection = Inspection.open(driver, request.file, request.description)
        return { ...this.inspection.opened, driver: driver.name }
      }
      case 'read':
        return this.reading().read(request.after)
      case 'snapshot':
        return this.reading().snapshot(request.before)
      case 'append':
        return this.writing().append(request.origin, request.firstNumber, request.events)
      case 'writeSnapshot':
        this.writing().writeSnapshot(request.position, request.bytes)
        this.trimming ??= this.trim(this.writing()).finally(() => {
          this.trimming = null
        })
        await this.trimming
        return null
      case 'note':
        return this.reading().note(request.name)
      case 'moved':
        return this.inspection?.moved() ?? null
      case 'writeNote':
        this.writing().writeNote(request.name, request.text)
        return null
      case 'replaceNote':
        return this.writing().replaceNote(request.name, request.before, request.text)
      case 'close':
        this.isClosing = true
        await this.trimming?.catch(() => {})
        this.inspection?.close()
        this.log?.close()
        return null
    }
  }

  /** Slice by slice: requests that came meanwhile go first. */
  private async trim(of: SqliteLog): Promise<void> {
    while (!this.isClosing && of.trim()) await new Promise((done) => setImmediate(done))
  }

  private writing(): SqliteLog {
    if (this.log === null)
      throw new ParetoBanditError('STORE_CLOSED', this.description, 'expected a log that is open')
    return this.log
  }

  private reading(): SqliteLog | Inspection {
    return this.inspection ?? this.writing()
  }
}
