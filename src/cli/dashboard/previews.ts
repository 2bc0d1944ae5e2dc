import type { RoutedEvent } from '../../events/events.js'
import type { Explanations } from '../../gateway/dashboard/explanations.js'
import type { Router } from '../../router/router.js'

/** Explained at a time: pages wait meanwhile. */
const EACH = 20

/**
 * Explains decisions of a log by the statistics of its end, from the contexts that their events hold: how such a request would stand
 * now. Of the router that it asks nothing is shown: what it does about time is no part of the log.
 */
export class Previews {
  constructor(
    private readonly open: () => Promise<Router>,
    private readonly explanations: Explanations,
  ) {}

  /** @param events newest first; the oldest is explained first, as if it had been */
  async explain(events: readonly RoutedEvent[]): Promise<void> {
    const router = await this.open()
    for (const [i, event] of [...events].reverse().entries()) {
      if (i % EACH === 0) await new Promise((resolve) => setTimeout(resolve, 0))
      if (this.explanations.has(event.id)) continue
      const { id, model, tenant, inputTokens, forced, canary, propensity, penaltyWeight, latencyPrice } =
        event
      try {
        const { explanation } = await router.preview(event.context, {
          tenant: tenant ?? undefined,
          inputTokens: inputTokens ?? undefined,
        })
        const own = { id, chosen: model, forced, canary, propensity, penaltyWeight, latencyPrice }
        this.explanations.add({ ...explanation, ...own, statisticsChanged: true }, event.at)
      } catch {
        // Its tenant or all models are gone: there is nothing to compare it with.
      }
    }
  }
}
