import { type Json, parseObject } from '../../base/json.js'
import type { Asked, Facts, ProtocolAdapter, StreamEvent } from '../protocols/adapter.js'
import { withNumberAt } from '../protocols/json-text.js'
import { EventStream, eventText, type StreamItem } from '../upstreams/event-stream.js'
import { failureOfError, listedError, malformed, UpstreamFailure, unanswered } from '../upstreams/failure.js'
import type { WatchedBody } from '../upstreams/watched-body.js'
import type { Meter } from './meter.js'

export interface StreamedOptions {
  readonly adapter: ProtocolAdapter
  readonly asked: Asked
  readonly body: WatchedBody
  readonly meter: Meter
  /** Of what may be held before the first content, of events that wait for the end together, and of one event. */
  readonly bytesMax: number
  /** Called with each event. */
  readonly onData: (data: Json) => void
  /** Books the whole answer. @returns its cost, USD */
  readonly book: () => number
  /** Milliseconds since 1970. */
  readonly now: () => number
}

/** Events that came together go on together, up to so much. */
const PIECE_CHARS_MAX = 16 * 1024

interface HeldEvent {
  /** As the client gets it; null: it does not. */
  readonly sent: StreamEvent | null
  readonly data: Json
  /** Of its data, as they came. */
  readonly chars: number
}

/** Events that may wait with a usage for the end of their stream. */
const LAST_MAX = 8

/** Whether an event goes on with the answer. */
function saysMore({ hasContent, finish, answers }: Facts): boolean {
  return hasContent || finish !== null || answers.length > 0
}

/** An upstream's stream on its way to the client: events in order, read as they go by, and nothing else changed. */
export class StreamedAnswer {
  private readonly options: StreamedOptions
  private readonly events: EventStream
  private readonly head: string[] = []
  /** The event with the usage, and those after it that say nothing more of the answer: they wait for the end, to carry the cost. */
  private last: HeldEvent[] = []
  isOver = false
  /** The data of the event that came last. */
  latest: Json | null = null
  /** What went wrong after something that could be sent. */
  private failure: unknown

  constructor(options: StreamedOptions) {
    this.options = options
    this.events = new EventStream(options.body, options.bytesMax)
  }

  /**
   * Reads until something is to be shown, or all of it.
   * @throws (the promise is rejected with) UpstreamFailure: the client has seen nothing yet
   */
  async start(): Promise<void> {
    const { meter, bytesMax } = this.options
    let held = 0
    while (!meter.hasContent && !this.isOver) {
      const text = await this.step()
      held += text.length
      if (held > bytesMax) {
        const more = { mayBeBilled: true }
        throw new UpstreamFailure(
          'upstream',
          'upstream_malformed',
          502,
          'the upstream begins without end',
          more,
        )
      }
      if (text !== '') this.head.push(text)
    }
  }

  /**
   * The next text for the client; null: that was all.
   * @throws (the promise is rejected with) UpstreamFailure
   */
  async next(): Promise<string | null> {
    // The first token waits for nothing that came with it.
    if (this.head.length > 0) return this.head.splice(0).join('')
    if (this.failure !== undefined) throw this.failure
    try {
      while (!this.isOver) {
        const text = await this.step()
        if (text !== '') return this.withReady(text)
      }
    } catch (error) {
      this.failure = error
      // What waited for an end that does not come has come all the same.
      const text = this.released()
      if (text === '') throw error
      return text
    }
    return null
  }

  /** What has come already goes with it: each piece costs its client and this process the same, however short it is. */
  private withReady(text: string): string {
    let all = text
    try {
      while (!this.isOver && all.length < PIECE_CHARS_MAX) {
        const item = this.events.ready()
        if (item === undefined) break
        all += this.textOf(item)
      }
    } catch (error) {
      this.failure = error
      all += this.released()
    }
    return all
  }

  private async step(): Promise<string> {
    const { meter, adapter } = this.options
    let item: StreamItem | null
    try {
      item = this.events.ready() ?? (await this.events.read())
    } catch (error) {
      // All of it was there: how the connection ended is no matter.
      if (meter.isComplete) return this.finish(null, adapter.endEvent)
      throw error
    }
    if (item === null) {
      if (meter.isFinished) return this.finish(null, adapter.endEvent)
      const more = { mayBeBilled: true }
      throw new UpstreamFailure(
        'upstream',
        'upstream_broke_off',
        502,
        "the upstream's stream has no end",
        more,
      )
    }
    return this.textOf(item)
  }

  private textOf(item: StreamItem): string {
    return 'comment' in item ? `: ${item.comment}\n\n` : this.take(item)
  }

  private take(event: StreamEvent): string {
    const { adapter, meter, asked } = this.options
    const data = parseObject(event.data) ?? listedError(event.data)
    const facts = adapter.readEvent(event, data)
    if (data === null && !facts.isEnd && event.data.trim() !== '') {
      const more = { mayBeBilled: true }
      throw new UpstreamFailure(
        'upstream',
        'upstream_malformed',
        502,
        'an event of the upstream is no JSON',
        more,
      )
    }
    meter.add(facts)
    const error = facts.error ?? meter.failedAtOnce
    if (error !== null) throw failureOfError(error, data, this.options.now())
    if (facts.isEnd && !meter.hasContent && meter.finish === null)
      throw meter.isOfPromptAlone ? unanswered() : malformed("the upstream's stream has nothing in it")
    if (data === null) {
      if (facts.isEnd) return this.finish(null, eventText(event))
      return this.released() + eventText(event)
    }
    this.latest = data
    this.options.onData(data)
    const shown = adapter.shown(event.data, data, asked)
    const sent = shown === null ? null : { ...event, data: shown }
    const held = { sent, data, chars: event.data.length }
    if (facts.isEnd) return this.finish(held, '')
    const goesOn = !this.hasRoomFor(held) || facts.usage !== null || saysMore(facts)
    const before = goesOn ? this.released() : ''
    if (!goesOn || this.mayBeLast(facts)) {
      this.last.push(held)
      return before
    }
    return sent === null ? before : before + eventText(sent)
  }

  /** Usages in the middle of an answer go on at once. One without anything else may be its end, which not all upstreams give a reason. */
  private mayBeLast({ usage, isUsageWhole, hasContent }: Facts): boolean {
    return usage !== null && (this.options.meter.finish !== null || (isUsageWhole && !hasContent))
  }

  /** Whether an event may wait behind the usage that waits. */
  private hasRoomFor({ chars }: HeldEvent): boolean {
    const { length } = this.last
    if (length === 0 || length >= LAST_MAX) return false
    return this.last.reduce((sum, held) => sum + held.chars, chars) <= this.options.bytesMax
  }

  private released(): string {
    return this.last.splice(0).reduce((text, { sent }) => (sent === null ? text : text + eventText(sent)), '')
  }

  /** @param end the last event; null: one that says nothing of the answer, or none */
  private finish(end: HeldEvent | null, endText: string): string {
    this.isOver = true
    const costUsd = this.options.book()
    const last = this.last.splice(0).map((held) => this.withCost(held, costUsd))
    return last.join('') + (end === null ? endText : this.withCost(end, costUsd))
  }

  private withCost(held: HeldEvent, costUsd: number): string {
    if (held.sent === null) return ''
    const { sent, data } = held
    const path = this.options.adapter.usagePath(data)
    if (path.length === 0) return eventText(sent)
    return eventText({ ...sent, data: withNumberAt(sent.data, path, 'cost', costUsd) })
  }
}
