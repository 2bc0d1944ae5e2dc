import { randomBytes } from 'node:crypto'
import { rmSync } from 'node:fs'
import { mkdtemp, rm, writeFile } from 'node:fs/promises'
import { tmpdir } from 'node:os'
import { join } from 'node:path'
import { setTimeout as wait } from 'node:timers/promises'
import { ParetoBanditError, type RouterStats } from '../../../index.js'
import type { MakeSurfaces } from '../../surfaces.js'
import type { JsonLog } from '../json-log.js'
import { type Serving, serve } from '../serve.js'
import { type AgreementOfLedgers, agreementOf, type BookedRequest } from './accounts.js'
import { demoConfig } from './demo-config.js'
import { People } from './people.js'
import { PROVIDER_KEY, type Provider, startProviders } from './providers.js'
import { Tally, type TallySnapshot } from './tally.js'
import { type Change, SCHEDULE, World } from './world.js'

export interface DemoOptions {
  readonly port: number
  /** It ends after so long; null: when it is stopped. */
  readonly seconds: number | null
  readonly surfaces: MakeSurfaces
  readonly seed: number
  readonly stopped: AbortSignal
  readonly tell: (news: DemoNews) => void
}

export type DemoNews =
  | { readonly kind: 'ready'; readonly url: string; readonly isKept: boolean; readonly adminKey: string }
  | {
      readonly kind: 'progress'
      readonly seconds: number
      readonly tally: TallySnapshot
      readonly stats: RouterStats
    }
  | { readonly kind: 'change'; readonly seconds: number; readonly change: Change }

export interface DemoReport {
  readonly seconds: number
  readonly tally: TallySnapshot
  /** What the engine counts. */
  readonly stats: RouterStats
  readonly ledgers: AgreementOfLedgers
  readonly calls: number
  readonly rewards: { readonly given: number; readonly refused: number }
}

/** The schedule's length where the demo has no end: all of it happens once. */
const ENDLESS_SCHEDULE_S = 120
const PROGRESS_MS = 2000
const TICK_MS = 50

/**
 * The whole gateway on simulated providers, with simulated people who ask and judge, in a folder that is removed at the end.
 * @throws (the promise is rejected with) what keeps the gateway from listening
 */
export async function runDemo(options: DemoOptions): Promise<DemoReport> {
  const world = new World()
  const folder = await mkdtemp(join(tmpdir(), 'paretobandit-demo-'))
  const remove = () => rmSync(folder, { recursive: true, force: true })
  process.on('exit', remove)
  let providers: readonly Provider[] = []
  try {
    providers = await startProviders(world, options.seed)
    return await new Demo(options, world, folder, providers).run()
  } finally {
    for (const { upstream } of providers) await upstream.close()
    await rm(folder, { recursive: true, force: true })
    process.off('exit', remove)
  }
}

class Demo {
  private readonly adminKey = `demo-admin-${randomBytes(8).toString('hex')}`
  private readonly booked: BookedRequest[] = []
  private readonly tally = new Tally()

  constructor(
    private readonly options: DemoOptions,
    private readonly world: World,
    private readonly folder: string,
    private readonly providers: readonly Provider[],
  ) {}

  async run(): Promise<DemoReport> {
    const { options, tally, world } = this
    const { serving, isKept } = await this.start()
    const { url } = serving
    options.tell({ kind: 'ready', url, isKept, adminKey: this.adminKey })
    const people = new People(
      url,
      world,
      options.seed,
      (served) => tally.served(served),
      (model, value) => tally.rewarded(model, value),
    )
    const asking = people.run()
    const beganAt = performance.now()
    const elapsedS = () => (performance.now() - beganAt) / 1000
    await this.play(people, url, elapsedS)
    await people.stop()
    await asking
    const seconds = elapsedS()
    // A call that was broken off is over upstream a little later than here.
    for (const { upstream } of this.providers) await upstream.idle()
    const stats = await this.settledStats(url)
    const entries = this.providers.flatMap(({ upstream }) => upstream.entries)
    const ledgers = agreementOf(stats.pacer, this.booked, entries)
    serving.stop('the demo is over')
    await serving.ended
    return {
      seconds,
      tally: tally.snapshot(),
      stats,
      ledgers,
      calls: entries.length,
      rewards: people.rewards,
    }
  }

