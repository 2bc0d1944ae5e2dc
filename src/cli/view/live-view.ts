import type { WriteStream } from 'node:tty'
import type { ReplayProgress } from '../../replay/settings.js'
import { frameLines } from './frame.js'

const FRAME_MS = 100
const HIDE_CURSOR = '\x1b[?25l'
const SHOW_CURSOR = '\x1b[?25h'
const CLEAR_BELOW = '\x1b[J'

/**
 * A picture of the run in the terminal, redrawn in place at most ten times a second. The cursor is hidden while it
 * lasts and shown again at `stop`, at the end of the process, and when the user interrupts.
 */
export class LiveView {
  private drawnLines = 0
  private drawnAtMs = 0
  private readonly restore = (): void => {
    this.stream.write(SHOW_CURSOR)
  }
  private readonly interrupt = (): void => {
    this.restore()
    process.exit(130)
  }

  constructor(
    private readonly stream: WriteStream,
    private readonly title: string,
  ) {
    process.once('SIGINT', this.interrupt)
    process.once('SIGTERM', this.interrupt)
    process.once('exit', this.restore)
    stream.write(HIDE_CURSOR)
  }

  /** @param fraction share of the whole job that is done */
  draw(progress: ReplayProgress, fraction: number, modelIds: readonly string[]): void {
    const nowMs = performance.now()
    if (nowMs - this.drawnAtMs < FRAME_MS) return
    this.drawnAtMs = nowMs
    const { columns, rows } = this.stream
    const color = process.env.NO_COLOR === undefined && this.stream.hasColors(256)
    const lines = frameLines(progress, { title: this.title, width: columns, color, fraction, modelIds })
    const visible = lines.slice(0, Math.max(1, rows - 1))
    this.stream.write(`${this.backToTop()}${CLEAR_BELOW}${visible.join('\n')}\n`)
    this.drawnLines = visible.length
  }

  /** Wipes the picture and gives the terminal back. */
  stop(): void {
    this.stream.write(`${this.backToTop()}${CLEAR_BELOW}${SHOW_CURSOR}`)
    this.drawnLines = 0
    process.off('SIGINT', this.interrupt)
    process.off('SIGTERM', this.interrupt)
    process.off('exit', this.restore)
  }

  private backToTop(): string {
    return this.drawnLines === 0 ? '' : `\x1b[${this.drawnLines}A\r`
  }
}
