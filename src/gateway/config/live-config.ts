import type { Router } from '../../index.js'
import { changesOf } from './changes.js'
import type { GatewayConfig } from './config.js'

/** What a new config has done. */
export interface ReloadReport {
  /** What was changed in the router: `model large: prices`. */
  readonly applied: readonly string[]
  /** What is in force from the next request on. */
  readonly settings: readonly string[]
  /** What was edited and waits for a restart. */
  readonly needsRestart: readonly string[]
  /** What the router refused, with why. The old config stays, so that the same reload can be tried again. */
  readonly failed: readonly { readonly what: string; readonly why: string }[]
}

/** The config in force. A request takes it once, at its beginning, so that no stream sees two. */
export class LiveConfig {
  private config: GatewayConfig
  private readonly router: Router<string>

  constructor(config: GatewayConfig, router: Router<string>) {
    this.config = config
    this.router = router
  }

  get current(): GatewayConfig {
    return this.config
  }

  /** Makes an edited config the one in force, as far as a running process can. */
  replace(next: GatewayConfig): ReloadReport {
    const { calls, settings, needsRestart, effective } = changesOf(this.config, next)
    const applied: string[] = []
    const failed: { what: string; why: string }[] = []
    for (const { what, apply } of calls) {
      try {
        apply(this.router)
        applied.push(what)
      } catch (error) {
        failed.push({ what, why: error instanceof Error ? error.message : String(error) })
      }
    }
    if (failed.length > 0) return { applied, settings: [], needsRestart, failed }
    this.config = effective
    return { applied, settings, needsRestart, failed }
  }
}
