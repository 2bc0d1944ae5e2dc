import { isRecord } from '../../base/check.js'
import type { Json } from '../../base/json.js'
import type { PlatformResponse } from '../../base/platform.js'
import { ParetoBanditError, type Run } from '../../index.js'

/** What became of a request that was routed. */
export interface Answered {
  readonly run: Run<unknown>
  /** The request as the model got it. */
  readonly sent: Json
  /** Of HTTP, where the client shows it. */
  readonly response: PlatformResponse | null
  /** The answer, or a stream of its events. */
  readonly shown: unknown
}

const runs = new WeakMap<object, Run<unknown>>()

/** From now on `runOf` finds the run of an answer. */
export function remember(answer: unknown, run: Run<unknown>): void {
  if (typeof answer === 'object' && answer !== null) runs.set(answer, run)
}

/**
 * The run behind an answer, a stream or a runner of a routed client: its decisions, and where its reward goes. Of a runner its latest
 * request's, whose reward reaches all before it. Undefined: no routed client gave it, or it has no answer yet.
 */
export function runOf(answer: object): Run<unknown> | undefined {
  return runs.get(answer)
}

/**
 * A promise of the answer that has what those of the client have.
 * @param start sends the request, unless it is asked at once for what a routed answer does not have
 */
export function requestOf(start: () => Promise<Answered>, asked = { forResponse: false }): Promise<unknown> {
  const answered = Promise.resolve().then(() => {
    if (asked.forResponse) throw noResponse()
    return start()
  })
  const shown = answered.then((done) => {
    remember(done.shown, done.run)
    return done.shown
  })
  // By way of `shown`: whoever asks for more than the answer need not look at it for an error.
  const after = <T>(read: (done: Answered) => T): Promise<T> => shown.then(async () => read(await answered))
  return Object.assign(shown, {
    withResponse: () =>
      after(({ shown: data, response }) => {
        return { data, response, request_id: requestIdIn(response) }
      }),
    asResponse: () => {
      asked.forResponse = true
      return shown.then(() => {
        throw noResponse()
      })
    },
    // By this the client's `parse` reads an answer.
    _thenUnwrap: (read: (answer: unknown, props: Json) => unknown) => {
      // Its errors reach whoever awaits the promise made from it.
      shown.catch(() => {})
      const unwrapped = (done: Answered): Answered => {
        const options = { body: done.sent }
        const shown = read(done.shown, { options, response: done.response })
        return { ...done, shown: withRequestId(shown, done.response) }
      }
      return requestOf(() => after(unwrapped), asked)
    },
  })
}

/** The client has it beside each answer; one that `parse` has read is another object. */
function withRequestId(answer: unknown, response: PlatformResponse | null): unknown {
  if (!isRecord(answer) || response === null) return answer
  return Object.defineProperty(answer, '_request_id', { value: requestIdIn(response), enumerable: false })
}

function requestIdIn(response: PlatformResponse | null): string | null {
  return response?.headers.get('x-request-id') ?? null
}

function noResponse(): ParetoBanditError {
  const why = 'expected withResponse(): a routed answer is read, to book it'
  return new ParetoBanditError('INVALID_ARGUMENT', 'asResponse', why)
}
