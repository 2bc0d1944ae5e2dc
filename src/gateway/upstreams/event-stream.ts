import { createParser, type EventSourceParser } from 'eventsource-parser'
import { parseJson } from '../../base/json.js'
import type { StreamEvent } from '../protocols/adapter.js'
import { UpstreamFailure } from './failure.js'
import type { WatchedBody } from './watched-body.js'

export type StreamItem = StreamEvent | { readonly comment: string }

/** Events of an upstream, one at a time, no faster than they are asked for. */
export class EventStream {
  private readonly body: WatchedBody
  private readonly parser: EventSourceParser
  private readonly decoder = new TextDecoder()
  private readonly queue: StreamItem[] = []
  private next = 0
  private isTooLong = false
  private isAtEnd = false

  /** @param eventCharsMax of one event: a line without an end is no event */
  constructor(body: WatchedBody, eventCharsMax: number) {
    this.body = body
    this.parser = createParser({
      maxBufferSize: eventCharsMax,
      onEvent: (event) => void this.queue.push(event),
      onComment: (comment) => void this.queue.push({ comment }),
      onError: ({ type }) => {
        if (type === 'max-buffer-size-exceeded') this.isTooLong = true
      },
    })
  }

  /** What is there already; undefined: nothing, and `read` waits for more. */
  ready(): StreamItem | undefined {
    while (this.next >= this.queue.length && !this.isTooLong && !this.isAtEnd) {
      const chunk = this.body.take()
      if (chunk == null) return undefined
      this.queue.length = 0
      this.next = 0
      this.parser.feed(this.decoder.decode(chunk, { stream: true }))
    }
    return this.next < this.queue.length ? this.queue[this.next++] : undefined
  }

  /** @returns null at the end of the bytes. @throws (the promise is rejected with) UpstreamFailure */
  async read(): Promise<StreamItem | null> {
    while (this.next >= this.queue.length) {
      this.queue.length = 0
      this.next = 0
      if (this.isTooLong) {
        this.body.stop()
        const more = { mayBeBilled: true }
        throw new UpstreamFailure(
          'upstream',
          'upstream_malformed',
          502,
          'an event of the upstream has no end',
          more,
        )
      }
      if (this.isAtEnd) return null
      const chunk = await this.body.next()
      if (chunk === null) this.end()
      else this.parser.feed(this.decoder.decode(chunk, { stream: true }))
    }
    return this.queue[this.next++]
  }

  private end(): void {
    this.isAtEnd = true
    // A line may end with a carriage return alone: at the end of the bytes no line feed can follow it.
    this.parser.feed(`${this.decoder.decode()}\n`)
    const { length } = this.queue
    // Some servers leave out the empty line after their last event, which may be the one with the usage.
    this.parser.feed('\n')
    const last = this.queue[length]
    if (last !== undefined && 'data' in last && !isWhole(last.data)) this.queue.length = length
  }
}

/** False: the bytes ended in the middle of it. */
function isWhole(data: string): boolean {
  return data.trim() === '[DONE]' || parseJson(data) !== undefined
}

/** An event as it goes to the client: the same fields, one line each. */
export function eventText({ event, id, data }: StreamEvent): string {
  let text = event === undefined ? '' : `event: ${event}\n`
  if (id !== undefined) text += `id: ${id}\n`
  if (!data.includes('\n')) return `${text}data: ${data}\n\n`
  return `${text}${data
    .split('\n')
    .map((line) => `data: ${line}`)
    .join('\n')}\n\n`
}
