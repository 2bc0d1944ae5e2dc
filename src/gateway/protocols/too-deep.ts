/** What a client hears whose JSON has more levels than can be read. */
export const TOO_DEEP = 'expected JSON of fewer levels'

/** Kinds of errors that engines have for that: V8's and JavaScriptCore's, SpiderMonkey's. */
const NAMES: readonly string[] = ['RangeError', 'InternalError']
/** An error may be wrapped in others; one whose cause is itself ends too. */
const CAUSES_MAX = 5

/** Whether an error says that JSON has too many levels for what reads or writes it: clients and upstreams choose how many. */
export function isTooDeep(error: unknown): boolean {
  let cause = error
  for (let i = 0; i < CAUSES_MAX && cause instanceof Error; i++) {
    if (NAMES.includes(cause.name) && /call stack|too much recursion/i.test(cause.message)) return true
    cause = cause.cause
  }
  return false
}
