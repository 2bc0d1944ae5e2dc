/** What was earned and spent from the first request up to a number of them; means over seeds. */
export interface SoFar {
  /** Mean reward of a request. */
  readonly reward: number
  /** Spend over budget. */
  readonly utilisation: number
  /** The worst seed's. */
  readonly utilisationWorst: number
}

/** The first `requests` requests of a router that starts from nothing, beside those who knew. */
export interface FirstDayPoint {
  readonly requests: number
  readonly policy: SoFar
  /** Always the best model whose mean cost over all rows is within the budget (the cheapest, where none is). */
  readonly fixed: SoFar & { readonly model: string }
  /** The best mix of two fixed models whose mean cost over all rows is within the budget. */
  readonly mix: SoFar
  /** Policies beside, from nothing on the same requests. */
  readonly beside: Readonly<Record<string, SoFar>>
}

export interface FirstDay {
  readonly budgetUsdPerRequest: number
  readonly points: readonly FirstDayPoint[]
}
