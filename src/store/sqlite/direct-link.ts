import { errorOf, failureOf } from './failure.js'
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
      // As through a thread: the same classes and words.
      throw errorOf(failureOf(this.requests.description, thrown))
    }
  }

  async stop(): Promise<void> {
    // A thread's end would close the file.
    if (!this.isClosed) await this.call({ op: 'close' })
  }
}
