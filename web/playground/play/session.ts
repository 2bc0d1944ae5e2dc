import { mulberry32, type Random } from '../../../src/base/random.js'
import type { Preview } from '../../../src/index.js'
import { createRouter, type Router } from '../../../src/index.js'
import { NEWCOMER_FORCED } from '../../../src/replay/scenarios.js'
import { usdPerThousand } from '../../../src/report/format.js'
import type { PlayData } from './data.js'
import { Notes } from './notes.js'
import { checkSetting, type ModelSetting, type Setting } from './setting.js'
import { Tally } from './tally.js'
import { Track } from './track.js'
import type { ModelView, View } from './view.js'
import { costOn, rewardOn, type WorldModel, worldModel } from './world.js'

/** A router and what its requests came to. */
interface Side {
  readonly router: Router<string>
  readonly tally: Tally
}

/** What always asking the best model would have come to, request by request. */
interface AlwaysBest {
  costUsd: number
  reward: number
}

/** Requests whose feedback can come late; here it always comes at once. */
const IN_FLIGHT = 4

/** The router and policy `paper` beside it on one stream of prompts, in a world that a person changes. */
export class Session {
  private readonly world: WorldModel[] = []
  private readonly place = new Map<string, number>()
  private readonly track = new Track()
  private readonly notes = new Notes()
  private readonly best: AlwaysBest = { costUsd: 0, reward: 0 }
  private bestModel = 0
  private untilPoint = 0
  private played = 0

  private constructor(
    private readonly data: PlayData,
    private setting: Setting,
    private readonly dollar: Side,
    private readonly paper: Side,
    private readonly random: Random,
  ) {
    for (const model of setting.models)
      this.place.set(model.id, this.world.push(worldModel(model, data.table)) - 1)
    this.bestModel = this.findBest()
    dollar.router.on('drift', ({ model, signal, direction }) => {
      this.notes.add(this.played, 'router', `alarm: the ${signal} of ${model} went ${direction}`)
    })
  }

  /** @throws as `checkSetting` and `createRouter` */
  static async start(data: PlayData, given: unknown): Promise<Session> {
    const setting = checkSetting(given, basesOf(data))
    const [dollar, paper] = await Promise.all([
      startSide(data, setting, 'dollar'),
      startSide(data, setting, 'paper'),
    ])
    return new Session(data, setting, dollar, paper, mulberry32(setting.seed))
  }

  /** Plays as many requests: both routers decide on the same prompt, and hear at once what came of it. */
  play(count: number): void {
    const { table } = this.data
    for (let i = 0; i < count; i++) {
      const row = Math.floor(this.random() * table.size)
      this.playOn(this.dollar, row)
      this.playOn(this.paper, row)
      const best = this.world[this.bestModel]
      this.best.costUsd += costOn(best, row, table)
      this.best.reward += rewardOn(best, row, table)
      this.played++
      if (--this.untilPoint <= 0) this.addPoint()
    }
  }

  /**
   * Makes the world and the routers as a setting says. Nobody tells the routers of a broken model; of a new price, budget or
   * model they are told.
   * @throws as `checkSetting`, and INVALID_ARGUMENT for a model that is left out or has another base: then nothing has changed
   */
  adopt(given: unknown): void {
    const next = checkSetting(given, basesOf(this.data))
    for (const [m, { setting }] of this.world.entries()) {
      const model = next.models[m]
      if (
        model?.id !== setting.id ||
        model.base !== setting.base ||
        model.qualityFactor !== setting.qualityFactor
      ) {
        throw new Error(`a running session keeps its models; '${setting.id}' is another at place ${m}`)
      }
    }
    const isSame =
      JSON.stringify({ ...next, requestsPerSecond: 0 }) ===
      JSON.stringify({ ...this.setting, requestsPerSecond: 0 })
    if (next.budgetUsdPerRequest !== this.setting.budgetUsdPerRequest)
      this.setBudget(next.budgetUsdPerRequest)
    // Models that come in before those that go out: a router is never without one.
    const order = next.models.map((_, m) => m).sort((a, b) => isOut(next.models[a]) - isOut(next.models[b]))
    for (const m of order) this.changeModel(m, next.models[m])
    this.setting = next
    if (isSame) return
    this.bestModel = this.findBest()
    this.dollar.tally.restart()
    this.paper.tally.restart()
  }

  /** Where a typed prompt would go now, and why. @throws NO_ENCODER, NO_ELIGIBLE_MODEL */
  explain(prompt: string): Promise<Preview> {
    return this.dollar.router.preview(prompt)
  }

  get requestsPerSecond(): number {
    return this.setting.requestsPerSecond
  }

  view(): View {
    const { router, tally } = this.dollar
    return {
      requests: this.played,
      setting: this.setting,
      stats: router.stats(),
      paperStats: this.paper.router.stats(),
      sinceChange: { router: tally.means(), paper: this.paper.tally.means(), requests: tally.requests },
      best: { id: this.world[this.bestModel].setting.id, ...this.best },
      models: this.world.map((model, m) => this.modelView(model, m)),
      points: this.track.points(),
      notes: this.notes.list(),
    }
  }

