/** What is asked of a store again and again. */
export type Asked = 'append' | 'read'

/** From the first failure of a store to where all that had failed is answered again. What has broken a store for good has no end. */
export class Outage {
  private readonly tell: (goneMs: number) => void
  private readonly nowMs: () => number
  private readonly failing = new Set<Asked>()
  private beganAt = 0

  /** @param tell called when one is over, with how long it was */
  constructor(tell: (goneMs: number) => void, nowMs: () => number = () => performance.now()) {
    this.tell = tell
    this.nowMs = nowMs
  }

  fails(asked: Asked): void {
    if (this.failing.size === 0) this.beganAt = this.nowMs()
    this.failing.add(asked)
  }

  answers(asked: Asked): void {
    if (this.failing.size === 0 || !this.failing.delete(asked) || this.failing.size > 0) return
    this.tell(this.nowMs() - this.beganAt)
  }
}