  /** On SQLite, or in memory where this Node has none. */
  private async start(): Promise<{ serving: Serving; isKept: boolean }> {
    try {
      return { serving: await this.serve(true), isKept: true }
    } catch (error) {
      if (!(error instanceof ParetoBanditError && error.code === 'MISSING_DEPENDENCY')) throw error
      return { serving: await this.serve(false), isKept: false }
    }
  }

  private async serve(isKept: boolean): Promise<Serving> {
    const { folder, options } = this
    const file = join(folder, 'gateway.json')
    const config = demoConfig(this.world, this.providers, { folder, port: options.port, isKept })
    await writeFile(file, JSON.stringify(config, null, 2), { mode: 0o600 })
    return serve({
      file,
      surfaces: options.surfaces,
      env: { PROVIDER_KEY, ADMIN_KEY: this.adminKey },
      log: this.log(),
      signals: false,
    })
  }

  /** Every request writes a line: the demo reads the lines, as an operator would read the log. */
  private log(): JsonLog {
    return {
      write: (_level, fields, message) => {
        if (message !== 'request') return
        const { outcome, model, costUsd, isMeasured, tries } = fields as unknown as BookedRequest
        this.booked.push({
          outcome,
          model,
          costUsd,
          tries,
          ...(isMeasured === undefined ? {} : { isMeasured }),
        })
        this.tally.booked({ model, costUsd })
      },
      setLevel: () => {},
      flush: () => {},
      close: () => Promise.resolve(),
    }
  }

  /** Until the end: news now and then, and what the schedule has. */
  private async play(people: People, url: string, elapsedS: () => number): Promise<void> {
    const { seconds, stopped, tell } = this.options
    const length = seconds ?? ENDLESS_SCHEDULE_S
    const due = [...SCHEDULE]
    let toldAt = performance.now()
    // On a busy machine what is due comes late, and all of it comes.
    const isOver = () => seconds !== null && elapsedS() >= seconds && due.length === 0
    while (!stopped.aborted && !isOver()) {
      const [next] = due
      if (next !== undefined && elapsedS() >= next.at * length) {
        due.shift()
        await this.change(next.change, people, url)
        tell({ kind: 'change', seconds: elapsedS(), change: next.change })
      }
      if (performance.now() - toldAt >= PROGRESS_MS) {
        toldAt = performance.now()
        const stats = await this.stats(url)
        tell({ kind: 'progress', seconds: elapsedS(), tally: this.tally.snapshot(), stats })
      }
      await wait(TICK_MS)
    }
  }

  private async change(change: Change, people: People, url: string): Promise<void> {
    this.tally.begin(change)
    if (change !== 'new-price') {
      this.world.make(change)
      return
    }
    // A call that is under way has the price of when it began, which the two sides would see at different times.
    await people.inSilence(async () => {
      const model = this.world.make(change)
      if (model === null) return
      const answer = await fetch(`${url}/admin/models/${model.id}/prices`, {
        method: 'PUT',
        headers: { authorization: `Bearer ${this.adminKey}`, 'content-type': 'application/json' },
        body: JSON.stringify(this.world.prices(model)),
      })
      if (!answer.ok) throw new Error(`the gateway refused a price: ${await answer.text()}`)
      await answer.arrayBuffer()
    })
  }

  private async stats(url: string): Promise<RouterStats> {
    const answer = await fetch(`${url}/admin/stats`, {
      headers: { authorization: `Bearer ${this.adminKey}` },
    })
    return (await answer.json()) as RouterStats
  }

  /** What the engine counts, once nothing is under way. */
  private async settledStats(url: string): Promise<RouterStats> {
    for (let tries = 0; ; tries++) {
      const stats = await this.stats(url)
      if (stats.pending.unsettled === 0 || tries === 40) return stats
      await wait(TICK_MS)
    }
  }
}
