import type { Request, Results } from './messages.js'

/** The way to a file that is open: in a thread of its own (`WorkerLink`), or in this one (`DirectLink`). */
export interface LogLink {
  /** Whether all that is asked of it is refused from now on. */
  readonly isDead: boolean
  /** @param buffers of the request, which the caller has no more use for */
  call<R extends Request>(request: R, buffers?: readonly ArrayBuffer[]): Promise<Results[R['op']]>
  stop(): Promise<void>
}
