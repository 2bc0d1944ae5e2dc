import type { CapOptions } from './cap-period.js'

/** A payer of its own: a team, a customer, a key. What is learned of models is shared by all. */
export interface TenantOptions {
  /** 1 to 200 characters. */
  readonly id: string
  /** Ceiling of the mean spend of its requests; default none. */
  readonly budget?: { readonly usdPerRequest: number | null } | null | undefined
  /** Hard limits of its own. Null or left out: none. */
  readonly caps?: readonly CapOptions[] | null | undefined
}

/** Whose budget or caps: a tenant's; the router's own without it. */
export interface ForTenant {
  /** Id of the tenant it is for. Default: none, the router itself. */
  readonly tenant?: string | undefined
}
