import type { Encoder } from '../../../src/features/encoder.js'
import { meanCostsUsd, type OutcomeTable } from '../../../src/replay/table.js'
import type { Ask, Base, Source, Started, Tell } from '../messages.js'
import { dataFromText, type PlayData, simulatedData } from './data.js'
import { textOf } from './own-file.js'
import { Pace } from './pace.js'
import { Session } from './session.js'
import { readSetting } from './setting.js'

/** Longest that requests are played without a look at what else is asked, ms. */
const SLICE_MS = 8
const REQUESTS_PER_LOOK = 32
/** Least time between two views, ms. */
const VIEW_MS = 50
/** Most requests of one step. */
const STEP_MAX = 100_000

/** What stands around the session: its data, its pace, and when the page hears of it. */
export class Stage {
  private session: Session | null = null
  private data: PlayData | null = null
  private readonly pace: Pace
  private isPlaying = false
  private isDrawn = true
  private hasNews = false
  private viewAt = Number.NEGATIVE_INFINITY
  /** What was asked is done in its order, also where a start takes its time. */
  private latest: Promise<void> = Promise.resolve()

  /**
   * @param clock milliseconds, never going back
   * @param tell sends to the page
   */
  constructor(
    private readonly encoder: Encoder,
    private readonly clock: () => number,
    private readonly tell: (message: Tell) => void,
  ) {
    this.pace = new Pace(clock)
  }

  /** Does what is asked; what is wrong with it is told, and changes nothing. */
  ask(message: Ask): Promise<void> {
    this.latest = this.latest.then(() => this.answer(message))
    return this.latest
  }

  /**
   * Plays what is due, for a slice of time at most, and sends a view if the page waits for one.
   * @returns whether requests are due already
   */
  turn(): boolean {
    const { session } = this
    if (session === null) return false
    let isBehind = false
    try {
      if (this.isPlaying) isBehind = this.playDue(session)
    } catch (error) {
      // Not again and again: who reads it decides whether to go on.
      this.isPlaying = false
      this.refuse('play', error)
    }
    this.show(session)
    return isBehind
  }

  private async answer(message: Ask): Promise<void> {
    try {
      await this.carryOut(message)
    } catch (error) {
      this.refuse(message.type, error)
    }
  }

  private refuse(what: Ask['type'], error: unknown): void {
    this.tell({ type: 'refused', what, message: error instanceof Error ? error.message : String(error) })
  }

  private async carryOut(message: Ask): Promise<void> {
    switch (message.type) {
      case 'start':
        return this.start(message)
      case 'set':
        this.session?.adopt(message.setting)
        break
      case 'play':
        this.isPlaying = message.isOn
        this.pace.restart()
        break
      case 'step':
        this.session?.play(Math.max(0, Math.min(STEP_MAX, Math.floor(message.count))))
        break
      case 'explain': {
        if (this.session === null) return
        const preview = await this.session.explain(message.prompt)
        return this.tell({ type: 'explained', prompt: message.prompt, preview })
      }
      case 'drawn':
        this.isDrawn = true
        return
    }
    this.hasNews = true
  }

  private async start({ link, source }: Extract<Ask, { type: 'start' }>): Promise<void> {
    const data = await this.dataOf(source)
    const session = await Session.start(data, readSetting(link, data.usual))
    this.data = data
    this.session = session
    this.pace.restart()
    this.tell({ type: 'started', started: describe(data, session) })
    this.hasNews = true
    this.isDrawn = true
  }

  private async dataOf(source: Source): Promise<PlayData> {
    if (source === 'same' && this.data !== null) return this.data
    if (typeof source === 'string') return simulatedData(this.encoder)
    return dataFromText(await textOf(source), source.name, this.encoder)
  }

  private playDue(session: Session): boolean {
    const end = this.clock() + SLICE_MS
    let due = this.pace.due(session.requestsPerSecond)
    while (due > 0 && this.clock() < end) {
      const count = Math.min(due, REQUESTS_PER_LOOK)
      session.play(count)
      this.pace.played(count)
      due -= count
      this.hasNews = true
    }
    return due > 0
  }

  private show(session: Session): void {
    const now = this.clock()
    if (!this.isDrawn || !this.hasNews || now - this.viewAt < VIEW_MS) return
    this.isDrawn = false
    this.hasNews = false
    this.viewAt = now
    this.tell({ type: 'view', view: session.view(), measuredPerSecond: this.pace.measuredPerSecond })
  }
}

function describe(data: PlayData, session: Session): Started {
  const { name, simulated, takesPrompts, table, leftOut, usual } = data
  const { stats, setting } = session.view()
  const { kernel } = stats
  const bases = basesOf(table)
  return { name, simulated, takesPrompts, prompts: table.size, leftOut, kernel, bases, setting, usual }
}

function basesOf(table: OutcomeTable): Base[] {
  const costsUsd = meanCostsUsd(table)
  const count = table.models.length
  return table.models.map(({ id, inputUsdPerMTok, outputUsdPerMTok }, m) => {
    let reward = 0
    for (let row = 0; row < table.size; row++) reward += table.rewards[row * count + m] / table.size
    return { id, inputUsdPerMTok, outputUsdPerMTok, meanReward: reward, meanCostUsd: costsUsd[m] }
  })
}
