import type { ModelSpec } from '../../../src/models/model.js'
import type { RouterStats } from '../../../src/router/stats.js'
import type { Note } from './notes.js'
import type { ModelSetting, Setting } from './setting.js'
import type { TrackPoint } from './track.js'

export interface ModelView {
  readonly setting: ModelSetting
  /** What the router knows about it: its id and prices. */
  readonly spec: ModelSpec
  /** Over all prompts as the world is now: what always asking it comes to. */
  readonly meanReward: number
  readonly meanCostUsd: number
  /** Its share of the router's latest requests. */
  readonly recentShare: number
}

/** Mean reward with 1.96 standard errors, and mean cost, since the last change. */
export interface Means {
  readonly reward: number
  readonly rewardError: number
  readonly costUsd: number
}

/** All that the page shows of a session at one moment. Plain data: it is sent by a worker. */
export interface View {
  readonly requests: number
  readonly setting: Setting
  /** What the routers say of themselves: the page computes nothing that stands in here. */
  readonly stats: RouterStats
  readonly paperStats: RouterStats
  readonly sinceChange: { readonly router: Means; readonly paper: Means; readonly requests: number }
  /** What asking the best model on every request would have cost and earned, and which one it is now. */
  readonly best: { readonly id: string; readonly costUsd: number; readonly reward: number }
  readonly models: readonly ModelView[]
  readonly points: readonly TrackPoint[]
  readonly notes: readonly Note[]
}
