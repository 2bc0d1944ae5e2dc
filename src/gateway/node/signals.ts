/** Who acts on signals. */
export interface Signalled {
  /** Whether there is something to reload. */
  readonly isReady: boolean
  stop(reason: string): void
  reload(): Promise<void>
}

/** The process's signals, from its first moment on: those that come before anybody can act on them wait. */
export class Signals {
  private readonly early: ('stop' | 'reload')[] = []
  private readonly forgets: (() => void)[] = []
  private server: Signalled | null = null

  constructor(isOn: boolean) {
    if (!isOn) return
    for (const signal of ['SIGTERM', 'SIGINT'] as const) this.on(signal, () => this.stop(signal))
    this.on('SIGHUP', () => this.reload())
  }

  /** From now on they are the server's; a reload that came before waits until it is ready. */
  givenTo(server: Signalled): void {
    this.server = server
    if (this.early.includes('stop')) server.stop('a signal while it started')
  }

  ready(): void {
    if (this.early.splice(0).includes('reload')) void this.server?.reload()
  }

  forget(): void {
    for (const forget of this.forgets.splice(0)) forget()
  }

  private stop(signal: string): void {
    if (this.server === null) this.early.push('stop')
    else this.server.stop(signal)
  }

  private reload(): void {
    if (this.server?.isReady === true) void this.server.reload()
    else this.early.push('reload')
  }

  private on(signal: NodeJS.Signals, act: () => void): void {
    process.on(signal, act)
    this.forgets.push(() => process.off(signal, act))
  }
}
