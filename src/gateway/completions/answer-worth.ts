import type { Json } from '../../base/json.js'
import {
  type AnswerCheck,
  asksForLabel,
  CollectedAnswer,
  type Contract,
  checkAnswer,
  contractOf,
  isBinding,
  NO_CONTRACT,
  promptOf,
} from '../../rewards/parts.js'
import type { ProtocolAdapter } from '../protocols/adapter.js'
import type { House } from './house.js'
import type { Meter } from './meter.js'
import type { Order } from './order.js'

/** Of an answer that nobody checks nor grades; nothing is added to it. */
const NOT_COLLECTED = new CollectedAnswer()

/** What an answer is worth: by itself, and to a judge where one draws it. What neither needs is not kept. */
export class AnswerWorth {
  private readonly house: House
  private readonly adapter: ProtocolAdapter
  private readonly order: Order
  private readonly decisionId: string
  /** What is checked. */
  private readonly contract: Contract
  private readonly isGraded: boolean
  /** Null: nothing of the answer is checked, nor graded. */
  private readonly collected: CollectedAnswer | null

  constructor(house: House, adapter: ProtocolAdapter, order: Order, decisionId: string) {
    this.house = house
    this.adapter = adapter
    this.order = order
    this.decisionId = decisionId
    const { validators } = order.config.rewards
    const { format } = adapter
    this.contract = validators.enabled && format !== null ? contractOf(format, order.body.json) : NO_CONTRACT
    this.isGraded = format !== null && order.key.teaches && house.judge.draws(decisionId)
    const isRead = isBinding(this.contract) || asksForLabel(this.contract) || this.isGraded
    this.collected = isRead ? new CollectedAnswer() : null
  }

  /** @param value a whole answer, or an event of a streamed one */
  add(value: Json): void {
    const { format } = this.adapter
    if (format !== null) this.collected?.add(format, value)
  }

  /** Of all that was added. @param ending what its end alone says of it */
  check(ending: Meter['verdict']): AnswerCheck {
    return checkAnswer(this.contract, this.collected ?? NOT_COLLECTED, ending)
  }

  /** Its reward, and the judge's if it is to have one: the client has got it. */
  tell({ verdict }: AnswerCheck): void {
    this.validated(verdict)
    this.grade()
  }

  private validated(verdict: AnswerCheck['verdict']): void {
    const { house, order, decisionId, adapter } = this
    const { enabled, repeatMs } = order.config.rewards.validators
    if (!enabled || adapter.format === null || !order.key.teaches) return
    if (order.repeatKey !== null)
      house.repeats.answered(order.repeatKey, decisionId, house.deps.now(), repeatMs)
    if (verdict !== null) house.rewards.validated(decisionId, verdict)
  }

  private grade(): void {
    const { house, order, decisionId, collected, adapter } = this
    if (!this.isGraded || adapter.format === null || collected === null || collected.isTooLong) return
    const { text } = collected
    const calls = [...collected.calls.values()]
    if (text === '' && calls.length === 0) return
    house.judge.grade(decisionId, { prompt: promptOf(adapter.format, order.body.json), text, calls })
  }
}
