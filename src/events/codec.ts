import { crc32 } from '../base/checksum.js'
import { expected, ParetoBanditError } from '../base/errors.js'
import type { ArmStatistics } from '../kernel/kernel.js'
import type { Form } from './definition.js'
import type { LoggedEvent } from './event-map.js'
import { corrupt, EventReader, newer } from './event-reader.js'
import { type EventFormat, type EventTable, FIRST_CODE_MAX, type WrittenField } from './event-table.js'
import { wordBeyond } from './words.js'

/**
 * An event as bytes. Numbers are little-endian float64, so folding what was read gives the same bits.
 *
 *     0  1  version
 *     1  1  code of the type
 *     2  8  at
 *     10    the type as text                               version 2, codes from 19 on
 *           the fields of its first release in their order
 *           name as text, form as a byte, value, each      version 2: fields of later releases that are not `absent`
 *     -4 4  CRC-32 of all before
 *
 *     number       float64             number?      a byte 0 or 1, then a number
 *     boolean      a byte              text?        likewise
 *     text         length, UTF-8       numbers      count, float64 each
 *     texts        count, text each    json         as text
 *     statistics?  a byte, then two lists of numbers: precision, response
 *     counts       count, then a text and a number each
 *     lengths and counts are uint32
 *
 * An event is of the lowest version that can hold it, so that an older release reads all that it understands. In every
 * version, also of those to come, the first byte is the version and the last four are the checksum: what is broken and
 * what is new can be told apart. docs/LOG.md says how events evolve.
 */
export const CODEC_VERSION_MAX = 2
const HEADER_BYTES = 10
const CHECKSUM_BYTES = 4

/** What stands for a form in a named field. Never changes. */
const FORM_BYTES: Readonly<Record<Form, number>> = {
  number: 1,
  'number?': 2,
  text: 3,
  'text?': 4,
  boolean: 5,
  numbers: 6,
  texts: 7,
  json: 8,
  'statistics?': 9,
  counts: 10,
}

const encoder = new TextEncoder()

/** Many events share a piece of memory: a buffer of its own for each costs more than writing it. */
const CHUNK_BYTES = 1 << 16

/** Writes events one after the other. */
export class EventWriter {
  private readonly table: EventTable
  private bytes = new Uint8Array(CHUNK_BYTES)
  private view = new DataView(this.bytes.buffer)
  /** Where the present event begins, and where its next field goes. */
  private start = 0
  private at = 0
  private version = 1

  constructor(table: EventTable) {
    this.table = table
  }

  /**
   * @returns the event's bytes, which nobody else writes to
   * @throws INVALID_ARGUMENT for a type that is not in the table
   */
  encode(event: { readonly type: string; readonly at: number }): Uint8Array {
    const format = this.table.byType.get(event.type)
    if (format === undefined)
      throw expected('INVALID_ARGUMENT', 'event.type', 'an event of the log', event.type)
    const { code, isNamed, positional, added } = format
    const values = event as unknown as Record<string, unknown>
    this.start = this.at
    this.reserve(HEADER_BYTES)
    const { start } = this
    this.bytes[start + 1] = code
    this.view.setFloat64(start + 2, event.at, true)
    this.at = start + HEADER_BYTES
    this.version = 1
    if (isNamed) this.name(event.type)
    for (let i = 0; i < positional.length; i++) this.write(positional[i], values[positional[i].name])
    for (let i = 0; i < added.length; i++) this.writeAdded(added[i], values[added[i].name])
    this.reserve(CHECKSUM_BYTES)
    this.bytes[this.start] = this.version
    this.view.setUint32(this.at, crc32(this.bytes, 0, this.start, this.at), true)
    this.at += CHECKSUM_BYTES
    return this.bytes.subarray(this.start, this.at)
  }

  private writeAdded(field: WrittenField, value: unknown): void {
    if (value === undefined || Object.is(value, field.absent)) return
    this.name(field.name)
    this.byte(FORM_BYTES[field.form])
    this.write(field, value)
  }

  /** A name is what version 2 has and version 1 has not. */
  private name(name: string): void {
    this.version = 2
    this.text(name)
  }

