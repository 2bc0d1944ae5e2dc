/** Requests that a recent mean looks back on, about. */
export const RECENT_REQUESTS = 400

/** What a router's requests came to: since the last change, and lately. */
export class Tally {
  requests = 0
  private rewardSum = 0
  private rewardSquares = 0
  private costSumUsd = 0
  recentReward = 0
  recentCostUsd = 0
  /** Share of each model among the latest requests, by place in the world. */
  readonly recentShares: number[]
  private seen = 0

  constructor(modelCount: number) {
    this.recentShares = new Array<number>(modelCount).fill(0)
  }

  add(model: number, reward: number, costUsd: number): void {
    this.requests++
    this.rewardSum += reward
    this.rewardSquares += reward * reward
    this.costSumUsd += costUsd
    this.seen++
    // Of the first requests the plain mean; then each counts for 1 part in RECENT_REQUESTS.
    const part = 1 / Math.min(this.seen, RECENT_REQUESTS)
    this.recentReward += part * (reward - this.recentReward)
    this.recentCostUsd += part * (costUsd - this.recentCostUsd)
    for (let m = 0; m < this.recentShares.length; m++) this.recentShares[m] *= 1 - part
    this.recentShares[model] += part
  }

  addModel(): void {
    this.recentShares.push(0)
  }

  /** Forgets what was before a change; the recent means go on. */
  restart(): void {
    this.requests = 0
    this.rewardSum = 0
    this.rewardSquares = 0
    this.costSumUsd = 0
  }

  /** Mean reward and cost since the last change, and 1.96 standard errors of the reward. */
  means(): { readonly reward: number; readonly costUsd: number; readonly rewardError: number } {
    const count = Math.max(1, this.requests)
    const reward = this.rewardSum / count
    const variance = Math.max(0, this.rewardSquares / count - reward * reward)
    return { reward, costUsd: this.costSumUsd / count, rewardError: 1.96 * Math.sqrt(variance / count) }
  }
}
