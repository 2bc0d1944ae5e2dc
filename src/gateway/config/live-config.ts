import { messageOf } from '../../base/errors.js'
import type { Router, RouterOptions } from '../../index.js'
import { Scrubber } from '../logs/scrub.js'
import { type Change, changesOf, registeredIn } from './changes.js'
import type { GatewayConfig, ModelConfig } from './config.js'
import { modelsInForce } from './models-in-force.js'
import { routerOptionsOf } from './router-options.js'
import { isSame } from './same.js'

/** What a new config has done. */
export interface ReloadReport {
  /** What was changed in the router: `model large: prices`. */
  readonly applied: readonly string[]
  /** What is in force from the next request on. */
  readonly settings: readonly string[]
  /** What was edited and waits for a restart. */
  readonly needsRestart: readonly string[]
  /** What was edited and is refused by the log, which keeps it from its beginning. */
  readonly needsNewLog: readonly string[]
  /** What the router refused, with why. The old config stays, so that the same reload can be tried again. */
  readonly failed: readonly { readonly what: string; readonly why: string }[]
}

/** The config in force. A request takes it once, at its beginning, so that no stream sees two. */
export class LiveConfig {
  private readonly router: Router<string>
  /** What the file says, as far as it is in force. */
  private file: GatewayConfig
  /** What a reload has tried that failed: some of it may have been done. */
  private tried: GatewayConfig | null = null
  /** Paths that are noted as unknown since a reload began: the next one that succeeds says them. */
  private readonly unknown = new Set<string>()
  private added: readonly ModelConfig[] = []
  private merged: GatewayConfig
  /** What it was made of. */
  private mergedFrom: GatewayConfig
  /** The router may have changed since it was looked at: it is looked at when somebody asks, however many changes came. */
  private isStale = true
  private readonly forget: readonly (() => void)[]
  private readonly scrubber = new Scrubber()

  constructor(config: GatewayConfig, router: Router<string>) {
    this.router = router
    this.file = config
    this.scrubber.add(config)
    this.merged = this.mergedFrom = config
    const changes = ['model-repriced', 'model-enabled', 'model-disabled', 'model-added'] as const
    this.forget = changes.map((type) => router.on(type, () => this.refresh()))
  }

  /** The file's config, with the models that were added at run time, and of all models what is in force. */
  get current(): GatewayConfig {
    if (this.isStale) this.look()
    return this.merged
  }

  /** The text with names in place of secrets: of this config, and of those that were in force before. */
  scrub(text: string): string {
    return this.scrubber.scrub(text)
  }

  /** Looks at the router again: its state may have been replaced by that of other processes. */
  refresh(): void {
    this.isStale = true
  }

  private look(): void {
    this.isStale = false
    const inFile = new Set(this.idsInFile)
    const added = this.added.filter(({ id }) => !inFile.has(id))
    const models = modelsInForce([...this.file.models, ...added], this.router)
    if (this.mergedFrom === this.file && isSame(this.merged.models, models)) return
    this.mergedFrom = this.file
    this.merged = Object.freeze({ ...this.file, models })
  }

  close(): void {
    for (const end of this.forget) end()
  }

  /** Ids of the models that stand in the file. */
  get idsInFile(): readonly string[] {
    return this.file.models.map(({ id }) => id)
  }

  /**
   * `replace` where others may have read the same file before: what they have done is not done again, so what an admin has set
   * since stays, at the next start too.
   * @param onNotNoted called where the store does not take what the file says now
   */
  async reload(next: GatewayConfig, onNotNoted: (error: unknown) => void): Promise<ReloadReport> {
    const { calls, effective } = changesOf(this.file, next)
    const options = routerOptionsOf(effective)
    const paths = calls.flatMap(({ paths }) => paths)
    const news = await this.newsOf(options, paths)
    const report = this.replace(next, news)
    if (report.failed.length > 0) return report
    const noted = new Set([...paths, ...this.unknown])
    this.unknown.clear()
    if (noted.size > 0) this.router.noteOptions(options, noted).catch(onNotNoted)
    return report
  }

  /**
   * Which of these paths nobody has done; null: all of them. From here to the note that follows they are noted as unknown:
   * a process that is killed in between leaves it to the next file, and another that reads the same file at the same time to this one.
   */
  private async newsOf(
    options: RouterOptions,
    paths: readonly string[],
  ): Promise<ReadonlySet<string> | null> {
    // Where the store is away the file before this one is what is known.
    const news = await this.router.claimOptions(options, paths).catch(() => null)
    for (const path of news ?? []) this.unknown.add(path)
    return news
  }

  /**
   * Makes an edited config the one in force, as far as a running process can.
   * @param edited what of its options nobody has done yet; null: all that was edited
   */
  replace(next: GatewayConfig, edited: ReadonlySet<string> | null = null): ReloadReport {
    const isNews = (path: string) => edited?.has(path) ?? true
    const { calls, settings, needsRestart, needsNewLog, effective } = changesOf(this.file, next)
    const applied: string[] = []
    const failed: { what: string; why: string }[] = []
    // No two changes are of one model.
    const registered = registeredIn(this.router)
    const make = (change: Change, isHere: (path: string) => boolean) => {
      const { what } = change
      try {
        if (change.isDone?.(this.router, registered) === true) return
        change.apply(this.router, isHere, registered)
        applied.push(what)
      } catch (error) {
        failed.push({ what, why: messageOf(error) })
      }
    }
    for (const change of this.undoing(calls, effective)) make(change, () => true)
    for (const change of calls) if (change.paths.some(isNews)) make(change, isNews)
    if (failed.length > 0) {
      this.tried = effective
      return { applied, settings: [], needsRestart, needsNewLog, failed }
    }
    this.tried = null
    this.file = effective
    this.scrubber.add(effective)
    this.refresh()
    return { applied, settings, needsRestart, needsNewLog, failed }
  }

  /** Of what a reload has tried that failed, what the next file says otherwise: as the config in force has it. */
  private undoing(calls: readonly Change[], effective: GatewayConfig): readonly Change[] {
    if (this.tried === null) return []
    const again = new Set(calls.flatMap(({ paths }) => paths))
    return changesOf(this.tried, effective).calls.filter(
      ({ paths }) => !paths.some((path) => again.has(path)),
    )
  }

  /** Models that were added at run time, all of them. Of an id that stands in the file too, the file's is in force. */
  setAdded(models: readonly ModelConfig[]): void {
    this.added = models
    this.refresh()
  }
}
