import { appendFile } from 'node:fs/promises'
import type { RouterEvent } from '../events/events.js'
import type { Router } from '../router/router.js'
import { fileError } from './files.js'
import { print } from './print.js'

/** Events of a router that go to a file, one a line as JSON, once what made them is safe. */
export class EventLog {
  private readonly path: string | undefined
  private lines = ''

  /** @param path undefined: nothing is kept */
  constructor(path: string | undefined) {
    this.path = path
  }

  /** Keeps every event from now on. */
  listen(router: Router): void {
    if (this.path === undefined) return
    router.on('*', (event) => {
      this.lines += `${eventLine(event)}\n`
    })
  }

  /**
   * Prints what a command did, then appends what was kept. In this order: the state has it whether its lines can be written or not, and who is not
   * told gives it again, a credit twice. Lines of several processes may come in any order: readers join them by id.
   * @throws FILE_UNWRITABLE
   */
  async tell(said: string): Promise<void> {
    print(said)
    if (this.path === undefined || this.lines === '') return
    try {
      await appendFile(this.path, this.lines, { mode: 0o600 })
    } catch (error) {
      throw fileError(error, this.path, 'write')
    }
    this.lines = ''
  }
}

/** An event as JSON, its vectors as arrays. */
export function eventLine(event: RouterEvent): string {
  return JSON.stringify(event, (_, value: unknown) => (value instanceof Float64Array ? [...value] : value))
}
