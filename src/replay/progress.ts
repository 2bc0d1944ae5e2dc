import { play, type Round, type RunRecord } from './play.js'
import type { ReplayObserver, ReplayProgress, ReplaySettings } from './settings.js'
import type { Strategy } from './strategy.js'

/** How long requests are played before the event loop gets a turn. */
const TURN_MS = 30

type Playing = Pick<ReplayProgress, 'course' | 'playing' | 'budgetUsdPerRequest' | 'seed'>

/** Counts runs and routing time, and gives the event loop its turns. */
export class ProgressClock {
  private runsDone = 0
  private routed = 0
  private routingMs = 0
  private pausedMs = 0
  private turnBeganMs = performance.now()
  /** What was played when it was told last. */
  private told = ''

  /** @param runs how many will be played in all */
  constructor(
    private readonly settings: Pick<ReplaySettings, 'scenario' | 'seeds' | 'cold'>,
    private readonly observer: ReplayObserver,
    private readonly runs: number,
  ) {}

  /** Plays one run under the clock. */
  async play(playing: Playing, strategy: Strategy, round: Round): Promise<RunRecord> {
    const { plan } = round
    const requests = plan.burnIn.length + plan.phases.reduce((count, phase) => count + phase.length, 0)
    const startMs = performance.now()
    const pausedBeforeMs = this.pausedMs
    const turnMs = this.observer.turnMs?.(playing.seed) ?? TURN_MS
    const name = `${playing.course.variant} ${playing.playing} ${playing.budgetUsdPerRequest}`
    const record = await play(strategy, round, {
      tick: (current) => {
        // Of something else one hears at once, however short it is.
        if (this.told === name && performance.now() - this.turnBeganMs < turnMs) return undefined
        this.told = name
        return this.pause(playing, current, requests)
      },
    })
    if (playing.budgetUsdPerRequest !== null) {
      this.routed += record.routed
      this.routingMs += performance.now() - startMs - (this.pausedMs - pausedBeforeMs)
    }
    this.runsDone++
    return record
  }

  /** Requests of budgeted runs per second of wall time, feedback included, pauses for drawing left out. */
  requestsPerSecond(): number {
    return this.routingMs > 0 ? (1000 * this.routed) / this.routingMs : 0
  }

  private async pause(playing: Playing, record: RunRecord, requests: number): Promise<void> {
    const pausedAtMs = performance.now()
    const { scenario, seeds, cold } = this.settings
    const fraction = (this.runsDone + record.routed / requests) / this.runs
    await this.observer.onProgress?.({ ...playing, scenario, cold, seeds, fraction, record })
    await new Promise((resolve) => setTimeout(resolve, 0))
    this.turnBeganMs = performance.now()
    this.pausedMs += this.turnBeganMs - pausedAtMs
  }
}
