import { crc32 } from '../base/checksum.js'
import { ParetoBanditError } from '../base/errors.js'
import type { ArmStatistics } from '../kernel/kernel.js'
import { EVENT_FORMATS, type FieldKind, type LoggedEventType } from './event-fields.js'
import type { RouterEvent } from './events.js'

/**
 * An event as bytes, version 1. Numbers are little-endian float64, so folding what was read gives the same bits.
 *
 *     0  1  version
 *     1  1  type (event-fields.ts)
 *     2  8  at
 *     10    the fields of that type in their order:
 *             number       float64             number?      a byte 0 or 1, then a number
 *             boolean      a byte              text?        likewise
 *             text         length, UTF-8       numbers      count, float64 each
 *             texts        count, text each    json         as text
 *             statistics?  a byte, then two lists of numbers: precision, response
 *           lengths and counts are uint32
 *     -4 4  CRC-32 of all before
 */
export const CODEC_VERSION = 1
const HEADER_BYTES = 10
const CHECKSUM_BYTES = 4

export type LoggedEvent = Extract<RouterEvent, { type: LoggedEventType }>

/**
 * What an event of each code begins as: a routed one is read in 2.0 us instead of 2.6 when fields are filled into a copy.
 * Of entries: an object that a loop adds twenty fields to is a dictionary to V8, and then it takes 5 us.
 */
const FORMAT_OF_CODE = new Map(
  (Object.keys(EVENT_FORMATS) as LoggedEventType[]).map((type) => {
    const { code, fields } = EVENT_FORMATS[type]
    const names = ['at', ...fields.map(([name]) => name)]
    const blank = Object.fromEntries([['type', type], ...names.map((name) => [name, null])])
    return [code, { fields, blank: blank as Record<string, unknown> }]
  }),
)
const decoder = new TextDecoder('utf-8', { fatal: true })
const encoder = new TextEncoder()

/** Many events share a piece of memory: a buffer of its own for each costs more than writing it. */
const CHUNK_BYTES = 1 << 16

/** Ids and names of models: up to here a loop reads faster than the decoder. */
const LOOP_BYTES_MAX = 32

/** Writes events one after the other. */
export class EventWriter {
  private bytes = new Uint8Array(CHUNK_BYTES)
  private view = new DataView(this.bytes.buffer)
  /** Where the present event begins, and where its next field goes. */
  private start = 0
  private at = 0

  /** @returns the event's bytes, which nobody else writes to */
  encode(event: LoggedEvent): Uint8Array {
    const { code, fields } = EVENT_FORMATS[event.type]
    const values = event as unknown as Record<string, unknown>
    this.start = this.at
    this.reserve(HEADER_BYTES)
    const { start } = this
    this.bytes[start] = CODEC_VERSION
    this.bytes[start + 1] = code
    this.view.setFloat64(start + 2, event.at, true)
    this.at = start + HEADER_BYTES
    for (let i = 0; i < fields.length; i++) this.write(fields[i][1], values[fields[i][0]])
    this.reserve(CHECKSUM_BYTES)
    this.view.setUint32(this.at, crc32(this.bytes, 0, this.start, this.at), true)
    this.at += CHECKSUM_BYTES
    return this.bytes.subarray(this.start, this.at)
  }

  private write(kind: FieldKind, value: unknown): void {
    switch (kind) {
      case 'number':
        this.number(value as number)
        break
      case 'text':
        this.text(value as string)
        break
      case 'boolean':
        this.flag(value as boolean)
        break
      case 'number?':
        if (this.flag(value !== null)) this.number(value as number)
        break
      case 'text?':
        if (this.flag(value !== null)) this.text(value as string)
        break
      case 'numbers':
        this.numbers(value as ArrayLike<number>)
        break
      case 'texts': {
        const texts = value as readonly string[]
        this.count(texts.length)
        for (const text of texts) this.text(text)
        break
      }
      case 'json':
        this.text(JSON.stringify(value))
        break
      case 'statistics?':
        if (!this.flag(value !== null)) break
        this.numbers((value as ArmStatistics).precision)
        this.numbers((value as ArmStatistics).response)
    }
  }

  /** Makes room; what there is of the present event moves along. */
  private reserve(bytes: number): void {
    if (this.at + bytes <= this.bytes.length) return
    const written = this.at - this.start
    const larger = new Uint8Array(Math.max(CHUNK_BYTES, 2 * (written + bytes)))
    larger.set(this.bytes.subarray(this.start, this.at))
    this.bytes = larger
    this.view = new DataView(larger.buffer)
    this.start = 0
    this.at = written
  }

  private flag(value: boolean): boolean {
    this.reserve(1)
    this.bytes[this.at++] = value ? 1 : 0
    return value
  }

  private number(value: number): void {
    this.reserve(8)
    this.view.setFloat64(this.at, value, true)
    this.at += 8
  }

