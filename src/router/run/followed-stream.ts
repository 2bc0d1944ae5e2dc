import { expected } from '../../base/errors.js'
import { isAborted, type SelfReading, withEvents } from '../../base/stream.js'
import { untilAborted } from './until-aborted.js'
import { leave, type StreamEnd } from './watched-stream.js'

/** Events that wait for whoever reads them. Who takes the answer as a whole reads none. */
const WAITING_MAX = 65_536

/**
 * The same stream, of which every event is seen as it comes, and the end is told, whether whoever has it reads its events or not.
 * @param source its only reader: such streams break off where one of their readers falls behind
 * @param first what was read of it already
 */
export function followedStream<Stream extends SelfReading>(
  stream: Stream,
  source: AsyncIterator<unknown>,
  first: IteratorResult<unknown>,
  seen: (event: unknown) => void,
  end: Omit<StreamEnd, 'left'>,
  signal: AbortSignal | undefined,
): Stream {
  const events = new WaitingEvents(source)
  const follow = async (): Promise<void> => {
    try {
      const read = () => untilAborted(() => source.next(), signal)
      for (let next = first; next.done !== true; next = await read()) {
        seen(next.value)
        events.push(next.value)
      }
      // A reader that does not wait when it breaks is not told.
      await stream.done()
      end.ended()
      events.end(null)
    } catch (error) {
      const isOver = signal?.aborted === true
      if (isOver) leave(source)
      if (isOver || isAborted(stream)) end.aborted()
      else end.failed(error)
      events.end({ error })
    }
  }
  void follow()
  return withEvents(stream, events)
}

/** Events that have come, for one reader. */
class WaitingEvents implements AsyncIterator<unknown> {
  private readonly source: AsyncIterator<unknown>
  private readonly events: unknown[] = []
  private isOver = false
  private failure: { readonly error: unknown } | null = null
  private wake: () => void = () => {}
  private more: Promise<void>

  constructor(source: AsyncIterator<unknown>) {
    this.source = source
    this.more = this.nextMore()
  }

  push(event: unknown): void {
    if (this.isOver) return
    if (this.events.push(event) <= WAITING_MAX) this.wakeAll()
    else {
      this.events.length = 0
      const what = `a reader of its events as they come, no more than ${WAITING_MAX} behind`
      this.end({ error: expected('INVALID_ARGUMENT', 'answer', what, null) })
    }
  }

  /** @param failure that ended it; null: it is whole */
  end(failure: { readonly error: unknown } | null): void {
    if (this.isOver) return
    this.isOver = true
    this.failure = failure
    this.wakeAll()
  }

  async next(): Promise<IteratorResult<unknown>> {
    while (this.events.length === 0 && !this.isOver) await this.more
    if (this.events.length > 0) return { done: false, value: this.events.shift() }
    const { failure } = this
    this.failure = null
    if (failure !== null) throw failure.error
    return { done: true, value: undefined }
  }

  async return(): Promise<IteratorResult<unknown>> {
    this.isOver = true
    this.events.length = 0
    this.failure = null
    await this.source.return?.()
    return { done: true, value: undefined }
  }

  private wakeAll(): void {
    this.wake()
    this.more = this.nextMore()
  }

  private nextMore(): Promise<void> {
    return new Promise((resolve) => {
      this.wake = resolve
    })
  }
}
