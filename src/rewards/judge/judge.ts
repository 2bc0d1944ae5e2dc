import type { After } from '../../base/after.js'
import { checkFunction, checkRecord } from '../../base/check.js'
import { expectedGot, ParetoBanditError } from '../../base/errors.js'
import { reading } from '../../base/read-once.js'
import {
  type Graded,
  gradeOf,
  type JudgeReply,
  QUESTION_TOKENS_MAX,
  type Question,
  questionOf,
  readReply,
} from './grading.js'
import { JudgeAccount, type JudgeCap } from './judge-account.js'

/** How answers are graded now. */
export interface JudgeSettings {
  /** Share of answers that are graded, in (0, 1]. */
  readonly share: number
  /** What makes an answer good; null: `RUBRIC`. */
  readonly rubric: string | null
  /** Null: whoever is asked keeps a cap of its own. */
  readonly cap: JudgeCap | null
}

/** What became of answers that were drawn. */
export interface JudgeStats {
  /** Questions that the model was asked. */
  readonly asked: number
  /** Replies that were a grade. */
  readonly graded: number
  /** Replies without a grade. */
  readonly unreadable: number
  /** Questions that the model did not answer. */
  readonly failed: number
  /** Answers that were not graded: the cap was spent. */
  readonly overCap: number
  /** Answers that were not graded: too many waited. */
  readonly dropped: number
  /** Dollars of the period of the cap; null: it has none of its own. */
  readonly spentUsd: number | null
}

export interface JudgeParts {
  /** Null: nothing is graded now. */
  readonly settings: () => JudgeSettings | null
  /** In [0, 1), for a decision: below the share it is graded. */
  readonly draw: (decision: string) => number
  /** For the wait before a model is asked. */
  readonly after: After
  /** Milliseconds since 1970 UTC. */
  readonly now: () => number
  /** Null: there is no reply, and somebody has said why. `OVER_CAP`: whoever is asked keeps a cap, and it is spent. */
  readonly ask: (question: Question) => Promise<JudgeReply | typeof OVER_CAP | null>
  /** Gets each grade, in [0, 1]. */
  readonly reward: (decision: string, value: number) => Promise<unknown>
  /** Called with what `ask` and `reward` throw, and where no reply of many in a row is a grade. */
  readonly onError: (error: unknown) => void
}

/** No model was asked: a cap that is not the judge's own to keep leaves too little. */
export const OVER_CAP: unique symbol = Symbol('over the cap')

/** Grades asked for at a time: clients come first. */
const AT_ONCE_MAX = 4
/** More answers that wait are not graded. */
const WAITING_MAX = 100
/** Clients have their answers by then. */
const DELAY_MS = 50
/** A reply that has not come by then never does, of a call without a timeout say: others need its place. */
const REPLY_MS_MAX = 120_000
/** After as many replies in a row without a grade somebody is told, as each of them is paid for. */
const UNREADABLE_TOLD = 10

/**
 * Has a share of answers graded by a model, which is not told who answered. It waits for no client and no client waits for it; its cap
 * ends it for the period.
 */
export class Judge {
  private readonly parts: JudgeParts
  private readonly account: JudgeAccount
  private readonly waiting: (readonly [decision: string, question: Question])[] = []
  private readonly counts = { asked: 0, graded: 0, unreadable: 0, failed: 0, overCap: 0, dropped: 0 }
  private underWay = 0
  /** Replies without a grade since the latest grade, or since that was told. */
  private unreadableInRow = 0
  private emptyInRow = 0
  private isTimed = false
  private isClosed = false
  private cancel = () => {}
  /** Take back the waits for replies. */
  private readonly waits = new Set<() => void>()

  /** @throws INVALID_ARGUMENT */
  constructor(parts: JudgeParts) {
    checkRecord(parts, 'parts')
    for (const name of ['settings', 'draw', 'after', 'now', 'ask', 'reward', 'onError'] as const)
      checkFunction(
        reading(name, () => parts[name]),
        name,
      )
    this.parts = parts
    this.account = new JudgeAccount(parts.now)
  }

