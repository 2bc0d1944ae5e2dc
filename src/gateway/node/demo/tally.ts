import { type Change, DEMO_MODELS } from './world.js'

export type Phase = 'start' | Change

export interface ModelTally {
  readonly id: string
  readonly answers: number
  readonly costUsd: number
  readonly rewards: number
  readonly meanReward: number | null
  /** Of the answers of each phase, the share that was its own; null: no answers. */
  readonly shares: Readonly<Record<Phase, number | null>>
}

export interface TallySnapshot {
  readonly phase: Phase
  /** Requests that are over. */
  readonly requests: number
  readonly answers: number
  readonly errors: number
  readonly spendUsd: number
  readonly meanReward: number | null
  readonly models: readonly ModelTally[]
}

const PHASES: readonly Phase[] = ['start', 'regression', 'new-price', 'recovery']

interface Counts {
  answers: number
  costUsd: number
  rewards: number
  rewardSum: number
  readonly byPhase: Record<Phase, number>
}

const noPhases = () => ({ start: 0, regression: 0, 'new-price': 0, recovery: 0 })

/** Counts what people got and what it cost. */
export class Tally {
  private readonly models = new Map<string, Counts>(
    DEMO_MODELS.map(({ id }) => [
      id,
      { answers: 0, costUsd: 0, rewards: 0, rewardSum: 0, byPhase: noPhases() },
    ]),
  )
  private phase: Phase = 'start'
  private requests = 0
  private errors = 0
  private spendUsd = 0

  begin(phase: Phase): void {
    this.phase = phase
  }

  served({ status, model }: { readonly status: number; readonly model: string | null }): void {
    this.requests++
    const counts = this.models.get(model ?? '')
    if (status !== 200 || counts === undefined) this.errors++
    else {
      counts.answers++
      counts.byPhase[this.phase]++
    }
  }

  booked({ model, costUsd }: { readonly model: string | null; readonly costUsd: number | null }): void {
    this.spendUsd += costUsd ?? 0
    const counts = this.models.get(model ?? '')
    if (counts !== undefined) counts.costUsd += costUsd ?? 0
  }

  rewarded(model: string, value: number): void {
    const counts = this.models.get(model)
    if (counts === undefined) return
    counts.rewards++
    counts.rewardSum += value
  }

  snapshot(): TallySnapshot {
    const all = [...this.models]
    const answers = total(all, ({ answers }) => answers)
    const rewards = total(all, ({ rewards }) => rewards)
    const inPhase = Object.fromEntries(
      PHASES.map((phase) => [phase, total(all, ({ byPhase }) => byPhase[phase])]),
    )
    return {
      phase: this.phase,
      requests: this.requests,
      answers,
      errors: this.errors,
      spendUsd: this.spendUsd,
      meanReward: rewards === 0 ? null : total(all, ({ rewardSum }) => rewardSum) / rewards,
      models: all.map(([id, { byPhase, rewardSum, ...counts }]) => ({
        id,
        answers: counts.answers,
        costUsd: counts.costUsd,
        rewards: counts.rewards,
        meanReward: counts.rewards === 0 ? null : rewardSum / counts.rewards,
        shares: {
          start: share(byPhase.start, inPhase.start),
          regression: share(byPhase.regression, inPhase.regression),
          'new-price': share(byPhase['new-price'], inPhase['new-price']),
          recovery: share(byPhase.recovery, inPhase.recovery),
        },
      })),
    }
  }
}

function total(all: readonly (readonly [string, Counts])[], of: (counts: Counts) => number): number {
  return all.reduce((sum, [, counts]) => sum + of(counts), 0)
}

function share(part: number, whole: number): number | null {
  return whole === 0 ? null : part / whole
}
