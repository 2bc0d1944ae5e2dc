import { mulberry32, type Random } from '../../src/base/random.js'
import type { Router } from '../../src/index.js'
import type { OutcomeTable } from '../../src/replay/table.js'
import type { Agreement } from '../../src/rewards/collect/agreement.js'
import { RewardCollector } from '../../src/rewards/collect/collector.js'
import { NOT_HELD } from '../../src/rewards/collect/held-rewards.js'
import { DEFAULT_WEIGHTS } from '../../src/rewards/rewards-options.js'

/** What a router hears of its answers. Shares are of requests, in [0, 1]. */
export interface Hearing {
  /** Share that the judge grades. */
  readonly judged: number
  /** Right or wrong as recorded; wrong one time in ten; half of its grade the length of the answer. */
  readonly judge: 'true' | 'errs' | 'length'
  /** Share with a thumb of a person, who is right. */
  readonly thumbs: number
  /** Share of bad answers that validators see; null: no validators. */
  readonly seen: number | null
}

const ERRS = 0.1
const LENGTH_SHARE = 0.5

/** Rewards of one run, by the collector that users have: with its weights, its calibration, its validators' share. */
export class Ears {
  private readonly collector: RewardCollector
  private readonly draws: readonly Random[]
  private due: (() => void)[] = []

  constructor(
    router: Pick<Router<string>, 'reward' | 'checkReward'>,
    private readonly hearing: Hearing,
    private readonly table: OutcomeTable,
    /** How long each answer is among all answers of the set, in [0, 1]. */
    private readonly lengths: Float64Array,
    seed: number,
  ) {
    // A stream for each question, so that a greater share is the lesser one and more.
    this.draws = Array.from({ length: 5 }, (_, i) => mulberry32(seed * 8 + i))
    const settings = {
      windowMs: 1,
      waitMs: 0,
      weights: DEFAULT_WEIGHTS,
      calibrated: hearing.thumbs > 0 ? { source: 'judge', by: 'person' } : null,
    }
    const [, , , , verdicts] = this.draws
    this.collector = new RewardCollector({
      router,
      store: NOT_HELD,
      settings: () => settings,
      after: (_, call) => {
        this.due.push(call)
        return () => {
          this.due = this.due.filter((each) => each !== call)
        }
      },
      now: () => 0,
      draw: verdicts,
      onError: (error) => {
        throw error
      },
    })
  }

  /** An answer is there: all that will ever be said of it is said at once. */
  answered(decision: string, row: number, model: number): void {
    const { judged, thumbs, seen } = this.hearing
    const at = row * this.table.models.length + model
    const truth = this.table.rewards[at]
    const [judgeDraw, errDraw, thumbDraw, seenDraw] = this.draws.map((draw, i) => (i < 4 ? draw() : 0))
    const say = (source: 'judge' | 'person', value: number) =>
      void this.collector.give({ decision, value, source, weight: 1, idempotencyKey: source })
    if (judgeDraw < judged) say('judge', this.grade(truth, errDraw, this.lengths[at]))
    if (thumbDraw < thumbs) say('person', truth)
    if (seen !== null) {
      const isSeen = truth < 0.5 && seenDraw < seen
      this.collector.validated(decision, { value: isSeen ? 0 : 1, isFirm: isSeen })
    }
    for (const call of this.due.splice(0)) call()
  }

  /** How far the judge and people agreed; null: too few answers to tell. */
  get agreement(): Agreement | null {
    return this.collector.comparison.agreement.find(({ sources }) => `${sources}` === 'judge,person') ?? null
  }

  close(): void {
    void this.collector.close()
    for (const call of this.due.splice(0)) call()
  }

  private grade(truth: number, errDraw: number, length: number): number {
    if (this.hearing.judge === 'errs') return errDraw < ERRS ? 1 - truth : truth
    return this.hearing.judge === 'length' ? (1 - LENGTH_SHARE) * truth + LENGTH_SHARE * length : truth
  }
}

/** The rank of each answer's length among all answers of a set: the output tokens that its cost would buy. */
export function lengthRanks({ models, costsUsd }: OutcomeTable): Float64Array {
  const tokens = costsUsd.map((usd, i) => usd / models[i % models.length].outputUsdPerMTok)
  const order = Array.from(tokens.keys()).sort((a, b) => tokens[a] - tokens[b])
  const ranks = new Float64Array(tokens.length)
  for (const [rank, i] of order.entries()) ranks[i] = rank / (tokens.length - 1)
  return ranks
}