  /** What became of answers so far. */
  get stats(): JudgeStats {
    const cap = this.parts.settings()?.cap ?? null
    return { ...this.counts, spentUsd: cap === null ? null : this.account.spentUsd(cap) }
  }

  /** Whether the answer of a decision is to be graded. */
  draws(decision: string): boolean {
    const settings = this.parts.settings()
    return settings !== null && this.parts.draw(decision) < settings.share
  }

  /** Has an answer graded, later. */
  grade(decision: string, graded: Graded): void {
    const settings = this.parts.settings()
    if (this.isClosed || settings === null) return
    if (this.waiting.length >= WAITING_MAX) {
      this.counts.dropped++
      return
    }
    // Of a long conversation no more is kept than is shown.
    this.waiting.push([decision, questionOf(graded, settings.rubric ?? undefined)])
    if (this.isTimed) return
    this.isTimed = true
    this.cancel = this.parts.after(DELAY_MS, () => {
      this.isTimed = false
      this.askOn()
    })
  }

  /** What waits is not graded. */
  close(): void {
    this.isClosed = true
    this.cancel()
    for (const stop of this.waits) stop()
    this.waiting.length = 0
  }

  private askOn(): void {
    while (this.underWay < AT_ONCE_MAX) {
      const next = this.waiting.shift()
      if (next === undefined) return
      this.underWay++
      void this.ask(...next)
        .catch(this.parts.onError)
        .finally(() => {
          this.underWay--
          this.askOn()
        })
    }
  }

  private replyTo(question: Question): ReturnType<JudgeParts['ask']> {
    const { ask, after } = this.parts
    return new Promise((resolve, reject) => {
      const late = () => {
        this.waits.delete(stop)
        reject(
          expectedGot('INVALID_ARGUMENT', 'judge.ask', `a reply within ${REPLY_MS_MAX / 1000} s`, 'none'),
        )
      }
      const stop = after(REPLY_MS_MAX, late)
      this.waits.add(stop)
      const told = () => {
        stop()
        this.waits.delete(stop)
      }
      ask(question).then(resolve, reject).finally(told)
    })
  }

  private async ask(decision: string, question: Question): Promise<void> {
    const settings = this.parts.settings()
    if (settings === null) return
    const { cap } = settings
    if (cap !== null && !this.account.reserve(cap)) {
      this.counts.overCap++
      return
    }
    this.counts.asked++
    let costUsd: number | null = null
    let value: number | null
    let isEmpty: boolean
    try {
      const answer = await this.replyTo(question)
      if (answer === OVER_CAP) {
        this.counts.asked--
        this.counts.overCap++
        costUsd = 0
        return
      }
      const reply = readReply(answer)
      if (reply === null) {
        this.counts.failed++
        return
      }
      costUsd = reply.costUsd
      value = gradeOf(reply.text)
      isEmpty = reply.text.trim() === ''
    } catch (error) {
      this.counts.failed++
      throw error
    } finally {
      if (cap !== null) this.account.book(cap, costUsd)
    }
    if (value === null) {
      this.counts.unreadable++
      this.tellUnreadable(isEmpty)
      return
    }
    this.counts.graded++
    this.unreadableInRow = 0
    this.emptyInRow = 0
    try {
      await this.parts.reward(decision, value)
    } catch (error) {
      // Somebody else's word has been applied, or the decision is too old.
      if (!(error instanceof ParetoBanditError)) throw error
    }
  }
  /** A model whose replies are never a grade costs as much as one that grades. What it says is not told: it may quote a client. */
  private tellUnreadable(isEmpty: boolean): void {
    this.unreadableInRow++
    if (isEmpty) this.emptyInRow++
    if (this.unreadableInRow < UNREADABLE_TOLD) return
    const got = `none in ${UNREADABLE_TOLD} replies in a row, ${this.emptyInRow} of them empty: they are paid for and grade nothing; take a model that replies so, and one that thinks with less effort, as it has ${QUESTION_TOKENS_MAX} tokens for both`
    this.unreadableInRow = 0
    this.emptyInRow = 0
    this.parts.onError(expectedGot('INVALID_ARGUMENT', 'judge.ask', '{"score": N} in a reply', got))
  }
}