  private modelView({ setting, spec, meanReward, meanCostUsd }: WorldModel, m: number): ModelView {
    return { setting, spec, meanReward, meanCostUsd, recentShare: this.dollar.tally.recentShares[m] }
  }

  private playOn({ router, tally }: Side, row: number): void {
    const { table } = this.data
    const { id, model } = router.route(table.contexts[row])
    const m = this.place.get(model) ?? 0
    const costUsd = costOn(this.world[m], row, table)
    const reward = rewardOn(this.world[m], row, table)
    router.settle(id, { costUsd })
    router.reward(id, reward)
    tally.add(m, reward, costUsd)
  }

  private addPoint(): void {
    this.untilPoint = Track.strideAt(this.setting.requestsPerSecond)
    const { router, tally } = this.dollar
    this.track.add({
      request: this.played,
      budgetUsd: this.setting.budgetUsdPerRequest,
      shadowPrice: router.stats().pacer.shadowPrice,
      costUsd: tally.recentCostUsd,
      reward: tally.recentReward,
      paperCostUsd: this.paper.tally.recentCostUsd,
      paperReward: this.paper.tally.recentReward,
      shares: tally.recentShares.slice(),
    })
  }

  private setBudget(usdPerRequest: number): void {
    for (const { router } of this.sides) router.setBudget({ usdPerRequest })
    this.notes.add(this.played, 'you', `budget ${usdPerThousand(usdPerRequest)} per 1,000 requests`)
  }

  private changeModel(m: number, setting: ModelSetting): void {
    const before = this.world[m]
    const model = worldModel(setting, this.data.table)
    this.world[m] = model
    this.place.set(setting.id, m)
    const isKnown =
      before !== undefined && this.dollar.router.stats().models.some(({ id }) => id === setting.id)
    if (before === undefined) for (const { tally } of this.sides) tally.addModel()
    if (isKnown && before.setting.priceFactor !== setting.priceFactor) {
      const { id, ...price } = model.spec
      for (const { router } of this.sides) router.reprice(id, price)
      this.notes.add(
        this.played,
        'you',
        `${id} costs ${timesText(setting.priceFactor)} of what it did at first`,
      )
    }
    const wasOut = before === undefined || before.setting.state === 'out'
    if (wasOut && setting.state !== 'out') this.letIn(model, isKnown)
    if (!wasOut && setting.state === 'out') this.takeOut(setting.id)
    this.noteQuality(before?.setting.state, setting)
  }

  private letIn({ spec }: WorldModel, isKnown: boolean): void {
    for (const { router } of this.sides) {
      if (isKnown) router.enable(spec.id)
      else router.addModel(spec, { forcedExploration: NEWCOMER_FORCED })
    }
    this.notes.add(this.played, 'you', `${spec.id} is ${isKnown ? 'back' : 'new'}`)
  }

  private takeOut(id: string): void {
    for (const { router } of this.sides) router.disable(id)
    this.notes.add(this.played, 'you', `${id} is taken out`)
  }

  private noteQuality(before: ModelSetting['state'] | undefined, { id, state }: ModelSetting): void {
    if (state === 'broken' && before !== 'broken') {
      this.notes.add(this.played, 'you', `${id} answers badly from now on; the router is not told`)
    }
    if (before === 'broken' && state === 'in') {
      this.notes.add(this.played, 'you', `${id} answers well again; the router is not told`)
    }
  }

  /** Of the models that take requests, the one with the best mean reward as the world is now. */
  private findBest(): number {
    const open = this.world.map((_, m) => m).filter((m) => this.world[m].setting.state !== 'out')
    return open.reduce((best, m) => (this.world[m].meanReward > this.world[best].meanReward ? m : best))
  }

  private get sides(): readonly Side[] {
    return [this.dollar, this.paper]
  }
}

function basesOf({ table }: PlayData): string[] {
  return table.models.map(({ id }) => id)
}

function isOut({ state }: ModelSetting): number {
  return state === 'out' ? 1 : 0
}

function timesText(factor: number): string {
  return factor === 1 ? 'all' : `${Number((100 * factor).toPrecision(3))} %`
}

async function startSide(data: PlayData, setting: Setting, policy: 'dollar' | 'paper'): Promise<Side> {
  const { table, takesPrompts } = data
  const models = setting.models.filter(({ state }) => state !== 'out')
  const router = await createRouter<string>({
    models: models.map((model) => worldModel(model, table).spec),
    budget: { usdPerRequest: setting.budgetUsdPerRequest },
    policy,
    seed: setting.seed,
    pendingCapacity: IN_FLIGHT,
    clock: () => 0,
    ...(takesPrompts ? {} : { dimension: table.dimension }),
  })
  return { router, tally: new Tally(setting.models.length) }
}
