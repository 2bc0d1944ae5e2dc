import { ParetoBanditError } from '../../base/errors.js'
import type { PriceList } from '../../models/price-list.js'

/** Number of no list: that of rows which hold no request. */
const NONE = 0

/**
 * The price lists that requests in the ring were routed at, by number, so that a row refers to one in a single column. A
 * list is kept as long as a row refers to it: there are never more than rows, and as many as prices have been in force
 * lately otherwise.
 */
export class HeldPriceLists {
  private readonly lists: (PriceList | undefined)[] = [undefined]
  /** Rows that refer to each. */
  private readonly rows: number[] = [0]
  private readonly numbers = new Map<PriceList, number>()
  private readonly free: number[] = []

  /** Lists that are kept now. */
  get size(): number {
    return this.numbers.size
  }

  /** One more row refers to a list. @returns its number */
  hold(list: PriceList): number {
    let number = this.numbers.get(list)
    if (number === undefined) {
      number = this.free.pop() ?? this.lists.length
      this.numbers.set(list, number)
      this.lists[number] = list
      this.rows[number] = 0
    }
    this.rows[number]++
    return number
  }

  /** A row that referred to a list is written over. */
  release(number: number): void {
    if (number === NONE || --this.rows[number] > 0) return
    this.numbers.delete(this.at(number))
    this.lists[number] = undefined
    this.free.push(number)
  }

  /** The lists by their numbers, to be read. */
  copy(): HeldPriceLists {
    const copy = new HeldPriceLists()
    for (let number = 1; number < this.lists.length; number++) copy.lists.push(this.lists[number])
    return copy
  }

  at(number: number): PriceList {
    const list = this.lists[number]
    if (list !== undefined) return list
    throw new ParetoBanditError(
      'REQUEST_CLOSED',
      'id',
      'the request is closed, its prices are no longer held',
    )
  }
}
