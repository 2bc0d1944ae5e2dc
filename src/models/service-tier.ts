/** Ways to be served that providers sell at a discount: asynchronous batches, and requests that may have to wait. */
export const SERVICE_TIERS = ['batch', 'flex'] as const
export type ServiceTier = (typeof SERVICE_TIERS)[number]

/** Names of discounts: `batchDiscount`. */
export type DiscountName = `${ServiceTier}Discount`

export function discountName(tier: ServiceTier): DiscountName {
  return `${tier}Discount`
}

export const DISCOUNT_NAMES = SERVICE_TIERS.map(discountName)
