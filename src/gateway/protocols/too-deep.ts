/** What a client hears whose JSON has more levels than can be read. */
export const TOO_DEEP = 'expected JSON of fewer levels'

/** Whether an error says that JSON has too many levels for what reads or writes it: clients and upstreams choose how many. */
export function isTooDeep(error: unknown): boolean {
  if (!(error instanceof Error)) return false
  if (error.cause !== undefined && isTooDeep(error.cause)) return true
  return /call stack|too much recursion/i.test(error.message)
}
