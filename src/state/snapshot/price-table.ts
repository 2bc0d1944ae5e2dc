import { checkModelPrice } from '../../models/model.js'
import { type PriceList, priceListOf } from '../../models/price-list.js'
import { invalidSnapshot } from './invalid-snapshot.js'

/** The price lists of a snapshot, each once, in the order in which models and requests first refer to them. */
export class PriceTable {
  readonly lists: PriceList[] = []
  /** By their JSON: equal lists are one, whichever objects hold them. */
  private readonly places = new Map<string, number>()

  placeOf(list: PriceList): number {
    let place = this.places.get(list.text)
    if (place === undefined) {
      place = this.lists.push(list) - 1
      this.places.set(list.text, place)
    }
    return place
  }
}

/** The price lists of a snapshot's text. @throws SNAPSHOT_INVALID */
export function readPriceTable(prices: readonly unknown[]): PriceList[] {
  return prices.map((price) => {
    try {
      return priceListOf(checkModelPrice(price, 'price'))
    } catch {
      throw invalidSnapshot('a price is not valid')
    }
  })
}