  private write(field: WrittenField, value: unknown): void {
    switch (field.form) {
      case 'number':
        this.number(value as number)
        break
      case 'text':
        this.word(field, value as string)
        break
      case 'boolean':
        this.flag(value as boolean)
        break
      case 'number?':
        if (this.flag(value !== null)) this.number(value as number)
        break
      case 'text?':
        if (this.flag(value !== null)) this.word(field, value as string)
        break
      case 'numbers':
        this.numbers(value as ArrayLike<number>)
        break
      case 'texts': {
        const texts = value as readonly string[]
        this.count(texts.length)
        for (let i = 0; i < texts.length; i++) this.word(field, texts[i])
        break
      }
      case 'json':
        this.json(field, value)
        break
      case 'statistics?':
        if (!this.flag(value !== null)) break
        this.numbers((value as ArmStatistics).precision)
        this.numbers((value as ArmStatistics).response)
        break
      case 'counts':
        this.counts(value as Readonly<Record<string, number>>)
    }
  }

  /** One that the first release does not know must not look like an event of its own. */
  private word({ words }: WrittenField, text: string): void {
    if (words !== undefined && !words.first.includes(text)) this.version = 2
    this.text(text)
  }

  private json({ words }: WrittenField, value: unknown): void {
    if (words !== undefined && wordBeyond(value, words, 'first') !== undefined) this.version = 2
    this.text(JSON.stringify(value))
  }

  private counts(counts: Readonly<Record<string, number>>): void {
    const entries = Object.entries(counts)
    this.count(entries.length)
    for (const [name, count] of entries) {
      this.text(name)
      this.number(count)
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

  private byte(value: number): void {
    this.reserve(1)
    this.bytes[this.at++] = value
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

type Version = (reader: EventReader, code: number, table: EventTable) => Record<string, unknown>

/** How the events of each version are read. None is ever taken away. */
const VERSIONS: readonly (Version | undefined)[] = [undefined, readVersion1, readVersion2]

/**
 * The event that bytes hold, in full: a check of its fields' ranges against a state is `checkEvent`'s.
 * @param hasLists false: of lists of numbers, which take longest, only whether they are whole is read, and they are empty in the event
 * @throws LOG_CORRUPT for bytes that are cut or altered; LOG_VERSION for what only a newer release knows, by name
 */
export function decodeEvent(bytes: Uint8Array, table: EventTable, hasLists = true): LoggedEvent {
  const end = bytes.length - CHECKSUM_BYTES
  if (end < HEADER_BYTES) throw corrupt(`it has ${bytes.length} bytes`)
  const view = new DataView(bytes.buffer, bytes.byteOffset, bytes.byteLength)
  if (view.getUint32(end, true) !== crc32(bytes, 0, 0, end)) throw corrupt('its checksum is wrong')
  const version = bytes[0]
  if (version > CODEC_VERSION_MAX) {
    const message = `an event of format version ${version}, this release reads up to ${CODEC_VERSION_MAX}`
    throw new ParetoBanditError('LOG_VERSION', 'event', message)
  }
  const read = VERSIONS[version]
  if (read === undefined) throw corrupt(`it is of version ${version}`)
  const reader = new EventReader(bytes, view, HEADER_BYTES, end, hasLists)
  const event = read(reader, bytes[1], table)
  event.at = view.getFloat64(2, true)
  return event as unknown as LoggedEvent
}

function readVersion1(reader: EventReader, code: number, table: EventTable): Record<string, unknown> {
  const format = table.byCode[code]
  if (format === undefined || format.isNamed) throw corrupt(`it is of type ${code}`)
  const event = readPositional(reader, format)
  if (!reader.isDone) throw corrupt('it is longer than its fields')
  return event
}

function readVersion2(reader: EventReader, code: number, table: EventTable): Record<string, unknown> {
  const format = table.byCode[code]
  const type = code > FIRST_CODE_MAX ? reader.text() : format?.type
  if (format === undefined || type !== format.type) throw newer(type ?? `an event of type ${code}`)
  const event = readPositional(reader, format)
  while (!reader.isDone) {
    const name = reader.text()
    const form = reader.byte()
    const field = format.added.find((each) => each.name === name)
    if (field === undefined || FORM_BYTES[field.form] !== form) throw newer(`${type}.${name}`)
    event[name] = reader.read(field, type)
  }
  return event
}

function readPositional(reader: EventReader, format: EventFormat): Record<string, unknown> {
  const { type, positional } = format
  const event = { ...format.blank }
  for (const field of positional) event[field.name] = reader.read(field, type)
  return event
}
