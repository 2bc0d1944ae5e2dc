/** What breaks a call of an upstream off. Most are never broken off, so there is a signal only for who asks for one. */
export class Break {
  private controller: AbortController | null = null
  private listener: (() => void) | null = null
  isBroken = false

  get signal(): AbortSignal {
    if (this.controller === null) {
      this.controller = new AbortController()
      if (this.isBroken) this.controller.abort()
    }
    return this.controller.signal
  }

  /** Calls back when it is broken off, at once if it is; only the latest listener. */
  onBroken(listener: () => void): void {
    this.listener = listener
    if (this.isBroken) listener()
  }

  breakOff(): void {
    if (this.isBroken) return
    this.isBroken = true
    this.controller?.abort()
    this.listener?.()
  }
}
