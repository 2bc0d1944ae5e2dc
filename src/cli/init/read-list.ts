import { FORMATS, formatOf } from '../../prices/formats/formats.js'
import type { PriceFormat } from '../../prices/index.js'
import { checkOptions } from '../../prices/options.js'
import type { UnpricedTokens } from '../../prices/priced-model.js'
import { type ReadList, readSource } from '../../prices/read-source.js'
import { entriesOf, type ListEntry } from './list-entries.js'

/** A price list that was read, with what it says of models beside their prices. */
export interface StartList {
  readonly source: string
  readonly list: ReadList
  readonly format: PriceFormat
  /** What the list is, for people. */
  readonly what: string
  readonly entries: readonly ListEntry[]
  /** `2026-11-30` */
  readonly day: string
}

export interface ListFlags {
  readonly as?: ReadonlyMap<string, string>
  readonly unpriced?: UnpricedTokens
  readonly accept?: readonly string[]
}

/** @throws PRICES_UNREADABLE, PRICES_INVALID */
export async function readList(source: string, { unpriced }: ListFlags): Promise<StartList> {
  const settings = checkOptions({ models: ['any'], unpriced })
  const list = await readSource(source, settings)
  const format = formatOf(list.value, list.name, undefined)
  const day = new Date(settings.now()).toISOString().slice(0, 10)
  return {
    source,
    list,
    format,
    what: FORMATS[format].what,
    entries: entriesOf(list.value, format, day),
    day,
  }
}
