import { ORIGIN_NAME, type Origin, Origins } from './origins.js'
import type { OwnOrigin } from './own-origin.js'
import type { PendingRequests } from './pending.js'

/** Digits of the largest safe integer. */
const DIGITS_MAX = 16
/** Before the index of an origin whose name has been forgotten; no name begins so. */
const FORGOTTEN = '~'
const FORGOTTEN_CODE = FORGOTTEN.charCodeAt(0)
/** Requests that one step of a load finds. */
const STEP_REQUESTS = 4096

/**
 * Request ids, `<origin>.<number>`, and where the requests lie in the ring. A router gives its own requests the numbers
 * 1, 2, 3; after a crash it leaves some out, which may have been given away.
 */
export class RequestIds {
  readonly origins = new Origins()
  /** No own request gets a number below this one; it only rises. */
  floor = 1
  private readonly pending: PendingRequests
  private readonly own: OwnOrigin
  /** Of own ids, once it is known. */
  private knownPrefix = ''
  /** The id that was read last: feedback asks for the same one when it is checked, and again when it is applied. */
  private lastId = ''
  private lastSequence = 0
  /** The id that `next` made last, and its number: it need not be read. */
  private madeId: string | null = null
  private madeNumber = 0
  /** What `parse` has read. */
  private origin: Origin | undefined
  private originName = ''
  private number = 0

  constructor(own: OwnOrigin, pending: PendingRequests) {
    this.own = own
    this.pending = pending
  }

  /** Name of this router's own requests. */
  get name(): string {
    return this.own.name
  }

  /** The id that the next own request gets. */
  next(): string {
    this.madeNumber = this.nextNumber
    const id = this.prefix + this.madeNumber
    this.madeId = id
    return id
  }

  /** A state takes the place of another: the numbers that the other gave stay given, though this one may not know of them. */
  goOnFrom(before: RequestIds): void {
    if (before.own === this.own || before.name === this.name)
      this.floor = Math.max(this.floor, before.nextNumber)
  }

  /** The id of a request that the ring holds. */
  idOf(sequence: number): string {
    const { pending } = this
    const name = this.origins.at(pending.origin(sequence))?.name
    if (name === this.name) return this.prefix + pending.number(sequence)
    return `${name ?? `${FORGOTTEN}${pending.origin(sequence)}`}.${pending.number(sequence)}`
  }

  /** The sequence number of a request that the ring holds, or 0. */
  sequenceOf(id: string): number {
    if (id === this.lastId) return this.lastSequence
    if (id.charCodeAt(0) === FORGOTTEN_CODE) this.lastSequence = this.search(id)
    else this.lastSequence = this.parse(id) ? (this.origin?.runs.find(this.number) ?? 0) : 0
    this.lastId = id
    return this.lastSequence
  }

  /** Registration of a request's origin, and its number there; null where nobody here knows the origin. */
  placeOf(id: string): { readonly origin: number; readonly number: number } | null {
    if (!this.parse(id) || this.origin === undefined) return null
    return { origin: this.origin.index, number: this.number }
  }

  /** Whether a request of that id was routed, or left out, though the ring may no longer hold it. */
  isPast(id: string): boolean {
    return this.parse(id) && this.origin !== undefined && this.number < this.origin.nextRequest
  }

  /** Whether a request could be routed under that id: of a new origin, or above all numbers of its own. */
  isNext(id: string): boolean {
    if (!this.parse(id)) return false
    return this.origin === undefined || this.number >= this.origin.nextRequest
  }

  /** A request was routed under an id that `isNext`: it lies at `sequence`. */
  add(id: string, sequence: number): Origin {
    this.parse(id)
    const { number } = this
    const origin = this.origin ?? this.origins.register(this.originName)
    origin.nextRequest = number + 1
    origin.runs.add(number, sequence)
    origin.runs.forgetBefore(this.pending.oldest)
    this.lastId = id
    this.lastSequence = sequence
    return origin
  }

  /** Finds the requests of a ring that was loaded, in steps. */
  *load(): Generator<void> {
    const { pending, origins } = this
    let found = 0
    for (const sequence of pending.waiting()) {
      origins.at(pending.origin(sequence))?.runs.add(pending.number(sequence), sequence)
      if (++found % STEP_REQUESTS === 0) yield
    }
  }

  private get prefix(): string {
    if (this.knownPrefix === '') this.knownPrefix = `${this.own.name}.`
    return this.knownPrefix
  }

  private get nextNumber(): number {
    if (!this.own.isKnown) return this.floor
    return Math.max(this.origins.get(this.name)?.nextRequest ?? 1, this.floor)
  }

  /** A request whose origin has been forgotten, among all that wait: none but its expiry asks for it. */
  private search(id: string): number {
    const { pending } = this
    for (const sequence of pending.waiting()) {
      if (this.origins.at(pending.origin(sequence)) === undefined && this.idOf(sequence) === id)
        return sequence
    }
    return 0
  }

  /** @returns false for what is no request id */
  private parse(id: string): boolean {
    if (id === this.madeId) return this.found(this.name, this.madeNumber)
    const isOwn = id.startsWith(this.prefix)
    const dot = isOwn ? this.prefix.length - 1 : id.indexOf('.')
    if (dot < 1 || id.length > dot + 1 + DIGITS_MAX || id.length === dot + 1) return false
    let number = 0
    for (let i = dot + 1; i < id.length; i++) {
      const digit = id.charCodeAt(i) - 48
      if (digit < 0 || digit > 9 || (number === 0 && digit === 0)) return false
      number = 10 * number + digit
    }
    if (!Number.isSafeInteger(number)) return false
    const name = isOwn ? this.name : id.slice(0, dot)
    return (isOwn || ORIGIN_NAME.test(name)) && this.found(name, number)
  }

  private found(originName: string, number: number): true {
    this.origin = this.origins.get(originName)
    this.originName = originName
    this.number = number
    return true
  }
}
