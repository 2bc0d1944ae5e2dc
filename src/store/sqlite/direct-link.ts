import { ParetoBanditError } from '../../base/errors.js'
import { storeError } from './failure.js'
import type { LogLink } from './log-link.js'
import { LogRequests } from './log-requests.js'
import type { Request, Results } from './messages.js'

/**
 * SQLite in this thread, for a command that has nothing else to do while it works: to start another thread takes longer
 * than most commands do.
 */
export class DirectLink implements LogLink {
  readonly isDead = false
  private readonly requests = new LogRequests()
  private isClosed = false

  async call<R extends Request>(request: R): Promise<Results[R['op']]> {
    try {
      if (request.op === 'close') this.isClosed = true
      // A request is answered with the result of its kind.
      return (await this.requests.answer(request)) as Results[R['op']]
    } catch (thrown) {
      throw this.errorOf(thrown)
    }
  }

  /** As through a thread: of the same class, and SQLite's in the same words. */
  private errorOf(thrown: unknown): ParetoBanditError {
    const { description } = this.requests
    const cause = storeError(description, thrown)
    if (cause instanceof ParetoBanditError) return cause
    const why = cause instanceof Error ? cause.message : String(cause)
    return new ParetoBanditError('STORE_UNREACHABLE', description, `it failed: ${why}`, { cause })
  }

  async stop(): Promise<void> {
    // A thread's end would close the file.
    if (!this.isClosed) await this.call({ op: 'close' })
  }
}
