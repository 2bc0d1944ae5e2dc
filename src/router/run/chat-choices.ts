import { isRecord, isText } from '../../base/check.js'

/** Nobody asks for more answers at once; what has another number counts as the first. */
const CHOICES_MAX = 1024

/** The answers of one stream of a chat, or of a completion: which have begun, and which have said why they ended. */
export class ChatChoices {
  private readonly begun = new Set<number>()
  private readonly ended = new Set<number>()

  /** Notes what an event of the stream says. @returns whether it is of an answer, and one of those that have begun has not said why it ended */
  goOn(event: unknown): boolean {
    if (!isRecord(event) || !Array.isArray(event.choices)) return false
    for (const choice of event.choices) if (isRecord(choice)) this.note(choice)
    return event.choices.length > 0 && this.begun.size > this.ended.size
  }

  private note({ index, delta, text, finish_reason: reason }: Readonly<Record<string, unknown>>): void {
    if (!isRecord(delta) && typeof text !== 'string') return
    const isNumber = typeof index === 'number' && Number.isInteger(index) && index >= 0 && index < CHOICES_MAX
    const at = isNumber ? index : 0
    this.begun.add(at)
    if (isText(reason)) this.ended.add(at)
  }
}
