import { ParetoBanditError } from '../base/errors.js'
import type { WrittenField } from './event-table.js'
import { wordBeyond } from './words.js'

// A byte order mark that an id begins with is part of it.
const decoder = new TextDecoder('utf-8', { fatal: true, ignoreBOM: true })

/** Ids and names of models: up to here a loop reads faster than the decoder. */
const LOOP_BYTES_MAX = 32

const NO_NUMBERS = new Float64Array(0)

/** Reads the values of one event, one after the other. */
export class EventReader {
  readonly bytes: Uint8Array
  readonly view: DataView
  private readonly end: number
  private readonly hasLists: boolean
  private at: number

  /**
   * @param at where the first value stands
   * @param end where none does any more
   * @param hasLists false: lists of numbers are passed over, and read as empty
   */
  constructor(bytes: Uint8Array, view: DataView, at: number, end: number, hasLists: boolean) {
    this.bytes = bytes
    this.view = view
    this.at = at
    this.end = end
    this.hasLists = hasLists
  }

  get isDone(): boolean {
    return this.at === this.end
  }

  /** @param type the event's, for errors */
  read(field: WrittenField, type: string): unknown {
    switch (field.form) {
      case 'number':
        return this.number()
      case 'text':
        return this.word(field, type)
      case 'boolean':
        return this.byte() === 1
      case 'number?':
        return this.byte() === 1 ? this.number() : null
      case 'text?':
        return this.byte() === 1 ? this.word(field, type) : null
      case 'numbers':
        return this.numbers()
      case 'texts':
        return this.texts(field, type)
      case 'json':
        return this.json(field, type)
      case 'statistics?':
        return this.byte() === 1 ? { precision: this.numbers(), response: this.numbers() } : null
      case 'counts':
        return this.counts(field, type)
    }
  }

  byte(): number {
    return this.bytes[this.take(1)]
  }

  /** As it was written: short plain texts by a loop. */
  text(): string {
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

  private take(bytes: number): number {
    const { at } = this
    if (bytes > this.end - at) throw corrupt('a field is cut')
    this.at += bytes
    return at
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
    if (!this.hasLists) return NO_NUMBERS
    const { view } = this
    const values = new Float64Array(count)
    for (let i = 0; i < count; i++) values[i] = view.getFloat64(start + 8 * i, true)
    return values
  }

  /** A text that the field knows, where it has words. */
  private word({ name, words }: WrittenField, type: string): string {
    const text = this.text()
    if (words !== undefined && !words.known.includes(text)) throw newer(`${type}.${name}.${text}`)
    return text
  }

  private texts(field: WrittenField, type: string): string[] {
    const texts: string[] = []
    for (let left = this.count(4); left > 0; left--) texts.push(this.word(field, type))
    return texts
  }

  private counts(field: WrittenField, type: string): Record<string, number> {
    const entries: [string, number][] = []
    for (let left = this.count(12); left > 0; left--) entries.push([this.word(field, type), this.number()])
    return Object.fromEntries(entries)
  }

  private json({ name, words }: WrittenField, type: string): unknown {
    const value = parse(this.text())
    const beyond = words === undefined ? undefined : wordBeyond(value, words, 'known')
    if (beyond !== undefined) throw newer(`${type}.${name}.${beyond}`)
    return value
  }
}

function parse(json: string): unknown {
  try {
    return JSON.parse(json)
  } catch {
    throw corrupt('a field is not JSON')
  }
}

export function corrupt(why: string): ParetoBanditError {
  return new ParetoBanditError('LOG_CORRUPT', 'event', `not an event this release can read: ${why}`)
}

/** @param what an event's type, a field, or a word or key of its value: `settled.tokens.video` */
export function newer(what: string): ParetoBanditError {
  return new ParetoBanditError('LOG_VERSION', 'event', `${what} was written by a newer release`)
}
