import type { RewardUnits } from '../../state/reward-units.js'
import type { AccountStats, LatencyStats, QualityStats } from './stats.js'

/** Stats in the rewards of the router's range; `rewards` is null for [0, 1]. */
export function accountIn(rewards: RewardUnits | null, account: AccountStats): AccountStats {
  if (rewards === null) return account
  return { ...account, shadowPrice: rewards.differenceToUser(account.shadowPrice) }
}

export function latencyIn(rewards: RewardUnits | null, latency: LatencyStats | null): LatencyStats | null {
  if (rewards === null || latency === null) return latency
  return { ...latency, shadowPrice: rewards.differenceToUser(latency.shadowPrice) }
}

export function qualityIn(rewards: RewardUnits | null, quality: QualityStats | null): QualityStats | null {
  if (rewards === null || quality === null) return quality
  const { meanReward, recentMeanReward, rewardPerUsd } = quality
  return {
    ...quality,
    meanReward: rewards.toUser(meanReward),
    recentMeanReward: recentMeanReward === null ? null : rewards.toUser(recentMeanReward),
    rewardPerUsd: rewards.differenceToUser(rewardPerUsd),
  }
}
