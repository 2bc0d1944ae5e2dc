import { EventWriter } from '../../src/journal/codec.js'
import { rewardedEvent, routedEvent } from '../../test/support/events.js'
import { Random } from '../../test/support/random.js'

/** Encoded events of requests that are routed, settled and rewarded, in batches. */
export function batchesOf(eventCount: number, batchSize: number, seed: number): Uint8Array[][] {
  const random = new Random(seed)
  const writer = new EventWriter()
  const events: Uint8Array[] = []
  for (let i = 0; events.length < eventCount; i++) {
    const id = `r-2b3k9qz.${i}`
    const routed = routedEvent(id, { context: random.vector(26), score: random.next() })
    const at = routed.at + i
    const costUsd = random.next() * 1e-3
    const latencyMs = 1000 * random.next()
    const { model } = rewardedEvent(id, 0) as { model: string }
    const settled = {
      type: 'settled',
      at,
      id,
      model,
      costUsd,
      latencyMs,
      logCostRatio: 0.1,
      logLatency: 6,
    } as const
    events.push(
      writer.encode(routed),
      writer.encode(settled),
      writer.encode(rewardedEvent(id, random.next())),
    )
  }
  const batches: Uint8Array[][] = []
  for (let at = 0; at < eventCount; at += batchSize)
    batches.push(events.slice(at, Math.min(eventCount, at + batchSize)))
  return batches
}
