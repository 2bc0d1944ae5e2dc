/** Of all ways to give answers that are good enough on average, the cheapest. */
export interface QualityOptions {
  /** Floor of the mean reward, within the range of rewards; null: none. */
  readonly meanReward: number | null
}