  private count(value: number): void {
    this.reserve(4)
    this.view.setUint32(this.at, value, true)
    this.at += 4
  }

  private numbers(values: ArrayLike<number>): void {
    this.count(values.length)
    this.reserve(8 * values.length)
    for (let i = 0; i < values.length; i++, this.at += 8) this.view.setFloat64(this.at, values[i], true)
  }

  /** Ids are short and plain: a loop is faster than the encoder there. */
  private text(value: string): void {
    const { length } = value
    this.reserve(4 + 3 * length)
    const start = this.at + 4
    const { bytes } = this
    let i = 0
    for (; i < length; i++) {
      const unit = value.charCodeAt(i)
      if (unit > 0x7f) break
      bytes[start + i] = unit
    }
    const written = i === length ? i : encoder.encodeInto(value, bytes.subarray(start)).written
    this.view.setUint32(this.at, written, true)
    this.at = start + written
  }
}

/**
 * The event that bytes hold, in full: a check of its fields' ranges against a state is `checkEvent`'s.
 * @throws LOG_CORRUPT for bytes that are cut or altered; LOG_VERSION for those of a future version
 */
export function decodeEvent(bytes: Uint8Array): LoggedEvent {
  if (bytes.length < HEADER_BYTES + CHECKSUM_BYTES) throw corrupt(`it has ${bytes.length} bytes`)
  if (bytes[0] > CODEC_VERSION) {
    const message = `an event of format version ${bytes[0]}, this release reads up to ${CODEC_VERSION}`
    throw new ParetoBanditError('LOG_VERSION', 'event', message)
  }
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  const end = bytes.length - CHECKSUM_BYTES
  if (view.getUint32(end, true) !== crc32(bytes, 0, 0, end)) throw corrupt('its checksum is wrong')
  const format = FORMAT_OF_CODE.get(bytes[1])
  if (bytes[0] !== CODEC_VERSION || format === undefined) throw corrupt(`it is of type ${bytes[1]}`)
  const reader = new EventReader(bytes, view, end)
  const event = { ...format.blank }
  event.at = view.getFloat64(2, true)
  for (const [name, kind] of format.fields) event[name] = reader.read(kind)
  if (!reader.isDone) throw corrupt('it is longer than its fields')
  return event as unknown as LoggedEvent
}

class EventReader {
  private readonly bytes: Uint8Array
  private readonly view: DataView
  private readonly end: number
  private at = HEADER_BYTES

  constructor(bytes: Uint8Array, view: DataView, end: number) {
    this.bytes = bytes
    this.view = view
    this.end = end
  }

  get isDone(): boolean {
    return this.at === this.end
  }

  read(kind: FieldKind): unknown {
    switch (kind) {
      case 'number':
        return this.number()
      case 'text':
        return this.text()
      case 'boolean':
        return this.flag()
      case 'number?':
        return this.flag() ? this.number() : null
      case 'text?':
        return this.flag() ? this.text() : null
      case 'numbers':
        return this.numbers()
      case 'texts':
        return Array.from({ length: this.count(4) }, () => this.text())
      case 'json':
        return parse(this.text())
      case 'statistics?':
        return this.flag() ? { precision: this.numbers(), response: this.numbers() } : null
    }
  }

  private take(bytes: number): number {
    const { at } = this
    if (bytes > this.end - at) throw corrupt('a field is cut')
    this.at += bytes
    return at
  }

  private flag(): boolean {
    return this.bytes[this.take(1)] === 1
  }

  private number(): number {
    return this.view.getFloat64(this.take(8), true)
  }

  private count(bytesEach: number): number {
    const count = this.view.getUint32(this.take(4), true)
    if (count * bytesEach > this.end - this.at) throw corrupt('a field is cut')
    return count
  }

  private numbers(): Float64Array {
    const count = this.count(8)
    const start = this.take(8 * count)
    const { view } = this
    const values = new Float64Array(count)
    for (let i = 0; i < count; i++) values[i] = view.getFloat64(start + 8 * i, true)
    return values
  }

  /** As it was written: short plain texts by a loop. */
  private text(): string {
    const length = this.count(1)
    const start = this.take(length)
    if (length <= LOOP_BYTES_MAX) {
      const { bytes } = this
      let text = ''
      let i = 0
      for (; i < length && bytes[start + i] <= 0x7f; i++) text += String.fromCharCode(bytes[start + i])
      if (i === length) return text
    }
    try {
      return decoder.decode(this.bytes.subarray(start, start + length))
    } catch {
      throw corrupt('a text is not UTF-8')
    }
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw corrupt('a field is not JSON')
  }
}

function corrupt(why: string): ParetoBanditError {
  return new ParetoBanditError('LOG_CORRUPT', 'event', `not an event this release can read: ${why}`)
}
