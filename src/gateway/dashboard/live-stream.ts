import type { Cursor } from './shape.js'
import { type Dashboard, NOTHING_SEEN } from './view.js'

/** Pages that get changes at a time. */
const PAGES_MAX = 16
const EVERY_MS = 1000
/** Making an update takes no more than this share of the time. */
const SHARE_MAX = 0.05
/** A line now and then, so that nobody between takes the connection for dead. */
const QUIET_MS_MAX = 15_000

interface Page {
  readonly controller: ReadableStreamDefaultController<Uint8Array>
  readonly isAllowed: () => Promise<boolean>
  cursor: Cursor
  problem: string | null
  /** When it was told something last, of `performance.now()`. */
  toldAt: number
}

/** Server-sent events: at most one update a second for each page. One that reads too slowly is told less often. */
export class LiveStream {
  private readonly dashboard: Dashboard
  private readonly onError: (error: unknown) => void
  private readonly pages = new Set<Page>()
  private readonly encoder = new TextEncoder()
  private timer: ReturnType<typeof setTimeout> | null = null
  private isClosed = false

  /** @param onError told why an update could not be made: the page alone sees that its stream has ended */
  constructor(dashboard: Dashboard, onError: (error: unknown) => void) {
    this.dashboard = dashboard
    this.onError = onError
  }

  /**
   * @param isAllowed asked before each update: the admin key may change
   * @returns null: it is over, or too many pages are open
   */
  open(isAllowed: () => Promise<boolean>): ReadableStream<Uint8Array> | null {
    if (this.isClosed || this.pages.size >= PAGES_MAX) return null
    let page: Page | null = null
    return new ReadableStream<Uint8Array>(
      {
        start: (controller) => {
          page = { controller, isAllowed, cursor: NOTHING_SEEN, problem: null, toldAt: 0 }
          this.pages.add(page)
          this.send(page)
          this.timer ??= setTimeout(() => void this.tick(), EVERY_MS)
        },
        cancel: () => {
          if (page !== null) this.pages.delete(page)
        },
      },
      { highWaterMark: 2 },
    )
  }

  /** Whether no page is taken any more, however few are open. */
  get isOver(): boolean {
    return this.isClosed
  }

  close(): void {
    this.isClosed = true
    if (this.timer !== null) clearTimeout(this.timer)
    for (const page of [...this.pages]) this.end(page)
  }

  private async tick(): Promise<void> {
    const beganAt = performance.now()
    for (const page of [...this.pages]) {
      const isAllowed = await page.isAllowed().catch(() => false)
      if (this.isClosed) return
      if (isAllowed) this.send(page)
      else this.end(page)
    }
    const tookMs = performance.now() - beganAt
    this.timer =
      this.pages.size === 0
        ? null
        : setTimeout(() => void this.tick(), Math.max(EVERY_MS, tookMs / SHARE_MAX))
  }

  private send(page: Page): void {
    const { controller, cursor } = page
    if ((controller.desiredSize ?? 0) <= 0) return
    this.dashboard.watched()
    try {
      const data = this.dashboard.data(cursor)
      const isQuiet =
        data.isUpdate &&
        data.problem === page.problem &&
        data.cursor.changes === cursor.changes &&
        data.cursor.estimates === cursor.estimates
      const now = performance.now()
      if (isQuiet && now - page.toldAt < QUIET_MS_MAX) return
      page.toldAt = now
      page.cursor = data.cursor
      page.problem = data.problem
      controller.enqueue(this.encoder.encode(`data: ${JSON.stringify(data)}\n\n`))
    } catch (error) {
      this.end(page)
      this.onError(error)
    }
  }

  private end(page: Page): void {
    this.pages.delete(page)
    try {
      page.controller.close()
    } catch {
      // It is closed already.
    }
  }
}
