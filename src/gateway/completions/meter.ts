import { isRecord } from '../../base/check.js'
import type { Json } from '../../base/json.js'
import { mergedUsage } from '../../base/merged-usage.js'
import { estimateTokens } from '../../features/index.js'
import type { AnswerFlaw } from '../../rewards/index.js'
import { isFailedFinish } from '../../rewards/parts.js'
import type { Facts, UpstreamError } from '../protocols/adapter.js'
import { countsInput, outputIn } from '../protocols/usage.js'

/** So much text is kept to be estimated later. */
const UNREAD_CHARS_MAX = 64 * 1024
/** A usage has some twenty counts. */
const USAGE_MEMBERS_MAX = 500
/** As many answers as may be asked for; others are taken for one more. */
const ANSWERS_MAX = 128

/** What an answer has been so far. */
export class Meter {
  /** All usages of it together. */
  usage: Json | null = null
  /** Whether that counts the answer too. */
  isUsageWhole = false
  /** How it was served, as it said last. */
  serviceTier: string | null = null
  hasContent = false
  /** Whether something of that is the answer: an upstream may think and then say nothing. */
  hasAnswer = false
  isRefusal = false
  isTruncated = false
  finish: string | null = null
  /** Whether any of several answers, or the one, has begun: an answer may have no choices at all. */
  private hasBegun = false
  /** More text came after it: some servers say why an answer ended from its beginning on. */
  wentOn = false
  /** Tokens that were generated, as far as the text tells; without those of `unread`. */
  private outputTokens = 0
  /** Whole texts whose own usage counts them: estimated where that turns out not to do. */
  private unread: string[] = []
  private unreadChars = 0
  /** Of these, those that came after the latest usage: it does not count them. */
  private uncountedTokens = 0
  /** Where several answers were asked for, whether each that has begun has ended; null: one was. */
  private readonly endedOf: Map<number, boolean> | null
  private readonly kept: string[] = []
  private charsLeft: number

  /**
   * @param keptCharsMax so much of the answer is kept, for the log
   * @param isSingle whether one answer was asked for
   */
  constructor(keptCharsMax: number, isSingle = true) {
    this.charsLeft = keptCharsMax
    this.endedOf = isSingle ? null : new Map()
  }

  add(facts: Facts): void {
    const { text, hasContent, hasAnswer, usage, isUsageWhole, isRefusal, isTruncated, finish } = facts
    this.serviceTier = facts.serviceTier ?? this.serviceTier
    if (text !== '') {
      this.wentOn ||= this.finish !== null
      const isCounted = usage !== null && isUsageWhole && outputIn(usage) > 0 && countsInput(usage)
      if (isCounted && finish !== null) this.leaveUnread(text)
      else {
        const tokens = estimateTokens(text)
        this.outputTokens += tokens
        this.uncountedTokens += tokens
      }
      if (this.charsLeft > 0) {
        this.kept.push(text.slice(0, this.charsLeft))
        this.charsLeft -= text.length
      }
    }
    this.hasContent ||= hasContent
    this.hasAnswer ||= hasAnswer
    this.isRefusal ||= isRefusal
    this.isTruncated ||= isTruncated
    this.finish = finish ?? this.finish
    this.hasBegun ||= facts.answers.length > 0
    if (this.endedOf !== null)
      for (const { index, isEnded } of facts.answers) {
        const answer = Number.isInteger(index) && index >= 0 && index < ANSWERS_MAX ? index : ANSWERS_MAX
        this.endedOf.set(answer, isEnded || this.endedOf.get(answer) === true)
      }
    if (usage === null) return
    if (this.usage === null) this.usage = usage
    // An early count that comes after a whole one says nothing.
    else if (isUsageWhole || !this.isUsageWhole)
      this.usage =
        membersIn(this.usage) > USAGE_MEMBERS_MAX
          ? usage
          : mergedUsage(this.usage, usage, isUsageWhole && !this.isUsageWhole)
    // One of the prompt alone, or that repeats what it counts of the answer as 0, leaves the text before it uncounted.
    if ((isUsageWhole || !this.isUsageWhole) && outputIn(usage) > 0) this.uncountedTokens = 0
    this.isUsageWhole ||= isUsageWhole
  }

  private leaveUnread(text: string): void {
    this.unread.push(text)
    this.unreadChars += text.length
    if (this.unreadChars <= UNREAD_CHARS_MAX) return
    this.outputTokens += this.unreadTokens
    this.unread = []
    this.unreadChars = 0
  }

  private get unreadTokens(): number {
    return this.unread.reduce((sum, text) => sum + estimateTokens(text), 0)
  }

  /**
   * The beginning of an answer that is not streamed, and broke off: as much was generated at least.
   * @param tokensMax no more than that was allowed
   */
  addPart(text: string, tokensMax: number): void {
    const tokens = Math.min(text === '' ? 0 : estimateTokens(text), tokensMax)
    this.outputTokens += tokens
    this.uncountedTokens += tokens
  }

  /** It has said why it ended: of several answers, each that has begun. */
  get isFinished(): boolean {
    if (this.finish === null) return false
    return this.endedOf === null || [...this.endedOf.values()].every((isEnded) => isEnded)
  }

  /** Its provider failed before anything of it came, and says so as the reason of its end alone: another may answer. Null: it did not. */
  get failedAtOnce(): UpstreamError | null {
    const { finish, hasContent } = this
    if (hasContent || finish === null || !isFailedFinish(finish)) return null
    return { message: `the upstream ended its answer before it began: ${finish}`, type: '', status: null }
  }

  /** The prompt is counted, and no answer has begun. */
  get isOfPromptAlone(): boolean {
    const { usage, isUsageWhole, hasBegun, hasContent, finish } = this
    if (usage === null || !isUsageWhole || hasBegun || hasContent || finish !== null) return false
    return countsInput(usage) && outputIn(usage) === 0
  }

  /** The answer is all there, and its usage. */
  get isComplete(): boolean {
    return this.isFinished && this.isUsageWhole
  }

  /** Whether the usage counts all that came. */
  get isCounted(): boolean {
    const { usage } = this
    if (usage === null || !this.isUsageWhole) return false
    const isSilent = this.outputTokens === 0 && this.unread.length === 0
    return isSilent || (this.uncountedTokens === 0 && outputIn(usage) > 0)
  }

  /** Tokens of the answer: what the usage counts and what came after it; of a usage that counts none, all that came. */
  get leastOutputTokens(): number {
    const counted = this.usage === null ? 0 : outputIn(this.usage)
    return Math.max(counted + this.uncountedTokens, this.outputTokens + this.unreadTokens)
  }

  get text(): string {
    return this.kept.join('')
  }

  /** What a 200 hides; null: nothing. */
  get verdict(): Exclude<AnswerFlaw, 'invalid_answer'> | null {
    if (this.isRefusal) return 'refused_answer'
    if (this.isTruncated) return 'truncated_answer'
    return this.hasAnswer ? null : 'empty_answer'
  }
}

/** At any depth. */
function membersIn(usage: Json): number {
  let count = 0
  const left: Json[] = [usage]
  for (let each = left.pop(); each !== undefined; each = left.pop()) {
    const values = Object.values(each)
    count += values.length
    for (const value of values) if (isRecord(value)) left.push(value)
  }
  return count
}
