/** One kind of tokens that providers count and price apart. */
interface TokenKind {
  /** Gives the count its name (`cachedInputTokens`) and the price its own (`cachedInputUsdPerMTok`). */
  readonly name: string
  readonly side: TokenSide
  /**
   * What a model that has no price for it is charged: null, the price is required; the price of the whole side, where no
   * provider asks more; or the dearest price that the model has on that side, and the settlement says so.
   */
  readonly chargedAs: TokenSide | 'dearest' | null
  /** Heading of its price in tables. */
  readonly label: string
  /** What these tokens are, as the help of a flag says it. */
  readonly what: string
  /** What these tokens encode, where providers list them by that. */
  readonly modality?: string
}

/** All tokens are on one of two sides. The count of a side includes all its other kinds, which are disjoint. */
export type TokenSide = 'input' | 'output'

/**
 * The kinds of tokens: everything that names, prices, settles, stores or shows tokens follows from these rows, in this
 * order. A new kind is a row here, a line in docs/TOKENS.md and a test.
 */
export const TOKEN_KIND_ROWS = [
  { name: 'input', side: 'input', chargedAs: null, label: 'in', what: 'tokens of the prompt' },
  { name: 'output', side: 'output', chargedAs: null, label: 'out', what: 'tokens of the answer' },
  { name: 'cachedInput', side: 'input', chargedAs: 'input', label: 'cached', what: 'taken from a cache' },
  {
    name: 'reasoning',
    side: 'output',
    chargedAs: 'output',
    label: 'reasoning',
    what: 'thought before the answer',
  },
  {
    name: 'cacheWrite5m',
    side: 'input',
    chargedAs: 'dearest',
    label: 'cache write',
    what: 'written to a cache for five minutes',
  },
  {
    name: 'cacheWrite1h',
    side: 'input',
    chargedAs: 'dearest',
    label: 'cache write 1h',
    what: 'written to a cache for an hour',
  },
  {
    name: 'audioInput',
    side: 'input',
    chargedAs: 'dearest',
    label: 'audio in',
    what: 'of sound that was sent',
    modality: 'audio',
  },
  {
    name: 'audioOutput',
    side: 'output',
    chargedAs: 'dearest',
    label: 'audio out',
    what: 'of sound in the answer',
    modality: 'audio',
  },
  {
    name: 'imageInput',
    side: 'input',
    chargedAs: 'dearest',
    label: 'image in',
    what: 'of images that were sent',
    modality: 'image',
  },
  {
    name: 'imageOutput',
    side: 'output',
    chargedAs: 'dearest',
    label: 'image out',
    what: 'of images in the answer',
    modality: 'image',
  },
] as const satisfies readonly TokenKind[]

type Row = (typeof TOKEN_KIND_ROWS)[number]
export type TokenKindName = Row['name']
/** Names of counts in a settlement: `cachedInputTokens`. */
export type TokenCountName = `${TokenKindName}Tokens`
/** Names of prices: `cachedInputUsdPerMTok`. */
export type TokenPriceName = `${TokenKindName}UsdPerMTok`
export type RequiredPriceName = `${Extract<Row, { chargedAs: null }>['name']}UsdPerMTok`
/** Prices that are known without being given: that of their side. */
export type DefaultedPriceName = `${Extract<Row, { chargedAs: TokenSide }>['name']}UsdPerMTok`
export type OpenPriceName = Exclude<TokenPriceName, RequiredPriceName | DefaultedPriceName>

/**
 * Tokens of a request by kind. `input` and `output` are all tokens of their side; a kind that is left out has none.
 */
export type TokenCounts = Readonly<Record<TokenSide, number>> &
  Readonly<Partial<Record<TokenKindName, number>>>

/** A kind with the names and places that follow from its row. */
export interface PlacedKind extends TokenKind {
  /** Place in the table. */
  readonly index: number
  readonly countName: string
  readonly priceName: string
  /** Place of the kind that is the whole of its side; its own, if it is one. */
  readonly whole: number
}

/** A table of kinds, as the functions on tokens take it. */
export interface TokenKinds {
  readonly kinds: readonly PlacedKind[]
  /** The kinds that are a part of another. */
  readonly parts: readonly PlacedKind[]
  readonly input: PlacedKind
  readonly output: PlacedKind
  readonly byName: ReadonlyMap<string, PlacedKind>
  readonly byCountName: ReadonlyMap<string, PlacedKind>
  readonly priceNames: readonly string[]
  readonly countNames: readonly string[]
  /** No tokens of any kind, to be copied. */
  readonly none: TokenAmounts
}

/** Tokens by the place of their kind in a table; those of a whole include its parts. */
export type TokenAmounts = readonly number[]

/** The same text as engines keep names of fields: two of these compare by their address. */
function asKey(text: string): string {
  return Object.keys({ [text]: 0 })[0]
}

/** What follows from rows, among which `input` and `output` are the wholes of their sides. */
export function tokenKindsOf(rows: readonly TokenKind[]): TokenKinds {
  const wholeOf = (side: TokenSide): number => rows.findIndex(({ name }) => name === side)
  const kinds = rows.map(
    (row, index): PlacedKind => ({
      ...row,
      index,
      countName: asKey(`${row.name}Tokens`),
      priceName: asKey(`${row.name}UsdPerMTok`),
      whole: wholeOf(row.side),
    }),
  )
  return {
    kinds,
    parts: kinds.filter(({ index, whole }) => index !== whole),
    input: kinds[wholeOf('input')],
    output: kinds[wholeOf('output')],
    byName: new Map(kinds.map((kind) => [kind.name, kind])),
    byCountName: new Map(kinds.map((kind) => [kind.countName, kind])),
    priceNames: kinds.map(({ priceName }) => priceName),
    countNames: kinds.map(({ countName }) => countName),
    none: kinds.map(() => 0),
  }
}

export const TOKEN_KINDS = tokenKindsOf(TOKEN_KIND_ROWS)

/** Counts by the places of their kinds. */
export function amountsOf(counts: TokenCounts, { kinds }: TokenKinds = TOKEN_KINDS): TokenAmounts {
  const values: Readonly<Record<string, number | undefined>> = counts
  return kinds.map(({ name }) => values[name] ?? 0)
}
