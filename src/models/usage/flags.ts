/** What was found wrong with a bill. Each is booked so that no token that is certain is charged too little. */
export const USAGE_FLAGS = [
  /** A part is larger than the whole that should include it: it was counted beside it. */
  'part-above-whole',
  /** Parts together exceed their whole: cached tokens gave way, as those that cost least; then the whole was raised. */
  'parts-above-whole',
  /** The total is more than both sides: the difference was counted as output. */
  'total-above-sides',
  /** A sum is less, or more, than the lifetimes of cache writes that it is made of. */
  'sum-differs',
  /** The provider's own usage, which a library gives beside its own, has fewer tokens: those of the library were booked. */
  'raw-below',
  /** Tools of the provider were used, or other models, which cost something besides the tokens of this one. */
  'other-charges',
  /** A count, or a usage, was there and told nothing: what the others say was booked. */
  'count-missing',
  /** Nothing told a cost: the reservation was booked. */
  'cost-missing',
  /** A cost of 0 beside tokens that have a price: their price was booked. */
  'cost-zero',
  /** A cost, a count or a time that is no amount (negative, a text, without end): it counts as one that is not there. */
  'not-an-amount',
  /** Counts beside a usage, which has its own: the usage was read where it has some. */
  'counts-twice',
  /** A service tier that nobody has: booked at full price. */
  'tier-unknown',
  /** A failed call asked for a longer wait than any that is kept to: the model is tried again before. */
  'retry-too-long',
] as const
export type UsageFlag = (typeof USAGE_FLAGS)[number]

/** Whether anything told the cost that an event has. Where nothing did, it is what had been set aside. */
export function isCostTold({ usageFlags }: { readonly usageFlags: readonly UsageFlag[] | null }): boolean {
  return usageFlags === null || !usageFlags.includes('cost-missing')
}

/**
 * What is wrong with a bill, noted while it is read. The answer has been given and the money is spent: what cannot be
 * read is left out, unless an operator is to hear of it.
 */
export class BillRemarks {
  readonly flags: UsageFlag[] = []
  private readonly isStrict: boolean

  /** @param isStrict whether what cannot be read is refused */
  constructor(isStrict: boolean) {
    this.isStrict = isStrict
  }

  add(flag: UsageFlag): void {
    if (!this.flags.includes(flag)) this.flags.push(flag)
  }

  /** @param check throws for what was given */
  wrong(flag: UsageFlag, check: () => unknown): void {
    if (this.isStrict) check()
    this.add(flag)
  }
}
